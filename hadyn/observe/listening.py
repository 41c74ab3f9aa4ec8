"""Open the sockets on which hadyn is asked.

Rule: the control socket is its owner's alone (0600). A file left behind by a hadyn that
died is replaced, one that somebody answers on is not.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from pathlib import Path

from hadyn.errors import AlreadyRunning, FileNotWritten, WrongUsage
from hadyn.model.addresses import MAX_PORT

BACKLOG = 32


def split_bind(bind: str) -> tuple[str, int]:
    """Split "host:port" or "[::1]:port"; an empty host means all addresses. Raises WrongUsage."""
    host, colon, port = bind.rpartition(":")
    is_bracketed = host.startswith("[") and host.endswith("]")
    if (
        not colon
        or not (port.isascii() and port.isdigit())
        or int(port) > MAX_PORT
        or (":" in host and not is_bracketed)
    ):
        raise WrongUsage(f"{bind!r} is not an address to listen on", remedy="Say --status-bind 127.0.0.1:8404")
    return host.removeprefix("[").removesuffix("]"), int(port)


def open_public(bind: str) -> socket.socket:
    """Listen on "host:port". Raises WrongUsage where the address is taken, foreign or no address."""
    host, port = split_bind(bind)
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
    except OSError as cause:
        raise _bind_refused(bind, cause) from cause
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as cause:
        listening.close()
        raise _bind_refused(bind, cause) from cause
    return listening


def open_control(path: Path) -> socket.socket:
    """Listen on a unix socket that only its owner may open; an abandoned one is replaced."""
    _refuse_if_answered(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # Made under another name and moved: nobody ever meets it with wider permissions, or before it listens.
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        unfinished.unlink(missing_ok=True)
        listening.bind(str(unfinished))
        unfinished.chmod(0o600)
        listening.listen(BACKLOG)
        unfinished.rename(path)
    except OSError as cause:
        listening.close()
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        if "too long" in str(cause):
            happened = f"the path {path} is too long for a socket (107 characters, some for its unfinished name)"
            raise WrongUsage(happened, remedy="Set a shorter --state-dir") from cause
        raise FileNotWritten(str(path), cause) from cause
    return listening


def _bind_refused(bind: str, cause: OSError) -> WrongUsage:
    if cause.errno == errno.EADDRINUSE:
        remedy = "Another program listens there: stop it, or set another --status-bind"
    else:
        remedy = "Set --status-bind to an address of this machine, such as 127.0.0.1:8404"
    return WrongUsage(f"cannot listen on {bind}: {cause.strerror or cause}", remedy=remedy)


def _refuse_if_answered(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise WrongUsage(f"{path} is in the way: it is not a socket", remedy="Remove it, or set --state-dir")
    except FileNotFoundError:
        return
    except OSError as cause:
        raise FileNotWritten(str(path), cause) from cause
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
        except OSError as cause:
            # A full backlog or no permission: somebody is there.
            raise AlreadyRunning(str(path.parent), None) from cause
    raise AlreadyRunning(str(path.parent), None)
