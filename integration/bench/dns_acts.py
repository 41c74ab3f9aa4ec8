"""What hadyn does with DNS, played in a network namespace: ``ns.sh python -m integration.bench.dns_acts ACT HAPROXY``.

Prints its figures as JSON. Knot is the server, but where answers must be of a kind that no
honest server gives.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import dns.flags

from hadyn.demo.generator import Order
from hadyn.demo.load import Load
from hadyn.demo.pods import Pods
from hadyn.model.addresses import Address
from hadyn.model.resolved import DnsQuestion, RecordType
from hadyn.resolver.resolver import Resolver
from hadyn.resolver.resolver_settings import ResolverSettings
from hadyn.runtime.connection import Conversation, unix_conversation
from hadyn.runtime.tables import IN_DRAIN, IN_MAINT
from integration.haproxies import HAProxyBinary, RunningHAProxy
from integration.knot import Knot
from integration.manifests import HOST
from integration.named_pods import backend, dns_flags, ingress, ip
from integration.running import Ground, get
from integration.scripted_dns import Asked, ScriptedDns

NAMES, RECORDS = 100, 5
ROUNDS = 10
ROTATION_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.01
CROWD, CROWD_TTL, CROWD_SECONDS = 10_000, 30, 60.0
WARM_SECONDS = 45.0
RIVALRY_SECONDS = 90.0
SERVERS_PAYLOAD = 1232
"""No server of today sends more over UDP, whatever it is asked for."""
LOOK = b"show servers state\n"
UP = "2"


class Case(NamedTuple):
    """Answers of one kind: ``shown`` at random of ``pool`` addresses each time, for so many slots."""

    name: str
    shown: int
    pool: int
    slots: int


CASES = (
    Case("rotated", 10, 10, 20),
    Case("many", 40, 40, 10),
    Case("some", 3, 10, 20),
    Case("scarce", 3, 10, 5),
    Case("few", 8, 60, 60),
    Case("large", 100, 100, 120),
)


def changes(haproxy: Path) -> dict[str, Any]:
    """From a record's change at the server to its slot, ready; and what answers cost that only rotate."""
    served = {number: [ip(number * RECORDS + each) for each in range(RECORDS)] for number in range(NAMES)}
    with Ground(haproxy) as ground, Knot(*_records(served)) as knot:
        many = [_named(f"web-{number}", slots=8) for number in range(NAMES)]
        ground.write("web.yaml", *many, _routes([f"web-{number}" for number in range(NAMES)]))
        ground.run("--log-level", "warning", *dns_flags(knot.address, "--dns-hold", "obsolete=2s"))
        look = unix_conversation(ground.runtime_socket)
        everybody = {address for each in served.values() for address in each}
        ground.until(lambda: _ready(look) >= everybody, 30)
        before = ground.metric("hadyn_commands_total")
        time.sleep(ROTATION_SECONDS)
        sent = ground.metric("hadyn_commands_total") - before
        idle = _limits(ground)
        seconds = [each for turn in range(ROUNDS) for each in _round(knot, look, served, turn)]
        counts = {limit: count - idle.get(limit, 0.0) for limit, count in _limits(ground).items()}
        within = min(limit for limit, count in counts.items() if count >= 0.99 * counts[float("inf")])
        return {"seconds": seconds, "rotation_commands": sent, "hadyn": within}


def crowd(_haproxy: Path) -> dict[str, Any]:
    """The resolver by itself with 10,000 names of five addresses each, asked for in both families."""
    served = {number: [ip(number * RECORDS + each) for each in range(RECORDS)] for number in range(CROWD)}
    with Knot(*_records(served), ttl=CROWD_TTL) as knot:
        told: set[DnsQuestion] = set()
        resolver = Resolver(ResolverSettings(servers=(knot.address,)), time.monotonic)
        resolver.start(lambda resolved: told.update(name.question for name in resolved.names))
        try:
            return _crowded(resolver, told)
        finally:
            resolver.stop()


def rolling(haproxy: Path) -> dict[str, Any]:
    """A StatefulSet of five rolls over under load; in the middle its name does not exist for 8 seconds."""
    with Pods() as pods, Ground(haproxy) as ground, Knot() as knot:
        port = ground.another_port()
        numbers = {ordinal: ordinal for ordinal in range(5)}
        running = {ordinal: pods.start(f"web-{ordinal}", ip(ordinal), port) for ordinal in numbers}

        def publish(*absent: int) -> None:
            present = [ordinal for ordinal in numbers if ordinal not in absent]
            services = [f"_http._tcp.web SRV 0 10 {port} web-{ordinal}.web" for ordinal in present]
            knot.publish(*services, *(f"web-{ordinal}.web A {ip(numbers[ordinal])}" for ordinal in present))

        publish()
        ground.write(
            "web.yaml", backend("_http._tcp.web.example.", port, record_type="SRV", slot_names="true"), ingress()
        )
        ground.run(*dns_flags(knot.address))
        ground.until(lambda: len(ground.ready("shop_web")) == len(numbers))
        with Load(Order("127.0.0.1", ground.http_port, HOST, rate=500.0)) as load:
            for ordinal in reversed(range(len(numbers))):
                publish(ordinal)
                running.pop(ordinal).stop()
                if ordinal == 2:
                    knot.publish()
                    time.sleep(8)
                numbers[ordinal] += 20
                running[ordinal] = pods.start(f"web-{ordinal}", ip(numbers[ordinal]), port)
                publish()
                wanted = f"{ip(numbers[ordinal])}:{port}"
                ground.until(lambda wanted=wanted: wanted in ground.ready("shop_web").values())
        results = load.stop()
        return {"sent": results.sent, "failed": results.failed, "reloads": ground.status()["reloads"]["total"]}


def rivals(haproxy: Path) -> dict[str, Any]:
    """hadyn, and HAProxy's own resolver with two settings, under the same answers."""
    chance = random.Random("rivals")
    cases = {f"{case.name}.example": case for case in CASES}

    def answers(asked: Asked) -> Iterator[bytes]:
        case = cases.get(asked.name) if asked.type == "A" else None
        shown = chance.sample(range(case.pool), case.shown) if case else ()
        message = asked.built(*(f"A {ip(number)}" for number in shown))
        payload = min(max(512, message.request_payload or 0, asked.message.payload or 0), SERVERS_PAYLOAD)
        wire = message.to_wire(max_size=65535)
        if not asked.is_tcp and len(wire) > payload:
            message = asked.built()
            message.flags |= dns.flags.TC
            wire = message.to_wire()
        yield asked.framed(wire)

    with ScriptedDns(answers) as server, ExitStack() as stack:
        watched = {"hadyn": stack.enter_context(_of_hadyn(haproxy, server.address))}
        for name, settings in (("bare", ""), ("tuned", "hold obsolete 30s\n  accepted_payload_size 8192")):
            alone = stack.enter_context(_alone(haproxy, server.address, settings))
            watched[name] = unix_conversation(alone.runtime_socket)
        return _watched(watched)


def _of_hadyn(haproxy: Path, server: Address) -> Any:
    @contextmanager
    def running() -> Iterator[Conversation]:
        with Ground(haproxy) as ground:
            many = [_named(case.name, slots=case.slots, slots_max=case.slots) for case in CASES]
            ground.write("web.yaml", *many, _routes([case.name for case in CASES]))
            ground.run("--log-level", "warning", *dns_flags(server))
            yield unix_conversation(ground.runtime_socket)

    return running()


def _alone(haproxy: Path, server: Address, settings: str) -> RunningHAProxy:
    backends = [
        f"backend shop_{case.name}\n"
        "  default-server resolvers dns resolve-prefer ipv4 resolve-opts prevent-dup-ip init-addr none\n"
        f"  server-template s 1-{case.slots} {case.name}.example:80 weight 1\n"
        for case in CASES
    ]
    text = f"\nresolvers dns\n  nameserver test {server}\n  {settings}\n\n" + "\n".join(backends)
    return RunningHAProxy(HAProxyBinary(haproxy, ()), text)


def _watched(conversations: Mapping[str, Conversation]) -> dict[str, Any]:
    """Count, for each rival and case, seats that changed hands and addresses that have a slot in the end."""
    seats: dict[tuple[str, str, str], str] = {}
    moved = {name: dict.fromkeys((case.name for case in CASES), 0) for name in conversations}
    end = time.monotonic() + RIVALRY_SECONDS
    filled: dict[str, dict[str, int]] = {}
    while time.monotonic() < end:
        for name, look in conversations.items():
            found = list(_states(look))
            filled[name] = {
                case.name: len({seat for of, _, seat, ready in found if of == f"shop_{case.name}" and ready})
                for case in CASES
            }
            for of, slot, seat, _ in found:
                former = seats.get((name, of, slot), "")
                if former and former != seat:
                    moved[name][of.removeprefix("shop_")] += 1
                seats[name, of, slot] = seat
        time.sleep(0.05)
    return {name: {"moved": moved[name], "filled": filled[name]} for name in conversations}


def _states(look: Conversation) -> Iterator[tuple[str, str, str, bool]]:
    """Backend, slot, address ("" for none) and whether it is ready, of every slot, as HAProxy says."""
    for line in look(LOOK).decode().splitlines():
        words = line.split()
        if len(words) > 6 and words[0].isdigit() and words[3].startswith("s"):
            address = "" if words[4] in ("-", "127.0.0.1") else words[4]
            is_up = words[5] == UP and not int(words[6]) & (IN_MAINT | IN_DRAIN)
            yield words[1], words[3], address, bool(address) and is_up


def _ready(look: Conversation) -> set[str]:
    return {address for _, _, address, is_ready in _states(look) if is_ready}


def _round(knot: Knot, look: Conversation, served: dict[int, list[str]], turn: int) -> list[float]:
    """Replace one address of each name by another, all at once; return how long each took to be ready."""
    for number, addresses in served.items():
        addresses[turn % RECORDS] = ip(NAMES * RECORDS + turn * NAMES + number)
    awaited = {addresses[turn % RECORDS] for addresses in served.values()}
    moment = knot.publish(*_records(served))
    seconds = []
    while awaited:
        came = awaited & _ready(look)
        seconds += [time.monotonic() - moment] * len(came)
        awaited -= came
        assert time.monotonic() < moment + 30, f"{len(awaited)} addresses did not come"
        time.sleep(LOOK_EVERY_SECONDS)
    # Those that went shall have left, so that there is a free slot for the next.
    time.sleep(4)
    return seconds


def _crowded(resolver: Resolver, told: set[DnsQuestion]) -> dict[str, Any]:
    before = _memory()
    names = [
        DnsQuestion(f"web-{number}.example.", each)
        for number in range(CROWD)
        for each in (RecordType.A, RecordType.AAAA)
    ]
    began = time.monotonic()
    resolver.want(names)
    while len(told) < len(names) // 2:
        assert time.monotonic() < began + 60, f"{len(told)} were answered"
        time.sleep(0.1)
    took = time.monotonic() - began
    time.sleep(WARM_SECONDS)
    used, began = time.process_time(), time.monotonic()
    time.sleep(CROWD_SECONDS)
    share = (time.process_time() - used) / (time.monotonic() - began)
    return {"share": share, "memory": _memory() - before, "start": took}


def _memory() -> int:
    """What this process holds in memory, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _limits(ground: Ground) -> dict[float, float]:
    """How many changes hadyn had ready within each limit, in seconds, since their answer came."""
    _, said = get(ground.status_port, "/metrics")
    found = re.findall(r'^hadyn_change_to_ready_seconds_bucket\{.*le="(.+)".*\} (\S+)$', said, re.MULTILINE)
    return {float(limit): float(count) for limit, count in found}


def _records(served: Mapping[int, Iterable[str]]) -> list[str]:
    return [f"web-{number} A {address}" for number, addresses in served.items() for address in addresses]


def _named(name: str, **annotations: object) -> dict[str, Any]:
    made = backend(f"{name}.example.", 80, **{key: str(value) for key, value in annotations.items()})
    made["metadata"]["name"] = name
    return made


def _routes(names: Sequence[str]) -> dict[str, Any]:
    """One Ingress with a path for each Backend."""
    made = ingress()
    paths = [
        {
            "path": f"/{name}",
            "pathType": "Prefix",
            "backend": {"resource": {"apiGroup": "hadyn.io", "kind": "Backend", "name": name}},
        }
        for name in names
    ]
    made["spec"]["rules"] = [{"host": HOST, "http": {"paths": paths}}]
    return made


ACTS = {"changes": changes, "crowd": crowd, "rolling": rolling, "rivals": rivals}

if __name__ == "__main__":
    print(json.dumps(ACTS[sys.argv[1]](Path(sys.argv[2]))))
