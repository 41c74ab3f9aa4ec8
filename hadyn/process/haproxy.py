"""HAProxy as a process: judge files, start, adopt, reload, stop.

Rules: HAProxy outlives hadyn, so it gets a session and a log of its own, no pipe and
hardly any environment. Whether something came off is read from HAProxy, never assumed.
The master ends with its worker, and a worker with its master, so watching the master is
enough. haproxy-facts.md#master-ends-with-its-worker
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from hadyn.errors import HadynError, HAProxyUnusable, NotHAProxy, SocketUnreachable
from hadyn.model.addresses import Address
from hadyn.planner.capabilities import Capabilities
from hadyn.process.alerts import first_words
from hadyn.process.checking import check
from hadyn.process.dialogue import RELOAD_SECONDS, Dialogue, NotYet, until
from hadyn.process.handle import ProcessHandle, leads_session, processes_with
from hadyn.process.log import ProcessLog
from hadyn.process.master import Processes, ask, processes_in
from hadyn.process.ports import check_free, check_unanswered
from hadyn.process.versions import HAProxyBinary, bare_environment

START_SECONDS = 120.0
"""Long, because a slow machine with 100,000 slots is no failure; an end is noticed at once."""
TERMINATE_SECONDS = 2.0
ORPHAN_SECONDS = 0.5
"""A worker notices within milliseconds that its master was killed, unless it hangs."""


class HAProxyProcess:
    """The HAProxy of one state folder. One thread owns it; the handle may be waited on from another."""

    is_child = True
    can_judge = True

    def __init__(
        self,
        binary: HAProxyBinary,
        *,
        configuration: tuple[Path, ...],
        runtime_socket: Path,
        master_socket: Path,
        log: Path,
    ) -> None:
        self.binary = binary
        self.log = ProcessLog(log)
        self.handle: ProcessHandle | None = None
        self._configuration = configuration
        self._dialogue = Dialogue(runtime_socket=runtime_socket, master_socket=master_socket)

    @property
    def capabilities(self) -> Capabilities:
        return self.binary.capabilities

    def check(self, files: Iterable[Path]) -> None:
        """Have HAProxy judge configuration files; raises what ``checking.check`` does."""
        check(self.binary, files)

    def running(self) -> int | None:
        """Return the pid of a master that already runs for this state folder, whoever started it."""
        return next(filter(leads_session, processes_with(self._master_words())), None)

    def adopt(self) -> int | None:
        """Take over the HAProxy that runs; return its pid, None if there is none."""
        if self.handle is not None and self.handle.is_running:
            return self.handle.pid
        pid = self.running()
        with contextlib.suppress(ProcessLookupError):
            self.handle = ProcessHandle(pid) if pid is not None else None
            return pid
        return None

    def start(self, addresses: Iterable[Address]) -> int:
        """Start HAProxy and wait until it serves; return its pid.

        ``addresses`` are those it will listen on: raises WrongUsage where one is taken.
        Raises HAProxyUnusable, with what it says, when it does not come up. None runs yet: see ``adopt``.
        """
        assert self.running() is None
        self._end_orphans()
        check_free(addresses)
        check_unanswered((self._dialogue.runtime_socket, self._dialogue.master_socket))
        position = self.log.size()
        child = self._spawn()
        self.handle = ProcessHandle(child.pid, child)
        try:
            until(lambda: self._check_serves(position), START_SECONDS)
        except HadynError as cause:
            self._kill()
            if isinstance(cause, HAProxyUnusable):
                raise
            raise self._unusable(cause.happened) from cause
        return child.pid

    def reload(self) -> None:
        """Have HAProxy read its files anew, and wait until only the new worker answers.

        Raises ReloadFailed, or ConfigurationRefused with alerts, and then the old worker serves on;
        NotHAProxy when somebody else answers on the runtime socket; SocketUnreachable when HAProxy is gone.
        A master that runs and that nobody reaches is told by a signal.
        """
        position = self.log.size()

        def said() -> str:
            return self.log.since(position)

        try:
            before = self.processes()
        except (SocketUnreachable, NotHAProxy):
            if not self._is_running():
                raise
            self._dialogue.reopen(self._send_reload, self._is_running, said)
        else:
            self._dialogue.reload(before, self._is_running, said, silence_seconds=RELOAD_SECONDS)

    def processes(self) -> Processes:
        """Return HAProxy's master and workers, those included that still finish requests from before a reload.

        Raises NotHAProxy where another master answers.
        """
        processes = self._dialogue.processes(self._is_running)
        if self.handle is not None and processes.master != self.handle.pid:
            raise self._dialogue.stranger()
        return processes

    def verify(self) -> None:
        """Raise NotHAProxy if somebody else answers on the runtime socket; raises what ``ask`` does."""
        self._dialogue.verify()

    def stop(self, grace_seconds: float) -> None:
        """Let HAProxy finish its requests for so long, then end it; return when it is gone."""
        handle = self.handle
        if handle is None:
            return
        for number, seconds in ((signal.SIGUSR1, grace_seconds), (signal.SIGTERM, TERMINATE_SECONDS)):
            handle.send(number)
            if handle.wait(seconds):
                break
        self._kill()
        for path in (self._dialogue.runtime_socket, self._dialogue.master_socket):
            with contextlib.suppress(OSError):
                path.unlink()

    def tidy(self) -> None:
        """Keep HAProxy's log from growing without end; where that cannot be, it grows."""
        with contextlib.suppress(OSError):
            self.log.trim()

    def wait_exit(self, timeout_seconds: float | None) -> bool:
        """Wait for HAProxy's end, for ever with None; return whether it came. True if none was started."""
        return self.handle is None or self.handle.wait(timeout_seconds)

    def _master_words(self) -> tuple[str, ...]:
        return "-W", "-S", f"{self._dialogue.master_socket},mode,600"

    def _spawn(self) -> subprocess.Popen[bytes]:
        files = [word for path in self._configuration for word in ("-f", str(path))]
        try:
            with self.log.open() as output:
                return subprocess.Popen(
                    [str(self.binary.path), *self._master_words(), *files],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=bare_environment(),
                    cwd="/",
                    start_new_session=True,
                )
        except OSError as cause:
            raise self._unusable(cause.strerror or str(cause)) from cause

    def _end_orphans(self) -> None:
        """End workers whose master was killed: they still hold the ports, and one that hangs never goes by itself."""
        for pid in processes_with(self._master_words()):
            with contextlib.suppress(ProcessLookupError):
                orphan = ProcessHandle(pid)
                if not orphan.wait(ORPHAN_SECONDS):
                    orphan.send(signal.SIGKILL)
                    orphan.wait(TERMINATE_SECONDS)

    def _check_serves(self, position: int) -> None:
        if not self._is_running():
            raise self._unusable(first_words(self.log.since(position)))
        worker = self._dialogue.answering()
        processes = processes_in(ask(self._dialogue.master_socket, "show proc"))
        if self.handle is None or processes.master != self.handle.pid or worker not in processes.workers:
            raise NotYet(START_SECONDS)
        self._dialogue.proven = worker

    def _send_reload(self) -> None:
        if self.handle is not None:
            self.handle.send(signal.SIGUSR2)

    def _is_running(self) -> bool:
        return self.handle is not None and self.handle.is_running

    def _kill(self) -> None:
        """End the master at once, and what it leaves behind."""
        if self.handle is not None:
            self.handle.send(signal.SIGKILL)
            self.handle.wait(TERMINATE_SECONDS)
            self.handle = None
        self._end_orphans()

    def _unusable(self, said: str) -> HAProxyUnusable:
        return HAProxyUnusable(
            f"{self.binary.path} does not start: {said.rstrip('.')}",
            remedy=f"Look into {self.log.path} for all that it said",
        )
