"""A hadyn with a HAProxy that somebody else starts beside it; they share a folder and the network, no more."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from hadyn.process.dialogue import Dialogue
from hadyn.process.master import ask
from integration.running import WAIT_SECONDS, Ground, bare_environment

NAMESPACES = (sys.executable, "-m", "integration.namespaces")


@dataclass(slots=True)
class SidecarGround(Ground):
    """A ``Ground`` whose hadyn runs with ``--sidecar``; each of the two has pids and mounts of its own.

    ``judge`` is the binary that hadyn is given; ``more_configuration`` is what HAProxy has besides hadyn's.
    """

    judge: Path | None = None
    more_configuration: str = ""
    _haproxy: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.ExitStack() as ending:
            ending.callback(Ground.__exit__, self, kind, error, trace)
            ending.callback(self.end_haproxy)
            for hadyn in self._running:
                ending.callback(hadyn.end)

    @property
    def sidecar_folder(self) -> Path:
        """What only HAProxy sees."""
        return self.place / "sidecar"

    @property
    def listeners(self) -> tuple[str, ...]:
        ports = "--http-port", str(self.http_port), "--https-port", str(self.https_port)
        return "--bind", "127.0.0.1", *ports

    def command(self, *flags: str) -> list[str]:
        self.sidecar_folder.mkdir(exist_ok=True)
        return [
            *NAMESPACES,
            *("--hide", str(self.sidecar_folder), "--"),
            *(sys.executable, "-X", "faulthandler", "-m", "hadyn", "run", "--sidecar"),
            *("--manifests", str(self.manifests), "--state-dir", str(self.folder.path), *self.listeners),
            *("--status-bind", f"127.0.0.1:{self.status_port}"),
            *(("--haproxy", str(self.judge)) if self.judge else ()),
            *flags,
        ]

    def kill_hadyn(self) -> None:
        """End the hadyn that runs as a crash would."""
        self._running[-1].kill()

    def end_hadyn(self) -> int:
        """Ask the hadyn that runs to stop, and return its exit status."""
        return self._running[-1].terminate()

    def bootstrap(self, *flags: str) -> None:
        """Do what an init container does."""
        words = [sys.executable, "-m", "hadyn", "render", "--bootstrap", "--output", str(self.folder.path)]
        subprocess.run([*words, *self.listeners, *flags], check=True, env=bare_environment())

    def start_haproxy(self, *, files: Path | None = None) -> None:
        """Start HAProxy, from a copy of its files if one is given; return when it answers."""
        assert self._haproxy is None
        folder = files or self.folder.path
        self.sidecar_folder.mkdir(exist_ok=True)
        more = self.sidecar_folder / "more.cfg"
        more.write_text(self.more_configuration)
        program = [str(self.haproxy), "-W", "-S", f"{self.master_socket},mode,600"]
        paths = [folder / "haproxy.cfg", more, folder / "backends"]
        with (self.place / "haproxy.log").open("ab") as log:
            self._haproxy = subprocess.Popen(
                [
                    *(*NAMESPACES, "--hide", str(self.manifests), "--"),
                    *(*program, *(word for path in paths for word in ("-f", str(path)))),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        dialogue = Dialogue(runtime_socket=self.runtime_socket, master_socket=self.master_socket)
        self.until(dialogue.serving)

    def end_haproxy(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End HAProxy with all its processes."""
        process, self._haproxy = self._haproxy, None
        if process is not None:
            process.send_signal(number)
            process.wait(WAIT_SECONDS)
            # Who started it is gone; the kernel ends what is left in its namespace a moment later.
            self.until(lambda: not self.processes())

    def wait_for_haproxys_end(self) -> None:
        """Return when HAProxy has ended by itself."""
        process, self._haproxy = self._haproxy, None
        assert process is not None
        process.wait(WAIT_SECONDS)

    def signal_haproxy(self, number: signal.Signals) -> None:
        """Signal its master."""
        assert self._haproxy is not None
        self._haproxy.send_signal(number)

    def kill_worker(self) -> None:
        """End the worker as a crash does; its master follows."""
        for worker in filter(_is_worker, self.processes()):
            os.kill(worker, signal.SIGKILL)
        self.wait_for_haproxys_end()

    def copied_files(self) -> Path:
        """Copy what HAProxy is started from, as it is now."""
        copy = self.place / "copy"
        shutil.copytree(self.folder.path / "backends", copy / "backends")
        shutil.copy(self.folder.main_config, copy / "haproxy.cfg")
        return copy

    def say_to_master(self, line: str) -> str:
        return ask(self.master_socket, line)

    @property
    def master_socket(self) -> Path:
        return self.folder.path / "master" / "master.sock"


def _is_worker(pid: int) -> bool:
    """The master is the first process of its namespace, and who started it is in none."""
    _, inside = re.findall(r"^NSpid:\s(\d+)\s?(\d*)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[0]
    return inside not in ("", "1")
