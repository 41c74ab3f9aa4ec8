"""Name what differs between two spellings of a backend, as people set it.

Rule: a line stands for the annotation that alone writes such lines; where several do, or hadyn does
by itself, for its own first words.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from hadyn.model.options.option import OPERATOR
from hadyn.model.options.routing import Said
from hadyn.model.options.table import OPTIONS

NAMED = 5
TELLING = {"timeout", "option", "default-server", "http-request", "http-response", "http-after-response", "stick"}
"""First words that say little without the second."""
SEATS = ("backend ", "server ", "server-template ", "# ")


def changed_settings(before: str, after: str) -> str:
    """Name the settings in which sections differ, sorted: "load-balance, timeout-server"; "" where there is nothing to compare."""
    if not before or not after:
        return ""
    lines_before, lines_after = _lines(before), _lines(after)
    changed = set(lines_before) ^ set(lines_after)
    if not changed and lines_before != lines_after:
        return "order of lines"
    names = sorted({_writers().get(_keyword(line)) or _keyword(line) for line in changed})
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _lines(section: str) -> list[str]:
    lines = (line.strip() for line in section.splitlines())
    return [line for line in lines if not line.startswith(SEATS)]


def _keyword(line: str) -> str:
    words = line.split(" ")
    return " ".join(words[: 2 if words[0] in TELLING else 1])


@cache
def _writers() -> dict[str, str]:
    """Each keyword that one option alone writes, by what its example writes."""
    found: dict[str, set[str]] = {}
    for name, keyword in _written():
        found.setdefault(keyword, set()).add(name)
    return {keyword: name for keyword, (name, *others) in found.items() if not others}


def _written() -> Iterator[tuple[str, str]]:
    for option in OPTIONS:
        if option.scope != OPERATOR:
            value = option.parse(option.example)
            said = Said(((option.name, value),))
            for line in option.directives(value, said):
                yield option.annotation, _keyword(str(line))
            for line in option.server_directives(value, said):
                yield option.annotation, _keyword(f"default-server {line}")
