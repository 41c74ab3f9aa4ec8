"""Certificates that HAProxy fetches OCSP answers for: another name, lines that say so, no reload."""

from __future__ import annotations

import pytest

from hadyn.model.keypairs import fingerprint_of
from hadyn.model.problems import ObjectRef
from tests.features.house import House
from tests.features.test_certificates import WEB, tls_ingress, tls_secret
from tests.given import config_map, secret
from tests.pairs import pair
from tests.responding import Authority

AUTHORITY = Authority()
LISTED = config_map("hadyn", "options", **{"ocsp-responders": "ocsp.example"})
UNLISTED = config_map("hadyn", "options")
HOST = "a.example"
BAD = secret("shop", "web", of_type="kubernetes.io/tls", data={"tls.crt": "AAAA", "tls.key": "AAAA"})


@pytest.fixture
def house(folder):
    return House(folder, speaks_tls=True)


def issued(*responders, **more):
    return AUTHORITY.issue(HOST, *(responders or ("http://ocsp.example/",)), **more)


def shop(*hosts):
    return tls_ingress("web", *(hosts or (HOST,)))


def serves(house, found, host=HOST):
    return list(map(fingerprint_of, house.fake.certificates.served(host))) == [found.fingerprint]


def lines(house):
    """What HAProxy has of its list behind the default, and what its file says: the same."""
    place = f"{house.folder.certificates}/"
    filed = (house.folder.certificates / "crt-list").read_text().replace(place, "").splitlines()[1:]
    (rows,) = house.fake.certificates.rows.values()
    running = [" ".join((row.path, *filter(None, [f"[{row.parameters}]"]), *row.hosts)) for row in rows[1:]]
    assert sorted(line.replace(place, "").replace("[] ", "") for line in running) == sorted(filed)
    return filed


def commands(house):
    place = f"{house.folder.certificates}/"
    return [each.replace(place, "") for each in house.sent_about_certificates()]


def test_the_lines_of_a_certificate_whose_responder_is_listed_say_so(house):
    found = issued()
    house.begin(*WEB, LISTED, shop(), tls_secret("web", found))

    assert serves(house, found)
    assert lines(house) == ["shop_web_ocsp.pem [ocsp-update on] a.example"]
    assert house.problems() == []


def test_a_list_of_the_operators_is_heeded_at_once_and_without_a_reload(house):
    found = issued()
    house.begin(*WEB, shop(), tls_secret("web", found))
    before = lines(house)
    house.change(LISTED)
    meanwhile = lines(house)
    first = commands(house)
    house.change(UNLISTED)

    assert before == lines(house) == ["shop_web.pem a.example"]
    assert meanwhile == ["shop_web_ocsp.pem [ocsp-update on] a.example"]
    assert first == [
        *("new ssl cert shop_web_ocsp.pem", "set ssl cert shop_web_ocsp.pem", "commit ssl cert shop_web_ocsp.pem"),
        *("add ssl crt-list crt-list", "del ssl crt-list crt-list shop_web.pem:2", "del ssl cert shop_web.pem"),
    ]
    assert serves(house, found)
    assert house.reloads() == {}


def test_a_renewed_certificate_stays_in_its_place(house):
    renewed = issued()
    house.begin(*WEB, LISTED, shop(), tls_secret("web", issued()))
    house.change(tls_secret("web", renewed))

    assert serves(house, renewed)
    assert commands(house) == ["set ssl cert shop_web_ocsp.pem", "commit ssl cert shop_web_ocsp.pem"]


@pytest.mark.parametrize("responder", ["http://127.0.0.1/", "http://other.example/", "http://ocsp.example:22/"])
def test_who_names_a_server_of_its_own_is_served_and_nobody_is_asked(house, responder):
    strange = issued(responder)
    house.begin(*WEB, LISTED, shop(), tls_secret("web", issued()))
    house.change(tls_secret("web", strange))

    assert serves(house, strange)
    assert lines(house) == ["shop_web.pem a.example"]
    assert house.problems() == ["secret shop/web: NotAllowed"]
    house.change(tls_secret("web", issued()))
    assert lines(house) == ["shop_web_ocsp.pem [ocsp-update on] a.example"]
    assert house.problems() == []


def test_a_certificate_without_issuer_or_responder_is_served_without_an_answer(house):
    house.begin(*WEB, LISTED, shop(), tls_secret("web", issued(has_issuer=False)))
    without_issuer = lines(house), house.problems()
    house.change(tls_secret("web", pair(HOST)))

    assert without_issuer == (["shop_web.pem a.example"], ["secret shop/web: InvalidValue"])
    assert (lines(house), house.problems()) == (["shop_web.pem a.example"], [])


def test_hosts_come_to_a_stapled_certificate_and_leave_it(house):
    found = issued()
    house.begin(*WEB, LISTED, shop(), tls_secret("web", found))
    house.change(shop(HOST, "b.example"))
    both = serves(house, found) and serves(house, found, "b.example")
    house.change(shop("b.example"))

    assert both
    assert not serves(house, found)
    assert lines(house) == ["shop_web_ocsp.pem [ocsp-update on] b.example"]


def test_what_a_host_says_of_handshakes_stands_beside_it(house):
    ingress = tls_ingress("web", HOST, annotations={"hadyn.io/tls-alpn": "http/1.1"})
    house.begin(*WEB, LISTED, ingress, tls_secret("web", issued()))
    before = commands(house)
    house.compare_everything()

    assert lines(house) == ["shop_web_ocsp.pem [alpn http/1.1 ocsp-update on] a.example"]
    assert commands(house) == before


def test_a_secret_that_breaks_leaves_its_certificate_with_the_answers(house):
    found = issued()
    house.begin(*WEB, LISTED, shop(), tls_secret("web", found))
    house.change(BAD)
    house.restart(*WEB, LISTED, shop(), BAD)

    assert serves(house, found)
    assert lines(house) == ["shop_web_ocsp.pem [ocsp-update on] a.example"]


@pytest.mark.parametrize("is_deleted", [False, True])
def test_what_a_secret_held_last_stays_when_the_list_is_gone(house, is_deleted):
    found = issued()
    house.begin(*WEB, LISTED, shop(), tls_secret("web", found))
    house.change(*([] if is_deleted else [BAD]), deletes=(ObjectRef("Secret", "shop", "web"),) * is_deleted)
    house.change(UNLISTED)

    assert serves(house, found)
    assert lines(house) == ["shop_web.pem a.example"]


def test_a_stapled_certificate_goes_with_its_secret_in_the_end(house):
    house.begin(*WEB, LISTED, shop(), tls_secret("web", issued()))
    house.change(deletes=(ObjectRef("Secret", "shop", "web"),))
    house.wait(61)
    house.compare_everything()

    assert lines(house) == []
    assert not (house.folder.certificates / "shop_web_ocsp.pem").exists()


def test_another_haproxy_staples_nothing_and_the_problem_names_versions(folder):
    house = House(folder, version="3.0.11", speaks_tls=True)
    house.begin(*WEB, LISTED, shop(), tls_secret("web", issued()))
    (problem,) = house.wheel.reconciler.filing.problems()

    assert lines(house) == ["shop_web.pem a.example"]
    assert str(problem.object) == "configmap hadyn/options"
    assert "from 2.8.25, 3.2.26 and 3.4.7 on, and this one is 3.0.11" in problem.said


def test_a_sweep_puts_back_what_somebody_else_did_to_the_lines(house):
    found = issued()
    house.begin(*WEB, LISTED, shop(), tls_secret("web", found))
    (rows,) = house.fake.certificates.rows.values()
    del rows[1:]
    house.compare_everything()

    assert serves(house, found)
    assert lines(house) == ["shop_web_ocsp.pem [ocsp-update on] a.example"]


def test_the_default_certificate_is_served_without_an_answer(house):
    house.begin(*WEB, LISTED)

    assert "ocsp-update" not in (house.folder.certificates / "crt-list").read_text()
