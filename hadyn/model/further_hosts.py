"""The hosts that an Ingress has by annotation, beside those of its rules.

Rule: a host of its rules is never one of these, so an alias takes no path from a rule.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from hadyn.model.desired import ANY_HOST, expression_key
from hadyn.model.objects import HostRules, Options, PathRule
from hadyn.model.options.hosts import (
    FROM_TO_WWW,
    REDIRECT_FROM,
    REDIRECT_FROM_REGEX,
    SERVER_ALIAS,
    SERVER_ALIAS_REGEX,
)

_WWW = "www."
_ADDING = {each.name for each in (SERVER_ALIAS, SERVER_ALIAS_REGEX, REDIRECT_FROM, REDIRECT_FROM_REGEX, FROM_TO_WWW)}


def with_further_hosts(hosts: tuple[HostRules, ...], options: Options) -> tuple[HostRules, ...]:
    """Return the hosts of an Ingress, sorted as they come, with those that its options add."""
    said = dict(options)
    if not hosts or not said.keys() & _ADDING:
        return hosts
    found = {rules.host: rules for rules in hosts}
    every_path = {(path.is_exact, path.path): path for rules in reversed(hosts) for path in rules.paths}
    aliases = said.get(SERVER_ALIAS.name, ())
    assert isinstance(aliases, tuple)
    for host in aliases:
        found.setdefault(host, HostRules(host, tuple(every_path.values())))
    matched = said.get(SERVER_ALIAS_REGEX.name)
    if isinstance(matched, str):
        key = expression_key(matched)
        found.setdefault(key, HostRules(key, tuple(every_path.values()), matched))
    moved = said.get(REDIRECT_FROM_REGEX.name)
    if isinstance(moved, str) and (named := _named(hosts)):
        key = expression_key(moved)
        found.setdefault(key, HostRules(key, (_leading_to(named[0], found[named[0]].paths[0]),), moved))
    for host, target in _moved(hosts, said):
        found.setdefault(host, HostRules(host, (_leading_to(target, found[target].paths[0]),)))
    return tuple(sorted(found.values(), key=lambda rules: rules.host))


def _moved(hosts: tuple[HostRules, ...], said: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each host whose requests go to another, and that one."""
    named = _named(hosts)
    moved = said.get(REDIRECT_FROM.name, ())
    assert isinstance(moved, tuple)
    if named:
        yield from ((host, named[0]) for host in moved)
    if said.get(FROM_TO_WWW.name):
        yield from ((host.removeprefix(_WWW) if host.startswith(_WWW) else _WWW + host, host) for host in named)


def _named(hosts: tuple[HostRules, ...]) -> list[str]:
    return [rules.host for rules in hosts if rules.host != ANY_HOST and not rules.host.startswith("*.")]


def _leading_to(host: str, path: PathRule) -> PathRule:
    return replace(path, path="/", is_exact=False, rest=0, moved_to=host, expression="", groups=())
