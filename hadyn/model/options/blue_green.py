"""Options: pods of one Service share its requests by their labels."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hadyn.model.options.canary import asking_header
from hadyn.model.options.cookies import cookie_name
from hadyn.model.options.option import Alias, Chosen, Effect, Option, Scope, of_haproxy_ingress
from hadyn.model.options.parsers import integer, one_of

MOST_GROUPS = 20
_MOST_WEIGHT = 256
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAME}")
_VALUE = re.compile(_NAME)


@dataclass(frozen=True, slots=True)
class Group:
    """Pods with this value of a label, and the weight of the group or of each of them."""

    label: str
    value: str
    weight: int


class Mode(StrEnum):
    """What the weights are of: of each pod, or of a group, however many pods it has."""

    POD = "pod"
    DEPLOY = "deploy"


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a request says a value of a label: the name of a header, or of a cookie."""

    name: str
    label: str


def header_choice(text: str) -> Choice:
    """NAME:LABEL, with the name of a header."""
    return _choice(text, asking_header)


def cookie_choice(text: str) -> Choice:
    """NAME:LABEL, with the name of a cookie."""
    return _choice(text, cookie_name)


def groups(text: str) -> tuple[Group, ...]:
    """Groups as LABEL=VALUE=WEIGHT with commas between them, none twice."""
    found = tuple(map(_group, text.split(",")))
    named = {(group.label, group.value) for group in found}
    if len(found) > MOST_GROUPS or len(named) < len(found):
        raise ValueError(text)
    return found


def _group(text: str) -> Group:
    label, _, rest = text.strip(" ").partition("=")
    value, _, weight = rest.partition("=")
    if not _LABEL.fullmatch(label) or not _VALUE.fullmatch(value):
        raise ValueError(text)
    return Group(label, value, integer(0, _MOST_WEIGHT)(weight))


def _choice(text: str, named: Callable[[str], str]) -> Choice:
    name, _, label = text.partition(":")
    if not _LABEL.fullmatch(label):
        raise ValueError(text)
    return Choice(named(name), label)


def choosable(chosen: Chosen, choice: Choice | None) -> tuple[Group, ...]:
    """The groups that a request may choose there: one for each value of the label that has a weight."""
    found = chosen.value(BLUE_GREEN_BALANCE) or ()
    return tuple(group for group in found if choice is not None and group.label == choice.label)


_ACCEPTED = f"up to {MOST_GROUPS} LABEL=VALUE=WEIGHT with commas between them, each weight from 0 to {_MOST_WEIGHT}"
_EXAMPLE = "group=blue=1,group=green=4"

BLUE_GREEN_BALANCE: Option[tuple[Group, ...]] = Option(
    name="blue-green-balance",
    scope=frozenset({Scope.SERVICE}),
    parse=groups,
    accepted=_ACCEPTED,
    default=None,
    default_text="all pods alike",
    sentence=(
        "Pods of the Service get requests by the first of these labels that they have; a pod that has none of them, or is not known "
        "yet, gets none. While no pod is known all get the same. hadyn reads Pods only in namespaces of such Services."
    ),
    example=_EXAMPLE,
    effect=Effect.LIVE,
    aliases=tuple(
        Alias(alias, groups, _ACCEPTED, _EXAMPLE)
        for alias in sorted((*of_haproxy_ingress("blue-green-balance"), *of_haproxy_ingress("blue-green-deploy")))
    ),
)

BLUE_GREEN_MODE: Option[Mode] = Option(
    name="blue-green-mode",
    scope=frozenset({Scope.SERVICE}),
    parse=one_of(Mode),
    accepted="deploy or pod",
    default=Mode.DEPLOY,
    default_text="deploy",
    sentence="Whether a weight of blue-green-balance is that of a group, however many pods it has (deploy), or of each pod.",
    example="pod",
    effect=Effect.LIVE,
    aliases=of_haproxy_ingress("blue-green-mode"),
)

BLUE_GREEN_HEADER: Option[Choice] = Option(
    name="blue-green-header",
    scope=frozenset({Scope.SERVICE}),
    parse=header_choice,
    accepted="NAME:LABEL, the name of a header (letters, digits and -) and a label of blue-green-balance",
    default=None,
    default_text="no header is asked",
    sentence=(
        "A request with a value of the label in this header goes to the pods of that group, whatever its weight; any other, and one "
        "for a group without pods, is shared. No value that blue-green-balance does not name is looked for."
    ),
    example="X-Server:group",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=of_haproxy_ingress("blue-green-header"),
)

BLUE_GREEN_COOKIE: Option[Choice] = Option(
    name="blue-green-cookie",
    scope=frozenset({Scope.SERVICE}),
    parse=cookie_choice,
    accepted="NAME:LABEL, the name of a cookie (letters, digits, _, . and -) and a label of blue-green-balance",
    default=None,
    default_text="no cookie is asked",
    sentence="As blue-green-header, with a cookie; the header counts before it.",
    example="server:group",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=of_haproxy_ingress("blue-green-cookie"),
)

BLUE_GREEN_OPTIONS = (BLUE_GREEN_BALANCE, BLUE_GREEN_MODE, BLUE_GREEN_HEADER, BLUE_GREEN_COOKIE)
