"""Echo pods, asked over loopback."""

import http.client
import socket

import pytest

from hadyn.demo.pods import Pods


@pytest.fixture
def pods():
    with Pods() as host:
        yield host


def connected(pod):
    return http.client.HTTPConnection(pod.address.ip, pod.address.port, timeout=10)


def asked(connection, **headers):
    connection.request("GET", "/", headers=headers)
    answer = connection.getresponse()
    return answer.read().decode().strip(), answer.headers


def test_a_pod_answers_with_its_name_on_a_connection_that_stays(pods):
    pod = pods.start("web-1", "127.0.0.7")
    connection = connected(pod)

    names = [asked(connection)[0] for _ in range(3)]

    assert names == ["web-1"] * 3
    assert pod.answered == 3
    assert pod.address.ip == "127.0.0.7"
    connection.close()


def test_a_client_that_asks_for_an_end_gets_it(pods):
    connection = connected(pods.start("web-1"))

    _, headers = asked(connection, Connection="close")

    assert headers["Connection"] == "close"
    connection.close()


def test_requests_sent_in_one_go_are_answered_in_order(pods):
    pod = pods.start("web-1", delay_seconds=0.001)
    with socket.create_connection((pod.address.ip, pod.address.port), 10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b""))

    assert received.count(b"200 OK") == 2


def test_a_pod_that_stopped_refuses_connections_and_closes_idle_ones(pods):
    pod = pods.start("web-1")
    connection = connected(pod)
    asked(connection)

    pod.stop()

    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(ConnectionRefusedError):
        asked(connected(pod))


def begun(pod):
    """A connection whose request the pod has, and has not answered yet."""
    connection = socket.create_connection((pod.address.ip, pod.address.port), 10)
    connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    while not pod.has_requests:
        pass
    return connection


def test_a_pod_that_stops_finishes_the_request_it_has(pods):
    pod = pods.start("web-1", delay_seconds=0.2)
    with begun(pod) as connection:
        pod.stop(grace_seconds=10)

        received = b"".join(iter(lambda: connection.recv(4096), b""))

    assert received.endswith(b"web-1\n")
    assert b"Connection: close" in received


def test_a_pod_that_is_killed_answers_nothing_more(pods):
    pod = pods.start("web-1", delay_seconds=30)
    with begun(pod) as connection:
        pod.kill()

        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_an_address_that_is_taken_is_an_error_of_the_system(pods):
    pod = pods.start("web-1")

    with pytest.raises(OSError, match="address already in use"):
        pods.start("web-2", pod.address.ip, pod.address.port)
