"""HAProxy speaks TLS with pods where annotations say so, in the protocol and by the name that they say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, service
from integration.odd_pods import HTTP2_PREFACE
from integration.tls_pods import TlsPod
from tests.pairs import pair

OPTIONS = {
    "plain": {},
    "secured": {"server_tls": "true"},
    "secured-http2": {"backend_protocol": "grpcs", "secure_sni": "pods.internal"},
    "by-host": {"backend_protocol": "h1-ssl", "secure_sni": "host"},
    "by-client": {"backend_protocol": "h1-ssl", "secure_sni": "sni"},
}


@pytest.fixture(scope="module")
def pod() -> Iterator[TlsPod]:
    with TlsPod(pair("pods.internal")) as pod:
        yield pod


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, pod: TlsPod) -> Iterator[AnnotatedSite]:
    binary: HAProxyBinary = request.param
    objects = [
        document
        for name, said in OPTIONS.items()
        for document in (service(name, **said), ingress(name, host=f"{name}.example"))
    ]
    served_by = {name: [pod.address] for name in OPTIONS}
    with ExitStack() as opened:
        site = AnnotatedSite(binary.path, *objects, services=(), served_by=served_by, speaks_tls=True)
        yield opened.enter_context(site)


@pytest.mark.parametrize(
    ("name", "protocol", "server_names"),
    [
        ("secured", "http/1.1", {None, "secured.example"}),
        ("secured-http2", "h2", {"pods.internal"}),
        ("by-host", "http/1.1", {"by-host.example"}),
        ("by-client", "http/1.1", {None}),
    ],
)
def test_a_pod_hears_tls_in_the_protocol_and_by_the_name_that_is_said(
    site: AnnotatedSite, pod: TlsPod, name: str, protocol: str, server_names: set[str | None]
) -> None:
    pod.forget()
    answer = site.request("/", host=f"{name}.example:8443", encrypted=True)
    assert answer.status == 200
    assert pod.protocols[-1] == protocol
    assert (pod.heard[-1] == HTTP2_PREFACE.decode()) == (protocol == "h2")
    assert pod.asked[-1] in server_names


def test_a_pod_that_speaks_tls_is_not_understood_without_saying_so(site: AnnotatedSite) -> None:
    assert site.request("/", host="plain.example").status == 502
