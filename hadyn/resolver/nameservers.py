"""The DNS servers at hand: those of the flags, or of /etc/resolv.conf as it is now.

Rules: the file is read again when it changed; one that is gone or names no server leaves
the servers that were there. A server that falls silent, or answers again, is said once;
that there is none at all is said once somebody has to be asked.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from hadyn.model.addresses import Address
from hadyn.resolver.exchanges import Failure, Reply
from hadyn.resolver.resolution import Outcome
from hadyn.resolver.resolv_conf import ResolvConf, read_resolv_conf
from hadyn.resolver.resolver_settings import ResolverSettings
from hadyn.resolver.servers import ServerOrder

Stamp = tuple[int, int, int]

log = logging.getLogger(__name__)


def named_servers(settings: ResolverSettings) -> Sequence[Address]:
    """Return the servers that would be asked if this were the start; nothing is said where there are none."""
    if settings.servers:
        return settings.servers
    try:
        return read_resolv_conf(settings.resolv_conf.read_text(encoding="utf-8", errors="replace")).servers
    except OSError:
        return ()


class Nameservers:
    """Servers in the order to ask them, and the names that a name may stand for. ``now`` is monotonic seconds."""

    def __init__(self, settings: ResolverSettings) -> None:
        self._settings = settings
        self._looked_at = float("-inf")
        self._stamp: Stamp | None = None
        self._read = ResolvConf()
        self._order = ServerOrder(settings.servers)
        self._has_said_none = False
        self.has_changed(float("-inf"))

    @property
    def servers(self) -> Sequence[Address]:
        return self._order.servers

    def has_changed(self, now: float) -> bool:
        """Look at the file, if it is time to; return whether it says something else."""
        if now < self._looked_at + self._settings.reread_seconds:
            return False
        self._looked_at = now
        stamp = self._stamped()
        if stamp is None or stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            said = read_resolv_conf(self._settings.resolv_conf.read_text(encoding="utf-8", errors="replace"))
        except OSError as cause:
            kept = "" if self._settings.servers or not self.servers else "; the DNS servers it named are asked on"
            log.warning("cannot read %s: %s%s", self._settings.resolv_conf, cause.strerror, kept)
            return False
        return self._take(said)

    def candidates(self, name: str) -> list[str]:
        return self._read.candidates(name)

    def order(self, name: str, now: float) -> tuple[Address, ...]:
        """Return the servers to ask for a name, best first."""
        if not self.servers and not self._has_said_none:
            self._has_said_none = True
            log.warning("no DNS server is known: %s names none; say --dns-server ADDR", self._settings.resolv_conf)
        return self._order.order(name, now)

    def note(self, server: Address, reply: Reply, *, asked_at: float, now: float) -> None:
        """Note whether a server said anything."""
        was_silent = server in self._order.silent()
        if isinstance(reply, Failure) and reply.outcome is Outcome.TIMEOUT:
            self._order.was_silent(server, asked_at=asked_at, now=now)
        else:
            self._order.answered(server, now)
        is_silent = server in self._order.silent()
        if is_silent and not was_silent:
            assert isinstance(reply, Failure)
            log.warning("DNS server %s does not answer (%s); what is known is used meanwhile", server, reply.said)
        if was_silent and not is_silent:
            log.info("DNS server %s answers again", server)

    def _take(self, said: ResolvConf) -> bool:
        before, self._read = self._read, said
        if self._settings.servers:
            return before != said
        if not said.servers:
            if self.servers:
                said_so = "%s names no DNS server any more that can be asked; those that it named are asked on"
                log.warning(said_so, self._settings.resolv_conf)
            return False
        if (before.servers, before.rotates) != (said.servers, said.rotates):
            self._order = ServerOrder(said.servers, rotates=said.rotates)
        return before != said

    def _stamped(self) -> Stamp | None:
        try:
            status = self._settings.resolv_conf.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
