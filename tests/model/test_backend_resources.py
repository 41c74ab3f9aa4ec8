"""A Backend of hadyn whose parts do not go together: each is named, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests import given
from tests.model.looks import addresses, complaints, inventory

PATH = {"path": "/", "pathType": "Prefix", "backend": given.resource_of("api")}
ROUTE = given.ingress("default", "api", rules=[{"host": "a.example", "http": {"paths": [PATH]}}])


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"discovery": None, "host": "api.example"}, "spec.discovery: nothing is not one of static, dns, fqdn"),
        ({"discovery": "consul", "host": "api.example"}, "spec.discovery: 'consul' is not one of static, dns, fqdn"),
        ({"discovery": "static", "host": "api.example"}, "spec.host: nobody asks for the host with discovery static"),
    ],
)
def test_a_host_that_nobody_asks_for_is_a_problem_that_says_how_to_ask(spec: dict[str, Any], said: str) -> None:
    shown = inventory(ROUTE, given.backend("default", "api", **spec))
    assert complaints(shown) == [f"backend default/api: {said}"]
    assert "dns" in shown.problems()[0].remedy


@pytest.mark.parametrize("discovery", ["dns", "fqdn"])
def test_addresses_beside_a_host_are_a_problem_and_not_used(discovery: str) -> None:
    api = given.backend("default", "api", discovery=discovery, host="api.example", port=80, addresses=["10.0.0.1:80"])
    shown = inventory(ROUTE, api)
    assert complaints(shown) == [
        "backend default/api: spec.addresses: addresses count with discovery static alone: DNS says them"
    ]
    assert addresses(shown.backend("default_api")) == []
