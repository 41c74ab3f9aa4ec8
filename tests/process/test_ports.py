"""HAProxy shall be alone where it listens."""

import os
import socket
from collections.abc import Iterator

import pytest

from hadyn.errors import NotHAProxy, WrongUsage
from hadyn.model.addresses import Address
from hadyn.process.ports import check_free, check_unanswered, default_addresses, holder_of
from hadyn.render.folder import StateFolder


@pytest.fixture
def taken() -> Iterator[Address]:
    """A port whose holder would share it, as HAProxy does."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield Address("127.0.0.1", listener.getsockname()[1])


def test_a_port_that_would_be_shared_is_taken_and_its_holder_named(taken: Address) -> None:
    with pytest.raises(WrongUsage, match=rf"cannot listen on {taken}: port {taken.port} is taken by pid {os.getpid()}"):
        check_free([taken])


@pytest.mark.parametrize("ip", ["0.0.0.0", "::"])
def test_a_port_taken_on_one_address_is_taken_on_all_of_them(taken: Address, ip: str) -> None:
    with pytest.raises(WrongUsage, match=f"port {taken.port} is taken"):
        check_free([Address(ip, taken.port)])


def test_the_same_port_on_another_address_is_free(taken: Address) -> None:
    check_free([Address("127.0.0.2", taken.port)])


def test_connections_that_linger_after_haproxys_end_are_no_obstacle() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = listener.getsockname()
        with socket.create_connection(address) as client:
            server, _ = listener.accept()
            server.close()
            assert client.recv(1) == b""
    check_free([Address(*address)])


def test_an_address_of_another_machine_names_the_flag_to_change() -> None:
    with pytest.raises(WrongUsage, match=r"cannot listen on 192\.0\.2\.1:8080: .*--bind"):
        check_free([Address("192.0.2.1", 8080)])


def test_without_an_address_haproxy_listens_on_all_of_them() -> None:
    (address,) = default_addresses(8080)
    assert (address.ip in {"::", "0.0.0.0"}, address.port) == (True, 8080)


def test_nobody_holds_a_free_port(taken: Address) -> None:
    assert holder_of(1) is None


def test_a_socket_on_which_somebody_answers_is_not_taken_from_them(folder: StateFolder) -> None:
    path = folder.path / "run" / "runtime.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(NotHAProxy, match=f"somebody listens on {path}"):
            check_unanswered([path])


def test_a_socket_that_is_missing_or_left_behind_is_no_obstacle(folder: StateFolder) -> None:
    path = folder.path / "run" / "runtime.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
    check_unanswered([path, folder.path / "master" / "master.sock"])
