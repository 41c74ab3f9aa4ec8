"""Speak with a HAProxy that runs, own child or not: which processes it has, a reload.

Rules: whether something came off is read from HAProxy, never assumed. A reload is over
when a new worker answers and the one before it no longer can: up to 3.0 it may, and what
it is told is lost. haproxy-facts.md#a-reload-is-over-when-the-old-worker-stops
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import tenacity

from hadyn.errors import (
    HadynError,
    NotHAProxy,
    ReloadFailed,
    ReloadUnexplained,
    ReloadUnproven,
    ReplyCutShort,
    SocketTimeout,
    SocketUnreachable,
    TemporaryError,
)
from hadyn.process.alerts import alerts_in, concerns_configuration, first_words, refusal
from hadyn.process.master import (
    Processes,
    ask,
    ask_again,
    has_failed,
    has_succeeded,
    is_stopping,
    list_processes,
    processes_in,
    worker_pid_in,
)

RELOAD_SECONDS = 120.0
"""Long, because a slow machine with 100,000 slots is no failure; an end is noticed at once."""
LOOKING_SECONDS = 5.0
"""How long the master may take to list its processes; behind a reload it reads all files first."""
ANSWER_SECONDS = 2.0
VETERAN_SECONDS = 1.0
"""How long the master may take to pass on what an old worker says. About one that has just gone it at times
answers nothing at all; asked again it does not list it any more. haproxy-facts.md#a-gone-worker-is-asked-in-vain
"""
NO_RELOADS = -1
"""The count of a master that could not be asked for it: any other is a change."""
STRANGER_SECONDS = 2.0
"""So long may a worker that is not listed answer, or the master not count a reload that it was asked for."""


class NotYet(TemporaryError):
    """HAProxy is not so far; asked again until a deadline."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"HAProxy was not ready within {seconds:g} s", remedy="See haproxy.log in the state folder")


class Dialogue:
    """What can be said over the two sockets of one HAProxy.

    ``proven`` is the pid of the worker that was seen last to be one of the master's.
    """

    def __init__(self, *, runtime_socket: Path, master_socket: Path) -> None:
        self.runtime_socket = runtime_socket
        self.master_socket = master_socket
        self.proven: int | None = None

    def processes(self, is_running: Callable[[], bool]) -> Processes:
        """Return HAProxy's master and workers, those included that still finish requests from before a reload.

        Asks again for a while where nobody answers and ``is_running`` holds; not where there is
        no socket, for a reload never takes it away. Raises what ``ask`` does.
        """

        def may_be_reloading() -> bool:
            return is_running() and self.master_socket.is_socket()

        return list_processes(self.master_socket, timeout_seconds=LOOKING_SECONDS, while_true=may_be_reloading)

    def serving(self) -> Processes:
        """Return the processes if one of the workers answers on the runtime socket; raises NotHAProxy if none of them.

        Raises what ``ask`` does.
        """
        worker = self.answering(ANSWER_SECONDS)
        processes = processes_in(ask(self.master_socket, "show proc", timeout_seconds=ANSWER_SECONDS))
        if worker not in processes.workers:
            raise self.stranger()
        self.proven = worker
        return processes

    def verify(self) -> None:
        """Raise NotHAProxy unless one of the workers answers on the runtime socket; raises what ``ask`` does.

        While nobody answers on the master socket, a worker that was seen to be one before still is.
        """
        try:
            self.serving()
        except SocketUnreachable:
            if self.proven is None or self.answering(ANSWER_SECONDS) != self.proven:
                raise

    def reload(
        self, before: Processes, is_running: Callable[[], bool], said: Callable[[], str], *, silence_seconds: float
    ) -> None:
        """Have HAProxy, with the processes of ``before``, read its files anew; wait until only a new worker answers.

        Nobody may answer for ``silence_seconds`` in a row, while ``is_running`` holds. ``said``
        returns what HAProxy has printed since, for those that answer a reload with nothing.
        Raises ReloadFailed, ReloadUnexplained where nothing was said, or ConfigurationRefused with alerts, and then the
        old worker serves on; ReloadUnproven when that cannot be told; NotHAProxy when a stranger
        answers on the runtime socket; SocketUnreachable when HAProxy is gone.
        """
        try:
            answer = ask_again(self.master_socket, "reload", timeout_seconds=RELOAD_SECONDS, while_true=is_running)
        except ReplyCutShort:
            answer = ""
        if has_failed(answer):
            raise reload_failure(answer)
        reloaded = _Reloaded(self, before, is_running, said, silence_seconds)
        self._await(reloaded, is_accepted=has_succeeded(answer))

    def reopen(
        self, signal_master: Callable[[], None], is_running: Callable[[], bool], said: Callable[[], str]
    ) -> None:
        """Have the master open its socket anew, which somebody removed or took, and read its files with that.

        ``signal_master`` sends it SIGUSR2. haproxy-facts.md#a-signal-opens-the-master-socket
        Raises as ``reload`` does.
        """
        worker: int | None = None
        with contextlib.suppress(SocketUnreachable):
            worker = self.answering()
        with contextlib.suppress(OSError):
            # Whatever took its place: until the master is there again, nobody shall answer.
            self.master_socket.unlink()
        signal_master()
        before = Processes(master=0, reloads=NO_RELOADS, failed=0, workers=() if worker is None else (worker,))
        self._await(_Reloaded(self, before, is_running, said, RELOAD_SECONDS), is_accepted=False)

    def _await(self, reloaded: _Reloaded, *, is_accepted: bool) -> None:
        try:
            until(reloaded.check, RELOAD_SECONDS)
        except (_Broken, NotYet, SocketUnreachable, SocketTimeout, ReplyCutShort) as cause:
            raise ReloadUnproven(cause.happened, is_accepted=is_accepted) from cause

    def answering(self, seconds: float = LOOKING_SECONDS) -> int | None:
        """Return the pid of the worker that answers on the runtime socket in time; raises what ``ask`` does."""
        return worker_pid_in(ask(self.runtime_socket, "show info", timeout_seconds=seconds))

    def stranger(self) -> NotHAProxy:
        """Return the error for a runtime socket that is not this HAProxy's."""
        return NotHAProxy(
            f"who answers on {self.runtime_socket} is no worker of the HAProxy on {self.master_socket}",
            remedy="Another program has taken the socket, or the two paths belong to two HAProxies",
        )


class _Broken(ReloadFailed):
    """A reload that nothing more will come of."""

    def __init__(self, happened: str) -> None:
        TemporaryError.__init__(self, happened, remedy="hadyn reads back what HAProxy runs with")


class _Reloaded:
    """One reload that is waited for."""

    def __init__(
        self,
        dialogue: Dialogue,
        before: Processes,
        is_running: Callable[[], bool],
        said: Callable[[], str],
        silence_seconds: float,
    ) -> None:
        self._dialogue = dialogue
        self._before = before
        self._is_running = is_running
        self._said = said
        self._silence = _Patience(silence_seconds)
        self._strangeness = _Patience(STRANGER_SECONDS)

    def check(self) -> None:
        """Raise unless a new worker alone answers. 2.6 says nothing: its processes tell.

        haproxy-facts.md#reload-answers
        """
        if not self._is_running():
            raise _Broken(f"it ended meanwhile: {first_words(self._said())}")
        try:
            self._look()
        except SocketUnreachable as cause:
            if self._silence.is_over():
                raise _Broken(cause.happened) from cause
            raise
        self._silence.begin_anew()

    def _look(self) -> None:
        before = self._before
        processes = processes_in(ask(self._dialogue.master_socket, "show proc"))
        if processes.reloads < before.reloads:
            raise _Broken("it was started anew meanwhile")
        if processes.failed > before.failed:
            raise reload_failure(self._said())
        newcomers = set(processes.workers) - set(before.workers)
        worker = self._dialogue.answering()
        if worker not in processes.workers and self._strangeness.is_over():
            # One that answers and is not listed has just come, or just gone; only for a moment.
            raise self._dialogue.stranger()
        if processes.reloads == before.reloads and self._strangeness.is_over():
            raise _Broken("it did not begin to, or was started anew meanwhile")
        if worker not in newcomers:
            raise NotYet(RELOAD_SECONDS)
        for veteran in set(processes.workers) - newcomers:
            question = f"@!{veteran} show info"
            if not is_stopping(ask(self._dialogue.master_socket, question, timeout_seconds=VETERAN_SECONDS)):
                raise NotYet(RELOAD_SECONDS)
        self._dialogue.proven = worker


class _Patience:
    """How long something may last that is all right for a moment."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None

    def is_over(self) -> bool:
        """Note that it lasts; return whether it does for too long."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + self._seconds
        return now >= self._until

    def begin_anew(self) -> None:
        self._until = None


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
    return ReloadFailed(first_words(said)) if said.strip() else ReloadUnexplained()
