"""A look at HAProxy for people: its process, frontends, one slot; by haproxyadmin.

Rules: for looking only. haproxyadmin takes a connection for each question, prints values
unescaped into its commands (so names are checked here), sleeps where it cannot connect
(so it gets no retries, and only after a connection of ours was answered), reads IPv6
addresses wrong (so none are asked for).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from haproxyadmin import haproxy as haproxyadmin
from haproxyadmin.exceptions import HAProxyBaseError
from haproxyadmin.exceptions import SocketTimeout as NoAnswer

from hadyn.errors import ReplyNotUnderstood, SocketTimeout, SocketUnreachable, WrongUsage
from hadyn.runtime.client import identify
from hadyn.runtime.connection import unix_conversation
from hadyn.runtime.wire import NAME


@dataclass(frozen=True, slots=True)
class ProcessFigures:
    """HAProxy's process: ``connections`` are those open at present, ``requests`` all since its start."""

    version: str
    pid: int
    uptime_seconds: int
    threads: int
    connections: int
    max_connections: int
    requests: int


@dataclass(frozen=True, slots=True)
class FrontendFigures:
    """One frontend: ``status`` is HAProxy's word ("OPEN"), counters are since the last start or reload."""

    name: str
    status: str
    sessions: int
    requests: int
    bytes_in: int
    bytes_out: int
    client_errors: int
    server_errors: int


@dataclass(frozen=True, slots=True)
class SlotFigures:
    """One slot: ``status`` is HAProxy's word ("UP", "MAINT", "no check"), counters are since the last start or reload."""

    backend: str
    name: str
    status: str
    weight: int
    sessions: int
    requests: int
    failed_connections: int
    failed_responses: int
    retries: int
    redispatches: int


class Inspection:
    """Looks at the HAProxy behind one runtime socket.

    Making one, and each method, raises SocketUnreachable, SocketTimeout, ReplyCutShort,
    ReplyNotUnderstood or NotHAProxy.
    """

    def __init__(self, path: str, *, timeout_seconds: float = 1.0) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._converse = unix_conversation(path, timeout_seconds)
        with self._looking():
            self._haproxy: Any = haproxyadmin.HAProxy(
                socket_file=path, retry=None, retry_interval=0, timeout=timeout_seconds
            )

    def process(self) -> ProcessFigures:
        """Return the figures of the process."""
        with self._looking():
            (figures,) = self._haproxy.info()
            return ProcessFigures(
                version=str(figures["Version"]),
                pid=int(figures["Pid"]),
                uptime_seconds=int(figures["Uptime_sec"]),
                threads=int(figures["Nbthread"]),
                connections=int(figures["CurrConns"]),
                max_connections=int(figures["Maxconn"]),
                requests=int(figures["CumReq"]),
            )

    def frontends(self) -> tuple[FrontendFigures, ...]:
        """Return the figures of all frontends, by name; costs about ten connections for each."""
        with self._looking():
            found = [
                FrontendFigures(
                    name=str(frontend.name),
                    status=str(frontend.status),
                    sessions=int(frontend.metric("scur")),
                    requests=int(frontend.metric("req_tot")),
                    bytes_in=int(frontend.metric("bin")),
                    bytes_out=int(frontend.metric("bout")),
                    client_errors=int(frontend.metric("hrsp_4xx")),
                    server_errors=int(frontend.metric("hrsp_5xx")),
                )
                for frontend in self._haproxy.frontends()
            ]
        return tuple(sorted(found, key=lambda frontend: frontend.name))

    def slot(self, backend: str, name: str) -> SlotFigures | None:
        """Return the figures of one slot, None where HAProxy does not have it; raises WrongUsage for what is no name."""
        for word in (backend, name):
            if not re.fullmatch(NAME, word):
                raise WrongUsage(f"{word!a} is no name that HAProxy could have", remedy="See `hadyn slots` for names")
        with self._looking():
            found = [server for present in self._haproxy.backends(backend) for server in present.servers(name)]
            if not found:
                return None
            (server,) = found
            return SlotFigures(
                backend=backend,
                name=name,
                status=str(server.status),
                weight=int(server.metric("weight")),
                sessions=int(server.metric("scur")),
                requests=int(server.metric("stot")),
                failed_connections=int(server.metric("econ")),
                failed_responses=int(server.metric("eresp")),
                retries=int(server.metric("wretr")),
                redispatches=int(server.metric("wredis")),
            )

    @contextmanager
    def _looking(self) -> Iterator[None]:
        identify(self._converse, self._path)
        try:
            yield
        except NoAnswer as cause:
            raise SocketTimeout(self._path, self._timeout_seconds) from cause
        except OSError as cause:
            raise SocketUnreachable(self._path, cause) from cause
        except HAProxyBaseError as cause:
            raise SocketUnreachable(self._path, OSError(str(cause))) from cause
        except (ValueError, LookupError, TypeError, AttributeError) as cause:
            # What haproxyadmin cannot read ends in one of these.
            raise ReplyNotUnderstood(self._path, str(cause)) from cause
