"""Option: paths that are regular expressions."""

from __future__ import annotations

from enum import Enum

from hadyn.model.objects import Options
from hadyn.model.options.option import Alias, Effect, Option, Scope
from hadyn.model.options.parsers import boolean
from hadyn.model.options.rewrites import REWRITE_TARGET, Rewrite


class Matching(Enum):
    """How paths of type ImplementationSpecific are meant."""

    PREFIX = "prefix"
    EXPRESSION = "expression"
    CASELESS = "expression that takes a for A"


def _own(text: str) -> Matching:
    return Matching.EXPRESSION if boolean(text) else Matching.PREFIX


def _caseless(text: str) -> Matching:
    return Matching.CASELESS if boolean(text) else Matching.PREFIX


def _by_type(text: str) -> Matching:
    if text not in ("regex", "prefix"):
        raise ValueError(text)
    return Matching.EXPRESSION if text == "regex" else Matching.PREFIX


def matching_of(options: Options) -> Matching:
    """Return how an Ingress with these options means its paths; who asks for groups means expressions, as in ingress-nginx."""
    said = dict(options)
    matching = said.get(USE_REGEX.name, Matching.PREFIX)
    rewrite = said.get(REWRITE_TARGET.name)
    assert isinstance(matching, Matching), matching
    if matching is Matching.PREFIX and isinstance(rewrite, Rewrite) and (rewrite.group or rewrite.is_whole):
        return Matching.CASELESS
    return matching


USE_REGEX: Option[Matching] = Option(
    name="use-regex",
    scope=frozenset({Scope.INGRESS}),
    parse=_own,
    accepted='"true" or "false"',
    default=Matching.PREFIX,
    default_text='"false"',
    sentence=(
        "Paths of type ImplementationSpecific with signs of a regular expression are such, matched from the beginning; $1 in "
        "rewrite-target is what a group matched. docs/expressions.md has the signs that are understood."
    ),
    example="true",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=(
        Alias("nginx.ingress.kubernetes.io/use-regex", _caseless, '"true" (A is a) or "false"', "true"),
        Alias("haproxy-ingress.github.io/path-type", _by_type, "regex or prefix", "regex"),
        Alias("ingress.kubernetes.io/path-type", _by_type, "regex or prefix", "regex"),
    ),
)
