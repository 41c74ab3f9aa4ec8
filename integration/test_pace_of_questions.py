"""When the resolver asks again: never twice for one name, never for all names at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from integration.resolving import resolving
from integration.scripted_dns import Asked, ScriptedDns

NAMES = [f"web{number}.example" for number in range(40)]
TTL = 60


def lasting(asked: Asked) -> Iterator[bytes]:
    yield asked.answer("A 10.99.0.1", ttl=TTL)


def test_a_name_that_is_wanted_again_is_asked_once() -> None:
    with ScriptedDns(lasting) as server, resolving(server.address) as resolver:
        resolver.want(*NAMES)
        resolver.want(*NAMES)
        resolver.until(lambda: all(resolver.told(name) for name in NAMES))
        resolver.want(*NAMES)
        # What is asked behind it is answered behind it.
        assert resolver.report("other.example").outcome == "valid"
        asked = Counter(each.name for each in server.asked)
    assert asked == Counter([*NAMES, "other.example"])


def test_names_that_were_asked_together_do_not_fall_due_together() -> None:
    with ScriptedDns(lasting) as server, resolving(server.address) as resolver:
        resolver.want(*NAMES)
        resolver.until(lambda: all(resolver.told(name) for name in NAMES))
        due = sorted(resolver.report(name).asked_in for name in NAMES)
    assert due[-1] <= TTL
    assert due[-1] - due[0] > TTL / 50
