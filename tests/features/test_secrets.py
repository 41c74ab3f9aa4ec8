"""Secrets that Ingresses refer to, from the wish to the question."""

from __future__ import annotations

from hadyn.controller.events import Stop
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from tests import given
from tests.features.house import House

TLS = ObjectRef("Secret", "shop", "web-tls")
INGRESS = given.ingress("shop", "web", tls=[given.tls("web-tls", "a.example")])
SERVICE = given.service("shop", "web")


def follow_on_demand(house: House) -> list[tuple[set[ObjectRef], set[ObjectRef]]]:
    """Have Secrets brought on demand; return what is asked for."""
    asked: list[tuple[set[ObjectRef], set[ObjectRef]]] = []
    house.wheel.inventory = Inventory(Policy(), secrets_are_brought=True)
    house.wheel.want_secrets = lambda added, dropped: asked.append((set(added), set(dropped)))
    return asked


def test_secrets_are_wanted_once_an_ingress_refers_to_them_and_no_longer_when_it_goes(house):
    asked = follow_on_demand(house)
    house.wheel.take_in(given.changes(INGRESS, SERVICE))
    house.wheel.take_in(given.changes(given.service("shop", "api")))
    house.wheel.take_in(given.changes(deletes=(INGRESS.ref,)))
    assert asked == [({TLS}, set()), (set(), {TLS})]


def test_the_start_waits_until_each_secret_has_been_answered_for(house):
    follow_on_demand(house)
    house.wheel.take_in(given.changes(INGRESS, SERVICE))
    house.events.put(given.changes(given.secret("shop", "web-tls", key="x"), source="kubernetes/secrets"))
    house.events.put(Stop())
    house.wheel.await_secrets(60)
    assert not house.wheel.inventory.secrets.awaits_answers
    assert not house.wheel.is_stopping


def test_the_start_ends_its_wait_for_secrets_when_hadyn_is_to_stop(house):
    follow_on_demand(house)
    house.wheel.take_in(given.changes(INGRESS, SERVICE))
    house.events.put(Stop())
    house.wheel.await_secrets(60)
    assert house.wheel.is_stopping
