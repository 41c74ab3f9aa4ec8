"""Each row of what may be wrong in an object, written to a real apiserver: who finds it, and what else suffers.

The numbers are those of the tables in reference/reliability.md C1 to C5. "refused" is the
apiserver's word; else the reasons are hadyn's, and an empty one means that the object is
good after all. ``hostile.py`` has more of each sort, without a verdict for each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from hadyn.cluster.requests import Resource
from hadyn.demo.pods import Pods
from hadyn.errors import HadynError
from integration.cluster import ClusterGround, ControlPlane, Document, Namespace

pytestmark = [pytest.mark.root, pytest.mark.timeout(120)]

NAMESPACE = "bad-input"
GOOD = "good.example"
POD = "10.99.248.1"
PORT = 9000
REFUSED = "refused"
RESOURCES = {
    "Ingress": Resource("networking.k8s.io", "v1", "ingresses", "Ingress"),
    "Service": Resource("", "v1", "services", "Service"),
    "EndpointSlice": Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice"),
}

WRONG, UNSUPPORTED, MISSING = "InvalidValue", "NotSupported", "NotFound"
FORBIDDEN, TWICE, CLAIMED, MANY = "ForbiddenAddress", "Duplicate", "Claimed", "TooMany"


def _rule(host: str, *backends: Document) -> Document:
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend} for backend in backends]
    return {"host": host, "http": {"paths": paths}}


HOSTS: dict[str, tuple[Any, str]] = {
    "1 a line feed in a host": ("a.example\nhttp-request deny", REFUSED),
    "2 a wildcard inside": ("a.*.example", REFUSED),
    "2 a wildcard alone": ("*", REFUSED),
    "3 upper case": ("A.Example.COM", REFUSED),
    "4 a host that is not ASCII": ("bücher.example", REFUSED),
    "4 an underscore": ("a_b.example", REFUSED),
    "5 a dot at the end": ("a.example.", REFUSED),
    "6 an address": ("10.0.0.1", REFUSED),
    "6 an address of IPv6": ("[::1]", REFUSED),
    "6 a port": ("a.example:8080", REFUSED),
    "7 a label of 64 characters": (f"{'a' * 64}.example", WRONG),
    "7 a host of 254 characters": (".".join(["a" * 49] * 5) + ".exam", REFUSED),
    "8 a host that is a machine's own": ("localhost", ""),
}
PATHS: dict[str, tuple[Any, str]] = {
    "14 a line feed in a path": ("/x\n  http-request deny", WRONG),
    "15 a carriage return": ("/x\rb", WRONG),
    "16 a blank": ("/a b", WRONG),
    "16 a tab": ("/a\tb", WRONG),
    "17 a quote": ("/it's", ""),
    "17 double quotes": ('/say"x"', WRONG),
    "18 a backslash at the end": ("/x\\", WRONG),
    "19 a hash": ("/a#b", WRONG),
    "20 a flag that reads a file": ("-f /etc/passwd", REFUSED),
    "21 a log format": ("/%[env(HOME)]", WRONG),
    "22 a variable": ("/${HOME}", WRONG),
    "23 a condition": ("/x if TRUE", WRONG),
    "24 a null": ("/x\0y", WRONG),
    "25 a line separator": ("/x\u2028y", WRONG),
    "25 a next line": ("/x\u0085y", WRONG),
    "25 a text direction": ("/x\u202ey", WRONG),
    "26 a path of the machine": ("/var/run/secrets/kubernetes.io/serviceaccount/token", ""),
    "27 two slashes": ("//", REFUSED),
    "27 a way up": ("/a/../x", REFUSED),
    "27 a slash in disguise": ("/%2f", REFUSED),
    "28 no slash": ("x", REFUSED),
    "29 5,000 characters": ("/" + "x" * 5000, WRONG),
}
PATTERNS: dict[str, tuple[Any, str]] = {
    "30 a pattern": ("/(a+)+$", UNSUPPORTED),
    "30 half a pattern": ("/[", WRONG),
}
PATH_TYPES: dict[str, tuple[Any, str]] = {
    "31 no path type": (None, REFUSED),
    "31 a type in lower case": ("prefix", REFUSED),
    "31 a type of others": ("Regex", REFUSED),
}
BACKENDS: dict[str, tuple[Any, str]] = {
    "34 a Service that is not there": ({"service": {"name": "later", "port": {"number": 80}}}, MISSING),
    "35 an unknown port name": ({"service": {"name": "good", "port": {"name": "admin"}}}, MISSING),
    "35 port 0": ({"service": {"name": "good", "port": {"number": 0}}}, REFUSED),
    "35 port 70000": ({"service": {"name": "good", "port": {"number": 70000}}}, REFUSED),
    "36 a resource of others": ({"resource": {"apiGroup": "k8s.example", "kind": "Bucket", "name": "x"}}, UNSUPPORTED),
    "36 nothing": ({}, REFUSED),
    "37 a name of the machine": ({"service": {"name": "external-localhost", "port": {"number": 80}}}, UNSUPPORTED),
    "37 an address of the cloud": ({"service": {"name": "external-metadata", "port": {"number": 80}}}, UNSUPPORTED),
    "38 a headless Service without a port": ({"service": {"name": "headless", "port": {"number": 80}}}, MISSING),
}
TO_GOOD = {"service": {"name": "good", "port": {"number": 80}}}
TO_SLICES = {"service": {"name": "slices", "port": {"number": 80}}}
SPECS: dict[str, tuple[Any, str]] = {
    "10 no spec": (None, REFUSED),
    "10 an empty spec": ({}, REFUSED),
    "10 no rules": ({"ingressClassName": "hadyn", "rules": []}, REFUSED),
    "10 an empty rule": ({"ingressClassName": "hadyn", "rules": [{}]}, WRONG),
    "10 no paths": ({"ingressClassName": "hadyn", "rules": [{"http": {"paths": []}}]}, REFUSED),
    "13 another class": (
        {"ingressClassName": "nginx", "defaultBackend": {"service": {"name": "x", "port": {"number": 1}}}},
        "",
    ),
}
RULES: dict[str, tuple[list[Document], str]] = {
    "9 the route of somebody else": ([_rule(GOOD, TO_GOOD)], CLAIMED),
    "12 more rules than are read": ([_rule(f"many-{number}.example", TO_GOOD) for number in range(1001)], MANY),
    "33 one path to two Services": ([_rule("twice.example", TO_GOOD, TO_SLICES)], TWICE),
}
SECRETS: dict[str, tuple[Any, str]] = {
    "62 a Secret of another namespace": ("other-ns/secret", REFUSED),
    "63 a way up": ("../x", REFUSED),
    "63 a file": ("/etc/ssl/x.pem", REFUSED),
    "63 the folder itself": ("..", REFUSED),
    "64 254 characters": ("a" * 254, REFUSED),
    "64 upper case in a Secret": ("Aa", REFUSED),
}
SERVICES: dict[str, tuple[Any, str]] = {
    "75 a Service without ports": ({"ports": []}, REFUSED),
    "75 port names twice": ({"ports": [{"name": "a", "port": 1}, {"name": "a", "port": 2}]}, REFUSED),
    "75 a port of UDP": (
        {"ports": [{"name": "web", "port": 80}, {"name": "dns", "port": 53, "protocol": "UDP"}]},
        UNSUPPORTED,
    ),
}
ADDRESSES: dict[str, tuple[Any, str]] = {
    "78 any address": ("0.0.0.0", REFUSED),
    "78 everybody": ("255.255.255.255", FORBIDDEN),
    "78 a star": ("*", REFUSED),
    "79 a loopback address": ("127.0.0.1", REFUSED),
    "79 another loopback address": ("127.9.9.9", REFUSED),
    "80 the cloud's metadata": ("169.254.169.254", REFUSED),
    "81 a group of all machines": ("224.0.0.1", REFUSED),
    "81 a group of many": ("239.1.1.1", FORBIDDEN),
    "82 a second command": ("10.0.0.1;disable server b/s3", REFUSED),
    "82 a second line": ("10.0.0.1\nshow info", REFUSED),
    "83 a zero in front": ("010.0.0.1", REFUSED),
    "83 half an address": ("10.1", REFUSED),
    "83 a number as text": ("167772161", REFUSED),
    "83 digits of others": ("\uff11\uff10.0.0.1", REFUSED),
    "85 IPv6 among IPv4": ("2001:db8::1", REFUSED),
}
PORTS: dict[str, tuple[Any, str]] = {
    "87 port 0 of a slice": (0, WRONG),
    "87 port 65536 of a slice": (65536, WRONG),
    "87 a word": ("http", REFUSED),
    "87 a fraction": (80.5, REFUSED),
    "87 a boolean": (True, REFUSED),
}
ENDPOINTS: dict[str, tuple[Any, str]] = {
    "88 no endpoints": (None, ""),
    "88 no address": ([{"addresses": []}], REFUSED),
    "88 two addresses": ([{"addresses": ["10.99.248.2", "10.99.248.3"]}], ""),
    "89 no conditions": ([{"addresses": ["10.99.248.4"], "conditions": None}], ""),
    "89 conditions of nothing": ([{"addresses": ["10.99.248.5"], "conditions": {"ready": None}}], ""),
}


@dataclass(slots=True)
class Case:
    """One row: what to write, and who finds it."""

    title: str
    document: Document
    verdict: str


def _name(title: str) -> str:
    return "row-" + "".join(each if each.isalnum() and each.isascii() else "-" for each in title.lower()).strip("-")


def ingress(title: str, **changed: Any) -> Document:
    """An Ingress that is right but for what is changed: host, path, pathType, backend, spec, tls."""
    backend = changed.get("backend", TO_GOOD)
    path = {"path": changed.get("path", "/"), "pathType": changed.get("pathType", "Prefix"), "backend": backend}
    host = changed.get("host", f"{_name(title)}.example")
    spec = {"ingressClassName": "hadyn", "rules": [{"host": host, "http": {"paths": [path]}}]}
    spec |= {"tls": changed["tls"]} if "tls" in changed else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": _name(title), "namespace": NAMESPACE},
        "spec": changed.get("spec", spec),
    }


def slice_(title: str, endpoints: Any, port: Any = PORT) -> Document:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": _name(title),
            "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": "slices"},
        },
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": [{"name": "", "port": port, "protocol": "TCP"}],
    }


def service(title: str, spec: Document) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": _name(title)[:60].rstrip("-"), "namespace": NAMESPACE},
        "spec": spec,
    }


def cases() -> Iterator[Case]:
    """Every row, in the order of the tables."""
    for key, table in (
        ("host", HOSTS),
        ("path", PATHS),
        ("pathType", PATH_TYPES),
        ("backend", BACKENDS),
        ("spec", SPECS),
    ):
        for title, (value, verdict) in table.items():
            yield Case(title, ingress(title, **{key: value}), verdict)
    for title, (value, verdict) in PATTERNS.items():
        yield Case(title, ingress(title, path=value, pathType="ImplementationSpecific"), verdict)
    for title, (rules, verdict) in RULES.items():
        yield Case(title, ingress(title, spec={"ingressClassName": "hadyn", "rules": rules}), verdict)
    for title, (value, verdict) in SECRETS.items():
        yield Case(title, ingress(title, tls=[{"hosts": [f"{_name(title)}.example"], "secretName": value}]), verdict)
    for title, (value, verdict) in SERVICES.items():
        yield Case(title, service(title, value), verdict)
    for title, (value, verdict) in ADDRESSES.items():
        yield Case(title, slice_(title, [{"addresses": [value]}]), verdict)
    for title, (value, verdict) in PORTS.items():
        yield Case(title, slice_(title, [{"addresses": ["10.99.248.6"]}], value), verdict)
    for title, (value, verdict) in ENDPOINTS.items():
        yield Case(title, slice_(title, value), verdict)


def surroundings(namespace: Namespace) -> Iterator[Document]:
    """What the rows lead to, and a good route that nobody may harm."""
    yield namespace.bare_service("good")
    yield namespace.slice("good", POD, port=PORT)
    yield namespace.ingress("good", GOOD)
    yield namespace.bare_service("slices")
    yield namespace.ingress("slices", "slices.example")
    headless = namespace.bare_service("headless")
    headless["spec"] = {"clusterIP": "None", "ports": []}
    yield headless
    for name, host in (("external-localhost", "localhost"), ("external-metadata", "metadata.google.internal")):
        external = namespace.bare_service(name)
        external["spec"] |= {"type": "ExternalName", "externalName": host}
        yield external
    for title in SERVICES:
        # A Service that no route leads to is nobody's business.
        backend = {"service": {"name": _name(title)[:60].rstrip("-"), "port": {"number": 80}}}
        document = ingress(f"to {title}", backend=backend)
        yield document


@dataclass(slots=True)
class Found:
    """What became of the rows: "refused", or the reasons that hadyn gives, by title."""

    verdicts: dict[str, str] = field(default_factory=dict)
    good: tuple[int, str] = (0, "")
    judged: str = ""
    slices: set[str] = field(default_factory=set)
    log: str = ""


@pytest.fixture(scope="module")
def found(cluster: ControlPlane) -> Iterator[Found]:
    """Write all rows while hadyn runs; ask it once what it makes of them."""
    found = Found()
    with (
        Pods() as pods,
        Namespace(cluster, NAMESPACE) as namespace,
        ClusterGround(kubeconfig=cluster.kubeconfig) as ground,
    ):
        pods.start("good", POD, PORT)
        cluster.apply(*surroundings(namespace))
        ground.run("--namespace", NAMESPACE)
        taken = [case for case in cases() if is_taken(cluster, case)]
        # One of each kind behind all others: where they serve, everything before them has come as well.
        cluster.apply(
            namespace.bare_service("last"),
            namespace.slice("last", POD, port=PORT),
            namespace.ingress("last", "last.example"),
        )
        ground.until(lambda: ground.get(host="last.example") == (200, "good"))
        reasons: dict[str, set[str]] = defaultdict(set)
        for problem in ground.status()["problems"]:
            reasons[problem["object"]].add(problem["reason"])
        found.verdicts = {case.title: REFUSED for case in cases()} | {
            case.title: " ".join(sorted(reasons[_object(case.document)])) for case in taken
        }
        found.good = ground.get(host=GOOD)
        found.judged = ground.judged()
        found.slices = set(ground.ready(f"{NAMESPACE}_slices_80").values())
        found.log = ground.log
        yield found


def is_taken(cluster: ControlPlane, case: Case) -> bool:
    try:
        cluster.put("POST", RESOURCES[case.document["kind"]].path(NAMESPACE), case.document)
    except HadynError:
        return False
    return True


def _object(document: Document) -> str:
    return f"{document['kind'].lower()} {NAMESPACE}/{document['metadata']['name']}"


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.title)
def test_each_row_is_found_by_the_apiserver_or_by_hadyn(found: Found, case: Case) -> None:
    assert found.verdicts[case.title] == case.verdict


def test_what_is_wrong_harms_nobody_else(found: Found) -> None:
    assert found.good == (200, "good")
    assert found.judged == ""
    assert "Traceback" not in found.log


def test_of_all_slices_only_what_is_right_gets_a_slot(found: Found) -> None:
    assert found.slices == {f"10.99.248.{number}:{PORT}" for number in (2, 4, 5)}
