"""Whoever else speaks with HAProxy of certificates, at the same moment: nothing of what Secrets say is lost by it."""

from __future__ import annotations

import pytest

from hadyn.runtime.fake_certificates import FakeCertificates
from tests.authorities import root
from tests.features.house import House
from tests.features.test_certificates import WEB, files, prints, served, shop, tls_secret
from tests.features.test_credentials import believed, believing, section
from tests.features.test_credentials import web as verified
from tests.given import endpoint, ingress, service, slice_
from tests.pairs import pair

FOR_LONG = 10**6
FIRST, RENEWED = pair("a.example"), pair("a.example", issue=2)


@pytest.fixture
def house(folder):
    return House(folder, speaks_tls=True)


@pytest.fixture
def held(house) -> FakeCertificates:
    """The certificates of a HAProxy that serves one of them."""
    house.begin(*WEB, *shop(pair=FIRST))
    return house.fake.certificates


def believable(house) -> list[str]:
    """The files with authorities that HAProxy holds for server lines."""
    return [path for path in house.fake.certificates.authorities if path.startswith(str(house.folder.credentials))]


def test_certificates_that_change_together_are_all_served(house, held):
    house.change(*shop("api", "b.example", pair("b.example")), *shop("late", "c.example", pair("c.example")))
    house.change(tls_secret("web", RENEWED), tls_secret("api", pair("b.example", issue=2)))

    assert served(house, "a.example") == prints(RENEWED)
    assert served(house, "b.example") == prints(pair("b.example", issue=2))
    assert served(house, "c.example") == prints(pair("c.example"))
    assert house.problems() == []


@pytest.mark.parametrize("commands", range(1, 5))
def test_a_moment_in_which_certificates_are_locked_is_waited_for(house, held, commands):
    held.locked = commands
    house.change(tls_secret("web", RENEWED))

    assert served(house, "a.example") == prints(RENEWED)
    assert house.problems() == []


def test_endpoints_do_not_wait_for_certificates_that_somebody_holds(house, held):
    held.locked = FOR_LONG
    house.change(tls_secret("web", RENEWED), slice_("shop", "web", endpoint("10.0.0.2")))
    meanwhile = house.ready(), served(house, "a.example")
    held.locked = 0
    house.wait(1)

    assert meanwhile == (["10.0.0.2:80"], prints(FIRST))
    assert served(house, "a.example") == prints(RENEWED)
    assert house.problems() == []


def test_a_backend_waits_for_the_authorities_that_its_line_names_and_no_other_does(house):
    api = service("shop", "api"), slice_("shop", "api", endpoint("10.0.0.2"))
    house.begin(*WEB, *api, ingress("shop", "web"), ingress("shop", "api", host="b.example"))
    held = house.fake.certificates
    held.locked = FOR_LONG
    house.change(*verified(server_ca="pods"), believing(root()), slice_("shop", "api", endpoint("10.0.0.3")))
    house.wait(1)
    meanwhile = house.ready("shop_api_80"), believable(house)
    held.locked = 0
    house.wait(1)
    house.wait(1)

    assert meanwhile == (["10.0.0.3:80"], [])
    assert believed(house) == root().certificate
    assert "ca-file shop_pods.ca" in section(house)
    assert house.problems() == []


def test_a_sweep_that_finds_certificates_locked_leaves_them_to_the_next(house, held):
    held.locked = FOR_LONG
    house.compare_everything()
    house.change(slice_("shop", "web", endpoint("10.0.0.2")))

    assert house.ready() == ["10.0.0.2:80"]
    assert served(house, "a.example") == prints(FIRST)


@pytest.mark.parametrize("other", ["shop_web.pem", "somebody.pem"])
def test_a_change_that_somebody_left_off_with_is_aborted(house, held, other):
    path = f"{house.folder.certificates}/{other}"
    held.pems.setdefault(path, "")
    held.answer(["set", "ssl", "cert", path], RENEWED.pem)
    house.change(*shop("api", "b.example", pair("b.example")))

    assert served(house, "b.example") == prints(pair("b.example"))
    assert served(house, "a.example") == prints(FIRST)
    assert "shop_api.pem" in files(house)
    assert house.problems() == []


def test_certificates_that_stay_locked_come_with_a_reload(house, held):
    held.locked = FOR_LONG
    house.change(tls_secret("web", RENEWED))
    for _ in range(7):
        house.wait(1)

    assert house.reloads() == {"CERTIFICATES_LOCKED": 1}
    assert served(house, "a.example") == prints(RENEWED)
    assert house.problems() == []


def test_authorities_come_with_a_reload_where_certificates_stay_locked(house):
    other = root("other")
    house.begin(*verified(server_ca="pods"), believing(root()))
    house.fake.certificates.locked = FOR_LONG
    house.change(believing(other))
    for _ in range(7):
        house.wait(1)
    house.change(believing(root()))

    assert house.reloads() == {"CERTIFICATES_LOCKED": 1}
    assert believed(house) == root().certificate


def test_a_hadyn_that_takes_over_while_certificates_are_locked_serves_endpoints_and_comes_back_to_them(house, held):
    held.locked = FOR_LONG
    house.restart(WEB[0], *shop(pair=RENEWED), slice_("shop", "web", endpoint("10.0.0.2")))
    meanwhile = house.ready(), served(house, "a.example")
    held.locked = 0
    house.wait(1)

    assert meanwhile == (["10.0.0.2:80"], prints(FIRST))
    assert served(house, "a.example") == prints(RENEWED)
    assert house.reloads() == {}
