"""Names and servers in trouble: each harms what uses it, and that no more than it must."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from integration.knot import Knot
from integration.loads import unfailing_load
from integration.named_pods import BACKEND, NamedGround, NamedPods, backend, dns_flags, ingress, ip, side_by_side
from integration.resolving import resolving
from integration.running import Ground
from integration.scripted_dns import Asked, ScriptedDns

pytestmark = pytest.mark.root

WEB = "web.example."
RATE = 100.0
"""Requests a second with each HAProxy."""


def three_pods(ground: NamedGround, pods: Pods) -> NamedPods:
    """Three pods behind web.example, and a Backend that asks for it."""
    web = ground.named(pods, slots="10", slots_max="10")
    web.start(*range(3))
    return web


def said(ground: Ground, name: str = WEB) -> str:
    """What the last answer to the question for A came to, in hadyn's words."""
    return next(str(each["said"]) for each in ground.ask("/api/resolve", name=name, type="A"))


def without_tcp(knot: Knot) -> ScriptedDns:
    """Knot over UDP alone: where it would listen for TCP, nobody does."""

    def forwarded(asked: Asked) -> Iterable[bytes]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as relay:
            relay.settimeout(2.0)
            relay.sendto(asked.wire, (knot.address.ip, knot.address.port))
            yield relay.recv(65535)

    return ScriptedDns(forwarded, has_tcp=False)


@side_by_side
def test_an_answer_that_outgrows_udp_where_tcp_is_refused_takes_nobody_away(ground: NamedGround, pods: Pods) -> None:
    web, knot = three_pods(ground, pods), ground.knot
    with without_tcp(knot) as server:
        ground.run(*dns_flags(server.address))
        ground.until(web.serves)
        with unfailing_load(ground, rate=RATE):
            # Of 300 addresses none fits beside the first ones, so that those alone have pods.
            knot.publish(*(f"web A {ip(number)}" for number in range(3)), *(f"web A 10.99.200.{n}" for n in range(250)))
            ground.until(lambda: "was cut, and over TCP" in said(ground))
            sitting = set(web.addresses)
            ground.stays(lambda: set(ground.ready(BACKEND).values()) >= sitting, 3)
            assert "backend shop/web: NotResolved" in ground.problems()
            web.tell()
            ground.until(lambda: not ground.problems())


@side_by_side
def test_aliases_in_circles_or_without_end_change_nothing(ground: NamedGround, pods: Pods) -> None:
    web, knot = three_pods(ground, pods), ground.knot
    ground.run(*dns_flags(knot.address))
    ground.until(web.serves)

    knot.publish("web CNAME other", "other CNAME web")
    ground.until(lambda: said(ground) not in ("", "does not exist"))
    knot.publish(
        *(f"{chained(number)} CNAME {chained(number + 1)}" for number in range(20)), f"{chained(20)} A {ip(9)}"
    )
    ground.until(lambda: "CNAME" in said(ground))
    ground.stays(web.serves, 2)

    knot.publish("web CNAME chain-1", "chain-1 CNAME chain-2", *(f"chain-2 A {ip(number)}" for number in range(3)))
    ground.until(lambda: not said(ground))
    assert web.serves()


def chained(number: int) -> str:
    return f"chain-{number}" if number else "web"


@side_by_side
def test_services_whose_port_weight_priority_or_target_changes_are_followed(ground: NamedGround, pods: Pods) -> None:
    first, second, moved = (pods.start(f"web-{number}", ip(number), 0).address for number in (1, 2, 1))
    hosts = (f"web-1 A {ip(1)}", f"web-2 A {ip(2)}", f"new A {ip(2)}")

    def publish(*services: str) -> None:
        ground.knot.publish(*(f"_http._tcp.web SRV {service}" for service in services), *hosts)

    def seats() -> dict[str, tuple[str, int]]:
        entries = ground.slots(BACKEND)["entries"]
        return {each["address"]: (each["endpoint"], each["weight"]) for each in entries if each["state"] == "ready"}

    publish(f"1 10 {first.port} web-1", f"1 10 {second.port} web-2")
    ground.write("web.yaml", backend("_http._tcp.web.example.", 0, record_type="SRV"), ingress())
    ground.run(*dns_flags(ground.knot.address, "--dns-hold", "obsolete=1s"))
    one, two = {str(first): ("web-1.example", 1)}, {str(second): ("web-2.example", 1)}
    ground.until(lambda: seats() == one | two)
    with unfailing_load(ground, rate=RATE):
        publish(f"1 10 {first.port} web-1", f"1 40 {second.port} web-2")
        ground.until(lambda: seats() == one | {str(second): ("web-2.example", 4)})
        publish(f"1 10 {first.port} web-1", f"2 10 {second.port} web-2")
        ground.until(lambda: seats() == one)
        publish(f"1 10 {moved.port} web-1", f"1 10 {second.port} web-2")
        ground.until(lambda: seats() == {str(moved): ("web-1.example", 1)} | two)
        publish(f"1 10 {moved.port} web-1", f"1 10 {second.port} new")
        ground.until(lambda: seats().get(str(second)) == ("new.example", 1))


WRONG = {
    "gone": ({"host": "gone.example."}, "NotResolved", "does not exist"),
    "elsewhere": ({"host": "web.elsewhere."}, "NotResolved", "got REFUSED"),
    "portless": ({"host": "_nope._tcp.web.example.", "type": "SRV"}, "NotResolved", "does not exist"),
    "long": (
        {"host": f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 63}.example."},
        "InvalidValue",
        "longer than a DNS name",
    ),
    "inward": ({"host": "inward.example."}, "ForbiddenAddress", "127.0.0.1 is a loopback address"),
}


@side_by_side
def test_a_wrong_name_is_a_problem_of_its_object_and_the_others_serve(ground: NamedGround, pods: Pods) -> None:
    web, knot = three_pods(ground, pods), ground.knot
    knot.publish(*(f"web A {ip(number)}" for number in range(3)), "inward A 127.0.0.1")
    for name, (spec, _, _) in WRONG.items():
        made, route = backend("unused.", web.port), ingress()
        for each in (made, route):
            each["metadata"]["name"] = name
        made["spec"] |= spec
        route["spec"]["rules"][0]["host"] = f"{name}.example"
        route["spec"]["rules"][0]["http"]["paths"][0]["backend"]["resource"]["name"] = name
        ground.write(f"{name}.yaml", made, route)
    ground.run(*dns_flags(knot.address))
    ground.until(web.serves)

    with unfailing_load(ground, rate=RATE):
        ground.until(lambda: {f"backend shop/{name}" for name in WRONG} <= troubled(ground).keys())
    found = troubled(ground)
    for name, (_, reason, words) in WRONG.items():
        assert any(
            each["reason"] == reason and words in each["said"] and each["remedy"]
            for each in found[f"backend shop/{name}"]
        )
    assert "backend shop/web" not in found


def troubled(ground: Ground) -> dict[str, list[dict[str, str]]]:
    """All problems by object."""
    found: dict[str, list[dict[str, str]]] = {}
    for problem in ground.status()["problems"]:
        found.setdefault(problem["object"], []).append(problem)
    return found


def test_a_resolv_conf_that_changes_on_disk_is_followed_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    def answering(last: int) -> ScriptedDns:
        return ScriptedDns(lambda asked: [asked.answer(f"A 10.99.0.{last}")], at=(f"127.0.0.{last}", 53))

    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 127.0.0.53\n")
    with answering(53) as first, answering(54) as second, resolving(resolv_conf=file, reread_seconds=0.2) as resolver:
        resolver.want(WEB)
        resolver.until(lambda: resolver.ips(WEB) == ["10.99.0.53"])
        file.write_text("nameserver 127.0.0.54\n")
        resolver.until(lambda: "10.99.0.54" in (resolver.ips(WEB) or ()))
        so_far = len(second.asked)
        # By then whatever the first was still sent has been counted.
        resolver.until(lambda: len(second.asked) > so_far)
        asked, so_far = len(first.asked), len(second.asked)
        file.write_text("nameserver nonsense\n\0")
        resolver.until(lambda: len(second.asked) >= so_far + 2)
        file.unlink()
        resolver.until(lambda: len(second.asked) >= so_far + 4)
        assert len(first.asked) == asked
