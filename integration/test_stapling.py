"""OCSP answers stapled by a real HAProxy under hadyn: of listed responders alone, through renewals, without a reload."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hadyn.demo.pods import Pods
from hadyn.model.stapling import is_sound
from integration.responders import Responder, stapled
from integration.running import Document, Ground
from integration.test_certificates import SHOP, prepared, serves, write_site
from tests.responding import Authority, serial

FLAGS = ("--config-map", "hadyn/options", "--reload-interval", "100ms")
LATE = "late.example"


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def responder(authority: Authority) -> Iterator[Responder]:
    with Responder(authority) as responder:
        yield responder


@pytest.fixture
def stranger(authority: Authority) -> Iterator[Responder]:
    """Another server that would answer just as well."""
    with Responder(authority) as responder:
        yield responder


def write_list(ground: Ground, *responders: Responder) -> None:
    listed = ",".join(f"127.0.0.1:{each.port}" for each in responders)
    found: Document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "hadyn", "name": "options"}}
    ground.write("options.yaml", {**found, "data": {"ocsp-responders": listed} if listed else {}})


def test_answers_of_listed_responders_are_stapled_through_all_that_becomes_of_a_certificate(
    ground: Ground, pods: Pods, authority: Authority, responder: Responder, stranger: Responder
) -> None:
    if not is_sound(ground.capabilities.version):
        pytest.skip("it cannot, or dies of it")
    tls = prepared(ground, pods)
    first, renewed, strange = (authority.issue(SHOP, each.url) for each in (responder, responder, stranger))
    write_list(tls, responder)
    write_site(tls, "shop", [SHOP], first)
    tls.run(*FLAGS)
    worker = tls.worker()
    tls.until(lambda: stapled(tls.https_port, SHOP) == ("good", serial(first)))

    write_site(tls, "shop", [SHOP], renewed)
    tls.until(lambda: stapled(tls.https_port, SHOP) == ("good", serial(renewed)))
    write_site(tls, "shop", [SHOP, LATE], renewed)
    tls.until(lambda: stapled(tls.https_port, LATE) == ("good", serial(renewed)))
    write_site(tls, "shop", [LATE], renewed)
    tls.until(lambda: stapled(tls.https_port, SHOP) is None)
    judged = tls.judged()

    write_site(tls, "shop", [LATE], strange)
    tls.until(lambda: serves(tls, LATE, strange))
    tls.until(lambda: "secret shop/shop-1: NotAllowed" in tls.problems())
    with_stranger = stapled(tls.https_port, LATE), stranger.asked.total()
    write_list(tls, responder, stranger)
    tls.until(lambda: stapled(tls.https_port, LATE) == ("good", serial(strange)))
    write_list(tls)
    tls.until(lambda: stapled(tls.https_port, LATE) is None)

    assert with_stranger == (None, 0)
    assert tls.worker() == worker
    assert (judged, tls.judged()) == ("", "")
    assert serves(tls, LATE, strange)
    assert tls.ask("/api/plan")["commands"] == []


def test_a_haproxy_that_would_die_of_it_asks_nobody(
    ground: Ground, pods: Pods, authority: Authority, responder: Responder
) -> None:
    if is_sound(ground.capabilities.version):
        pytest.skip("it does it well")
    tls = prepared(ground, pods)
    found = authority.issue(SHOP, responder.url)
    write_list(tls, responder)
    write_site(tls, "shop", [SHOP], found)
    tls.run(*FLAGS)

    assert serves(tls, SHOP, found)
    assert "configmap hadyn/options: NotSupported" in tls.problems()
    assert stapled(tls.https_port, SHOP) is None
    assert responder.asked.total() == 0


def test_what_was_stapled_is_stapled_after_a_reload_and_a_restart_of_hadyn(
    ground: Ground, pods: Pods, authority: Authority, responder: Responder
) -> None:
    if not is_sound(ground.capabilities.version):
        pytest.skip("it cannot, or dies of it")
    tls = prepared(ground, pods)
    found = authority.issue(SHOP, responder.url)
    write_list(tls, responder)
    write_site(tls, "shop", [SHOP], found)
    hadyn = tls.run(*FLAGS)
    tls.until(lambda: stapled(tls.https_port, SHOP) == ("good", serial(found)))
    before = responder.asked.total()

    hadyn.kill()
    tls.run(*FLAGS)
    adopted = stapled(tls.https_port, SHOP)
    worker = tls.worker()
    listed = tls.manifests.joinpath("options.yaml").read_text()
    tls.manifests.joinpath("options.yaml").write_text(f"{listed}  timeout-client: 2m\n")
    tls.until(lambda: tls.worker() != worker)
    tls.until(lambda: stapled(tls.https_port, SHOP) == ("good", serial(found)))

    assert adopted == ("good", serial(found))
    assert responder.asked.total() > before
