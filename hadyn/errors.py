"""The tree of errors: the world, or hadyn's use of it, failed.

Rules: something wrong in a *user's object* is a ``Problem`` (``model/problems.py``),
collected and never raised; our own mistake is an assertion. What is left is a
``HadynError``: one class for each thing a caller does differently, each with what
happened, to which thing, and a remedy. The class says whether to retry. Those that one
folder alone raises stand there, beneath the same two: an apiserver's in
``cluster/errors.py``, ``Busy`` in ``controller/events.py``, a command's in ``cli/control.py``.

::

    HadynError
    +-- TemporaryError            safe to try again after a pause
    |   +-- SocketUnreachable     nobody answers on a socket of HAProxy
    |   +-- SocketTimeout         it accepted the connection and then said nothing in time
    |   +-- ReplyCutShort         fewer replies than commands: read back, then plan again
    |   +-- ReplyNotUnderstood    a table that is not as HAProxy documents it: read again
    |   +-- CertificatesLocked    somebody else looks at certificates, or changes them
    |   +-- ReloadFailed          HAProxy kept its old worker
    |   |   +-- ReloadUnexplained HAProxy does not say why: what it refuses is found by trying
    |   |   +-- ReloadUnproven    nobody can tell what HAProxy runs with now: read it back
    |   +-- FileNotWritten        disk full, read-only or gone; the live file is untouched
    +-- PermanentError            somebody has to change something
        +-- WrongUsage            a flag, a path, an empty folder: exit code 2
        +-- HAProxyUnusable       missing, too old, or it does not start
        +-- ConfigurationRefused  ``haproxy -c`` says no to what hadyn rendered
        +-- NotHAProxy            another program answers on the socket
        +-- AlreadyRunning        another hadyn holds the state folder
        +-- OutOfMemory           hadyn gets no more: it ends, and HAProxy goes on
"""

from __future__ import annotations

from dataclasses import dataclass


class HadynError(Exception):
    """The world or hadyn failed; ``str()`` is one sentence and its remedy."""

    exit_code = 1

    def __init__(self, happened: str, *, remedy: str) -> None:
        super().__init__(f"{happened}. {remedy}")
        self.happened = happened
        self.remedy = remedy


class TemporaryError(HadynError):
    """Safe to try again after a pause."""


class PermanentError(HadynError):
    """Trying again changes nothing: somebody has to act first."""


class SocketUnreachable(TemporaryError):
    """Nobody answers on a socket of HAProxy."""

    def __init__(self, path: str, cause: OSError) -> None:
        super().__init__(
            f"cannot reach HAProxy on {path}: {cause.strerror or cause}",
            remedy="Is it running, and may this user open the socket? --runtime-socket sets the path",
        )


class SocketTimeout(TemporaryError):
    """HAProxy accepted a connection and did not answer in time."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(
            f"HAProxy on {path} did not answer within {seconds:g} s",
            remedy="It may be stopped, overloaded, or all ten of its CLI connections are taken; hadyn tries again",
        )


class ReplyCutShort(TemporaryError):
    """HAProxy gave fewer replies than it was sent commands, so none of them is trusted."""

    def __init__(self, path: str, *, commands: int, replies: int) -> None:
        super().__init__(
            f"HAProxy on {path} gave {replies} replies to {commands} commands",
            remedy="hadyn reads its state back and plans again; look at HAProxy's log if this repeats",
        )


class ReplyNotUnderstood(TemporaryError):
    """HAProxy printed something that is not the table hadyn asked for."""

    def __init__(self, path: str, said: str) -> None:
        super().__init__(
            f"HAProxy on {path} answered something unexpected: {said}",
            remedy="hadyn asks again; if this repeats, please report it with the version of HAProxy",
        )


class CertificatesLocked(TemporaryError):
    """Somebody else's command holds HAProxy's certificates."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"HAProxy on {path} says that its certificates are locked",
            remedy="Does somebody run `show ssl …` and not read to its end? hadyn tries again",
        )


class ReloadFailed(TemporaryError):
    """HAProxy did not take the new configuration; its old worker serves on."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"HAProxy did not reload: {said}",
            remedy="The old worker serves on and hadyn tries again; see haproxy.log in the state folder",
        )


class ReloadUnexplained(ReloadFailed):
    """HAProxy did not take the new configuration and did not say why, as 2.6 never does to others than its parent."""

    def __init__(self) -> None:
        TemporaryError.__init__(
            self,
            "HAProxy did not reload and does not say why",
            remedy="The old worker serves on and hadyn finds out by loading less; what HAProxy itself prints says it at once",
        )


class ReloadUnproven(ReloadFailed):
    """HAProxy ended, was started anew, or fell silent while it was to reload.

    ``is_accepted`` when it had already said that it takes the files.
    """

    def __init__(self, said: str, *, is_accepted: bool = False) -> None:
        TemporaryError.__init__(
            self,
            f"nobody can tell whether HAProxy reloaded: {said}",
            remedy="hadyn reads back what it runs with, and tries again",
        )
        self.is_accepted = is_accepted


class FileNotWritten(TemporaryError):
    """A file in the state folder could not be written; the file that was there is untouched."""

    def __init__(self, path: str, cause: OSError) -> None:
        super().__init__(
            f"cannot write {path}: {cause.strerror or cause}",
            remedy="Free some space or set --state-dir; endpoint changes go on over the socket meanwhile",
        )


class WrongUsage(PermanentError):
    """The command line, a path or a file given on it is wrong."""

    exit_code = 2


class HAProxyUnusable(PermanentError):
    """HAProxy is missing, too old, or does not start."""


@dataclass(frozen=True, slots=True)
class ConfigurationAlert:
    """One complaint of ``haproxy -c``: the file (a path), its line (from 1), and HAProxy's words."""

    file: str
    line: int
    text: str


class ConfigurationRefused(PermanentError):
    """``haproxy -c`` refused a configuration; ``alerts`` are its complaints, in order."""

    def __init__(self, said: str, alerts: tuple[ConfigurationAlert, ...] = ()) -> None:
        super().__init__(
            f"HAProxy refuses the configuration: {said}",
            remedy="The files and the HAProxy that run are untouched; please report this as a bug of hadyn",
        )
        self.alerts = alerts


class NotHAProxy(PermanentError):
    """Something else than HAProxy, or one that hadyn may not command, answers on the socket."""


class AlreadyRunning(PermanentError):
    """Another hadyn holds the state folder."""

    def __init__(self, state_dir: str, pid: int | None) -> None:
        holder = f"pid {pid}" if pid else "another process"
        super().__init__(
            f"a hadyn already runs with the state folder {state_dir} ({holder})",
            remedy="Stop it first, or give this one its own --state-dir",
        )


class OutOfMemory(PermanentError):
    """hadyn gets no more memory, and ends."""

    def __init__(self) -> None:
        super().__init__(
            "there is not enough memory for hadyn; HAProxy goes on",
            remedy="Give hadyn more, docs/benchmarks.md says how much, or more threads; started again it takes HAProxy over",
        )

    @staticmethod
    def is_meant_by(failure: BaseException | None) -> bool:
        """Whether Python has no memory for an object, or none for the stack of another thread."""
        return isinstance(failure, MemoryError) or (
            isinstance(failure, RuntimeError) and str(failure) == "can't start new thread"
        )
