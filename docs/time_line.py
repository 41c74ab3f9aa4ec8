"""The picture of docs/dns.md: one name over three minutes, as hadyn's own code judges it.

Rule: nothing here decides. The answers are a script, the clock is counted; what becomes of
them say ``resolver/resolution``, ``model/dns_endpoints`` and ``planner/slots``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from itertools import groupby
from typing import NamedTuple

from hadyn.model.desired import Backend, Capacity, Endpoint
from hadyn.model.dns_endpoints import resolved_endpoints
from hadyn.model.resolved import DnsQuestion, RecordType
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import SetAddress, SetState, SetWeight
from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState
from hadyn.planner.slots import plan_backend
from hadyn.resolver.records import Record
from hadyn.resolver.resolution import Finding, Holds, Outcome, Resolution, judged, resolved_name

STORY = (
    (0, "a b c"),
    (15, "c a b"),
    (25, "e d c b a"),
    (45, "a c d e"),
    (70, "NXDOMAIN"),
    (90, "a c d e"),
    (100, "SERVFAIL"),
    (135, "a c d e"),
    (145, "NXDOMAIN"),
)
"""From which second on the server says what."""
END_SECONDS = 185
TTL_SECONDS = 5
SLOTS = 4
TROUBLE = {"NXDOMAIN": Outcome.NX, "SERVFAIL": Outcome.OTHER}
COLOURS = {"a": "#4c78a8", "b": "#f58518", "c": "#54a24b", "d": "#b279a2", "e": "#9d755d"}
QUESTION = DnsQuestion("web.example.", RecordType.A)

LEFT, SCALE = 70, 4.9
TOP, LANE, GAP = 58, 26, 8
WIDTH = round(LEFT + END_SECONDS * SCALE + 20)
HEIGHT = TOP + (SLOTS + 2) * (LANE + GAP) + 58
LEGEND = (
    ("#4c78a8", "1", "serves, and answers name it"),
    ("#4c78a8", "0.55", "serves, held: no answer confirms it"),
    ("#eeeeee", "1", "free"),
)


class Moment(NamedTuple):
    """What is so from one lookup to the next: who sits where ("" for nobody), and what has no slot."""

    second: float
    said: str
    seats: tuple[str, ...]
    unused: str
    is_held: bool


class Bar(NamedTuple):
    """A stretch of one lane, in seconds."""

    begin: float
    end: float
    text: str
    is_held: bool = False


def moments() -> Iterator[Moment]:
    """Play the story: each lookup when the one before it says so."""
    resolution, now = Resolution(), 0.0
    slots = tuple(ObservedSlot(f"s{number}") for number in range(1, SLOTS + 1))
    while now < END_SECONDS:
        said = next(text for begin, text in reversed(STORY) if begin <= now)
        resolution = judged(resolution, finding(said), now, Holds())
        endpoints = resolved_endpoints([resolved_name(QUESTION, resolution)], 80, frozenset()) or ()
        slots = seated(slots, endpoints)
        seats = tuple(letter(slot) for slot in slots)
        known = {chr(96 + int(each.address.ip.rpartition(".")[2])) for each in endpoints if not each.draining}
        is_held = resolution.failing_since is not None
        yield Moment(now, said, seats, " ".join(sorted(known - set(seats))), is_held)
        now += resolution.pause


def finding(said: str) -> Finding:
    """What a lookup comes to when the server says so."""
    if said in TROUBLE:
        return Finding(TROUBLE[said], said="")
    records = tuple(Record(f"10.1.0.{ord(name) - 96}") for name in said.split())
    return Finding(Outcome.VALID, records, TTL_SECONDS)


def seated(slots: tuple[ObservedSlot, ...], endpoints: tuple[Endpoint, ...]) -> tuple[ObservedSlot, ...]:
    """Carry out what the planner wants, until it wants nothing more."""
    capacity = Capacity(slots=SLOTS, maximum=SLOTS)
    backend = Backend("shop_web", "shop/web", endpoints, capacity)
    found = {slot.name: slot for slot in slots}
    while True:
        observed = ObservedBackend("shop_web", tuple(found.values()))
        plan = plan_backend(backend, observed, drain_seconds=300.0, capabilities=Capabilities((2, 8)))
        commands = (*plan.prepare, *plan.activate)
        if not commands:
            return tuple(found.values())
        for command in commands:
            assert isinstance(command, SetAddress | SetState | SetWeight), command
            found[command.slot] = changed(found[command.slot], command)


def changed(slot: ObservedSlot, command: SetAddress | SetState | SetWeight) -> ObservedSlot:
    """A slot after a command."""
    if isinstance(command, SetAddress):
        return ObservedSlot(slot.name, command.address, slot.state, slot.weight)
    if isinstance(command, SetState):
        return ObservedSlot(slot.name, slot.address, command.state, slot.weight)
    return ObservedSlot(slot.name, slot.address, slot.state, command.weight)


def letter(slot: ObservedSlot) -> str:
    """Who serves in a slot; "" for nobody."""
    if slot.address is None or slot.state is not SlotState.READY:
        return ""
    return chr(96 + int(slot.address.ip.rpartition(".")[2]))


def picture() -> str:
    """Return the SVG."""
    story = list(moments())
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    lines = [
        "<!-- Written by docs/generate.py (make docs): do not edit. -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(
            LEFT,
            22,
            f"web.example, TTL {TTL_SECONDS} s, {SLOTS} slots at most; hold obsolete 30 s, nx 30 s, other for ever",
        ),
        *answers(story),
    ]
    for number in range(SLOTS):
        lines += lane(number + 1, f"s{number + 1}", bars(story, lambda moment, number=number: moment.seats[number]))
    lines += unused(bars(story, lambda moment: moment.unused))
    lines += [*axis(), *legend(), "</svg>"]
    return "\n".join(lines) + "\n"


def bars(story: list[Moment], of: Callable[[Moment], str]) -> Iterator[Bar]:
    """What a lane shows, moments without a difference together."""
    ends = [*(moment.second for moment in story[1:]), float(END_SECONDS)]
    for (name, is_held), group in groupby(zip(story, ends, strict=True), lambda each: (of(each[0]), each[0].is_held)):
        stretch = list(group)
        yield Bar(stretch[0][0].second, stretch[-1][1], name, is_held)


def answers(story: list[Moment]) -> Iterator[str]:
    """The lane on top: what the server says, and a tick for each lookup."""
    y = middle(0)
    yield text(8, y, "answer")
    for begin, said in STORY:
        yield text(x(begin), y - 12, said, "#b00020" if said in TROUBLE else "#333333")
    for moment in story:
        yield f'<line x1="{x(moment.second)}" y1="{y - 4}" x2="{x(moment.second)}" y2="{y + 8}" stroke="#888888"/>'


def lane(number: int, name: str, shown: Iterator[Bar]) -> Iterator[str]:
    """One slot."""
    y = middle(number)
    yield text(8, y + 5, name)
    for bar in shown:
        colour, opacity = COLOURS.get(bar.text, "#eeeeee"), "0.55" if bar.is_held and bar.text else "1"
        yield box(bar, y, colour, opacity)
        if bar.text:
            yield text(x(bar.begin) + 5, y + 5, bar.text, "#333333" if bar.is_held else "#ffffff")


def unused(shown: Iterator[Bar]) -> Iterator[str]:
    """The lane of those that no slot is left for."""
    y = middle(SLOTS + 1)
    yield text(8, y + 5, "unused")
    for bar in shown:
        if bar.text:
            yield f'{box(bar, y, "none", "1")[:-2]} stroke="#888888" stroke-dasharray="3 2"/>'
            yield text(x(bar.begin) + 5, y + 5, bar.text, "#333333")


def axis() -> Iterator[str]:
    """Seconds."""
    y = TOP + (SLOTS + 2) * (LANE + GAP)
    for second in range(0, END_SECONDS, 15):
        yield f'<line x1="{x(second)}" y1="{y}" x2="{x(second)}" y2="{y + 5}" stroke="#333333"/>'
        yield text(x(second) - 3, y + 19, f"{second} s" if second else "0")


def legend() -> Iterator[str]:
    """What the colours mean."""
    at = LEFT
    for colour, opacity, meaning in LEGEND:
        yield f'<rect x="{at}" y="{HEIGHT - 25}" width="18" height="14" fill="{colour}" opacity="{opacity}"/>'
        yield text(at + 24, HEIGHT - 14, meaning)
        at += 50 + 7 * len(meaning)


def box(bar: Bar, y: int, colour: str, opacity: str) -> str:
    width = max(1.0, round((bar.end - bar.begin) * SCALE - 1, 1))
    place = f'x="{x(bar.begin)}" y="{y - LANE // 2}" width="{width:g}" height="{LANE}"'
    return f'<rect {place} fill="{colour}" opacity="{opacity}"/>'


def text(at: float, y: float, words: str, colour: str = "#333333") -> str:
    return f'<text x="{at:g}" y="{y:g}" fill="{colour}">{escape(words)}</text>'


def x(second: float) -> float:
    return round(LEFT + second * SCALE, 1)


def middle(number: int) -> int:
    return TOP + number * (LANE + GAP) + LANE // 2
