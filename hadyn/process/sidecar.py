"""A HAProxy that somebody else starts, beside hadyn: judge files, wait for it, reload it.

Rules: only its two sockets and its files are shared; its processes are not to be seen, nor
its output. It is never started, signalled or stopped. A binary of the same branch, where
one is at hand, judges files; otherwise the result of the reload is the judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from hadyn.errors import HAProxyUnusable, TemporaryError
from hadyn.model.addresses import Address
from hadyn.planner.capabilities import OLDEST, Capabilities
from hadyn.process.checking import check
from hadyn.process.dialogue import LOOKING_SECONDS, Dialogue
from hadyn.process.lifeline import Lifeline
from hadyn.process.master import Processes
from hadyn.process.versions import HAProxyBinary


class Sidecar:
    """The HAProxy behind two sockets; the same door as ``HAProxyProcess``.

    ``identify`` returns the version of who answers on the runtime socket, and raises
    NotHAProxy where hadyn may not command it.
    """

    is_child = False

    def __init__(
        self,
        *,
        runtime_socket: Path,
        master_socket: Path,
        judge: HAProxyBinary | None,
        identify: Callable[[], tuple[int, ...]],
    ) -> None:
        self.handle: Lifeline | None = None
        self.capabilities = judge.capabilities if judge else Capabilities(OLDEST)
        self._judge = judge
        self._identify = identify
        self._has_answered = False
        self._dialogue = Dialogue(runtime_socket=runtime_socket, master_socket=master_socket)

    @property
    def can_judge(self) -> bool:
        """Whether ``check`` judges as this HAProxy would; before that one has answered nobody knows."""
        branch = self.capabilities.version[:2]
        return self._has_answered and self._judge is not None and self._judge.capabilities.version[:2] == branch

    def check(self, files: Iterable[Path]) -> None:
        """Have files judged if ``can_judge``; raises what ``checking.check`` does."""
        if self.can_judge:
            assert self._judge is not None
            check(self._judge, files)

    def adopt(self) -> int | None:
        """Take hold of the HAProxy that answers; return its pid, as it sees itself, None if nobody answers now.

        Raises NotHAProxy, HAProxyUnusable.
        """
        try:
            return self._taken_hold_of()
        except TemporaryError:
            return None

    def start(self, _addresses: Iterable[Address]) -> int:
        """Take hold of the HAProxy that somebody else started; return its pid, as it sees itself.

        Raises SocketUnreachable, SocketTimeout or ReplyCutShort while it is not there, NotHAProxy,
        HAProxyUnusable.
        """
        return self._taken_hold_of()

    def reload(self) -> None:
        """Have HAProxy read its files anew; raises what ``Dialogue.reload`` does."""
        lifeline = self.handle
        assert lifeline is not None
        with lifeline.renewed():
            # If it takes longer, it is waited for like one that was started anew.
            self._dialogue.reload(self.processes(), lambda: True, lambda: "", silence_seconds=LOOKING_SECONDS)

    def processes(self) -> Processes:
        """Return HAProxy's master and workers, with the pids that they have where they run."""
        return self._dialogue.processes(lambda: True)

    def verify(self) -> None:
        """Raise NotHAProxy if somebody else answers on the runtime socket; raises what ``ask`` does."""
        self._dialogue.verify()

    def stop(self, _grace_seconds: float) -> None:
        """Let go of HAProxy, which goes on."""
        self.handle = None

    def tidy(self) -> None:
        """Do nothing: what HAProxy says goes elsewhere."""

    def _taken_hold_of(self) -> int:
        lifeline = Lifeline(self._dialogue.master_socket)
        capabilities = Capabilities(self._identify())
        if not capabilities.is_supported:
            raise HAProxyUnusable(
                f"HAProxy on {self._dialogue.runtime_socket} is {capabilities}, which is too old",
                remedy=f"hadyn needs HAProxy {OLDEST[0]}.{OLDEST[1]} or later",
            )
        processes = self._dialogue.serving()
        self.capabilities = capabilities
        self._has_answered = True
        self.handle = lifeline
        return processes.master
