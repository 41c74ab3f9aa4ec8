"""Keep the map files equal to the routes that are wanted.

Rule: HAProxy takes one file a map, so all entries are written when one changes. Maps are
therefore written at their owner's pace, and before every start and reload of HAProxy
(docs/decisions/0006-writing-without-fsync.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from hadyn.model.desired import MapKey, MapName
from hadyn.render.map_lines import MapLines
from hadyn.render.maps import map_entries

Replace = Callable[[Mapping[Path, bytes], bool], Mapping[Path, OSError]]
"""Replaces files, so that they survive a power cut if the second says so; returns those that are as they were."""


class MapFiles:
    """The maps in one folder, and which of them are due; one thread owns them."""

    def __init__(self, folder: Path, replace: Replace) -> None:
        self._folder = folder
        self._replace = replace
        self._maps = {name: MapLines({}) for name in MapName}
        self._due: set[MapName] = set()

    @property
    def is_due(self) -> bool:
        return bool(self._due)

    def paths(self) -> Iterator[Path]:
        return map(self._path, MapName)

    def load(self) -> None:
        """Take over what the files say; one that is missing is due. Raises OSError."""
        for name in MapName:
            path = self._path(name)
            content = path.read_bytes() if path.exists() else None
            self._maps[name] = MapLines(map_entries((content or b"").decode("ascii", "replace")))
            if content is None or self._maps[name].content() != content:
                self._due.add(name)

    def entries(self) -> dict[MapKey, str]:
        """Return all entries, those included that are not written yet."""
        return {(name, key): value for name in MapName for key, value in self.of(name).items()}

    def of(self, name: MapName) -> Mapping[str, str]:
        """Return the entries of one map by key."""
        return self._maps[name].entries

    def put(self, entries: Mapping[MapKey, str | None]) -> None:
        """Set entries, or remove those that are None; the others stay as they are."""
        for (name, key), value in entries.items():
            lines = self._maps[name]
            if lines.entries.get(key) == value:
                continue
            self._due.add(name)
            if value is None:
                lines.remove(key)
            else:
                lines.put(key, value)

    def doubt(self) -> None:
        """Have every map written again."""
        self._due.update(MapName)

    def write(self, *, durable: bool) -> Mapping[Path, OSError]:
        """Write the maps that are due; return those that could not be written, which stay due."""
        due = {self._path(name): name for name in sorted(self._due)}
        failed = self._replace({path: self._maps[name].content() for path, name in due.items()}, durable)
        self._due = {due[path] for path in failed}
        return failed

    def _path(self, name: MapName) -> Path:
        return self._folder / f"{name}.map"
