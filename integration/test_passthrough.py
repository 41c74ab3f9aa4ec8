"""TLS that HAProxy leaves to the pods: connections go by the name that a client asks for."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from hadyn.demo.pods import Pods
from integration.handshakes import client_context, connected, served
from integration.manifests import ingress, service, slice_
from integration.running import Ground
from integration.test_certificates import SHOP, prepared
from tests.pairs import pair

PASSED = "passed.example"
OWN = "hadyn default certificate"


class TlsPod:
    """Speaks TLS with a certificate of its own, and nothing behind the handshake."""

    def __init__(self, folder: Ground, *names: str) -> None:
        file = folder.place / "pod.pem"
        file.write_text(pair(*names).pem)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(file)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    continue


@pytest.fixture
def tls(ground: Ground, pods: Pods) -> Ground:
    return prepared(ground, pods)


@pytest.fixture
def pod(tls: Ground) -> Iterator[TlsPod]:
    with TlsPod(tls, PASSED, "*.passed.example") as pod:
        yield pod


def write_passing(ground: Ground, pod: TlsPod, host: str = PASSED) -> None:
    passing = ingress("vault", host=host, ssl_passthrough="true")
    ground.write("vault.yaml", passing, service("vault"), slice_("vault", "127.0.0.1", port=pod.port))


def test_a_first_host_that_passes_through_is_one_reload_and_others_none(tls: Ground, pod: TlsPod) -> None:
    tls.run("--reload-interval", "100ms")
    write_passing(tls, pod)
    tls.until(lambda: served(tls.https_port, PASSED) == PASSED)
    first = tls.reloads()
    write_passing(tls, pod, f"*.{PASSED}")
    tls.until(lambda: served(tls.https_port, f"x.{PASSED}") == PASSED)
    hosts = [served(tls.https_port, host) for host in (f"x.{PASSED}", PASSED, SHOP, "other.example")]
    over_http = tls.get("/", PASSED)[0]
    worker = tls.worker()
    tls.write("more.yaml", ingress("more", host="more.example", to="vault", ssl_passthrough="true"))
    tls.until(lambda: served(tls.https_port, "more.example") == PASSED)

    assert first["PASSTHROUGH_BEGAN"] == 1
    assert hosts == [PASSED, OWN, SHOP, OWN]
    assert over_http == 404
    assert tls.worker() == worker
    assert tls.judged() == ""


def test_requests_without_tls_go_to_the_port_that_is_said_for_them(tls: Ground, pod: TlsPod, pods: Pods) -> None:
    plain = pods.start("pod-plain")
    ports = {"https": pod.port, "http": plain.address.port}
    both = service("both") | {"spec": {"ports": [{"name": "https", "port": 443}, {"name": "http", "port": 80}]}}
    slices = [
        slice_("both", "127.0.0.1", port=port, number=number) | {"ports": [{"name": name, "port": port}]}
        for number, (name, port) in enumerate(ports.items(), 1)
    ]
    leading = ingress("both", host=PASSED, ssl_passthrough="true", ssl_passthrough_http_port="http")
    leading["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] = {"name": "https"}
    tls.write("both.yaml", both, *slices, leading)
    tls.run()

    assert served(tls.https_port, PASSED) == PASSED
    assert tls.get("/", PASSED) == (200, "pod-plain")


def test_a_hadyn_that_starts_with_it_needs_no_reload_and_ends_it_with_the_last(tls: Ground) -> None:
    with TlsPod(tls, PASSED) as pod:
        begins_and_ends(tls, pod)


def begins_and_ends(tls: Ground, pod: TlsPod) -> None:
    write_passing(tls, pod)
    tls.run("--reload-interval", "100ms")
    before = [served(tls.https_port, host) for host in (PASSED, SHOP)], tls.reloads()
    tls.remove("vault.yaml")
    tls.until(lambda: served(tls.https_port, PASSED) == OWN)

    assert before == ([PASSED, SHOP], {})
    tls.until(lambda: "_sni" not in tls.folder.main_config.read_text())
    tls.until(lambda: served(tls.https_port, SHOP) == SHOP)


def served_behind_a_balancer(ground: Ground, host: str) -> str:
    """What a client gets whose balancer says who it is."""
    context = client_context()
    with connected(ground.https_port) as connection:
        connection.sendall(b"PROXY TCP4 203.0.113.7 192.0.2.1 40000 443\r\n")
        with context.wrap_socket(connection, server_hostname=host) as encrypted:
            found = x509.load_der_x509_certificate(encrypted.getpeercert(binary_form=True) or b"")
    return str(found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def test_the_header_of_a_balancer_is_read_once_in_front(tls: Ground) -> None:
    options = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "infra", "name": "options"}}
    tls.write("options.yaml", options | {"data": {"proxy-protocol-networks": "127.0.0.0/8"}})
    with TlsPod(tls, PASSED) as pod:
        write_passing(tls, pod)
        tls.run("--config-map", "infra/options")
        found = [served_behind_a_balancer(tls, host) for host in (PASSED, SHOP)]

    assert found == [PASSED, SHOP]
