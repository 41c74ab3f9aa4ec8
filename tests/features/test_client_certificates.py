"""Authorities of Secrets get to HAProxy by command, and what is in its files is what it judges clients by."""

from __future__ import annotations

import pytest

from hadyn.controller.certificate_view import planned
from hadyn.model.problems import ObjectRef
from tests.authorities import root
from tests.features.house import House
from tests.features.test_certificates import DEFAULT, WEB, commands, files, prints, served, shop
from tests.given import changes, decoded, ingress_document, rule, secret
from tests.pairs import pair

CA, OTHER = root(), root("other")
ASKS, ITS_SECRET = ObjectRef("Ingress", "shop", "web"), ObjectRef("Secret", "shop", "ca")
BROKEN = secret("shop", "ca", **{"ca.crt": "nonsense"})


@pytest.fixture
def house(folder):
    return House(folder, speaks_tls=True)


def asking(name="web", host="a.example", **said):
    annotations = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in said.items()}
    document = ingress_document("shop", name, [rule(host)], annotations=annotations)
    document["spec"]["ingressClassName"] = "hadyn"
    return decoded(document)


def ca(authority=CA, revoked=""):
    return secret("shop", "ca", data=authority.values(revoked))


def judged_by(house, host="a.example") -> list[str]:
    """What HAProxy has in the files that the line of a host names."""
    shaken = house.fake.certificates.shakes(host).split(" ")
    return [house.fake.certificates.authorities[word] for word in shaken if word.endswith((".ca", ".crl"))]


def is_filed(house) -> bool:
    """Whether the files have what HAProxy has."""
    known = house.fake.certificates.authorities
    return {path.rpartition("/")[2]: pem for path, pem in known.items()} == {
        path.name: path.read_text() for path in house.folder.certificates.iterdir() if path.suffix in (".ca", ".crl")
    }


def test_authorities_come_by_command_and_change_without_a_reload(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    first = judged_by(house)
    house.change(ca(OTHER))
    second = judged_by(house)
    revoked = OTHER.revoking()
    house.change(ca(OTHER, revoked))

    assert (first, second) == ([CA.certificate], [OTHER.certificate])
    assert judged_by(house) == [OTHER.certificate, revoked]
    assert is_filed(house)
    assert house.reloads() == {}
    assert served(house, "a.example") == prints(DEFAULT)
    assert [each.partition(" shop_")[0] for each in commands(house)[:5]] == [
        *("new ssl ca-file", "set ssl ca-file", "commit ssl ca-file", "add ssl crt-list crt-list"),
        "del ssl crt-list crt-list default.pem:2",
    ]


def test_what_nobody_is_judged_by_any_more_is_gone(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    house.change(asking())

    assert house.fake.certificates.authorities == {}
    assert files(house) == ["crt-list", "default.pem"]
    assert house.fake.certificates.shakes("a.example") == ""


def test_a_secret_that_is_broken_leaves_what_it_held_before_even_over_a_restart(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    house.change(BROKEN)
    before = judged_by(house)
    house.restart(*WEB, asking(auth_tls_secret="ca"), BROKEN)

    assert before == judged_by(house) == [CA.certificate]
    assert house.problems() == ["ingress shop/web: InvalidValue", "secret shop/ca: InvalidValue"]


def test_a_secret_that_never_was_good_has_nobody_asked_and_the_guarded_route_waits_for_one(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), BROKEN)
    before = judged_by(house)
    house.change(ca())

    assert before == []
    assert judged_by(house) == [CA.certificate]
    assert house.problems() == []


def test_clients_are_asked_though_the_certificate_of_their_host_is_missing(house):
    document = ingress_document("shop", "web", [rule("a.example")], annotations={"hadyn.io/auth-tls-secret": "ca"})
    document["spec"] |= {"ingressClassName": "hadyn", "tls": [{"hosts": ["a.example"], "secretName": "missing"}]}
    house.begin(*WEB, decoded(document), ca())

    assert judged_by(house) == [CA.certificate]
    assert served(house, "a.example") == prints(DEFAULT)


def test_a_secret_that_stays_away_has_nobody_believed(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    house.change(deletes=(ITS_SECRET,))
    house.compare_everything()
    meanwhile = judged_by(house)
    house.wait(61)
    house.compare_everything()

    assert meanwhile == [CA.certificate]
    assert judged_by(house) == []
    assert house.problems() == ["ingress shop/web: NotFound"]


@pytest.mark.parametrize("refused", ["^set ssl ca-file", "^commit ssl ca-file", "^set ssl crl-file"])
def test_authorities_that_haproxy_refuses_are_in_no_file(house, refused):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    house.fake.refusals.append(refused)
    house.change(ca(OTHER, OTHER.revoking()))
    house.fake.refusals.clear()

    assert judged_by(house) == [CA.certificate]
    assert house.problems() == ["secret shop/ca: RefusedByHAProxy"]
    house.change(ca(OTHER))
    assert judged_by(house) == [OTHER.certificate]
    assert (house.problems(), is_filed(house)) == ([], True)


def test_a_hadyn_that_takes_over_sends_nothing_for_what_is_right(house):
    objects = [*WEB, asking(auth_tls_secret="ca", tls_alpn="http/1.1"), ca(revoked=CA.revoking())]
    house.begin(*objects)
    house.restart(*objects)

    assert commands(house) == []
    assert house.reloads() == {}


def test_a_hadyn_that_takes_over_has_clients_judged_by_what_changed_meanwhile(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    house.restart(*WEB, asking(auth_tls_secret="ca"), ca(OTHER))

    assert judged_by(house) == [OTHER.certificate]
    assert is_filed(house)


def test_a_reload_and_a_crash_change_no_authority(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    house.change(ca(OTHER))
    house.door.reload()
    after_reload = judged_by(house)
    house.crash_haproxy()
    house.wait(1)

    assert after_reload == judged_by(house) == [OTHER.certificate]


def test_what_somebody_else_took_away_comes_again_in_the_sweep(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    certificates = house.fake.certificates
    listing = next(iter(certificates.rows))
    certificates.rows[listing] = [row._replace(parameters="") for row in certificates.rows[listing]]
    certificates.authorities.clear()
    house.compare_everything()

    assert judged_by(house) == [CA.certificate]


def test_authorities_too_long_for_a_command_come_by_a_reload_with_that_reason(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    house.wheel.reconciler.tls.certificates.authorities.longest = lambda: 10
    house.change(ca(OTHER))
    meanwhile, reloads = judged_by(house), house.reloads()
    house.wait(2)
    house.compare_everything()
    house.wait(2)

    assert (meanwhile, reloads) == ([OTHER.certificate], {"CERTIFICATE_TOO_LONG": 1})
    assert (judged_by(house), house.reloads()) == ([OTHER.certificate], {"CERTIFICATE_TOO_LONG": 1})
    assert is_filed(house)


def test_authorities_that_keep_haproxy_from_starting_are_left_out_and_nobody_is_believed_by_them(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    keeper = house.wheel.reconciler.tls.certificates
    (file,) = [name for name in files(house) if name.endswith(".ca")]
    said = f"Couldn't open the ca-file '{house.folder.certificates}/{file}' (no certificate or crl found)."
    is_one = keeper.leave_out([said])
    house.compare_everything()

    assert is_one
    assert files(house) == ["crt-list", "default.pem"]
    assert judged_by(house) == []
    assert house.problems() == ["secret shop/ca: RefusedByHAProxy"]


def test_a_plan_tells_which_authorities_a_cycle_would_hand_over(house):
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca())
    keeper = house.wheel.reconciler.tls.certificates
    before = planned(keeper)
    house.wheel.reconciler.filing.inventory.apply(changes(ca(OTHER)))
    kinds = [str(command).partition(" shop_")[0] for command in planned(keeper)]

    assert before == []
    assert kinds[:3] == ["new ssl ca-file", "set ssl ca-file", "commit ssl ca-file"]


def test_hosts_change_their_ciphers_and_protocols_at_once(house):
    house.begin(*WEB, asking(tls_alpn="http/1.1"), asking("other", "b.example"))
    house.change(asking(tls_alpn="h2", ssl_min_version="TLSv1.3", ssl_ciphers="ECDHE-RSA-AES256-SHA"))

    assert house.fake.certificates.shakes("a.example") == "alpn h2 ciphers ECDHE-RSA-AES256-SHA ssl-min-ver TLSv1.3"
    assert house.fake.certificates.shakes("b.example") == ""
    assert house.reloads() == {}


def test_haproxy_may_end_while_authorities_and_certificates_are_to_go(house):
    shown = shop("late", "late.example", pair("late.example"))
    house.begin(*WEB, asking(auth_tls_secret="ca"), ca(), *shown)
    house.deliver(asking(), deletes=tuple(each.ref for each in shown))
    house.crash_haproxy()
    house.wait(5)

    assert house.ready() == ["10.0.0.1:80"]
    assert house.fake.certificates.shakes("a.example") == ""
    assert files(house) == ["crt-list", "default.pem"]
    assert served(house, "a.example") == prints(DEFAULT)
