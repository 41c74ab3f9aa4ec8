"""Options: an Ingress that is only for requests with a header, beside others of the same host and path.

Rules: which headers are looked at stands in the route's entry, and what they lead to in a map, so
all of it changes without a reload; only requests of such routes pay for it. Headers become one
text, a field each, that is looked up among expressions: the one header that is asked by expression
is the last field, so no expression meets the value of another header.
haproxy-facts.md#asked-canaries
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hadyn.model.desired import MapName
from hadyn.model.expression_tries import LONGEST_TEXT
from hadyn.model.expressions import NotUnderstood
from hadyn.model.objects import Options
from hadyn.model.options.asking import HEADER_VALUE, MOST_NAMES, NAME_SEPARATOR
from hadyn.model.options.canary import asking_header, asking_pattern, asking_value
from hadyn.model.options.option import Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import lines

KEY_FIELD, NAMES_FIELD, ALONE_FIELD = 12, 13, 14
"""The route's key in the map, the names of headers, and whether nobody has the path for all other requests."""
ALONE = "alone"


class Condition(NamedTuple):
    """What a request says in a header; ``name`` is lower case, ``value`` spelled as HAProxy gets it if it ``is_pattern``."""

    name: str
    value: str
    is_pattern: bool = False

    def __str__(self) -> str:
        return f"{self.name} {'like' if self.is_pattern else 'with'} {self.value}"


Conditions = tuple[Condition, ...]

NOBODY: Conditions = ()
"""Stands for conditions that cannot be read: they must not let all requests in."""


def _conditions(text: str) -> Conditions:
    found = tuple(_condition(line) for line in lines(text, MOST_NAMES))
    if len({condition.name for condition in found}) < len(found) or any("|" in each.value for each in found):
        raise ValueError(text)
    return found


def _condition(line: str) -> Condition:
    name, value = _parted(line)
    return Condition(name, asking_value(value))


def _patterns(text: str) -> Conditions:
    (line,) = lines(text, 1)
    name, value = _parted(line)
    if not value:
        raise NotUnderstood("has no expression behind the name of the header")
    return (Condition(name, asking_pattern(value), is_pattern=True),)


def _parted(line: str) -> tuple[str, str]:
    """Return name and value, a colon or a blank between them."""
    line = line.strip(" ")
    name, separator, value = line.partition(":")
    if not separator or " " in name:
        name, _, value = line.partition(" ")
    return asking_header(name), value.strip(" ")


HEADER_MATCH: Option[Conditions] = Option(
    name="header-match",
    scope=frozenset({Scope.INGRESS}),
    parse=_conditions,
    accepted=f"up to {MOST_NAMES} lines of the form Name: value; a value has no blank, ;, <, | or backslash",
    default=None,
    default_text="all requests",
    sentence=(
        "The paths of this Ingress are for requests with all of these headers alone; others go to the Ingress that has the same host "
        "and path without header-match, or else to the next shorter path of the host. Who says more headers is asked first, then the oldest."
    ),
    example="X-Env: staging",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=of_haproxy_ingress("http-header-match"),
    when_wrong=NOBODY,
    wrong_text="until then no request gets there",
)

HEADER_MATCH_REGEX: Option[Conditions] = Option(
    name="header-match-regex",
    scope=frozenset({Scope.INGRESS}),
    parse=_patterns,
    accepted="Name: and a regular expression (docs/expressions.md) without blank",
    default=None,
    default_text="all requests",
    sentence=(
        "As header-match, where this expression finds something in the header; both may be said. A route is asked for "
        f"{MOST_NAMES} headers, one of them by expression; headers beyond {LONGEST_TEXT} bytes together match nothing."
    ),
    example="X-Env: ^(test|staging)$",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=of_haproxy_ingress("http-header-match-regex"),
    when_wrong=NOBODY,
    wrong_text="until then no request gets there",
)

HEADER_MATCH_OPTIONS = (HEADER_MATCH, HEADER_MATCH_REGEX)


def conditions_of(options: Options) -> Conditions | None:
    """Return what requests for an Ingress have to say, by name; NOBODY where no request can, None where none has to."""
    said = dict(options)
    own = [said[option.name] for option in HEADER_MATCH_OPTIONS if option.name in said]
    if not own:
        return None
    if NOBODY in own:
        return NOBODY
    return tuple(sorted(condition for conditions in own for condition in conditions))  # type: ignore[attr-defined]  # their own parsers made them


def match_conditions(maps: str) -> Iterator[str]:
    """Yield what names the map; ``maps`` is its folder. Nothing is looked up before a rule asks."""
    yield f"acl is_matched var(txn.match_text),{_table(maps)} -m found"


def match_rules(maps: str) -> Iterator[str]:
    """Yield the rules that put the route of a header into the place of the one that was found by host and path."""
    yield "acl asks_headers var(txn.match_key) -m len gt 0"
    yield "acl has_match var(txn.match) -m found"
    yield "acl is_said var(txn.said) -m beg ="
    yield f"http-request set-var(txn.match_key) var(txn.route),field({KEY_FIELD},|) if has_route"
    yield f"http-request set-var(txn.match_names) var(txn.route),field({NAMES_FIELD},|) if asks_headers"
    yield "http-request set-var(txn.head) req.hdrs if asks_headers"
    yield "http-request set-var(txn.match_text) var(txn.match_key) if asks_headers"
    for number in range(1, MOST_NAMES + 1):
        yield from _field(number)
    is_short = f"{{ var(txn.match_text),length le {LONGEST_TEXT} }}"
    yield f"http-request set-var(txn.match) var(txn.match_text),{_table(maps)} if asks_headers {is_short}"
    is_alone = f"{{ var(txn.route),field({ALONE_FIELD},|) -m len gt 0 }}"
    yield f"http-request unset-var(txn.route) if asks_headers !has_match {is_alone}"
    yield "http-request set-var(txn.route) var(txn.match) if asks_headers has_match"


def _field(number: int) -> Iterator[str]:
    """Yield the rules that append what one header says, behind a =; nothing where it is not there."""
    name = f"var(txn.match_names),field({number},{NAME_SEPARATOR})"
    asks = f"asks_headers {{ {name} -m len gt 0 }}"
    yield f"http-request set-var(txn.name) {name} if {asks}"
    yield f"http-request set-var(txn.said) var(txn.name),{HEADER_VALUE} if {asks}"
    yield f"http-request set-var(txn.said) var(txn.said),regsub([|],%7C,g) if {asks} is_said"
    yield f"http-request set-var(txn.match_text) var(txn.match_text),concat(|,txn.said) if {asks} is_said"
    yield f"http-request set-var(txn.match_text) var(txn.match_text),concat(|) if {asks} !is_said"


def _table(maps: str) -> str:
    return f"map_reg({maps}/{MapName.HEADERS}.map)"
