"""A fake HAProxy that remembers who was ready after each command, to tell whether anybody was ever in danger."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hadyn.errors import SocketTimeout
from hadyn.runtime.fake import SOCKET, FakeHAProxy

Ready = list[str]


@dataclass(slots=True)
class WatchedHAProxy(FakeHAProxy):
    """``moments`` holds, after each command that changed a slot, the ready addresses of every backend.

    ``moved_while_serving`` are commands that gave another address to a slot out of maint.
    ``lies`` are patterns of commands that are answered as if they were done, and are not;
    ``refusals`` of those that are answered with an error. ``answered`` is how many bytes came back on each connection.
    ``silences`` are patterns of commands that are carried out, and nothing is heard of it.
    """

    moments: list[dict[str, Ready]] = field(default_factory=list)
    moved_while_serving: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    silences: list[str] = field(default_factory=list)

    def converse(self, line: bytes) -> bytes:
        said = FakeHAProxy.converse(self, line)
        self.answered.append(len(said))
        return said

    def _reply(self, text: str, payload: str = "") -> str:
        words = text.split()
        match words:
            case ["set", "server", target, "addr", *_]:
                backend, _, name = target.partition("/")
                if not self.backends[backend][name].is_in_maint:
                    self.moved_while_serving.append(text)
        if any(re.search(pattern, text) for pattern in self.refusals):
            self.commands.append(text)
            return "Not today.\n\n"
        if any(re.search(pattern, text) for pattern in self.lies):
            self.commands.append(text)
            return "nothing changed\n\n" if "addr" in words else "\n"
        said = FakeHAProxy._reply(self, text, payload)
        if any(re.search(pattern, text) for pattern in self.silences):
            raise SocketTimeout(SOCKET, 2.0)
        if words[:2] == ["set", "server"]:
            self.moments.append({name: self.ready(name) for name in self.backends})
        return said

    def ready(self, backend: str) -> Ready:
        """The addresses of the slots that take requests, those on their way left out."""
        slots = self.backends.get(backend, {}).values()
        return sorted(f"{slot.ip}:{slot.port}" for slot in slots if not slot.admin & 0x3B and slot.weight)
