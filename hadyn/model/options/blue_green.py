"""Options: pods of one Service share its requests by their labels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from hadyn.model.options.option import Alias, Effect, Option, Scope
from hadyn.model.options.parsers import integer, one_of

MOST_GROUPS = 20
_MOST_WEIGHT = 256
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"(?:[a-z0-9](?:[a-z0-9.-]{{0,251}}[a-z0-9])?/)?{_NAME}")
_VALUE = re.compile(_NAME)
_PREFIXES = ("haproxy-ingress.github.io/", "ingress.kubernetes.io/")


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
        Alias(prefix + name, groups, _ACCEPTED, _EXAMPLE)
        for prefix in _PREFIXES
        for name in ("blue-green-balance", "blue-green-deploy")
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
    aliases=tuple(prefix + "blue-green-mode" for prefix in _PREFIXES),
)
