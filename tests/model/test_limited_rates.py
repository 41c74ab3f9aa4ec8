"""What a HAProxy is too old for is left out, and told with the version that can."""

import pytest

from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.model.problems import Reason
from tests.given import changes, ingress, service

SLOW = {"hadyn.io/limit-rate": "500k"}


def stocked(version, *, of_service=None, of_ingress=None):
    inventory = Inventory(Policy(haproxy=version))
    inventory.apply(
        changes(service("shop", "web", annotations=of_service), ingress("shop", "web", annotations=of_ingress))
    )
    return inventory


def lines(inventory):
    return [str(line) for line in inventory.backend("shop_web_80").directives if "bandwidth" in str(line)]


@pytest.mark.parametrize("version", [(2, 7, 0), (2, 8, 25), (3, 4, 7), ()])
def test_a_haproxy_that_can_limits_rates(version):
    inventory = stocked(version, of_service=SLOW)
    assert lines(inventory) == ["http-response set-bandwidth-limit rate"]
    assert inventory.problems() == ()


@pytest.mark.parametrize("where", ["of_service", "of_ingress"])
def test_a_haproxy_that_cannot_is_named_to_whoever_asks(where):
    inventory = stocked((2, 6, 12), **{where: SLOW})
    (problem,) = inventory.problems()
    assert lines(inventory) == []
    assert problem.reason is Reason.NOT_SUPPORTED
    assert problem.said == "HAProxy can do this from 2.7 on, and this one is 2.6.12"


@pytest.mark.parametrize(("written", "limit"), [("500", "512000"), ("1048576", "1073741824")])
def test_ingress_nginx_counts_in_kilobytes(written, limit):
    inventory = stocked((3, 0, 11), of_ingress={"nginx.ingress.kubernetes.io/limit-rate": written})
    first = str(inventory.backend("shop_web_80").directives[0])
    assert first == f"filter bwlim-out rate default-limit {limit} default-period 1s"
