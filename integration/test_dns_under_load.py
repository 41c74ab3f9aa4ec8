"""Backends filled from DNS, under load: whatever the servers do, no request fails and no seat moves without need."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

import pytest

from hadyn.demo.pods import Pods
from integration.knot import Knot
from integration.loads import unfailing_load
from integration.named_pods import BACKEND, NamedPods, backend, dns_flags, ingress, ip
from integration.running import WAIT_SECONDS, Ground
from integration.scripted_dns import Asked, ScriptedDns

pytestmark = pytest.mark.root

ROUNDED_SECONDS = 0.2


@pytest.fixture
def knot() -> Iterator[Knot]:
    with Knot() as knot:
        yield knot


@pytest.fixture
def web(ground: Ground, pods: Pods, knot: Knot) -> NamedPods:
    """Pods behind web.example, told to Knot, with each HAProxy at hand."""
    return named_pods(ground, pods, knot)


@pytest.fixture
def api(any_ground: Ground, pods: Pods, knot: Knot) -> NamedPods:
    """As ``web``, for what does not depend on HAProxy's version."""
    return named_pods(any_ground, pods, knot)


def named_pods(ground: Ground, pods: Pods, knot: Knot) -> NamedPods:
    made = NamedPods(ground, pods, lambda records: knot.publish(*records))
    made.publish(slots="10")
    return made


def commands(ground: Ground) -> float:
    return ground.metric("hadyn_commands_total")


def queries(ground: Ground) -> float:
    return ground.metric("hadyn_dns_queries_total")


def stale_seconds(ground: Ground) -> float:
    """For how long the name has had no answer, as `hadyn status` and `hadyn resolve` agree to say."""

    def of_the_source() -> float:
        return next(float(each["stale_seconds"]) for each in ground.status()["sources"] if each["name"] == "dns")

    before = of_the_source()
    stale = max(float(each["stale_seconds"]) for each in ground.ask("/api/resolve", name="web.example."))
    assert before - ROUNDED_SECONDS <= stale <= of_the_source() + ROUNDED_SECONDS
    return stale


def is_asked_again(ground: Ground, times: int = 3) -> None:
    """Wait until DNS was asked some times more."""
    before = queries(ground)
    ground.until(lambda: queries(ground) >= before + times)


def test_answers_that_only_rotate_cost_no_command(ground: Ground, web: NamedPods, knot: Knot) -> None:
    web.start(*range(5))
    ground.run(*dns_flags(knot.address))
    ground.until(web.serves)
    sent, seats = commands(ground), ground.ready(BACKEND)

    with unfailing_load(ground) as requests:
        is_asked_again(ground, 6)
        assert requests.wait_for([f"web-{number}" for number in range(5)], WAIT_SECONDS)

    assert commands(ground) == sent
    assert ground.ready(BACKEND) == seats


def test_pods_that_roll_over_while_the_name_is_gone_for_a_while_fail_no_request(
    any_ground: Ground, api: NamedPods, knot: Knot
) -> None:
    api.start(*range(5))
    any_ground.run(*dns_flags(knot.address, "--dns-hold", "obsolete=5s"))
    any_ground.until(api.serves)
    worker = any_ground.worker()
    leaving: list[int] = []

    def staying() -> list[int]:
        return [number for number in api.numbers if number not in leaving]

    with unfailing_load(any_ground) as requests:
        for number in range(5):
            api.launch(number + 10)
            api.tell(staying())
            assert requests.wait_for([f"web-{number + 10}"], WAIT_SECONDS)
            leaving.append(number)
            api.tell(staying())
            if number == 2:
                knot.publish()
                seats = {f"{ip(each)}:{api.port}" for each in staying()}
                any_ground.stays(lambda seats=seats: set(any_ground.ready(BACKEND).values()) >= seats, 8)
                api.tell(staying())
        # A pod may end once no new requests go there: HAProxy loses one that meets it on a connection kept to the pod.
        any_ground.until(lambda: api.serves(f"{ip(each)}:{api.port}" for each in staying()))
        api.stop(*leaving)

    assert any_ground.worker() == worker
    assert any_ground.status()["reloads"]["total"] == 0
    any_ground.until(api.serves)


def test_three_hundred_addresses_come_over_tcp(ground: Ground, pods: Pods, knot: Knot) -> None:
    everywhere = NamedPods(ground, pods, lambda records: knot.publish(*records))
    everywhere.publish(slots="320")
    pods.start("any", "0.0.0.0", everywhere.port)
    everywhere.tell(range(300))
    ground.run(*dns_flags(knot.address))
    ground.until(lambda: len(ground.ready(BACKEND)) == 300)
    sent = commands(ground)

    with unfailing_load(ground):
        is_asked_again(ground)
        assert commands(ground) == sent
        everywhere.tell(range(10, 310))
        ground.until(lambda: f"{ip(309)}:{everywhere.port}" in ground.ready(BACKEND).values())

    assert ground.status()["reloads"]["total"] == 0


def test_a_name_that_is_gone_and_then_empty_for_eight_seconds_changes_nothing(
    any_ground: Ground, api: NamedPods, knot: Knot
) -> None:
    api.start(*range(3))
    any_ground.run(*dns_flags(knot.address))
    any_ground.until(api.serves)
    sent = commands(any_ground)

    with unfailing_load(any_ground):
        knot.publish()
        any_ground.stays(api.serves, 5)
        knot.publish("web TXT here")
        any_ground.stays(api.serves, 3)
        assert any("NotResolved" in problem for problem in any_ground.problems())
        api.tell()
        any_ground.until(lambda: not any_ground.problems())

    assert commands(any_ground) == sent


def test_a_name_that_stays_away_is_let_go_step_by_step_after_its_hold_time(
    any_ground: Ground, api: NamedPods, knot: Knot
) -> None:
    api.start(*range(4))
    any_ground.run(*dns_flags(knot.address, "--dns-hold", "nx=2s"))
    any_ground.until(api.serves)

    sizes = {4}
    knot.publish()
    any_ground.until(lambda: sizes.add(len(any_ground.ready(BACKEND))) or 0 in sizes)

    assert sizes == {4, 3, 2, 1, 0}
    api.tell()
    any_ground.until(api.serves)


@pytest.mark.parametrize("trouble", ["stop", "fail", "refuse"])
def test_a_server_that_is_dead_or_fails_changes_nothing(
    any_ground: Ground, api: NamedPods, knot: Knot, trouble: str
) -> None:
    api.start(*range(3))
    any_ground.run(*dns_flags(knot.address))
    any_ground.until(api.serves)
    sent = commands(any_ground)

    with unfailing_load(any_ground):
        getattr(knot, trouble)()
        any_ground.until(lambda: any_ground.metric('hadyn_source_stale_seconds{source="dns"}') > 2)
        assert stale_seconds(any_ground) > 2
        asked = queries(any_ground)
        any_ground.stays(api.serves, 6)
        assert queries(any_ground) - asked <= 2 * 2 * 6
        knot.recover()
        api.start(7)
        any_ground.until(api.serves)

    assert commands(any_ground) - sent <= 3
    any_ground.until(lambda: any_ground.metric('hadyn_source_stale_seconds{source="dns"}') == 0)
    assert stale_seconds(any_ground) == 0


def test_a_hadyn_that_is_new_while_dns_is_dead_leaves_everybody_in_place(
    any_ground: Ground, api: NamedPods, knot: Knot
) -> None:
    api.start(*range(3))
    first = any_ground.run(*dns_flags(knot.address))
    any_ground.until(api.serves)

    with unfailing_load(any_ground):
        knot.stop()
        first.kill()
        any_ground.run(*dns_flags(knot.address))
        any_ground.stays(api.serves, 4)
        knot.start()
        api.start(8)
        any_ground.until(api.serves)
    any_ground.is_left_behind = False


def test_of_more_records_than_slots_those_that_sit_stay_and_an_unused_one_fills_a_gap(
    any_ground: Ground, pods: Pods, knot: Knot
) -> None:
    everywhere = NamedPods(any_ground, pods, lambda records: knot.publish(*records))
    everywhere.publish(slots="10", slots_max="10")
    pods.start("any", "0.0.0.0", everywhere.port)
    everywhere.tell(range(200))
    any_ground.run(*dns_flags(knot.address, "--dns-hold", "obsolete=2s"))
    any_ground.until(lambda: len(set(any_ground.ready(BACKEND).values())) == 10)
    seats = any_ground.ready(BACKEND)
    assert any_ground.problems() == ["backend shop/web: TooMany"]

    with unfailing_load(any_ground):
        is_asked_again(any_ground)
        assert any_ground.ready(BACKEND) == seats
        slot, address = next(iter(seats.items()))
        gone = next(number for number in range(200) if address.startswith(f"{ip(number)}:"))
        everywhere.tell(number for number in range(200) if number != gone)
        any_ground.until(lambda: len(set(any_ground.ready(BACKEND).values()) - {address}) == 10)

    others = {name: seat for name, seat in seats.items() if name != slot}
    assert any_ground.ready(BACKEND).items() >= others.items()
    assert any_ground.ready(BACKEND)[slot] not in seats.values()


def test_a_server_that_names_three_of_ten_at_random_fills_ten_slots_and_moves_nobody(
    any_ground: Ground, pods: Pods
) -> None:
    chance = random.Random("three of ten")

    def some(asked: Asked) -> Iterable[bytes]:
        shown = chance.sample(range(10), 3)
        yield asked.answer(*(f"A {ip(number)}" for number in shown) if asked.type == "A" else ())

    everywhere = NamedPods(any_ground, pods, lambda _records: None)
    everywhere.publish(slots="20")
    pods.start("any", "0.0.0.0", everywhere.port)
    with ScriptedDns(some) as server:
        any_ground.run(*dns_flags(server.address))
        with unfailing_load(any_ground):
            any_ground.until(lambda: len(any_ground.ready(BACKEND)) == 10, seconds=60)
            seats, sent = any_ground.ready(BACKEND), commands(any_ground)
            is_asked_again(any_ground, 8)
            assert (any_ground.ready(BACKEND), commands(any_ground)) == (seats, sent)


def test_ports_weights_and_hosts_come_with_services(any_ground: Ground, pods: Pods, knot: Knot) -> None:
    first, second = (pods.start(f"web-{number}", ip(number), 0) for number in (1, 2))
    knot.publish(
        f"_http._tcp.web SRV 1 10 {first.address.port} web-1",
        f"_http._tcp.web SRV 1 30 {second.address.port} web-2",
        f"_http._tcp.web SRV 2 10 {first.address.port} web-2",
        f"web-1 A {ip(1)}",
        f"web-2 A {ip(2)}",
    )
    any_ground.write("web.yaml", backend("_http._tcp.web.example.", 0, record_type="SRV"), ingress())
    any_ground.run(*dns_flags(knot.address))
    any_ground.until(lambda: len(any_ground.ready(BACKEND)) == 2)

    seated = {
        entry["endpoint"]: (entry["address"], entry["weight"])
        for entry in any_ground.slots(BACKEND)["entries"]
        if entry["state"] == "ready"
    }
    assert seated == {
        "web-1.example": (str(first.address), 1),
        "web-2.example": (str(second.address), 3),
    }


def test_pods_of_a_statefulset_come_back_to_the_slots_they_had(ground: Ground, pods: Pods, knot: Knot) -> None:
    port = ground.another_port()
    numbers = {ordinal: ordinal for ordinal in range(5)}
    running = {ordinal: pods.start(f"web-{ordinal}", ip(ordinal), port) for ordinal in numbers}

    def publish(*absent: int) -> None:
        present = [ordinal for ordinal in numbers if ordinal not in absent]
        services = [f"_http._tcp.web SRV 0 10 {port} web-{ordinal}.web" for ordinal in present]
        knot.publish(*services, *(f"web-{ordinal}.web A {ip(numbers[ordinal])}" for ordinal in present))

    publish()
    web = backend("_http._tcp.web.example.", port, record_type="SRV", slot_names="true", slots="8")
    ground.write("web.yaml", web, ingress())
    ground.run(*dns_flags(knot.address))
    ground.until(lambda: len(ground.ready(BACKEND)) == 5)
    homes = {f"s{ordinal + 1}": f"web-{ordinal}.web.example" for ordinal in numbers}

    def seated() -> dict[str, str]:
        entries = ground.slots(BACKEND)["entries"]
        return {entry["slot"]: entry["endpoint"] for entry in entries if entry["state"] == "ready"}

    assert seated() == homes
    with unfailing_load(ground):
        for ordinal in (4, 2, 0):
            publish(ordinal)
            leaver = running.pop(ordinal)
            ground.until(lambda leaver=leaver: str(leaver.address) not in ground.ready(BACKEND).values())
            leaver.stop()
            if ordinal == 2:
                knot.publish()
                ground.stays(lambda: len(ground.ready(BACKEND)) >= 4, 3)
            numbers[ordinal] = ordinal + 20
            running[ordinal] = pods.start(f"web-{ordinal}", ip(ordinal + 20), port)
            publish()
            wanted = f"{ip(ordinal + 20)}:{port}"
            ground.until(lambda wanted=wanted: wanted in ground.ready(BACKEND).values())

    ground.until(lambda: seated() == homes)
    assert ground.status()["reloads"]["total"] == 0
