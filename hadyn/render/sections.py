"""Sections of backends as HAProxy has judged them, beside those that it has yet to judge.

Rules: who sits where is filed at once, for hadyn alone decides it. What came from a user waits
until HAProxy has judged a candidate; what HAProxy was given by command is filed, and judged behind.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hadyn.render.shards import Shards, differs_in_seats_only, shard_of, with_seats


@dataclass(frozen=True, slots=True)
class Installed:
    """What was filed before the last ``install``: sections by backend (None for no section), those that were removed."""

    sections: dict[str, bytes | None] = field(default_factory=dict)
    removed: Mapping[str, bytes] = field(default_factory=dict)


class Sections:
    """All sections, by backend; one owner. ``due`` are the shards whose files are behind."""

    def __init__(self) -> None:
        self.due: set[int] = set()
        self._filed = Shards()
        self._unjudged: dict[str, bytes] = {}
        self._unconfirmed: set[str] = set()
        self._removed: dict[str, bytes] = {}
        self._installed = Installed()

    def adopt(self, number: int, content: bytes) -> None:
        """Take over what the file of a shard says; one that hadyn would have written otherwise is due."""
        if not self._filed.adopt(number, content):
            self.due.add(number)

    def names(self) -> frozenset[str]:
        """Return the backends of the files, those included that HAProxy has not judged yet."""
        return frozenset(self._filed.names()).union(self._unjudged)

    def filed_names(self) -> frozenset[str]:
        """Return the backends that HAProxy has once it has read the files."""
        return frozenset(self._filed.names())

    def of(self, name: str) -> str | None:
        """Return the section of a backend as it stands in the files, or will after ``install``."""
        section = self._unjudged.get(name) or self._filed.get(name)
        return section.decode() if section is not None else None

    def filed(self, name: str) -> str:
        """Return the section of a backend as HAProxy has it once it has read the files, "" for none."""
        return (self._filed.get(name) or b"").decode()

    def words_behind(self, pattern: re.Pattern[str]) -> set[str]:
        """Return what a pattern finds in any section that HAProxy has, or reads with its next reload; costs all of them."""
        contents = (self._filed.content(number) for number in self._filed.numbers())
        others = (*self._unjudged.values(), *self._removed.values())
        return {word for content in (*contents, *others) for word in pattern.findall(content.decode())}

    def is_unjudged(self, name: str) -> bool:
        """Whether HAProxy has yet to judge, and then read, the section of a backend."""
        return name in self._unjudged

    def put(self, name: str, section: str) -> None:
        """Set a backend's section: who sits where is due, all the rest that differs waits for ``install``."""
        content = section.encode()
        filed = self._filed.get(name)
        judged = filed or self._removed.get(name)
        if judged is not None and differs_in_seats_only(judged, content):
            self._unjudged.pop(name, None)
        else:
            self._unjudged[name] = content
            if filed is None:
                return
            content = with_seats(filed, content)
        if filed != content:
            self.due.add(self._filed.put(name, content))

    def put_accepted(self, name: str, section: str) -> None:
        """Set the section of a backend that HAProxy runs: one that it was given by command is filed at once.

        It holds nothing that HAProxy has not taken; as ``unconfirmed`` it is judged behind.
        """
        if self._filed.get(name) or name in self._removed:
            self.put(name, section)
            return
        self._unjudged.pop(name, None)
        self._unconfirmed.add(name)
        self.due.add(self._filed.put(name, section.encode()))

    def put_seats(self, name: str, section: str) -> None:
        """Set who sits where, and leave the rest of a backend's section as HAProxy accepted it."""
        filed = self._filed.get(name)
        if filed is not None:
            self.put(name, with_seats(filed, section.encode()).decode())

    def remove(self, name: str) -> None:
        """Drop a backend from the files; HAProxy holds it until its next reload, and takes it back until then."""
        self._unjudged.pop(name, None)
        self._unconfirmed.discard(name)
        filed = self._filed.get(name)
        if filed is not None:
            self._removed[name] = filed
        number = self._filed.remove(name)
        if number is not None:
            self.due.add(number)

    def forget_removed(self, name: str) -> None:
        """Note that HAProxy does not hold a removed backend any more."""
        self._removed.pop(name, None)

    def forget_unjudged(self, name: str) -> None:
        """Take back what HAProxy refused of a backend: the section judged before stays, if there is one."""
        if name in self._unconfirmed:
            self.remove(name)
            self.forget_removed(name)
        self._unjudged.pop(name, None)

    @property
    def has_unconfirmed(self) -> bool:
        """Whether sections are filed, and written, that HAProxy runs and has not judged as files."""
        return any(shard_of(name) not in self.due for name in self._unconfirmed)

    def unconfirmed(self) -> dict[str, bytes]:
        """Return such sections by backend."""
        return {name: section for name, section in self._filed_of(self._unconfirmed) if shard_of(name) not in self.due}

    def unjudged(self, only: Container[str] | None = None) -> dict[str, bytes]:
        """Return what HAProxy has not judged as files, by backend; ``only`` says whose part that waits is meant."""
        return {**dict(self._waiting(only)), **dict(self._filed_of(self._unconfirmed))}

    def confirm(self, names: Iterable[str]) -> None:
        """Note that HAProxy has judged what these backends were given by command."""
        self._unconfirmed.difference_update(names)

    def content(self, number: int) -> bytes:
        """Return the bytes that the file of a shard is to have."""
        return self._filed.content(number)

    def candidates(self, only: Container[str] | None = None) -> dict[int, bytes]:
        """Return the bytes of the shards that HAProxy has yet to read, with what of these backends it has not judged."""
        changed: dict[int, dict[str, bytes]] = {number: {} for number in self.due}
        for name, section in self._waiting(only):
            changed.setdefault(shard_of(name), {})[name] = section
        return {number: self._filed.content(number, others) for number, others in changed.items()}

    def numbers(self) -> list[int]:
        """Return the shards that hold a backend."""
        return list(self._filed.numbers())

    def install(self, judged: Mapping[str, bytes]) -> None:
        """File what HAProxy accepted, with the present seats; what was changed since stays unjudged."""
        self._installed = Installed(removed=self._removed)
        for name, section in judged.items():
            latest = self._unjudged.get(name)
            if latest is None:
                continue
            self._installed.sections[name] = self._filed.get(name)
            if differs_in_seats_only(section, latest):
                del self._unjudged[name]
            # Were it left for the next time, who changes faster than HAProxy judges would never be loaded.
            self.due.add(self._filed.put(name, with_seats(section, latest)))
        self.confirm(judged)
        self._removed = {}

    def revert(self) -> None:
        """Take the last ``install`` back, but for seats: HAProxy refused what nobody had judged."""
        before, self._installed = self._installed, Installed()
        for name, judged in before.sections.items():
            section = self._filed.get(name)
            assert section is not None, name
            self._unjudged.setdefault(name, section)
            self.due.add(shard_of(name))
            if judged is None:
                self._filed.remove(name)
            else:
                self._filed.put(name, with_seats(judged, section))
        self._removed |= before.removed

    def _waiting(self, only: Container[str] | None) -> Iterator[tuple[str, bytes]]:
        return ((name, section) for name, section in self._unjudged.items() if only is None or name in only)

    def _filed_of(self, names: Iterable[str]) -> list[tuple[str, bytes]]:
        return [(name, section) for name in names if (section := self._filed.get(name))]
