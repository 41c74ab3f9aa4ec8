r"""The text form of commands: lines that HAProxy reads, replies that it gives.

Rules:

- A command leaves only if its text matches the grammar below, whole. Nothing is
  escaped: a value with a blank, a control character, ``;`` or ``\`` would be a second
  command, one that ends in ``<<`` would swallow what follows. Such a value here is our
  own mistake, since the model lets none through.
- A line holds at most 100 commands, 8,000 bytes: HAProxy runs it on a thread that also
  carries traffic, from 3.0 on only the first line of a connection runs, from 3.2 on a
  line ends at 16 kB. haproxy-facts.md#only-first-line-runs
- Neither a reply's severity nor its looks tell success: known texts do, anything else
  counts as failure. haproxy-facts.md#severity-does-not-judge
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from hadyn.model.desired import MapName
from hadyn.model.names import DEFAULTS
from hadyn.model.problems import shown
from hadyn.planner.commands import (
    AddBackend,
    AddMapEntry,
    AddSlot,
    Command,
    DeleteBackend,
    DeleteMapEntry,
    DeleteSlot,
    EnableAgent,
    EnableChecks,
    PublishBackend,
    SetAddress,
    SetFqdn,
    SetMapEntry,
    SetState,
    SetWeight,
    UnpublishBackend,
)

MAX_LINE_BYTES = 8000
MAX_LINE_COMMANDS = 100

NAME = r"[A-Za-z0-9_.:-]+"
WORD = r"[^\x00-\x20\x7f;\\\ud800-\udfff]+(?<!<<)"
ESCAPED_WORD = WORD.replace("]+", r"]|\\\\)+", 1).replace("[", "(?:[", 1)
"""A word with backslashes: two of them are one for HAProxy. haproxy-facts.md#expressions"""
ENDPOINT = r"(?:[0-9.]+|\[[0-9a-f.:]+\]):[1-9][0-9]{0,4}"
GRAMMAR = re.compile(
    rf"set server {NAME}/{NAME} "
    r"(?:addr [0-9a-f.:]+ port [1-9][0-9]{0,4}|state (?:ready|drain|maint)|weight [0-9]{1,3}|fqdn [a-z0-9_.-]+)"
    rf"|add server {NAME}/{NAME} {ENDPOINT} weight [0-9]{{1,3}}(?: {WORD})*|del server {NAME}/{NAME}"
    rf"|enable (?:health|agent) {NAME}/{NAME}"
    rf"|add backend {NAME} from {NAME}|(?:publish|unpublish|del) backend {NAME}"
    rf"|(?:add|set) map {WORD} {WORD} {ESCAPED_WORD}"
    rf"|del map {WORD} {WORD}"
    rf"|show servers state(?: {NAME})?|show stat (?:{NAME} 4|-1 2) -1|show map {WORD}"
    r"|show backend|show info|show cli level|wait [0-9]+ms"
)

SHOW_BACKENDS = "show backend"
SHOW_ALL_SLOTS = "show servers state"
SHOW_SESSIONS_OF_BACKENDS = "show stat -1 2 -1"
SHOW_PROCESS = "show info"
SHOW_LEVEL = "show cli level"


class Verdict(StrEnum):
    """What a reply says of its command; all but DONE count as failure."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(Struct, frozen=True, gc=False):
    """A command that was sent, and what HAProxy said to it (``text``, "" for a bare OK)."""

    command: Command
    verdict: Verdict
    text: str

    def __str__(self) -> str:
        """For the log: the command, how it went, HAProxy's words."""
        return f"{self.command}: {self.verdict} {shown(self.text)}"


class ReplyCountMismatch(ValueError):
    """The bytes hold another number of replies than commands were sent: ``replies`` whole ones."""

    def __init__(self, replies: int) -> None:
        super().__init__(f"{replies} replies")
        self.replies = replies


def _value(command: AddMapEntry | SetMapEntry) -> str:
    """Spell a value: those of expressions alone hold backslashes."""
    return command.value.replace("\\", r"\\") if command.map is MapName.EXPRESSIONS else command.value


_SPELLINGS: Mapping[type[Command], Callable[[Any, str], str]] = {
    SetAddress: lambda c, _: f"set server {c.backend}/{c.slot} addr {c.address.ip} port {c.address.port}",
    SetFqdn: lambda c, _: f"set server {c.backend}/{c.slot} fqdn {c.host}",
    SetState: lambda c, _: f"set server {c.backend}/{c.slot} state {c.state}",
    SetWeight: lambda c, _: f"set server {c.backend}/{c.slot} weight {c.weight}",
    EnableChecks: lambda c, _: f"enable health {c.backend}/{c.slot}",
    EnableAgent: lambda c, _: f"enable agent {c.backend}/{c.slot}",
    AddMapEntry: lambda c, folder: f"add map {map_file(folder, c.map)} {c.key} {_value(c)}",
    AddSlot: lambda c, _: " ".join((f"add server {c.backend}/{c.slot} {c.address} weight {c.weight}", *c.words)),
    DeleteSlot: lambda c, _: f"del server {c.backend}/{c.slot}",
    AddBackend: lambda c, _: f"add backend {c.backend} from {DEFAULTS}",
    PublishBackend: lambda c, _: f"publish backend {c.backend}",
    UnpublishBackend: lambda c, _: f"unpublish backend {c.backend}",
    DeleteBackend: lambda c, _: f"del backend {c.backend}",
    SetMapEntry: lambda c, folder: f"set map {map_file(folder, c.map)} {c.key} {_value(c)}",
    DeleteMapEntry: lambda c, folder: f"del map {map_file(folder, c.map)} {c.key}",
}

KINDS: Mapping[type[Command], str] = {
    SetAddress: "addr",
    SetFqdn: "fqdn",
    SetState: "state",
    SetWeight: "weight",
    EnableChecks: "check",
    EnableAgent: "check",
    AddMapEntry: "map",
    AddSlot: "slot",
    DeleteSlot: "slot",
    AddBackend: "backend",
    PublishBackend: "backend",
    UnpublishBackend: "backend",
    DeleteBackend: "backend",
    SetMapEntry: "map",
    DeleteMapEntry: "map",
}
"""The word for each class of commands in the metric ``hadyn_commands_total``."""


def spelled(command: Command, map_folder: str) -> str:
    """Spell one command; maps are named by their file's path, as their ids differ between versions."""
    return _SPELLINGS[type(command)](command, map_folder)


def map_file(folder: str, name: str) -> str:
    """Return the path by which HAProxy knows a map."""
    return f"{folder}/{name}.map"


def show_slots(backend: str) -> str:
    return f"show servers state {backend}"


def show_sessions(backend: str) -> str:
    """Ask for what counts every session of a backend's slots. haproxy-facts.md#scur-counts-sessions."""
    return f"show stat {backend} 4 -1"


def show_map(file: str) -> str:
    return f"show map {file}"


def wait(milliseconds: int) -> str:
    """A barrier behind address changes (HAProxy 3.0 and later). haproxy-facts.md#wait-is-a-barrier."""
    return f"wait {milliseconds}ms"


def lines(texts: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    """Join texts, in order, to lines with their line end, each with its number of commands."""
    batch: list[bytes] = []
    size = 0
    for text in texts:
        assert GRAMMAR.fullmatch(text), ascii(text)
        encoded = text.encode()
        assert len(encoded) < MAX_LINE_BYTES, f"a command of {len(encoded)} bytes"
        if batch and (len(batch) == MAX_LINE_COMMANDS or size + len(encoded) >= MAX_LINE_BYTES):
            yield b";".join(batch) + b"\n", len(batch)
            batch, size = [], 0
        batch.append(encoded)
        size += len(encoded) + 1
    if batch:
        yield b";".join(batch) + b"\n", len(batch)


def split_replies(received: bytes, count: int) -> list[str]:
    """Cut what a connection gave, up to its end, into its replies without their line ends.

    A reply ends with an empty line; one that has nothing to say is that line alone.
    HAProxy 2.6 leaves the empty line out now and then, which shifts all replies behind
    it: raises ReplyCountMismatch unless exactly ``count`` whole replies are there.
    """
    if received.endswith(b"\n\n") and not received.startswith(b"\n") and b"\n\n\n" not in received:
        # Every reply has something to say: the quick way for tables, and for addresses by the thousand.
        replies = received[:-2].decode("utf-8", "surrogateescape").split("\n\n")
    elif not received.strip(b"\n"):
        replies = [""] * len(received)
    else:
        replies = _mixed_replies(received)
    if len(replies) != count:
        raise ReplyCountMismatch(len(replies))
    return replies


def _mixed_replies(received: bytes) -> list[str]:
    text = received.decode("utf-8", "surrogateescape")
    replies: list[str] = []
    start, end_of_all = 0, len(text)
    while start < end_of_all:
        if text[start] == "\n":
            replies.append("")
            start += 1
            continue
        end = text.find("\n\n", start)
        if end < 0:
            raise ReplyCountMismatch(len(replies))
        replies.append(text[start:end])
        start = end + 2
    return replies


_ADDRESS_PART = r"(?:IP changed from '[^']*' to '[^']*'|no need to change the addr)"
_PORT_PART = r"(?:port changed from '[^']*' to '[^']*'|no need to change the port)"
_ADDRESS_SET = re.compile(
    rf"(?:{_ADDRESS_PART}(?:, {_PORT_PART})?|{_PORT_PART}) by 'stats socket command'|nothing changed"
)
_BARE_OK = re.compile("")
_FQDN_SET = re.compile(
    r"\S+ changed its FQDN from \S+ to \S+ by 'stats socket command'|no need to change the FDQN by 'stats socket command'"
)

_SUCCESSES: Mapping[type[Command], re.Pattern[str]] = {
    # What was said of earlier commands may stand in front: haproxy-facts.md#removed-backends.
    SetAddress: _ADDRESS_SET,
    SetFqdn: _FQDN_SET,
    SetState: _BARE_OK,
    SetWeight: _BARE_OK,
    EnableChecks: _BARE_OK,
    EnableAgent: _BARE_OK,
    AddMapEntry: _BARE_OK,
    AddSlot: re.compile(r"(?s:.*)New server registered\."),
    DeleteSlot: re.compile(r"(?s:.*)Server deleted\."),
    AddBackend: re.compile(r"(?s:.*)New backend registered\."),
    PublishBackend: re.compile(r"(?s:.*)Backend published\."),
    UnpublishBackend: re.compile(r"(?s:.*)Backend unpublished\."),
    DeleteBackend: re.compile(r"(?s:.*)Backend deleted\."),
    SetMapEntry: _BARE_OK,
    DeleteMapEntry: _BARE_OK,
}

_FAILURES = (
    "No such server.",
    "No such backend.",
    "Require 'backend/server'.",
    "Proxy is disabled.",
    "Permission denied",
    "Unknown command",
    "Invalid addr '",
    "problem converting port '",
    "can't change <port> to port map",
    "Update for the current server address family is only supported through configuration file",
    "requires an address and optionally a port.",
    "expects 'ready', 'drain' and 'maint'.",
    "Absolute weight can only be between 0 and 256 inclusive.",
    "Backend is using a static LB algorithm and only accepts weights",
    "Health check was not configured on this server, cannot enable.",
    "Empty weight string empty or preceded by garbage",
    "fqdn failed because no resolution is configured",
    "fqdn failed because SRV resolution is configured",
    "usage: set server",
    "entry not found.",
    "Already exists a server with the same name in backend.",
    "Backend must use a dynamic load balancing to support dynamic servers.",
    "Backend does not support dynamic servers",
    "Only servers in maintenance mode can be deleted.",
    "Server still has connections attached to it, cannot remove it.",
    "cannot be removed at runtime due to other configuration elements pointing to it.",
    "name is already used by other proxy",
    "Cannot find default proxy",
    "Backend must be unpublished prior to its deletion.",
    "Only a backend without server can be deleted.",
    "Key not found.",
    "Unknown map identifier.",
    "expects three parameters (map identifier, key",
    "expects two parameters: map identifier and key",
    "Missing value for key",
    "The command is too big",
    "The command line is too big",
)
"""Parts of texts that HAProxy 2.6 to 3.4 refuse a command with."""


def is_done(command: Command, reply: str) -> bool:
    """Whether a reply is a known success."""
    return _SUCCESSES[type(command)].fullmatch(reply) is not None


def judged(command: Command, reply: str) -> Outcome:
    """Say what a reply means for the command it answers; a hint, the read-back decides."""
    if is_done(command, reply):
        return Outcome(command, Verdict.DONE, reply)
    is_known = any(failure in reply for failure in _FAILURES)
    return Outcome(command, Verdict.FAILED if is_known else Verdict.UNKNOWN, reply)
