"""How the frontend hears that a request asks for a canary, or against one.

Rules: only requests of routes with such canaries pay for it. Which header or cookie is asked
stands in the route's entry, so a name comes without a reload: HAProxy takes its value out of
all headers, behind a name that the text itself begins with. A backend that could not answer
is not taken: its request goes where all others do. haproxy-facts.md#asked-canaries
"""

from __future__ import annotations

from collections.abc import Iterator

from hadyn.model.desired import MapName
from hadyn.model.expression_tries import LONGEST_TEXT
from hadyn.model.extras import Extra
from hadyn.model.options.option import RouteField

MOST_NAMES = 3
"""So many headers, and so many cookies, are requests of one route asked for."""
KEY_FIELD, HEADERS_FIELD, COOKIES_FIELD = 8, 9, 10
NAME_SEPARATOR = "/"
COOKIE_MARK = ":"
"""Begins, in keys, the name of a cookie; a header's never begins so."""

HEADER_VALUE = r"""concat("\n\n",txn.head),regsub('"^([^\n]*)\n[^\x01]*\n\1: ([^\r\n]*)\r[^\x01]*$"','"=\2"')"""
_COOKIE = r"""concat("\n;",txn.head,;),regsub('"^([^\n]*)\n[^\x01]*; *\1=([^;]*);[^\x01]*$"','"=\2"')"""
"""What is found is spelled behind a =; where nothing is, the text stays and is no key."""


def asking_conditions(maps: str) -> Iterator[str]:
    """Yield what names the two maps; ``maps`` is their folder. Nothing is looked up before a rule asks."""
    yield f"acl is_asked_for var(txn.wish),map_str({_map(maps, MapName.CANARIES)}) -m found"
    yield f"acl is_asked_like var(txn.wish),map_reg({_map(maps, MapName.CANARY_PATTERNS)}) -m found"


def _rules() -> Iterator[str]:
    """Yield the rules that find out which backend a request asks for, behind the one that has the route's key."""
    yield "acl may_ask var(txn.canaries) -m len gt 0"
    yield "acl has_chosen var(txn.choice) -m found"
    yield f"http-request set-var(txn.asked) var(txn.route),field({HEADERS_FIELD},|) if may_ask"
    yield "http-request set-var(txn.head) req.hdrs if may_ask"
    for number in range(1, MOST_NAMES + 1):
        yield from _question(number, HEADER_VALUE, "concat(:,txn.name,)")
    yield f"http-request set-var(txn.asked) var(txn.route),field({COOKIES_FIELD},|) if may_ask"
    yield "http-request set-var(txn.head) req.fhdr(cookie) if may_ask"
    for number in range(1, MOST_NAMES + 1):
        yield from _question(number, _COOKIE, f"concat(:{COOKIE_MARK},txn.name,)")
    yield "use_backend %[var(txn.choice)] if has_chosen { var(txn.choice),nbsrv gt 0 }"


def _question(number: int, found: str, key: str) -> Iterator[str]:
    name = f"var(txn.asked),field({number},{NAME_SEPARATOR})"
    asks = f"may_ask !has_chosen {{ {name} -m len gt 0 }}"
    yield f"http-request set-var(txn.name) {name} if {asks}"
    yield f"http-request set-var(txn.said) var(txn.name),{found} if {asks}"
    yield f"http-request set-var(txn.wish) var(txn.canaries),{key},concat(,txn.said,) if {asks}"
    yield f"http-request set-var(txn.choice) var(txn.wish),map_str({_map('{maps}', MapName.CANARIES)}) if {asks}"
    # Longer ones are not what expressions are judged for.
    is_short = f"{{ var(txn.said) -m beg = }} {{ var(txn.said),length le {LONGEST_TEXT} }}"
    patterns = f"map_reg({_map('{maps}', MapName.CANARY_PATTERNS)})"
    yield f"http-request set-var(txn.choice) var(txn.wish),{patterns} if {asks} {is_short}"


def _map(maps: str, name: MapName) -> str:
    return f"{maps}/{name}.map"


CANARIES = RouteField(
    number=KEY_FIELD,
    name="canaries",
    spell=lambda _chosen, _route: "",
    rules=tuple(_rules()),
    extra=Extra.CANARIES,
)
"""What canaries add to a route comes when they are known (``asked_canaries.py``), with the two fields behind."""
