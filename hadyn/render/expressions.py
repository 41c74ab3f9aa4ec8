"""Spell how the frontend finds a route by regular expression.

Rules: only hosts that have such routes pay for it, once no exact path is theirs. What is
longer than expressions are judged for is refused: it must not slip past one. A | of the
client is spelled %7C, since what a group matched comes to stand in the value of the map
between those of hadyn. haproxy-facts.md#expressions
"""

from __future__ import annotations

from collections.abc import Iterator

from hadyn.model.desired import ANY_HOST, MapName
from hadyn.model.directives import quoted
from hadyn.model.expression_tries import LONGEST_TEXT
from hadyn.model.extras import Extras, HostExpression

LONGEST_HOST = 253


def expression_conditions(maps: str) -> Iterator[str]:
    """Yield what names the two maps; ``maps`` is their folder. Nothing is looked up before a rule asks."""
    yield f"acl is_expressed var(txn.host),map_str({maps}/{MapName.EXPRESSED}.map) -m found"
    yield f"acl is_expressed_key var(txn.key),map_str({maps}/{MapName.EXPRESSED}.map) -m found"
    yield f"acl matches var(txn.sought),map_regm({maps}/{MapName.EXPRESSIONS}.map) -m found"


def expression_rules(maps: str, name: str) -> Iterator[str]:
    """Yield the rules that look for routes of the host that the variable of this name (``host``, ``key``) holds."""
    condition = "is_expressed" if name == "host" else f"has_{name} is_expressed_{name}"
    yield f"http-request set-var(txn.sought) path,regsub([|],%7C,g) if !has_route {condition}"
    is_sought = f"!has_route {condition}"
    yield f"http-request deny deny_status 400 if {is_sought} {{ var(txn.{name}),concat(,txn.sought),length gt {LONGEST_TEXT} }}"
    table = f"map_regm({maps}/{MapName.EXPRESSIONS}.map)"
    yield f"http-request set-var(txn.route) var(txn.{name}),concat(,txn.sought),{table} if {is_sought}"


def host_rules(extras: Extras) -> Iterator[str]:
    """Yield the rules that look for a host that nothing else names among expressions, the longest first."""
    found = sorted(
        (each for each in extras if isinstance(each, HostExpression)), key=lambda each: (-len(each.text), each)
    )
    unknown = f"!has_route !is_known {{ var(txn.key) -m str {ANY_HOST} }} {{ var(txn.host) -m len 1:{LONGEST_HOST} }}"
    for each in found:
        pattern = quoted(f"^{each.text}$")
        yield f"http-request set-var(txn.key) str({each.key}) if {unknown} {{ var(txn.host) -m reg {pattern} }}"
