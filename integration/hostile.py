"""Objects that somebody wrote wrong, or with ill intent, all in the namespace villain.

The numbers of the tables are in the comments: C1 hosts, C2 paths, C3 backends, C5 endpoints
(what a cluster's API server would refuse is here too: a folder has none).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]

EVIL = "villain"
"""Behind the namespace shop: of objects without an age the first by name has a host."""

HOSTS: tuple[Any, ...] = (
    "a.example\n  http-request deny",
    "a.*.example",
    "*",
    "*.*.example",
    "bücher.example",
    "xn--",
    "a_b.example",
    "10.0.0.1",
    "[::1]",
    "a.example:8080",
    f"{'a' * 64}.example",
    ".".join(["a" * 60] * 5),
    "a.example ",
    "a.example\r",
    "a.example\0",
    "_",
    "*.",
    "-a.example",
    42,
    ["a.example"],
    None,
)

PATHS: tuple[Any, ...] = (
    "/x\n  http-request deny",
    "/x\rb",
    "/a b",
    "/a\tb",
    "/it's",
    '/say"x"',
    "/x\\",
    "/a#b",
    "-f /etc/passwd",
    "-m reg .*",
    "--",
    "/%[env(HOME)]",
    "/%{+Q}o",
    "/${HOME}",
    "/x } || { always_true",
    "/x if TRUE",
    "/x\0y",
    "/x\u2028y",
    "/x\u0085y",
    "/x\x0by",
    "/x\u202ey",
    "//",
    "/./",
    "/../",
    "/a/..",
    "/a/../../etc/passwd",
    "/%2f",
    "x",
    "",
    "/" + "x" * 5000,
    "/(a+)+$",
    "/[",
    "/(?P<x",
    7,
    {"x": 1},
)

PATH_TYPES: tuple[Any, ...] = ("prefix", "Regex", "", 1, None)

BACKENDS: tuple[Any, ...] = (
    {"service": {"name": "not-there", "port": {"number": 80}}},
    {"service": {"name": "web", "port": {"number": 0}}},
    {"service": {"name": "web", "port": {"number": -1}}},
    {"service": {"name": "web", "port": {"number": 65536}}},
    {"service": {"name": "web", "port": {"number": 70000}}},
    {"service": {"name": "web", "port": {"name": "80"}}},
    {"service": {"name": "web", "port": {"name": "no-such-port"}}},
    {"service": {"name": "web", "port": {}}},
    {"service": {"name": "web"}},
    {"service": {"name": "../../good/web-0", "port": {"number": 80}}},
    {"service": {"name": "web;disable server", "port": {"number": 80}}},
    {"resource": {"apiGroup": "k8s.example", "kind": "Bucket", "name": "x"}},
    {"resource": {"apiGroup": "hadyn.io", "kind": "Backend", "name": "not-there"}},
    {"service": {"name": "web", "port": {"number": 80}}, "resource": {"kind": "Bucket", "name": "x"}},
    {},
    None,
    [],
    "web:80",
)

ADDRESSES: tuple[Any, ...] = (
    "0.0.0.0",
    "*",
    "::",
    "255.255.255.255",
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "::ffff:a9fe:a9fe",
    "224.0.0.1",
    "ff02::1",
    "10.0.0.1;disable server good_web-0_80/s1",
    "10.0.0.1\nshow info",
    "10.0.0.1 port 1",
    "010.0.0.1",
    "10.1",
    "0x0a000001",
    "167772161",
    "10.0.0.1 ",
    "\uff11\uff10.0.0.1",
    167772161,
    "evil.example",
    "2001:db8::1",
    None,
    [],
)

PORTS: tuple[Any, ...] = (0, -1, 65536, 70000, "http", 80.5, True, [])

ANNOTATIONS: tuple[tuple[str, Any], ...] = (
    ("hadyn.io/slots", "0"),
    ("hadyn.io/slots", "-5"),
    ("hadyn.io/slots", "1000000"),
    ("hadyn.io/slots", "\uff11\uff10"),
    ("hadyn.io/slots", "10\nserver evil 10.6.6.6:80"),
    ("hadyn.io/slots-max", "1_000"),
    ("hadyn.io/canary", "yes"),
    ("hadyn.io/canary-weight", "NaN"),
    ("hadyn.io/discovery", "auto;"),
    ("hadyn.io/config-backend", "server evil 10.6.6.6:80"),
    ("nginx.ingress.kubernetes.io/configuration-snippet", "deny all;"),
    ("haproxy.org/backend-config-snippet", "http-request deny"),
    ("hadyn.io/\x1b[31m", "red"),
    ("hadyn.io/slots", 10),
    ("hadyn.io/slots", {"a": 1}),
)

STRUCTURES: tuple[Any, ...] = (
    None,
    {},
    {"rules": []},
    {"rules": None},
    {"rules": [{}]},
    {"rules": [None]},
    {"rules": "all"},
    {"rules": [{"http": None}]},
    {"rules": [{"http": {"paths": []}}]},
    {"rules": [{"http": {"paths": [None]}}]},
    {"rules": [{"http": {"paths": [{}]}}]},
)

TEXTS = (
    "kind: Ingress\n  metadata: [",
    "{{{{",
    "\x00\x01\x02",
    "apiVersion: v1\nkind: List\nitems: null\n",
    "- just\n- a\n- list\n",
    "just text\n",
    "a: &a [*a]\n",
    "apiVersion: networking.k8s.io/v7\nkind: Ingress\nmetadata: {name: future, namespace: villain}\n",
    "apiVersion: v1\nmetadata: {name: kindless}\n",
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: ../../etc/cron.d/x, namespace: villain}\nspec: {ports: [{port: 80}]}\n",
    "!!python/object/apply:os.system ['touch /tmp/hadyn-was-here']\n",
)


def hostile_documents() -> Iterator[Document]:
    """Every wrong object, each with a name of its own."""
    yield from (_ingress(f"host-{number}", host=host) for number, host in enumerate(HOSTS))
    yield from (_ingress(f"path-{number}", path=path) for number, path in enumerate(PATHS))
    yield from (_ingress(f"type-{number}", path_type=kind) for number, kind in enumerate(PATH_TYPES))
    yield from (_ingress(f"to-{number}", backend=backend) for number, backend in enumerate(BACKENDS))
    yield from (_ingress(f"note-{number}", annotations=dict([each])) for number, each in enumerate(ANNOTATIONS))
    yield from ({**_ingress(f"shape-{number}"), "spec": spec} for number, spec in enumerate(STRUCTURES))
    yield _ingress("thief", host="good-0.example", path="/stolen")
    yield _ingress("greedy", rules=3000)
    yield from _services()
    for number, address in enumerate(ADDRESSES):
        yield _slice(f"address-{number}", [{"addresses": [address]}], [{"port": 80}])
    yield from (
        _slice(f"port-{number}", [{"addresses": ["10.6.6.6"]}], [{"port": port}]) for number, port in enumerate(PORTS)
    )
    yield _slice("none", None, [{"port": 80}])
    yield _slice("empty", [{"addresses": []}], None)
    yield {**_slice("names", [{"addresses": ["evil.example"]}], [{"port": 80}]), "addressType": "FQDN"}


def _services() -> Iterator[Document]:
    specs: tuple[Any, ...] = (
        {"ports": [{"port": 80}]},
        {"ports": []},
        {"ports": None},
        None,
        {"ports": [{"name": "a", "port": 80}, {"name": "a", "port": 81}]},
        {"ports": [{"port": 53, "protocol": "UDP"}]},
        {"ports": [{"port": 0}]},
        {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": 80}]},
        {"type": "ExternalName", "externalName": "169.254.169.254", "ports": [{"port": 80}]},
        {"type": "ExternalName", "externalName": "a\nb", "ports": [{"port": 80}]},
        {"clusterIP": "None", "ports": [{"port": 80}]},
    )
    for number, spec in enumerate(specs):
        name = "web" if number == 0 else f"service-{number}"
        yield {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": EVIL}, "spec": spec}
        yield _ingress(f"to-{name}", backend={"service": {"name": name, "port": {"number": 80}}})


def _ingress(
    name: str,
    *,
    host: Any = None,
    path: Any = "/",
    path_type: Any = "Prefix",
    backend: Any = BACKENDS[0],
    annotations: Document | None = None,
    rules: int = 1,
) -> Document:
    paths = [{"path": path, "pathType": path_type, "backend": backend}]
    hosts = [host or f"{name}.evil.example", *(f"{name}-{number}.evil.example" for number in range(1, rules))]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": EVIL, "annotations": annotations or {}},
        "spec": {
            "ingressClassName": "hadyn",
            "rules": [{"host": host, "http": {"paths": paths}} for host in hosts],
        },
    }


def _slice(name: str, endpoints: Any, ports: Any) -> Document:
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "namespace": EVIL, "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "endpoints": endpoints,
        "ports": ports,
    }
