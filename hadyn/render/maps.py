"""Spell routes as the map files that HAProxy looks requests up in.

Rule: an entry is one line, key and value apart by one blank; the planner makes both of
characters that can break neither the line nor the key. haproxy-facts.md#map-files
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hadyn.model.desired import MapKey, MapName

KEY = re.compile(r"[!\"$-~][!-~]*")
VALUE = re.compile(r"[!-~]+")
LINE = re.compile(rf"^({KEY.pattern}) ({VALUE.pattern})$", re.MULTILINE)


def map_files(entries: Mapping[MapKey, str]) -> dict[MapName, str]:
    """Return the text of each map file, sorted by key; a map without entries is an empty file."""
    by_map: dict[MapName, dict[str, str]] = {name: {} for name in MapName}
    for (name, key), value in entries.items():
        by_map[name][key] = value
    return {name: map_file(by_map[name]) for name in MapName}


def map_file(values: Mapping[str, str]) -> str:
    """Return the text of one map file: ``key value`` lines, sorted, so that equal maps are equal bytes."""
    return "".join(map_line(key, values[key]) for key in sorted(values))


def map_line(key: str, value: str) -> str:
    """Return one line. HAProxy cuts blanks at both ends and takes a leading ``#`` for a comment."""
    assert KEY.fullmatch(key), key
    assert VALUE.fullmatch(value), value
    return f"{key} {value}\n"


def map_entries(text: str) -> dict[str, str]:
    """Return the entries of a map file; lines that ``map_line`` would not write are left out."""
    return dict(LINE.findall(text))
