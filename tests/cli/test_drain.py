"""hadyn drain and undrain: orders to a running hadyn, and nobody else's."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from hadyn.observe.http import HttpServer
from hadyn.render.folder import StateFolder
from tests.cli.invoking import invoke
from tests.observe.shop_view import ShopView

BACKEND = "shop_web0000_80"


@pytest.fixture
def server(folder: StateFolder) -> Iterator[HttpServer]:
    with HttpServer(ShopView(), bind="127.0.0.1:0", control_socket=folder.path / "control.sock") as running:
        yield running


@pytest.mark.usefixtures("server")
def test_who_is_drained_is_shown(folder: StateFolder):
    ended = invoke("drain", BACKEND, "10.0.0.1:80", "10.0.0.2:80", "--state-dir", folder.path)
    assert (ended.exit_code, ended.stdout) == (0, "10.0.0.1:80\n10.0.0.2:80\n")
    assert ended.stderr == f"{BACKEND}: 2 endpoints drained by hand\n"


@pytest.mark.usefixtures("server")
def test_programs_get_it_as_json(folder: StateFolder):
    ended = invoke("undrain", BACKEND, "--state-dir", folder.path, "-o", "json")
    assert json.loads(ended.stdout) == {"backend": BACKEND, "drained": []}


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("command", ["drain", "undrain"])
def test_a_backend_that_is_not_there_is_wrong_usage(folder: StateFolder, command: str):
    ended = invoke(command, "other", "--state-dir", folder.path)
    assert ended.exit_code == 2
    assert "there is no backend 'other'. `hadyn slots` lists them all" in ended.stderr


def test_without_a_hadyn_nobody_is_drained(folder: StateFolder):
    ended = invoke("drain", BACKEND, "--state-dir", folder.path)
    assert ended.exit_code == 1
    assert "no hadyn runs" in ended.stderr


def test_nobody_gives_orders_over_the_network(server: HttpServer):
    request = f"POST /api/drain?backend={BACKEND} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(server.address, 20) as connection:
        connection.sendall(request.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 405 ")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("line", "status"),
    [("POST /api/drain", 400), ("POST /api/slots", 404), ("GET /api/drain?backend=x", 404), ("PUT /api/drain", 405)],
)
def test_only_what_is_an_order_is_carried_out(folder: StateFolder, line: str, status: int):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(folder.path / "control.sock"))
        connection.sendall(f"{line} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert connection.recv(65536).startswith(f"HTTP/1.1 {status} ".encode())
