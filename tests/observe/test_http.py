"""The HTTP server, asked over real sockets on loopback and in a temporary folder."""

import json
import socket
import stat

import pytest

from hadyn.errors import AlreadyRunning, FileNotWritten, WrongUsage
from hadyn.observe.http import CONNECTIONS, HEAD_BYTES, HttpServer
from hadyn.observe.listening import open_control, split_bind
from tests.observe.shop_view import ShopView


@pytest.fixture
def server(tmp_path):
    with HttpServer(ShopView(), bind="127.0.0.1:0", control_socket=tmp_path / "control.sock") as started:
        started.control_socket = tmp_path / "control.sock"
        yield started


def said(connection, request):
    """Send a request; return status, headers and body of what comes back until the end."""
    connection.settimeout(20)
    with connection:
        connection.sendall(request)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body


def over_tcp(server, request):
    return said(socket.create_connection(server.address, 20), request)


def over_unix(path, request):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(path))
    return said(connection, request)


def get(path, *headers):
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()


def test_slots_are_answered_on_both_listeners(server):
    status, headers, body = over_tcp(server, get("/api/slots"))
    same = over_unix(server.control_socket, get("/api/slots"))

    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == json.loads(same[2])


def test_only_the_control_socket_answers_a_plan(server):
    assert over_tcp(server, get("/api/plan"))[0] == 404
    assert over_unix(server.control_socket, get("/api/plan"))[0] == 200


def test_the_control_socket_is_its_owners_alone(server):
    assert stat.S_IMODE(server.control_socket.stat().st_mode) == 0o600


def test_every_answer_forbids_outside_code_and_frames(server):
    _, headers, _ = over_tcp(server, get("/"))

    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Server"] == "hadyn"


def test_head_answers_the_length_and_no_body(server):
    status, headers, body = over_tcp(server, b"HEAD /page.css HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert status == 200
    assert int(headers["Content-Length"]) > 1000
    assert body == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_written(server, method):
    status, headers, body = over_tcp(
        server, f"{method} /api/slots HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    )

    assert status == 405
    assert headers["Allow"] == "GET, HEAD"
    assert json.loads(body)["remedy"]


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x00\xa5\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"BREW / HTTP/1.1\r\n\r\n"],
)
def test_what_is_no_request_is_refused_in_json(server, request_bytes):
    received = said(socket.create_connection(server.address, 20), request_bytes)

    assert received[0] in (400, 501, 505)
    assert json.loads(received[2])["happened"]


def test_a_request_with_endless_headers_is_cut_off(server):
    endless = b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * (HEAD_BYTES // 4)

    connection = socket.create_connection(server.address, 20)
    connection.sendall(endless)

    assert connection.recv(12) in (b"HTTP/1.1 431", b"HTTP/1.1 400")
    connection.close()


def test_clients_that_say_nothing_do_not_keep_the_owner_out(server):
    silent = [socket.create_connection(server.address, 20) for _ in range(2 * CONNECTIONS)]

    assert over_unix(server.control_socket, get("/healthz"))[0] == 200

    for connection in silent:
        connection.close()
    assert over_tcp(server, get("/healthz"))[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8404", "127.0.0.1.evil.example"])
def test_a_page_from_elsewhere_cannot_read_a_loopback_listener(server, host):
    assert over_tcp(server, f"GET /api/slots HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())[0] == 421


@pytest.mark.parametrize("host", ["localhost:8404", "127.0.0.1:8404", "[::1]:8404", "[::1]", "10.0.0.1"])
def test_a_loopback_listener_answers_to_addresses_and_localhost(server, host):
    assert over_tcp(server, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())[0] == 200


def test_a_port_that_is_taken_is_told_with_a_remedy_and_leaves_nothing_behind(server, tmp_path):
    taken = "{}:{}".format(*server.address)
    second = tmp_path / "second.sock"

    with pytest.raises(WrongUsage, match=r"cannot listen on 127\.0\.0\.1.*--status-bind"):
        HttpServer(ShopView(), bind=taken, control_socket=second).start()

    assert not second.exists()


@pytest.mark.parametrize("bind", ["8404", "localhost", "a:b", "::1:8404", "127.0.0.1:99999", "127.0.0.1:"])
def test_what_is_no_address_to_listen_on_is_wrong_usage(bind):
    with pytest.raises(WrongUsage, match="not an address to listen on"):
        split_bind(bind)


def test_addresses_are_split_into_host_and_port():
    assert split_bind("127.0.0.1:8404") == ("127.0.0.1", 8404)
    assert split_bind("[::1]:8404") == ("::1", 8404)
    assert split_bind(":8404") == ("", 8404)


def test_an_address_of_another_machine_is_wrong_usage(tmp_path):
    with pytest.raises(WrongUsage, match=r"cannot listen on 192\.0\.2\.1:8404"):
        HttpServer(ShopView(), bind="192.0.2.1:8404", control_socket=tmp_path / "control.sock").start()


def test_without_an_address_there_is_only_the_control_socket(tmp_path):
    with HttpServer(ShopView(), bind="", control_socket=tmp_path / "control.sock") as server:
        assert server.address is None
        assert over_unix(tmp_path / "control.sock", get("/healthz"))[0] == 200


def test_a_socket_that_somebody_answers_on_is_left_alone(server):
    with pytest.raises(AlreadyRunning):
        open_control(server.control_socket)

    assert over_unix(server.control_socket, get("/healthz"))[0] == 200


def test_a_socket_left_behind_is_replaced(tmp_path):
    path = tmp_path / "control.sock"
    abandoned = socket.socket(socket.AF_UNIX)
    abandoned.bind(str(path))
    abandoned.close()

    with HttpServer(ShopView(), bind="", control_socket=path):
        assert over_unix(path, get("/healthz"))[0] == 200

    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_socket_is_not_overwritten(tmp_path):
    path = tmp_path / "control.sock"
    path.write_text("precious")

    with pytest.raises(WrongUsage, match="not a socket"):
        open_control(path)

    assert path.read_text() == "precious"


def test_a_folder_that_is_missing_is_told_as_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(FileNotWritten):
        open_control(tmp_path / "missing" / "control.sock")


def test_a_path_too_long_for_a_socket_is_wrong_usage(tmp_path):
    folder = tmp_path / ("x" * 100)
    folder.mkdir()

    with pytest.raises(WrongUsage, match="too long"):
        open_control(folder / "control.sock")
