"""Spell who else remembers what HAProxy remembers of its clients.

A reload starts a process that knows nothing. As a peer of itself it learns the tables from the
process before, and as a peer of other replicas it learns theirs. haproxy-facts.md#peers-keep-tables
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from hadyn.model.addresses import Address
from hadyn.model.names import PEERS

PEER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
ABSTRACT = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class Replicas:
    """One HAProxy as a peer: its ``name``, and where the process after a reload reaches the one before.

    ``abstract`` is a name in the kernel's table of abstract sockets, which needs no file and so is
    reached from within a jail. Of ``others``, sorted, each has a name and an address; with some,
    HAProxy listens for them on ``port`` of all its addresses.
    """

    name: str
    abstract: str
    port: int = 0
    others: tuple[tuple[str, Address], ...] = ()

    def __post_init__(self) -> None:
        assert ABSTRACT.fullmatch(self.abstract), self.abstract
        for name in (self.name, *(name for name, _ in self.others)):
            assert PEER_NAME.fullmatch(name), name


def alone(runtime_socket: str) -> Replicas:
    """A HAProxy without others; all of one machine share the table of names, so the socket's path makes it unique."""
    return Replicas("local", f"hadyn-peers-{zlib.crc32(runtime_socket.encode()):08x}")


def peers_section(replicas: Replicas) -> str:
    """Return the section; its tables are those that name it."""
    if not replicas.port:
        return f"peers {PEERS}\n    peer {replicas.name} abns@{replicas.abstract}\n"
    others = "".join(f"    server {name} {address}\n" for name, address in replicas.others)
    return f"peers {PEERS}\n    bind :::{replicas.port} v4v6\n    server {replicas.name}\n{others}"
