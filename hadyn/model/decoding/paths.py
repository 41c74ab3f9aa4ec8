"""The path of an Ingress rule, as the maps carry it.

Rules: an allow-list of characters that neither HAProxy's socket nor its map files act
on; a path must be normal already, because HAProxy compares what the client sent byte by
byte and a server behind it may not. haproxy-facts.md#paths-are-not-normalised
"""

from __future__ import annotations

import re
from typing import NamedTuple

from hadyn.model.decoding.hosts import Refused
from hadyn.model.decoding.leaves import spelled, spelled_character
from hadyn.model.expressions import NotUnderstood, expression
from hadyn.model.options.path_expressions import Matching

MAX_PATH = 1024
_ALLOWED = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@%/-]*")
_LIKE_A_PATTERN = re.compile(r".*(?:[(*+]|\$$).*")
_IS_EXPRESSION = re.compile(r".*[\\\[\](){}|^$*+?].*")
_GROUPS = {"(/|$)(.*)": 2, "/(.*)": 1, "/?(.*)": 1, "(/.*)": 1, "(/.*)?": 1, "/.*": 0}
"""What may follow a prefix, and which group of it is what the client asked for behind the prefix."""
_MEANS_A_PREFIX = re.compile(
    "((?:/[A-Za-z0-9._~%-]+)*)(" + "|".join(re.escape(each) for each in sorted(_GROUPS, key=len, reverse=True)) + ")"
)


class ReadPath(NamedTuple):
    """A path, as ``PathRule`` has it."""

    path: str
    rest: int = 0
    expression: str = ""
    groups: tuple[int, ...] = ()


def free_path(value: object, matching: Matching) -> ReadPath:
    """Return what a path of type ImplementationSpecific means. Raises Refused."""
    if value in (None, ""):
        return ReadPath("/")
    prefix, rest = prefix_meant(value) or (value, 0)
    if matching is Matching.PREFIX or prefix != value or not (isinstance(value, str) and _IS_EXPRESSION.match(value)):
        return ReadPath(checked_path(prefix), rest)
    path = value.removeprefix("^")
    if not path.startswith("/"):
        raise Refused(f"{spelled(value)} must start with '/'", "Write the expression for the whole path: /shop/[0-9]+")
    try:
        understood = expression(path, is_caseless=matching is Matching.CASELESS)
    except NotUnderstood as cause:
        raise Refused(f"{spelled(value)} {cause}", "docs/expressions.md has what is understood") from cause
    return ReadPath(path, 0, understood.text, understood.groups)


def checked_path(value: object) -> str:
    """Return the path unchanged. Raises Refused."""
    if not isinstance(value, str) or not value.startswith("/"):
        raise Refused(f"{spelled(value)} must start with '/'", "Write the path as in a URL: /shop")
    if len(value) > MAX_PATH:
        raise Refused(f"is longer than {MAX_PATH} characters", "Route by a shorter prefix")
    allowed = _ALLOWED.match(value)
    end = allowed.end() if allowed else 0
    if end < len(value):
        raise Refused(f"contains {spelled_character(value[end])}", "Write it percent-encoded, as clients send it")
    if not _is_normal(value):
        raise Refused(f"{spelled(value)} is not normal", "Leave out '//', '/./', '/../' and encoded slashes and dots")
    return value


def prefix_meant(pattern: object) -> tuple[str, int] | None:
    """Return the prefix that a regular expression of ingress-nginx means, and the number of the group that follows it.

    None where it means anything else, or is none. ``/shop(/|$)(.*)`` is /shop and 2.
    """
    found = _MEANS_A_PREFIX.fullmatch(pattern) if isinstance(pattern, str) and len(pattern) <= MAX_PATH else None
    return (found[1] or "/", _GROUPS[found[2]]) if found else None


def looks_like_a_pattern(path: str) -> bool:
    """Whether somebody may have meant a regular expression or a glob."""
    return _LIKE_A_PATTERN.fullmatch(path) is not None


def _is_normal(path: str) -> bool:
    lowered = path.lower()
    if "//" in path or "%2f" in lowered:
        return False
    return not {".", ".."} & set(lowered.replace("%2e", ".").split("/"))
