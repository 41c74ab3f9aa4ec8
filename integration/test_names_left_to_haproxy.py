"""Discovery ``fqdn``: HAProxy's own resolver fills the slots, hadyn says which name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
from integration.knot import Knot
from integration.loads import unfailing_load
from integration.manifests import ingress as ingress_to
from integration.named_pods import BACKEND, NamedPods, backend, dns_flags, ingress, ip
from integration.running import Ground
from integration.scripted_dns import Asked, ScriptedDns

pytestmark = pytest.mark.root

HAPROXYS_PAYLOAD = 8192


class OwnResolvConf(Ground):
    """A ground whose hadyns have an /etc/resolv.conf of their own, mounted as a container's is."""

    @property
    def resolv_conf(self) -> Path:
        return self.place / "resolv.conf"

    def command(self, *flags: str) -> list[str]:
        words = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", words, str(self.resolv_conf), *Ground.command(self, *flags)]


@pytest.fixture
def knot() -> Iterator[Knot]:
    with Knot() as knot:
        yield knot


def told(knot: Knot, port: int, pods: Pods, **numbers: tuple[int, ...]) -> None:
    """Start pods and publish them under names: ``web=(1, 2)`` is web.example."""
    for number in sorted({number for each in numbers.values() for number in each}):
        pods.start(f"pod-{number}", ip(number), port)
    knot.publish(*(f"{name} A {ip(number)}" for name, each in numbers.items() for number in each))


def named(host: str, port: int, **annotations: str) -> dict[str, Any]:
    return backend(host, port, discovery="fqdn", **annotations)


def test_a_name_changes_while_haproxy_runs_and_no_request_fails(ground: Ground, pods: Pods, knot: Knot) -> None:
    port = ground.another_port()
    told(knot, port, pods, web=(1, 2), api=(3,))
    ground.write("web.yaml", named("web.example", port), ingress())
    ground.run(*dns_flags(knot.address))
    ground.until(lambda: sorted(ground.ready(BACKEND).values()) == [f"{ip(1)}:{port}", f"{ip(2)}:{port}"])
    worker = ground.worker()

    with unfailing_load(ground) as requests:
        assert requests.wait_for(["pod-1", "pod-2"], 5)
        ground.write("web.yaml", named("api.example", port), ingress())
        assert requests.wait_for(["pod-3"], 5)

    assert ground.worker() == worker
    assert {entry["fqdn"] for entry in ground.slots(BACKEND)["entries"]} == {"api.example"}
    assert ground.slots(BACKEND)["discovery"] == "fqdn"


def test_another_port_or_another_discovery_needs_one_reload(ground: Ground, pods: Pods, knot: Knot) -> None:
    port = ground.another_port()
    told(knot, port, pods, web=(1,))
    ground.write("web.yaml", named("web.example", port), ingress())
    ground.run(*dns_flags(knot.address))
    ground.until(lambda: ground.get() == (200, "pod-1"))

    ground.write("web.yaml", backend("web.example.", port), ingress())
    ground.until(lambda: ground.reloads() == {"BACKEND_CHANGED": 1, "GLOBAL_CHANGED": 1})
    ground.until(lambda: ground.get() == (200, "pod-1"))

    other = ground.another_port()
    pods.start("moved", ip(1), other)
    ground.write("web.yaml", named("web.example", other), ingress())
    ground.until(lambda: ground.get() == (200, "moved"))
    # HAProxy's resolver is in the main file only while it has something to do.
    assert ground.reloads() == {"BACKEND_CHANGED": 2, "GLOBAL_CHANGED": 2}
    assert ground.status()["reloads"]["total"] == 2


def beside(api: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Another backend, called api, and the Ingress of api.example that leads to it."""
    to_api = ingress()
    api["metadata"]["name"] = to_api["metadata"]["name"] = "api"
    to_api["spec"]["rules"][0]["host"] = "api.example"
    to_api["spec"]["rules"][0]["http"]["paths"][0]["backend"]["resource"]["name"] = "api"
    return api, to_api


@pytest.fixture
def moving(pods: Pods) -> Iterator[OwnResolvConf]:
    """Where /etc/resolv.conf is a test's to write; it names nobody yet."""
    with OwnResolvConf() as ground:
        ground.resolv_conf.touch()
        yield ground
    print(ground.said)


def answering(last: int) -> ScriptedDns:
    """A server at 127.0.0.LAST, where every name has the one address of pod LAST."""
    at = (f"127.0.0.{last}", 53)
    return ScriptedDns(lambda asked: [asked.answer(*([f"A {ip(last)}"] if asked.type == "A" else ()))], at=at)


def test_dns_servers_are_those_that_resolv_conf_names_now(moving: OwnResolvConf, pods: Pods) -> None:
    port = moving.another_port()
    for number in (53, 54):
        pods.start(f"pod-{number}", ip(number), port)
    moving.write("web.yaml", named("web.example", port), ingress())
    moving.write("api.yaml", *beside(backend("api", port)))

    def are_served_by(number: int) -> bool:
        seats = [*moving.ready(BACKEND).values(), *moving.ready("shop_api").values()]
        return seats == [f"{ip(number)}:{port}"] * 2

    moving.run()
    assert [moving.get(host=host) for host in ("shop.example", "api.example")] == [(503, "")] * 2
    assert set(moving.problems()) == {"backend shop/web: NotResolved", "backend shop/api: NotResolved"}
    assert all("Say --dns-server" in each["remedy"] for each in moving.status()["problems"])

    with answering(53) as first, answering(54) as second:
        moving.resolv_conf.write_text("nameserver 127.0.0.53\nsearch shop.example\n")
        moving.until(lambda: are_served_by(53))
        assert (moving.problems(), moving.reloads()) == ([], {"GLOBAL_CHANGED": 1})
        assert "udp api.shop.example A" in first.asked_names()
        with unfailing_load(moving):
            moving.resolv_conf.write_text("nameserver 127.0.0.54\nsearch first.example shop.example\n")
            moving.until(lambda: are_served_by(54), seconds=45)
            assert "udp api.first.example A" in second.asked_names()
            moving.resolv_conf.write_text("nameserver nonsense\n")
            moving.until(lambda: "those that it named are asked on" in moving.log)
            moving.stays(lambda: are_served_by(54), 2)
    assert moving.reloads() == {"GLOBAL_CHANGED": 2}


def external(host: str, port: int) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"type": "ExternalName", "externalName": host, "ports": [{"port": port}]},
    }


def to_external(port: int) -> dict[str, object]:
    made = ingress_to("web")
    made["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"]["number"] = port
    return made


def test_an_external_name_is_served_only_where_that_is_allowed(ground: Ground, pods: Pods, knot: Knot) -> None:
    port = ground.another_port()
    told(knot, port, pods, web=(1,))
    ground.write("web.yaml", external("web.example", port), to_external(port))
    hadyn = ground.run(*dns_flags(knot.address))
    assert ground.get() == (503, "")
    assert "ingress shop/web: NotSupported" in ground.problems()
    hadyn.terminate()

    ground.run(*dns_flags(knot.address, "--allow-external-name"))
    ground.until(lambda: ground.get() == (200, "pod-1"))
    assert ground.slots(f"shop_web_{port}")["discovery"] == "fqdn"


def test_an_external_name_that_leads_to_a_forbidden_address_is_refused(ground: Ground, pods: Pods, knot: Knot) -> None:
    port = ground.another_port()
    pods.start("secret", "127.0.0.1", port)
    told(knot, port, pods, web=(1,))
    ground.write("web.yaml", external("web.example", port), to_external(port))
    ground.run(*dns_flags(knot.address, "--allow-external-name"))
    ground.until(lambda: ground.get() == (200, "pod-1"))

    seen = set()
    knot.publish("web A 127.0.0.1")
    ground.until(lambda: seen.add(ground.get()) or (503, "") in seen)  # type: ignore[func-returns-value]
    assert "secret" not in {body for _, body in seen}
    assert "service shop/web: ForbiddenAddress" in ground.problems()
    ground.stays(lambda: ground.get()[1] != "secret", 2)

    knot.publish(f"web A {ip(1)}")
    ground.until(lambda: ground.get() == (200, "pod-1"), seconds=45)


def test_a_server_that_leads_haproxy_elsewhere_than_hadyn_learns_nothing_from_there(ground: Ground, pods: Pods) -> None:
    port = ground.another_port()
    pods.start("secret", "127.0.0.1", port)

    def two_faced(asked: Asked) -> Iterable[bytes]:
        is_haproxy = asked.message.payload == HAPROXYS_PAYLOAD
        yield asked.answer(*([f"A {'127.0.0.1' if is_haproxy else ip(1)}"] if asked.type == "A" else ()))

    with ScriptedDns(two_faced) as server:
        ground.write("web.yaml", named("web.example", port), ingress())
        ground.run(*dns_flags(server.address))
        ground.until(lambda: f"127.0.0.1:{port}" in ground.ready(BACKEND).values())
        assert {ground.get() for _ in range(10)} == {(502, "")}


@pytest.mark.parametrize(("family", "address"), [("ipv4", "10.99.0.1"), ("ipv6", "[fd00::1]")])
@with_every_haproxy
def test_haproxy_prefers_the_family_that_hadyn_asks_for(ground: Ground, pods: Pods, family: str, address: str) -> None:
    def of_both(asked: Asked) -> Iterable[bytes]:
        yield asked.answer({"A": "A 10.99.0.1", "AAAA": "AAAA fd00::1"}[asked.type])

    port = ground.another_port()
    with ScriptedDns(of_both) as server:
        ground.write("web.yaml", named("web.example", port), ingress())
        ground.run(*dns_flags(server.address, "--dns-family", family))
        ground.until(lambda: list(ground.ready(BACKEND).values()) == [f"{address}:{port}"])


def test_more_addresses_than_slots_make_room_with_one_reload(ground: Ground, pods: Pods, knot: Knot) -> None:
    web = NamedPods(ground, pods, lambda records: knot.publish(*records))
    pods.start("any", "0.0.0.0", web.port)
    web.tell(range(5))
    ground.write("web.yaml", named("web.example", web.port, slots="5"), ingress())
    ground.run(*dns_flags(knot.address))
    ground.until(lambda: len(ground.ready(BACKEND)) == 5)

    with unfailing_load(ground):
        web.tell(range(12))
        ground.until(lambda: len(ground.ready(BACKEND)) == 12)
    assert ground.reloads() == {"NO_FREE_SLOT": 1}


def service(name: str) -> dict[str, Any]:
    return backend(f"_http._tcp.{name}.example", 0, record_type="SRV", discovery="fqdn", slots="4")


def test_services_bring_their_ports_in_every_priority_and_a_reload_loses_none(
    ground: Ground, pods: Pods, knot: Knot
) -> None:
    hosts = [f"web-{number} A {ip(number)}" for number in (1, 2, 3)]
    first, second, third = (pods.start(f"pod-{number}", ip(number), 0) for number in (1, 2, 3))
    ports = [each.address.port for each in (first, second, third)]
    told_first = [f"_http._tcp.web SRV {number} 10 {port} web-{number}" for number, port in enumerate(ports[:2], 1)]
    other = f"_http._tcp.api SRV 1 10 {ports[2]} web-3"
    knot.publish(*hosts, *told_first, other)
    ground.write("web.yaml", service("web"), ingress())
    ground.run(*dns_flags(knot.address))
    ground.until(lambda: sorted(ground.ready(BACKEND).values()) == [str(first.address), str(second.address)])

    with unfailing_load(ground) as requests:
        assert requests.wait_for(["pod-1", "pod-2"], 10)
        ground.write("late.yaml", *beside(named("late.example", 80)))
        ground.until(lambda: sum(ground.reloads().values()) > 0)
        moved = pods.start("pod-4", ip(2), 0)
        knot.publish(*hosts, told_first[0], f"_http._tcp.web SRV 2 10 {moved.address.port} web-2", other)
        assert requests.wait_for(["pod-1", "pod-4"], 10)
    assert {entry["fqdn"] for entry in ground.slots(BACKEND)["entries"]} == {"_http._tcp.web.example"}
    assert ground.slots(BACKEND)["discovery"] == "fqdn"
    before = sum(ground.reloads().values())

    ground.write("web.yaml", service("api"), ingress())
    ground.until(lambda: list(ground.ready(BACKEND).values()) == [str(third.address)])
    assert ground.status()["reloads"]["total"] == before + 1


def test_a_service_that_leads_to_a_forbidden_address_is_refused(any_ground: Ground, pods: Pods, knot: Knot) -> None:
    secret, good = pods.start("secret", "127.0.0.1", 0), pods.start("pod-1", ip(1), 0)
    records = [f"web-1 A {ip(1)}", "web-2 A 127.0.0.1", f"_http._tcp.web SRV 1 1 {good.address.port} web-1"]
    knot.publish(*records)
    any_ground.write("web.yaml", service("web"), ingress())
    any_ground.run(*dns_flags(knot.address))
    any_ground.until(lambda: any_ground.get() == (200, "pod-1"))

    seen = set()
    knot.publish(*records, f"_http._tcp.web SRV 2 1 {secret.address.port} web-2")
    any_ground.until(lambda: seen.add(any_ground.get()) or (503, "") in seen)  # type: ignore[func-returns-value]
    assert "secret" not in {body for _, body in seen}
    assert "backend shop/web: ForbiddenAddress" in any_ground.problems()
