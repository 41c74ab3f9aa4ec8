"""Make sure that HAProxy will be alone on the addresses it listens on.

Rule: HAProxy shares a port with any other HAProxy without a word, and each gets half of
the connections; so addresses are tried before, in the way that does not share.
haproxy-facts.md#ports-are-shared
"""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterable
from pathlib import Path

import tenacity

from hadyn.errors import NotHAProxy, WrongUsage
from hadyn.model.addresses import Address

LISTENING = "0A"
ANSWER_SECONDS = 1.0
RELEASE_SECONDS = 0.3
"""A HAProxy that was killed lets go of its ports a moment after it can no longer be found."""


def default_addresses(port: int) -> tuple[Address, ...]:
    """Return where to listen when nobody says: all addresses, IPv6 included where the machine has it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        probe.bind(("::", 0))
        return (Address("::", port),)
    return (Address("0.0.0.0", port),)  # noqa: S104 - an ingress is there to be reached


def check_free(addresses: Iterable[Address]) -> None:
    """Raise WrongUsage for the first address that HAProxy could not have to itself."""
    attempts = tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda failure: isinstance(failure, OSError) and _is_taken(failure)),
        stop=tenacity.stop_after_delay(RELEASE_SECONDS),
        wait=tenacity.wait_random(0.01, 0.03),
        reraise=True,
    )
    for address in addresses:
        try:
            attempts(_try, address)
        except OSError as cause:
            raise WrongUsage(f"cannot listen on {address}: {_reason(cause, address)}", remedy=_remedy(cause)) from cause


def obstacle_on(addresses: Iterable[Address]) -> str:
    """Say why HAProxy could not have one of these addresses to itself, "" where it can have all."""
    for address in addresses:
        try:
            _try(address)
        except OSError as cause:
            return _reason(cause, address)
    return ""


def check_unanswered(sockets: Iterable[Path]) -> None:
    """Raise NotHAProxy where somebody answers on a path at which HAProxy is going to: it would take it without a word."""
    for path in sockets:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
            probe.settimeout(ANSWER_SECONDS)
            probe.connect(str(path))
            raise NotHAProxy(
                f"somebody listens on {path} who is no HAProxy of this state folder",
                remedy="Stop that program, or give hadyn a folder of its own with --state-dir",
            )


def _try(address: Address) -> None:
    family = socket.AF_INET6 if ":" in address.ip else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # connections that linger after HAProxy's end are no obstacle; a listener is one in spite of this
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address.ip != "::"))
        probe.bind((address.ip, address.port))
        probe.listen(1)


def _is_taken(cause: OSError) -> bool:
    return cause.errno == errno.EADDRINUSE


def _reason(cause: OSError, address: Address) -> str:
    if not _is_taken(cause):
        return (cause.strerror or str(cause)).lower()
    holder = holder_of(address.port)
    return f"port {address.port} is taken by {holder}" if holder else f"port {address.port} is taken"


def _remedy(cause: OSError) -> str:
    if cause.errno == errno.EACCES:
        return "Give hadyn the capability CAP_NET_BIND_SERVICE, or set --http-port and --https-port to 1024 or more"
    if cause.errno == errno.EADDRNOTAVAIL:
        return "Set --bind to an address of this machine"
    return "Stop what listens there, or set --http-port, --https-port or --bind"


def holder_of(port: int) -> str | None:
    """Return "pid 123 (nginx)" for whoever listens on a port; None where the kernel does not tell this user."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if any(str(descriptor.readlink()) in sockets for descriptor in (entry / "fd").iterdir()):
                return f"pid {entry.name} ({(entry / 'comm').read_text().strip()})"
    return None


def _listening_inodes(port: int) -> Iterable[str]:
    """Read the kernel's tables; a line's fields: number, local address, remote address, state, …, inode (10th)."""
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]
