"""A HAProxy in memory that speaks the runtime socket's bytes.

Rule: what it does, ``integration/test_fake_tells_the_truth.py`` proves on every real
HAProxy at hand. It knows the commands of ``wire.py``; anything else it calls unknown,
as HAProxy calls words it does not know. It is started, as HAProxy is, from a
configuration, of which it reads backends with their slots.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hadyn.errors import SocketTimeout, SocketUnreachable
from hadyn.model.desired import MAX_WEIGHT
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.observed import SlotState
from hadyn.runtime import fake_additions, fake_tables
from hadyn.runtime.fake_additions import Traits, traits_of
from hadyn.runtime.fake_certificates import FakeCertificates
from hadyn.runtime.fake_slots import ADMIN_DRAIN, ADMIN_MAINT, UNNAMED, FakeSlot, backends_of

FIRST_PID = 1000
SOCKET = "the fake HAProxy"

_STATES = {SlotState.READY: 0, SlotState.DRAIN: ADMIN_DRAIN, SlotState.MAINT: ADMIN_MAINT}


@dataclass(frozen=True, slots=True)
class CutRequest:
    """Only the first bytes of the line arrive."""

    after_bytes: int


@dataclass(frozen=True, slots=True)
class CutReply:
    """All commands run, only the first bytes of the replies come back; 0 swallows them."""

    after_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Hang:
    """The connection is accepted, and nothing is read from it."""


Fault = CutRequest | CutReply | Refuse | Hang


@dataclass(slots=True)
class FakeHAProxy:
    """One HAProxy: hand its ``converse`` to a Runtime.

    ``configuration`` is HAProxy's, ``maps`` are entries by key, by the file's path;
    ``certificate_files`` are certificates and lists of them, by path.
    ``faults`` strike the next connections, one each, in order; ``stands`` (a Hang or
    Refuse) strikes all of them while it is set. ``commands`` holds every command that
    ran, ``lines`` every line that came.
    """

    configuration: str = ""
    version: str = "2.8.25"
    maps: dict[str, dict[str, str]] = field(default_factory=dict)
    certificate_files: dict[str, str] = field(default_factory=dict)
    level: str = "admin"
    faults: list[Fault] = field(default_factory=list)
    stands: Refuse | Hang | None = None
    pid: int = FIRST_PID
    uptime_seconds: int = 0
    is_stopping: bool = False
    commands: list[str] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    backends: dict[str, dict[str, FakeSlot]] = field(init=False)
    traits: Traits = field(init=False)
    certificates: FakeCertificates = field(init=False)

    def __post_init__(self) -> None:
        self.backends = backends_of(self.configuration)
        self.traits = traits_of(self.configuration, is_wordy=self._is_at_least(3, 4))
        self.certificates = FakeCertificates.of(self.configuration, self.certificate_files)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(tuple(map(int, re.findall("[0-9]+", self.version)[:3])))

    def reload(
        self,
        configuration: str,
        maps: Mapping[str, Mapping[str, str]] | None = None,
        certificate_files: Mapping[str, str] | None = None,
    ) -> None:
        """Start anew from a configuration, as a reload does: another pid, nothing of before."""
        self.configuration = configuration
        self.backends = backends_of(configuration)
        self.traits = traits_of(configuration, is_wordy=self._is_at_least(3, 4))
        self.maps = {path: dict(entries) for path, entries in (maps or {}).items()}
        self.certificates = FakeCertificates.of(configuration, certificate_files or {})
        self.pid += 1
        self.uptime_seconds = 0

    def slot(self, backend: str, slot: str) -> FakeSlot:
        """Return a slot, to look at it or to change it behind hadyn's back."""
        return self.backends[backend][slot]

    def pass_time(self, seconds: int) -> None:
        """Let all slots, and the process, be older."""
        self.uptime_seconds += seconds
        for slots in self.backends.values():
            for slot in slots.values():
                slot.seconds_in_state += seconds

    def converse(self, line: bytes) -> bytes:
        """One connection: everything that comes back for what is said."""
        fault = self.stands or (self.faults.pop(0) if self.faults else None)
        match fault:
            case Refuse():
                raise SocketUnreachable(SOCKET, ConnectionRefusedError(111, "Connection refused"))
            case Hang():
                raise SocketTimeout(SOCKET, 2.0)
            case CutRequest(after_bytes):
                return self._run(line[:after_bytes])
            case CutReply(after_bytes):
                return self._run(line)[:after_bytes]
            case None:
                return self._run(line)

    def settle(self) -> None:
        """Apply the address changes that were answered already."""
        for slots in self.backends.values():
            for slot in slots.values():
                slot.settle()

    def _run(self, said: bytes) -> bytes:
        self.lines.append(said)
        self.settle()
        command, payload_mark, payload = said.partition(b" <<\n")
        if payload_mark and payload.endswith(b"\n\n"):
            return self._reply(command.decode(), payload.decode()).encode()
        *whole, rest = said.split(b"\n")
        # haproxy-facts.md#only-first-line-runs
        runs = whole[:1] if self._is_at_least(3, 0) else whole
        texts = [text for line in runs for text in line.split(b";")]
        if not self._is_at_least(3, 1) and runs == whole:
            # haproxy-facts.md#a-cut-line-runs-in-part: each ";" ends a command.
            texts += rest.split(b";")[:-1]
        return b"".join(self._reply(text.decode()).encode() for text in texts)

    def _is_at_least(self, *version: int) -> bool:
        return self.capabilities.version[: len(version)] >= version

    def _reply(self, text: str, payload: str = "") -> str:
        self.commands.append(text)
        said = self.certificates.answer(text.split(), payload) or self._answer(text.split())
        return f"{said}\n\n" if said else "\n"

    def _answer(self, words: list[str]) -> str:
        match words:
            case ["set" | "add" | "del", "server" | "backend", *_] if self.level != "admin":
                return "Permission denied"
            case ["set", "server", target, *change]:
                return self._set_server(target, change)
            case ["add" | "del" as verb, "server", target, *more]:
                return fake_additions.change_slots(self.backends, self.traits, verb, target, more)
            case ["enable", "health" | "agent" as kind, target]:
                return fake_additions.enable_checks(self.backends, kind, target)
            case ["add" | "publish" | "unpublish" | "del" as verb, "backend", name, *more] if self._is_at_least(3, 4):
                return fake_additions.change_backends(self.backends, self.traits, verb, name, more)
            case ["add" | "set" | "del" | "show" as verb, "map", path, *arguments]:
                return self._map_command(verb, path, arguments)
            case ["show", "servers", "state"]:
                return fake_tables.servers_state(self.backends)
            case ["show", "servers", "state", name]:
                known = name in self.backends
                return fake_tables.servers_state({name: self.backends[name]}) if known else "Can't find backend."
            case ["show", "stat", "-1", "2", "-1"]:
                return fake_tables.backends_stat(self.backends, self.traits.unpublished)
            case ["show", "stat", name, "4", "-1"]:
                return fake_tables.stat(name, self.backends[name]) if name in self.backends else "No such proxy."
            case ["show", "backend"]:
                return "\n".join(["# name", *self.backends])
            case ["show", "info"]:
                return fake_tables.process(self.version, self.pid, self.uptime_seconds, is_stopping=self.is_stopping)
            case ["show", "cli", "level"]:
                return self.level
            case ["wait", _] if self.capabilities.has_wait:
                self.settle()
                return "Done."
        return f"Unknown command: '{''.join(words[:1])}', but maybe one of the following ones is a better match:"

    def _set_server(self, target: str, change: list[str]) -> str:
        backend, separator, name = target.partition("/")
        if not separator:
            return "Require 'backend/server'."
        if backend not in self.backends:
            return "No such backend."
        slot = self.backends[backend].get(name)
        if slot is None:
            return "No such server."
        match change:
            case ["addr", ip, "port", port] if port.isdecimal():
                return self._set_address(slot, ip, port)
            case ["fqdn", host]:
                return _set_fqdn(f"{backend}/{name}", slot, host)
            case ["state", state]:
                return self._set_state(slot, state)
            case ["weight", weight] if weight.isdecimal():
                return _set_weight(slot, weight)
        return "usage: set server <backend>/<server> addr | agent | state | weight"

    def _set_state(self, slot: FakeSlot, state: str) -> str:
        if state not in _STATES:
            return "'set server <srv> state' expects 'ready', 'drain' and 'maint'."
        slot.switch(_STATES[SlotState(state)], drain_restarts_age=not self._is_at_least(2, 8))
        return ""

    def _set_address(self, slot: FakeSlot, ip: str, port: str) -> str:
        is_late = self.capabilities.has_asynchronous_addresses
        by = "" if is_late else " by 'stats socket command'"
        if slot.ip == UNNAMED:
            refusal = "Update for the current server address family is only supported through configuration file"
            return f"{refusal}{by or '.'}"
        try:
            canonical = str(ipaddress.ip_address(ip))
        except ValueError:
            return f"Invalid addr '{ip}'{by}"
        # haproxy-facts.md#ports-wrap: it takes any number.
        number = int(port) & 0xFFFF
        parts = []
        if canonical != slot.ip:
            parts.append(f"IP changed from '{slot.ip}' to '{canonical}'")
        elif not is_late:
            parts.append("no need to change the addr")
        if number != slot.port:
            parts.append(f"port changed from '{slot.port}' to '{number}'")
        elif not is_late:
            parts.append("no need to change the port")
        if not parts:
            # haproxy-facts.md#addr-is-asynchronous: compared with what is applied, whatever else is on its way.
            return "nothing changed"
        slot.pending.append((canonical, number))
        if not is_late:
            slot.settle()
        return f"{', '.join(parts)} by 'stats socket command'"

    def _map_command(self, verb: str, path: str, arguments: list[str]) -> str:
        entries = self.maps.get(path)
        if entries is None:
            return "Unknown map identifier. Please use #<id> or <file>."
        match verb, arguments:
            case "show", []:
                return fake_tables.map_entries(entries)
            case "add", [key, value, *_]:
                entries.setdefault(key, _unescaped(value))
                return ""
            case "set", [key, value, *_] if key in entries:
                entries[key] = _unescaped(value)
                return ""
            case "set", [_, _, *_]:
                return "entry not found."
            case "del", [key, *_]:
                return "Key not found." if entries.pop(key, None) is None else ""
        return f"'{verb} map' expects more parameters"


def _set_fqdn(target: str, slot: FakeSlot, host: str) -> str:
    """haproxy-facts.md#slots-by-name: what sits there stays until the new name is resolved."""
    if slot.service != UNNAMED:
        return "set server <b>/<s> fqdn failed because SRV resolution is configured."
    if slot.fqdn == UNNAMED:
        return "set server <b>/<s> fqdn failed because no resolution is configured."
    if slot.fqdn == host:
        return "no need to change the FDQN by 'stats socket command'"
    before, slot.fqdn = slot.fqdn, host
    return f"{target} changed its FQDN from {before} to {host} by 'stats socket command'"


def _unescaped(word: str) -> str:
    return word.replace(r"\\", "\\")


def _set_weight(slot: FakeSlot, weight: str) -> str:
    if int(weight) > MAX_WEIGHT:
        return "Absolute weight can only be between 0 and 256 inclusive."
    if slot.is_static and int(weight) not in (0, slot.initial_weight):
        return "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'."
    slot.weight = int(weight)
    return ""
