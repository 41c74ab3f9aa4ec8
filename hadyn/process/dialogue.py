"""Speak with a HAProxy that runs, own child or not: which processes it has, a reload.

Rules: whether something came off is read from HAProxy, never assumed. A reload is over
when a new worker answers and the one before it no longer can: up to 3.0 it may, and what
it is told is lost. haproxy-facts.md#a-reload-is-over-when-the-old-worker-stops
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import tenacity

from hadyn.errors import (
    HadynError,
    NotHAProxy,
    ReloadFailed,
    ReloadUnproven,
    ReplyCutShort,
    SocketTimeout,
    SocketUnreachable,
    TemporaryError,
)
from hadyn.process.alerts import alerts_in, concerns_configuration, first_words, refusal
from hadyn.process.master import Processes, ask, ask_again, has_failed, is_stopping, processes_in, worker_pid_in

RELOAD_SECONDS = 120.0
"""Long, because a slow machine with 100,000 slots is no failure; an end is noticed at once."""
LOOKING_SECONDS = 5.0
"""How long the master may take to list its processes; behind a reload it reads all files first."""
STRANGER_SECONDS = 2.0
"""After a reload the runtime socket is a stranger's if for so long no worker of this master answers there."""


class NotYet(TemporaryError):
    """HAProxy is not so far; asked again until a deadline."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"HAProxy was not ready within {seconds:g} s", remedy="See haproxy.log in the state folder")


class Dialogue:
    """What can be said over the two sockets of one HAProxy."""

    def __init__(self, *, runtime_socket: Path, master_socket: Path) -> None:
        self.runtime_socket = runtime_socket
        self.master_socket = master_socket

    def processes(self, is_running: Callable[[], bool], *, seconds: float = LOOKING_SECONDS) -> Processes:
        """Return HAProxy's master and workers, those included that still finish requests from before a reload.

        Asks again for so long while nobody answers and ``is_running`` holds. Raises what ``ask`` does.
        """
        return processes_in(ask_again(self.master_socket, "show proc", timeout_seconds=seconds, while_true=is_running))

    def serving(self) -> Processes:
        """Return the processes if one of the workers answers on the runtime socket; raises NotHAProxy if none of them.

        Raises what ``ask`` does.
        """
        worker = self.answering()
        processes = processes_in(ask(self.master_socket, "show proc"))
        if worker not in processes.workers:
            raise self.stranger()
        return processes

    def reload(self, is_running: Callable[[], bool], said: Callable[[], str]) -> None:
        """Have HAProxy read its files anew, and wait until only a new worker answers.

        ``said`` returns what HAProxy has printed since, for those that answer a reload with
        nothing. Raises ReloadFailed, or ConfigurationRefused with alerts, and then the old
        worker serves on; ReloadUnproven when that cannot be told; NotHAProxy when a stranger
        answers on the runtime socket; SocketUnreachable when HAProxy is gone.
        """
        before = self.processes(is_running, seconds=RELOAD_SECONDS)
        try:
            answer = ask_again(self.master_socket, "reload", timeout_seconds=RELOAD_SECONDS, while_true=is_running)
        except ReplyCutShort:
            answer = ""
        if has_failed(answer):
            raise reload_failure(answer)
        try:
            until(_Reloaded(self, before, is_running, said).check, RELOAD_SECONDS)
        except (NotYet, SocketUnreachable, SocketTimeout, ReplyCutShort) as cause:
            raise ReloadUnproven(cause.happened) from cause

    def answering(self) -> int | None:
        """Return the pid of the worker that answers on the runtime socket; raises what ``ask`` does."""
        return worker_pid_in(ask(self.runtime_socket, "show info"))

    def stranger(self) -> NotHAProxy:
        """Return the error for a runtime socket that is not this HAProxy's."""
        return NotHAProxy(
            f"who answers on {self.runtime_socket} is no worker of the HAProxy on {self.master_socket}",
            remedy="Another program has taken the socket, or the two paths belong to two HAProxies",
        )


class _Reloaded:
    """One reload that is waited for."""

    def __init__(
        self, dialogue: Dialogue, before: Processes, is_running: Callable[[], bool], said: Callable[[], str]
    ) -> None:
        self._dialogue = dialogue
        self._before = before
        self._is_running = is_running
        self._said = said
        self._stranger_at: float | None = None

    def check(self) -> None:
        """Raise unless a new worker alone answers. 2.6 says nothing: its processes tell.

        haproxy-facts.md#reload-answers
        """
        if not self._is_running():
            raise ReloadUnproven(f"it ended meanwhile: {first_words(self._said())}")
        processes = processes_in(ask(self._dialogue.master_socket, "show proc"))
        if processes.reloads < self._before.reloads:
            raise ReloadUnproven("it was started anew meanwhile")
        if processes.failed > self._before.failed:
            raise reload_failure(self._said())
        newcomers = set(processes.workers) - set(self._before.workers)
        worker = self._dialogue.answering()
        if worker not in processes.workers:
            self._complain()
        if worker not in newcomers:
            raise NotYet(RELOAD_SECONDS)
        for veteran in set(processes.workers) - newcomers:
            if not is_stopping(ask(self._dialogue.master_socket, f"@!{veteran} show info")):
                raise NotYet(RELOAD_SECONDS)

    def _complain(self) -> None:
        """A worker that answers and is not listed has just come, or just gone; only for a moment."""
        now = time.monotonic()
        self._stranger_at = self._stranger_at or now + STRANGER_SECONDS
        if now >= self._stranger_at:
            raise self._dialogue.stranger()


def until(check: Callable[[], None], seconds: float) -> None:
    """Make a check until it passes; what is temporary is tried again, everything else raised."""
    tenacity.Retrying(
        retry=tenacity.retry_if_exception(
            lambda failure: isinstance(failure, TemporaryError) and not isinstance(failure, ReloadFailed)
        ),
        stop=tenacity.stop_after_delay(seconds),
        wait=tenacity.wait_random(0.002, 0.02),
        reraise=True,
    )(check)


def reload_failure(said: str) -> HadynError:
    """Tell a refused configuration from a world that says no, as a port that somebody took."""
    if concerns_configuration(said):
        return refusal(said, alerts_in(said))
    return ReloadFailed(first_words(said))
