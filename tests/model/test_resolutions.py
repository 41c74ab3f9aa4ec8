"""What hosts come to is found by host and by backend."""

from __future__ import annotations

from hadyn.model.canary import Share
from hadyn.model.claims import Voice
from hadyn.model.desired import Route
from hadyn.model.problems import ObjectRef
from hadyn.model.resolutions import Resolutions
from hadyn.model.routes import Lead, Resolution
from hadyn.model.services import Found

WEB = Found("shop_web_80", "shop/web:80", ObjectRef("Service", "shop", "web"))
NEXT = Found("shop_next_80", "shop/next:80", ObjectRef("Service", "shop", "next"))
SILENT = Voice(("2026-01-01", "shop", "web"), ())
CANARY = Share(("2026-01-02", "shop", "canary"), "spec", WEB.backend, NEXT, ())


def leading(host: str, *, shares: tuple[Share, ...] = ()) -> Resolution:
    route = Route(host, "/", False, WEB.backend, "shop/web")
    return Resolution(routes=(route,), leads=(Lead(WEB, 1, (SILENT,)),), shares=shares)


def test_a_backend_knows_the_hosts_that_lead_to_it():
    hosts = Resolutions()
    hosts.replace("a.example", leading("a.example"))
    hosts.replace("b.example", leading("b.example"))
    hosts.replace("a.example", Resolution())
    assert list(hosts.leading_to(WEB.backend)) == ["b.example"]
    assert hosts.leads(WEB.backend) == [Lead(WEB, 1, (SILENT,))]
    assert hosts.routed() == {"b.example"}


def test_only_the_first_of_two_hosts_that_say_the_same_changes_a_backend():
    hosts = Resolutions()
    assert hosts.replace("a.example", leading("a.example")) == {WEB.backend}
    assert hosts.replace("b.example", leading("b.example")) == set()


def test_a_canary_changes_its_backend_when_it_comes_and_when_it_goes():
    hosts = Resolutions()
    hosts.replace("a.example", leading("a.example"))
    assert hosts.replace("a.example", leading("a.example", shares=(CANARY,))) == {WEB.backend}
    assert hosts.shares(WEB.backend) == [CANARY]
    assert hosts.replace("a.example", leading("a.example")) == {WEB.backend}
    assert hosts.shares(WEB.backend) == []


def test_a_host_that_nobody_claims_comes_to_nothing():
    assert Resolutions().of("a.example") == Resolution()
