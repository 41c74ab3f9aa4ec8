"""Options: paths that nobody outside may ask for."""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Chosen, Effect, Option
from hadyn.model.options.parsers import words

MOST_PATHS = 30
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")


def denied_paths(text: str) -> tuple[str, ...]:
    """Paths of plain elements, without / at their ends."""
    found = words(text, MOST_PATHS)
    if not all(map(_PATH.fullmatch, found)) or max(map(len, found)) > 200:
        raise ValueError(text)
    return tuple(each.rstrip("/") for each in found)


def _refusals(paths: tuple[str, ...], _chosen: Chosen) -> tuple[Directive, ...]:
    refusal = Directive("http-request", "deny", "deny_status", "403")
    return tuple(refusal.only_if("{", "path,url_dec", "-m", "reg", _pattern(path), "}") for path in paths)


def _pattern(path: str) -> str:
    """However a client spells it: decoded, with empty elements and with ``.``, as many servers read it."""
    elements = (element.replace(".", r"\.") for element in path.split("/")[1:])
    return "^" + "".join(rf"/+(\./+)*{element}" for element in elements) + "([/;]|$)"


DENY_PATHS: Option[tuple[str, ...]] = Option(
    name="deny-paths",
    scope=EVERYWHERE,
    parse=denied_paths,
    accepted="paths with blanks or commas between them",
    default=None,
    default_text="all paths are served",
    sentence="Requests for these paths, and for all below them, get a 403.",
    example="/metrics, /actuator",
    effect=Effect.RELOAD,
    directives=_refusals,
    per_route=True,
    is_guard=True,
)
