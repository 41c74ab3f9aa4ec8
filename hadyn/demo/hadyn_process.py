"""A real ``hadyn run`` as a process of its own, asked over its status address."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hadyn.demo.interruption import uninterrupted
from hadyn.errors import PermanentError, TemporaryError

STARTING_SECONDS = 30.0
STOPPING_SECONDS = 15.0
ASKING_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.05
FIRST_PORT, USUAL_CLIENT_PORT = 10_000, 32_768
CLIENT_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
READY_BUCKET = re.compile(r'^hadyn_change_to_ready_seconds_bucket\{le="(.+)"\} (.+)$', re.MULTILINE)


class HadynEnded(PermanentError):
    """The ``hadyn run`` of the demo ended, or never came to be ready."""


class HadynSilent(TemporaryError):
    """The ``hadyn run`` of the demo does not answer."""


class HadynProcess:
    """``hadyn run`` on a folder of manifests, with its state in another; ``http_port`` is HAProxy's."""

    def __init__(self, manifests: Path, state_dir: Path, log: Path, *, haproxy: Path | None = None) -> None:
        self.http_port, self.status_port = free_ports(2)
        self._log = log
        self._haproxy_pid: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [
            *(sys.executable, "-m", "hadyn", "run"),
            *("--manifests", str(manifests), "--state-dir", str(state_dir)),
            *("--bind", "127.0.0.1", "--http-port", str(self.http_port), "--https-port", "0"),
            *("--status-bind", f"127.0.0.1:{self.status_port}"),
            *("--drain-time", "5s", "--shutdown-grace", "3s"),
            *(("--haproxy", str(haproxy)) if haproxy else ()),
        ]

    @property
    def page(self) -> str:
        """Where its live page is."""
        return f"http://127.0.0.1:{self.status_port}/"

    def start(self) -> None:
        """Start it and wait until HAProxy holds the first full state. Raises HadynEnded."""
        # Somebody's HADYN_... settings are about another hadyn than this one.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HADYN_")}
        with self._log.open("ab") as log, uninterrupted():
            # A session of its own: Ctrl-C reaches the demo alone, which ends hadyn in order.
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        deadline = time.monotonic() + STARTING_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None:
                raise HadynEnded(f"hadyn run ended at once: {self.last_words()}", remedy="Run it by hand to see more")
            if time.monotonic() > deadline:
                waited = f"hadyn run was not ready within {STARTING_SECONDS:g} s"
                raise HadynEnded(f"{waited}: {self.last_words()}", remedy="Is the machine very busy?")
            time.sleep(LOOK_EVERY_SECONDS)
        self._haproxy_pid = self.status()["haproxy"]["pid"]

    def stop(self) -> None:
        """End it, and with it HAProxy, for certain. Harmless if repeated."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            # HAProxy outlives a hadyn that is killed; this one is nobody else's.
            if self._haproxy_pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._haproxy_pid, signal.SIGTERM)

    def status(self) -> dict[str, Any]:
        """The document of ``hadyn status``. Raises HadynSilent, as the others here do."""
        document = json.loads(self._ask("/api/status"))
        assert isinstance(document, dict)
        return document

    def slots(self) -> list[dict[str, Any]]:
        """The documents of ``hadyn slots``."""
        documents = json.loads(self._ask("/api/slots"))
        assert isinstance(documents, list)
        return documents

    def ready_seconds(self) -> float | None:
        """Within which time half of the changes had their slot ready, by hadyn's own histogram; None before the first."""
        found = READY_BUCKET.findall(self._ask("/metrics").decode())
        buckets = [(float(bound), float(count)) for bound, count in found]
        total = buckets[-1][1] if buckets else 0.0
        return next((bound for bound, count in buckets if total and count >= total / 2), None)

    def last_words(self) -> str:
        """The last line of its log, for errors."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return lines[-1].removeprefix("hadyn: ") if lines else "it said nothing"

    def _is_ready(self) -> bool:
        try:
            self._ask("/readyz")
        except HadynSilent:
            return False
        return True

    def _ask(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.status_port, timeout=ASKING_SECONDS)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as cause:
            raise HadynSilent(f"hadyn does not answer on {self.page}", remedy="Look at its log") from cause
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise HadynSilent(f"hadyn answers {response.status} to {path}", remedy="Look at its log")
        return body


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on at the moment, on any address of this machine.

    None of them is one that the kernel gives to clients: a connection might have it before it is used.
    """
    ports: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(ports) < count:
            probe = stack.enter_context(socket.socket())
            port = random.randrange(FIRST_PORT, _first_port_of_clients())  # noqa: S311 - no secret
            with contextlib.suppress(OSError):
                probe.bind(("", port))
                ports.append(port)
    return ports


def _first_port_of_clients() -> int:
    try:
        first = int(CLIENT_PORTS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return USUAL_CLIENT_PORT
    return first if first > FIRST_PORT else USUAL_CLIENT_PORT
