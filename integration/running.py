"""A real ``hadyn run`` on a folder of manifests, as a process of its own.

Rule: a ``Ground`` is left as it was found. Whatever hadyn started must be gone when the
ground is left, unless the test killed hadyn itself; then the ground ends what is left.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from hadyn.cli.control import ask
from hadyn.errors import HadynError
from hadyn.planner.capabilities import Capabilities
from hadyn.process.handle import processes_with
from hadyn.process.versions import examined
from hadyn.render.folder import StateFolder
from hadyn.render.shards import sections
from hadyn.runtime.connection import unix_conversation
from integration.haproxies import find_haproxies, free_port

WAIT_SECONDS = 30.0
ANSWER_SECONDS = 10.0
LOOK_EVERY_SECONDS = 0.005
LAST_LINES = 40
SERVER_LINE = re.compile(r"^    server (\S+) (\S+) ", re.MULTILINE)

Document = dict[str, Any]


class HadynEnded(Exception):
    """hadyn ended instead of getting ready; ``str()`` is what it said."""


@dataclass(slots=True)
class Ground:
    """A folder of manifests, a state folder, ports, and the hadyns that run there, one after the other.

    ``haproxy`` is the binary; without it the first one at hand. Leave it as a context
    manager; ``said`` is then all that its hadyns have said.
    """

    haproxy: Path = field(default_factory=lambda: find_haproxies()[0].path)
    https_port: int = 0
    look_every_seconds: float = LOOK_EVERY_SECONDS
    is_left_behind: bool = False
    said: str = ""
    place: Path = field(init=False)
    http_port: int = field(init=False)
    status_port: int = field(init=False)
    _running: list[RunningHadyn] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.place = Path(tempfile.mkdtemp(prefix="hadyn-"))
        self.manifests.mkdir()
        self.http_port, self.status_port = free_port(), free_port()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as ending:
            ending.callback(shutil.rmtree, self.place, ignore_errors=True)
            ending.callback(self._note_log)
            for hadyn in self._running:
                ending.callback(hadyn.end)
        left = self.processes()
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert self.is_left_behind or not left, f"left behind: {left}"

    def _note_log(self) -> None:
        self.said = self.log

    @property
    def manifests(self) -> Path:
        return self.place / "manifests"

    @property
    def folder(self) -> StateFolder:
        return StateFolder(self.place / "state")

    @property
    def capabilities(self) -> Capabilities:
        """What its HAProxy can do."""
        return examined(self.haproxy).capabilities

    @property
    def log(self) -> str:
        """All that the hadyns of this ground have said."""
        path = self.place / "hadyn.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def write(self, name: str, *documents: Mapping[str, Any]) -> float:
        """Put a file of manifests into the folder, by rename; return the moment just before, of the monotonic clock."""
        unfinished = self.manifests / f".{name}"
        unfinished.write_text(yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False))
        moment = time.monotonic()
        unfinished.rename(self.manifests / name)
        return moment

    def remove(self, name: str) -> None:
        (self.manifests / name).unlink()

    def command(self, *flags: str) -> list[str]:
        """The words of ``hadyn run`` here; flags given come last, and win."""
        return [
            *(sys.executable, "-X", "faulthandler", "-m", "hadyn", "run"),
            *("--manifests", str(self.manifests), "--state-dir", str(self.folder.path), "--haproxy", str(self.haproxy)),
            *("--bind", "127.0.0.1", "--http-port", str(self.http_port), "--https-port", str(self.https_port)),
            *("--status-bind", f"127.0.0.1:{self.status_port}", "--shutdown-grace", "5s"),
            *flags,
        ]

    def run(self, *flags: str) -> RunningHadyn:
        """Start hadyn and return when it is ready; raises HadynEnded when it is not going to be."""
        hadyn = self.start(*flags)
        hadyn.wait_until_ready()
        return hadyn

    def start(self, *flags: str) -> RunningHadyn:
        """Start hadyn, which may have to wait for what it follows."""
        with (self.place / "hadyn.log").open("ab") as log:
            process = subprocess.Popen(
                self.command(*flags), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=bare_environment()
            )
        hadyn = RunningHadyn(process, self)
        self._running.append(hadyn)
        return hadyn

    def try_to_run(self, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run hadyn where it is going to refuse; return how it ended and what it said."""
        return subprocess.run(
            self.command(*flags), capture_output=True, text=True, env=bare_environment(), timeout=30, check=False
        )

    def status(self) -> Document:
        """The document of ``hadyn status``."""
        return self.ask("/api/status")  # type: ignore[no-any-return]

    def slots(self, backend: str) -> Document:
        """The document of ``hadyn slots BACKEND``."""
        return self.ask("/api/slots", backend=backend)[0]  # type: ignore[no-any-return]

    def ready(self, backend: str) -> dict[str, str]:
        """The addresses of the slots that are ready, by slot, as HAProxy says."""
        entries = self.slots(backend)["entries"]
        return {entry["slot"]: entry["address"] for entry in entries if entry["state"] == "ready"}

    def reloads(self) -> dict[str, int]:
        """How often HAProxy was reloaded, by reason."""
        return self.status()["reloads"]["by_reason"]  # type: ignore[no-any-return]

    def problems(self) -> list[str]:
        """Every problem as ``object: reason``."""
        return [f"{problem['object']}: {problem['reason']}" for problem in self.status()["problems"]]

    def ask(self, path: str, **query: str) -> Any:
        """Ask hadyn over its control socket, as the commands do."""
        return ask(self.folder.path, path, query)

    def metric(self, name: str) -> float:
        """The sum over all labels of a metric."""
        _, body = get(self.status_port, "/metrics")
        return sum(float(line.rpartition(" ")[2]) for line in body.splitlines() if re.match(rf"{name}[{{ ]", line))

    def get(self, path: str = "/", host: str = "shop.example") -> tuple[int, str]:
        """Ask HAProxy once: the status, and the name of the pod that answered."""
        status, body = get(self.http_port, path, host)
        return status, body if status == http.client.OK else ""

    def say(self, line: str) -> str:
        """Say one line on HAProxy's runtime socket, behind hadyn's back."""
        return unix_conversation(self.runtime_socket, ANSWER_SECONDS)(f"{line}\n".encode()).decode()

    @property
    def runtime_socket(self) -> Path:
        return self.folder.path / "run" / "runtime.sock"

    @staticmethod
    def another_port() -> int:
        """A port that nobody listens on."""
        return free_port()

    def worker(self) -> int:
        """The pid of HAProxy's worker that answers now; 0 where none does."""
        with contextlib.suppress(HadynError):
            found = re.search(r"^Pid: (\d+)$", self.say("show info"), re.MULTILINE)
            return int(found[1]) if found else 0
        return 0

    def processes(self) -> list[int]:
        """All processes of the HAProxy of this ground."""
        return list(processes_with(("-S", f"{self.folder.path}/master/master.sock,mode,600")))

    def filed(self, backend: str) -> dict[str, str]:
        """The address of each occupied slot, as it stands in the files."""
        return dict(SERVER_LINE.findall(self.section(backend)))

    def section(self, backend: str) -> str:
        """What stands in the live files of a backend; "" for nothing."""
        for path in self.folder.backends.glob("*.cfg"):
            for name, section in sections(path.read_bytes()):
                if name == backend:
                    return section.decode()
        return ""

    def judged(self) -> str:
        """What ``haproxy -c`` has against the files as they are; "" for nothing."""
        files = [word for path in self.folder.configuration for word in ("-f", str(path))]
        done = subprocess.run([str(self.haproxy), "-c", *files], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        return said if done.returncode or "[ALERT]" in said else ""

    def until(self, is_so: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
        """Return when it is so; fail with hadyn's words when that takes too long. A question unanswered is a no."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(HadynError, OSError, http.client.HTTPException):
                if is_so():
                    return
            assert time.monotonic() < deadline, f"waited {seconds:g} s in vain; hadyn said last:\n{self._last_words()}"
            time.sleep(self.look_every_seconds)

    def _last_words(self) -> str:
        return "".join(self.log.splitlines(keepends=True)[-LAST_LINES:])

    def stays(self, is_so: Callable[[], object], seconds: float) -> None:
        """Return after these seconds; fail as soon as it is not so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert is_so()
            time.sleep(self.look_every_seconds)


class RunningHadyn:
    """One ``hadyn run``."""

    def __init__(self, process: subprocess.Popen[bytes], ground: Ground) -> None:
        self._process = process
        self._ground = ground

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            if self._process.poll() is not None:
                raise HadynEnded(self._ground.log)
            return get(self._ground.status_port, "/readyz")[0] == http.client.OK

        self._ground.until(is_ready)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end and return its exit status."""
        return self._process.wait(WAIT_SECONDS)

    def terminate(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """End it as a crash would: its HAProxy goes on."""
        self._process.kill()
        self._process.wait()
        self._ground.is_left_behind = True

    def end(self) -> None:
        """End it in order if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                # The faulthandler says where each thread hangs.
                self._process.send_signal(signal.SIGABRT)
                self._process.wait()
                raise

    def cpu_seconds(self) -> float:
        """How long its threads have been on a processor."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def running(ground: Ground, *flags: str) -> Iterator[RunningHadyn]:
    """Run hadyn for a while; it is stopped in order behind."""
    hadyn = ground.run(*flags)
    try:
        yield hadyn
    finally:
        hadyn.end()


def get(port: int, path: str, host: str = "127.0.0.1") -> tuple[int, str]:
    """Ask on a connection of its own; return the status and the body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.read().decode().strip()
    finally:
        connection.close()


def bare_environment() -> dict[str, str]:
    """Somebody's HADYN_… settings are about another hadyn."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HADYN_")}
