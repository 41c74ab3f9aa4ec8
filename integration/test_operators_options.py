"""What the operator's ConfigMap says, asked of a real HAProxy: each option does something, all pass its judgement."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from hadyn.model.main_wish import MainWish
from hadyn.model.options.option import Section
from hadyn.model.options.table import OPTIONS
from hadyn.runtime.connection import unix_conversation
from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary
from integration.manifests import ingress, operators, service
from integration.stack import ANSWER_SECONDS, Stack

OF_MAIN = [option for option in OPTIONS if isinstance(option.main, Section)]


@contextmanager
def site(haproxy: HAProxyBinary, **options: str) -> Iterator[AnnotatedSite]:
    """One Ingress, one pod, and these options of the operator."""
    objects = (service("web"), ingress("web"), operators(**options))
    with AnnotatedSite(haproxy.path, *objects, speaks_tls=True) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a handshake comes to."""

    version: str | None
    protocol: str | None
    cipher: str


def handshake(made: AnnotatedSite, highest: ssl.TLSVersion, *protocols: str) -> Agreed:
    """Return what HAProxy agrees on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = highest
    context.set_alpn_protocols(list(protocols))
    address = made.stack.encrypted
    assert address is not None
    with (
        socket.create_connection((address.ip, address.port), timeout=ANSWER_SECONDS) as plain,
        context.wrap_socket(plain) as connection,
    ):
        return Agreed(connection.version(), connection.selected_alpn_protocol(), (connection.cipher() or ("",))[0])


def connected(made: AnnotatedSite) -> socket.socket:
    """A connection of a client that says what it wants itself."""
    return socket.create_connection((made.stack.address.ip, made.stack.address.port), timeout=ANSWER_SECONDS)


def test_haproxy_takes_the_example_of_every_option_at_once(haproxy: HAProxyBinary) -> None:
    examples = {option.name: option.example for option in OF_MAIN}
    with site(haproxy, **examples | {"proxy-protocol-networks": "192.0.2.0/24"}) as made:
        assert made.request("/").status == 200


def test_haproxy_takes_each_option_alone(haproxy: HAProxyBinary) -> None:
    with Stack(haproxy.path, speaks_tls=True) as stack:
        for option in OF_MAIN:
            stack.files.put_main(stack.main_text(MainWish(((option.name, option.parse(option.example)),))))
            stack.install()


def test_requests_are_logged_to_a_syslog_server_with_their_ingress(haproxy: HAProxyBinary) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as syslog:
        syslog.bind(("127.0.0.1", 0))
        syslog.settimeout(ANSWER_SECONDS)
        target = f"127.0.0.1:{syslog.getsockname()[1]}"
        with site(haproxy, log_target=target, log_format="%b %ST %HP") as made:
            made.request("/a?b=c")
            assert syslog.recv(65536).decode().rstrip().endswith("shop_web_80 200 /a")


@pytest.mark.fact("log-ring")
def test_the_last_requests_are_found_in_haproxys_memory(haproxy: HAProxyBinary) -> None:
    with site(haproxy, log_target="ring", log_format="%b %ST %HP") as made:
        made.request("/a?b=c")
        made.request("/d")
        ask = unix_conversation(made.stack.settings.runtime_socket)
        told = ask(b"show events requests\n").decode()
    assert [line.rstrip() for line in told.splitlines() if line] == ["shop_web_80 200 /a", "shop_web_80 200 /d"]


def test_a_load_balancer_in_front_says_who_the_client_is(haproxy: HAProxyBinary) -> None:
    with site(haproxy, proxy_protocol_networks="127.0.0.0/8") as made, connected(made) as connection:
        connection.sendall(b"PROXY TCP4 192.0.2.9 192.0.2.1 5555 80\r\nGET / HTTP/1.0\r\nHost: shop.example\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
        assert '"x-forwarded-for": "192.0.2.9"' in answer


def test_haproxys_own_answers_show_the_operators_page(haproxy: HAProxyBinary) -> None:
    with site(haproxy, error_page_404="<h1>It's not\n  here</h1>") as made:
        answer = made.request("/", host="other.example")
        assert (answer.status, answer.text) == (404, "<h1>It's not here</h1>")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_client_that_is_silent_is_shown_the_door_after_the_operators_time(haproxy: HAProxyBinary) -> None:
    with site(haproxy, timeout_http_request="50ms") as made, connected(made) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 408")


def test_whatever_haproxy_answers_itself_shows_the_operators_pages(haproxy: HAProxyBinary) -> None:
    refusals = {"400": "/a/../b", "403": "/secret", "413": "/", "429": "/often", "503": "/nobody", "504": "/slow"}
    pages = {f"error_page_{code}": f"page of {code}" for code in (*refusals, "404", "500", "502")}
    objects = (
        *(service(name) for name in ("web", "often", "nobody")),
        ingress("web", deny_paths="/secret", body_size="1k", timeout_server="100ms"),
        ingress("often", "/often", rate_limit_requests="1", rate_limit_period="1h"),
        ingress("nobody", "/nobody"),
        operators(**pages),
    )
    with AnnotatedSite(haproxy.path, *objects, services=("web", "often")) as made:
        assert made.request("/often").status == 200
        bodies = {"413": b"x" * 1100}
        answers = {code: made.request(path, body=bodies.get(code, b"")) for code, path in refusals.items()}
    assert {code: (answer.status, answer.text) for code, answer in answers.items()} == {
        code: (int(code), f"page of {code}") for code in refusals
    }


def test_a_client_that_says_nothing_is_let_go_after_the_operators_time(haproxy: HAProxyBinary) -> None:
    with site(haproxy, timeout_client="50ms") as made, connected(made) as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 408")


def test_an_idle_connection_ends_after_the_operators_time(haproxy: HAProxyBinary) -> None:
    with site(haproxy, timeout_http_keep_alive="50ms") as made, connected(made) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert b"".join(iter(lambda: connection.recv(65536), b"")).startswith(b"HTTP/1.1 200")


def test_haproxy_takes_as_many_connections_on_as_many_threads_as_the_operator_says(haproxy: HAProxyBinary) -> None:
    with site(haproxy, maxconn="321", nbthread="3") as made:
        told = unix_conversation(made.stack.settings.runtime_socket)(b"show info\n").decode()
    assert {"Maxconn: 321", "Nbthread: 3"} <= set(told.splitlines())


def test_heads_may_be_as_long_as_the_operator_says(haproxy: HAProxyBinary) -> None:
    long, many = {"X-Long": "x" * 20_000}, {f"X-{number}": "x" for number in range(150)}
    with site(haproxy) as made:
        assert made.request(headers=long).status in (400, 431)
        assert made.request(headers=many).status == 400
    with site(haproxy, tune_bufsize="32768", tune_http_maxhdr="200") as made:
        assert made.request(headers=long).status == 200
        # The pod's own word: Python takes no more than a hundred.
        assert made.request(headers=many).status == 431


def test_a_worker_that_is_told_to_stop_ends_after_the_operators_time_whoever_is_connected(
    haproxy: HAProxyBinary,
) -> None:
    with site(haproxy, hard_stop_after="1s") as made, connected(made) as connection:
        connection.sendall(b"GET /slow HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        assert made.pods["web"].has_slow_request.wait(ANSWER_SECONDS)
        made.stack.process.reload()
        assert connection.recv(65536) == b""


def test_clients_get_the_ciphers_of_tls_1_3_that_the_operator_says(haproxy: HAProxyBinary) -> None:
    with site(haproxy, ssl_cipher_suites="TLS_CHACHA20_POLY1305_SHA256") as made:
        assert handshake(made, ssl.TLSVersion.TLSv1_3).cipher == "TLS_CHACHA20_POLY1305_SHA256"


def test_an_older_tls_than_the_operator_wants_is_refused(haproxy: HAProxyBinary) -> None:
    with site(haproxy, ssl_min_version="TLSv1.3") as made:
        assert handshake(made, ssl.TLSVersion.TLSv1_3).version == "TLSv1.3"
        with pytest.raises(ssl.SSLError):
            handshake(made, ssl.TLSVersion.TLSv1_2)


def test_http2_is_offered_unless_the_operator_says_otherwise(haproxy: HAProxyBinary) -> None:
    with site(haproxy) as made:
        assert handshake(made, ssl.TLSVersion.TLSv1_3, "h2", "http/1.1").protocol == "h2"
    with site(haproxy, tls_alpn="http/1.1") as made:
        assert handshake(made, ssl.TLSVersion.TLSv1_3, "h2", "http/1.1").protocol == "http/1.1"


def test_a_default_of_the_operators_holds_for_every_backend(haproxy: HAProxyBinary) -> None:
    with site(haproxy, timeout_server="100ms") as made:
        assert made.request("/slow").status == 504
