"""Services without HTTP have ports of their own on HAProxy, and lose no connection by changes or reloads."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.haproxies import free_port
from integration.hosted import Hosted
from integration.manifests import service
from integration.running import Document, Ground
from integration.tcp_pods import Client, Knocking, TcpPod, greeted_by

FROM_A_BALANCER = b"PROXY TCP4 192.0.2.7 192.0.2.1 5555 80\r\n"


def ingress_of_port(name: str, port: int, *, to: str | None = None, created: str = "", **annotations: str) -> Document:
    """An Ingress that asks for a port."""
    said = {f"hadyn.io/tcp-service-{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "annotations": {"hadyn.io/tcp-service-port": str(port), **said},
            **({"creationTimestamp": created} if created else {}),
        },
        "spec": {
            "ingressClassName": "hadyn",
            "defaultBackend": {"service": {"name": to or name, "port": {"number": 80}}},
        },
    }


def list_of_ports(entries: dict[int, str]) -> Document:
    """The ConfigMap hadyn/tcp."""
    metadata = {"name": "tcp", "namespace": "hadyn"}
    values = {str(port): value for port, value in entries.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": values}


class Database(Deployment):
    """Pods of one Service that speak no HTTP."""

    def __init__(self, ground: Ground, pods: Hosted[TcpPod], name: str, port: int) -> None:
        super().__init__(ground, pods, name)
        self._own_port = port

    @property
    def backend(self) -> str:
        return f"shop_{self.name}_80_tcp"

    def publish(self, **annotations: str) -> None:
        self._ground.write(
            f"{self.name}.yaml", service(self.name), ingress_of_port(self.name, self._own_port, **annotations)
        )


@pytest.fixture
def tcp_pods() -> Iterator[Hosted[TcpPod]]:
    with Hosted(TcpPod) as pods:
        yield pods


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def database(ground: Ground, tcp_pods: Hosted[TcpPod], port: int) -> Database:
    database = Database(ground, tcp_pods, "db", port)
    database.publish()
    return database


def test_a_rolling_update_and_a_reload_lose_no_connection_to_a_port(
    ground: Ground, pods: Pods, database: Database, port: int
) -> None:
    web = started(ground, pods, "web", 1)
    database.start(3)
    ground.run("--reload-interval", "0")
    with Knocking(port) as clients, ExitStack() as opened:
        ground.until(lambda: clients.have_met(database.names))
        lasting = [opened.enter_context(Client(port)) for _ in range(6)]
        for veteran in database.names:
            newcomers = database.start(1)
            ground.until(lambda newcomers=newcomers: clients.have_met(newcomers))
            database.terminate([veteran])
            ground.until(database.serves)
            database.remove([veteran])
        web.publish(load_balance="leastconn")
        ground.until(lambda: ground.reloads() == {"BACKEND_CHANGED": 1})
        newest = database.start(1)
        ground.until(lambda: clients.have_met(newest))
        assert [client.echo("still there?") for client in lasting] == ["still there?"] * 6

    assert clients.failed == []
    assert ground.get("/web") == (200, "web-1")


def test_a_port_comes_and_goes_with_a_reload_and_leads_elsewhere_without(
    ground: Ground, pods: Pods, tcp_pods: Hosted[TcpPod], port: int
) -> None:
    started(ground, pods, "web", 1)
    first, second = Database(ground, tcp_pods, "first", port), Database(ground, tcp_pods, "second", free_port())
    for each in (first, second):
        each.start(1)
    second.publish()
    ground.run("--reload-interval", "0")
    assert not is_open(port)

    first.publish()
    ground.until(lambda: is_open(port) and greeted_by(port) == "first-1")
    reloads = ground.reloads()
    ground.write("first.yaml", ingress_of_port("first", port, to="second"))
    ground.until(lambda: greeted_by(port) == "second-1")
    assert ground.reloads() == reloads
    assert {"PORTS_CHANGED"} <= reloads.keys() <= {"PORTS_CHANGED", "NEW_BACKEND"}

    ground.remove("first.yaml")
    ground.until(lambda: not is_open(port))
    assert ground.reloads()["PORTS_CHANGED"] == reloads["PORTS_CHANGED"] + 1


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_without_endpoints_closes_connections_and_one_without_service_too(
    any_ground: Ground, tcp_pods: Hosted[TcpPod], port: int
) -> None:
    database = Database(any_ground, tcp_pods, "db", port)
    database.publish()
    any_ground.write("missing.yaml", ingress_of_port("missing", without := free_port()))
    any_ground.run()
    assert [greeted_by(each) for each in (port, without)] == ["", ""]
    assert any_ground.problems() == ["ingress shop/missing: NotFound"]

    database.start(1)
    any_ground.until(lambda: greeted_by(port) == "db-1")


def test_of_two_who_claim_a_port_the_older_has_it_and_hadyns_own_are_nobodys(
    any_ground: Ground, tcp_pods: Hosted[TcpPod], port: int
) -> None:
    older = Database(any_ground, tcp_pods, "older", port)
    older.start(1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        any_ground.write(
            "ports.yaml",
            service("older"),
            ingress_of_port("younger", port, to="older", created="2026-02-02T00:00:00Z"),
            ingress_of_port("older", port, created="2026-02-01T00:00:00Z"),
            ingress_of_port("own", any_ground.http_port, to="older"),
            ingress_of_port("taken", taken.getsockname()[1], to="older"),
        )
        any_ground.run()
        any_ground.until(lambda: greeted_by(port) == "older-1")
        assert any_ground.problems() == [
            "ingress shop/own: NotAllowed",
            "ingress shop/taken: NotAllowed",
            "ingress shop/younger: Claimed",
        ]


def test_a_balancer_in_front_of_a_port_may_say_who_its_client_is_and_the_log_is_as_said(
    any_ground: Ground, tcp_pods: Hosted[TcpPod], port: int
) -> None:
    database = Database(any_ground, tcp_pods, "db", port)
    database.publish(proxy_protocol="true", log_format="from %ci:%cp to %b")
    database.start(1)
    options = {"log-target": "stdout"}
    metadata = {"name": "options", "namespace": "hadyn"}
    any_ground.write("options.yaml", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": options})
    any_ground.run("--config-map", "hadyn/options")

    with Client(port, FROM_A_BALANCER) as client:
        assert client.partner == "db-1"
        assert client.echo("hello") == "hello"
    log = any_ground.folder.path / "haproxy.log"
    any_ground.until(lambda: "from 192.0.2.7:5555 to shop_db_80_tcp" in log.read_text())


def test_a_service_may_be_asked_by_http_beside_its_port(any_ground: Ground, pods: Pods, port: int) -> None:
    started(any_ground, pods, "web", 1, path="/")
    any_ground.write("port.yaml", ingress_of_port("port", port, to="web"))
    any_ground.run()
    assert any_ground.get() == (200, "web-1")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/..%2f", headers={"Host": "whatever"})
    assert connection.getresponse().status == 200
    connection.close()


def test_a_list_of_the_operator_opens_ports_and_follows_its_changes(
    any_ground: Ground, pods: Pods, tcp_pods: Hosted[TcpPod], port: int
) -> None:
    started(any_ground, pods, "web", 1)
    database = Deployment(any_ground, tcp_pods, "db")
    database.start(1)
    any_ground.write("db.yaml", service("db"), list_of_ports({port: "shop/db:80"}))
    any_ground.run("--tcp-services-configmap", "hadyn/tcp", "--reload-interval", "0")
    assert greeted_by(port) == "db-1"

    other = free_port()
    any_ground.write("db.yaml", service("db"), list_of_ports({other: "shop/db:80:PROXY"}))
    any_ground.until(lambda: is_open(other) and not is_open(port))
    with Client(other, FROM_A_BALANCER) as client:
        assert client.echo("hello") == "hello"
