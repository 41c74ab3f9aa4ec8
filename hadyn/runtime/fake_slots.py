"""The slots a fake HAProxy has, made from the lines of a configuration."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

ADMIN_MAINT = 0x01
ADMIN_DISABLED_IN_FILE = 0x04
ADMIN_DRAIN = 0x08
ADMIN_UNRESOLVED = 0x20
UNNAMED = "-"
"""Stands for no name, or no address."""
_ADMIN_MASK = ADMIN_MAINT | ADMIN_DRAIN
STATIC_ALGORITHMS = frozenset({"source", "static-rr", "uri", "url_param", "hdr"})


@dataclass(slots=True)
class FakeSlot:
    """One server line: ``pending`` are address changes that were answered, not yet applied.

    ``check_state`` is 2 for checks that are not enabled, 6 for those that are; ``agent_state`` says
    the same of an agent. ``sessions`` is for tests to set; ``is_held_down`` stands for a failed health check.
    """

    name: str
    ip: str
    port: int
    weight: int = 1
    initial_weight: int = 1
    admin: int = 0
    sessions: int = 0
    seconds_in_state: int = 0
    is_held_down: bool = False
    is_static: bool = False
    fqdn: str = UNNAMED
    service: str = UNNAMED
    check_state: int = 0
    agent_state: int = 0
    pending: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_in_maint(self) -> bool:
        return bool(self.admin & ADMIN_MAINT)

    @property
    def is_unresolved(self) -> bool:
        return bool(self.admin & ADMIN_UNRESOLVED)

    def resolve(self, ip: str) -> None:
        """Let HAProxy's resolver find an address for the name; "-" for none."""
        self.ip = ip
        self.admin = self.admin & ~ADMIN_UNRESOLVED | (ADMIN_UNRESOLVED if ip == UNNAMED else 0)

    def switch(self, bits: int, *, drain_restarts_age: bool) -> None:
        """Let the administrative state be this; what the file said stays. haproxy-facts.md#admin-bits."""
        admin = self.admin & ~_ADMIN_MASK | bits
        if (admin ^ self.admin) & (_ADMIN_MASK if drain_restarts_age else ADMIN_MAINT):
            self.seconds_in_state = 0
        self.admin = admin

    def settle(self) -> None:
        """Apply what is pending, in order."""
        if self.pending:
            self.ip, self.port = self.pending[-1]
            self.pending.clear()


def backends_of(configuration: str) -> dict[str, dict[str, FakeSlot]]:
    """Read the backends of a configuration, each with its slots, in the order of the lines."""
    backends: dict[str, dict[str, FakeSlot]] = {}
    slots: dict[str, FakeSlot] | None = None
    is_static = False
    for line in configuration.splitlines():
        match line.split():
            case ["backend", name, *_]:
                slots, is_static = backends.setdefault(name, {}), False
            case ["global" | "defaults" | "frontend" | "listen" | "resolvers" | "peers" | "cache", *_]:
                slots = None
            case ["balance", algorithm, *_]:
                is_static = algorithm in STATIC_ALGORITHMS
            case ["server", name, target, *words] if slots is not None:
                slots[name] = _slot(name, target, words, is_static=is_static)
            case ["server-template", prefix, numbers, target, *words] if slots is not None:
                first, _, last = numbers.rpartition("-")
                for number in range(int(first or 1), int(last) + 1):
                    name = f"{prefix}{number}"
                    slots[name] = _slot(name, target, words, is_static=is_static)
    return backends


def _slot(name: str, target: str, words: list[str], *, is_static: bool) -> FakeSlot:
    host, _, port = target.rpartition(":") if ":" in target else (target, "", "0")
    weight = int(words[words.index("weight") + 1]) if "weight" in words else 1
    fqdn, ip = UNNAMED, host.strip("[]")
    if "." in host and not host.replace(".", "").isdecimal():
        fqdn, ip = host, UNNAMED
    is_service = fqdn.startswith("_")
    admin = ADMIN_MAINT | ADMIN_DISABLED_IN_FILE if "disabled" in words else 0
    return FakeSlot(
        name,
        ip=str(ipaddress.ip_address(ip)) if ip != UNNAMED else UNNAMED,
        port=int(port),
        weight=weight,
        initial_weight=weight,
        admin=admin | ADMIN_UNRESOLVED if ip == UNNAMED else admin,
        is_static=is_static,
        fqdn=UNNAMED if is_service else fqdn,
        service=fqdn if is_service else UNNAMED,
    )
