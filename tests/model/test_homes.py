"""Which slot a pod of a StatefulSet calls its own."""

from __future__ import annotations

import pytest

from hadyn.model.homes import home_of
from hadyn.model.resolved import DnsQuestion, RecordType, Resolved, ResolvedName, ResolvedRecord
from tests import given
from tests.model.looks import cluster, reasons

NAMES = {"hadyn.io/slot-names": "true"}
INGRESS = given.ingress("shop", "web")


@pytest.mark.parametrize(
    ("name", "home"),
    [
        ("shop/web-0", "s1"),
        ("shop/web-11", "s12"),
        ("web-2.web.shop.svc.cluster.local", "s3"),
        ("shop/web-01", None),
        ("shop/web", None),
        ("shop/web-6865546d4-89hn2", None),
        ("web.shop.svc.cluster.local", None),
        ("web-99999.example", None),
        ("10-0-0-1.web.shop.svc.cluster.local", None),
        ("", None),
    ],
)
def test_the_ordinal_of_a_name_is_its_slot(name, home):
    assert home_of(name) == home


def homes(shown):
    return {endpoint.address.ip: endpoint.home for endpoint in shown.backend("shop_web_80").endpoints}


def pods(*numbers):
    return given.slice_(
        "shop", "web", *(given.endpoint(f"10.0.0.{9 - number}", pod=f"web-{number}") for number in numbers)
    )


def test_pods_of_a_slice_have_homes_where_the_annotation_says_so():
    service = given.service("shop", "web", annotations=NAMES)
    assert homes(cluster(service, INGRESS, pods(0, 2))) == {"10.0.0.9": "s1", "10.0.0.7": "s3"}
    assert homes(cluster(given.service("shop", "web"), INGRESS, pods(0))) == {"10.0.0.9": None}


def test_targets_of_services_in_dns_have_homes():
    service = given.service("shop", "web", ports=[{"name": "http", "port": 80}], clusterIP="None", annotations=NAMES)
    shown = cluster(service, INGRESS)
    question = DnsQuestion("_http._tcp.web.shop.svc.cluster.local.", RecordType.SRV)
    records = ResolvedRecord("10.0.0.5", 80, name="web-1.web.shop.svc.cluster.local"), ResolvedRecord("10.0.0.6", 80)
    shown.resolve(Resolved((ResolvedName(question, records),)))
    assert homes(shown) == {"10.0.0.5": "s2", "10.0.0.6": None}


def test_two_addresses_of_one_pod_share_one_home():
    service = given.service("shop", "web", annotations=NAMES)
    twice = given.slice_("shop", "web", *(given.endpoint(ip, pod="web-0") for ip in ("10.0.0.1", "10.0.0.2")))
    assert list(homes(cluster(service, INGRESS, twice)).values()) == ["s1", None]


def test_addresses_without_names_have_no_homes_which_is_said():
    headless = given.service("shop", "web", clusterIP="None", annotations=NAMES)
    assert reasons(cluster(headless, INGRESS)) == ["NotSupported"]
