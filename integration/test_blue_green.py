"""Pods of one Service share its requests by their labels, counted by who answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from hadyn.demo.pods import Pods
from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service

REQUESTS = 40
GROUPS = {"127.77.0.1": "blue", "127.77.0.2": "blue", "127.77.0.3": "blue", "127.77.0.4": "green"}
BALANCES = {
    "alike": {},
    "deploy": {"blue_green_balance": "group=blue=1,group=green=1"},
    "pod": {"blue_green_balance": "group=blue=1,group=green=5", "blue_green_mode": "pod"},
    "off": {
        "blue_green_balance": "group=blue=1,group=green=0,group=red=0",
        "blue_green_header": "X-Server:group",
        "blue_green_cookie": "server:group",
    },
}


def pod(service_name: str, ip: str, group: str) -> Document:
    metadata = {"name": f"{service_name}-{ip.replace('.', '-')}", "namespace": "shop", "labels": {"group": group}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    """The same pods behind a Service for each balance."""
    binary: HAProxyBinary = request.param
    objects = [
        document
        for name, said in BALANCES.items()
        for document in (
            service(name, **said),
            ingress(name, host=f"{name}.example"),
            *(pod(name, ip, group) for ip, group in GROUPS.items()),
        )
    ]
    with Pods() as pods:
        addresses = [pods.start(group, ip).address for ip, group in GROUPS.items()]
        served_by = dict.fromkeys(BALANCES, addresses)
        with AnnotatedSite(binary.path, *objects, services=(), served_by=served_by) as site:
            yield site


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("alike", {"blue": 30, "green": 10}, id="without labels each pod gets the same"),
        pytest.param("deploy", {"blue": 20, "green": 20}, id="each group gets the same, however many pods it has"),
        pytest.param("pod", {"blue": 15, "green": 25}, id="each pod gets its weight"),
        pytest.param("off", {"blue": 40}, id="a group of weight 0 gets nothing"),
    ],
)
def test_groups_of_pods_get_their_part(site: AnnotatedSite, name: str, expected: dict[str, int]) -> None:
    answers = (site.request(host=f"{name}.example").text.strip() for _ in range(REQUESTS))
    assert Counter(answers) == expected


@pytest.mark.parametrize(
    ("headers", "who"),
    [
        ({"X-Server": "green"}, "green"),
        ({"Cookie": "a=b; server=green"}, "green"),
        ({"X-Server": "blue", "Cookie": "server=green"}, "blue"),
        ({"X-Server": "red"}, "blue"),
        ({"X-Server": "purple", "Cookie": "server=green"}, "green"),
        ({}, "blue"),
    ],
)
def test_a_request_chooses_a_group_that_has_pods(site: AnnotatedSite, headers: dict[str, str], who: str) -> None:
    answers = (site.request(host="off.example", headers=headers).text.strip() for _ in range(4))
    assert Counter(answers) == {who: 4}
