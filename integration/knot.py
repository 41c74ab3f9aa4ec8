"""Knot DNS with one zone that a test changes while it serves."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from hadyn.model.addresses import Address
from integration.haproxies import free_port

ZONE = "example"
START_SECONDS = 10.0
CONFIGURATION = """\
server:
  rundir: {place}
  listen: 127.0.0.1@{port}
  answer-rotation: on
database:
  storage: {place}/db
log:
  - target: {place}/knot.log
    any: info
"""
ZONE_PART = """\
zone:
  - domain: {zone}
    storage: {place}
    file: zone
    zonefile-load: whole
    zonefile-sync: -1
"""
HEAD = """\
$ORIGIN {zone}.
$TTL {ttl}
@ SOA ns me {serial} 3600 600 86400 {ttl}
@ NS ns
ns A 192.0.2.1
"""


class Knot:
    """A server on some port of 127.0.0.1 that knows one zone, ``example.``; records are lines of a zone file."""

    def __init__(self, *records: str, ttl: int = 1, zone: str = ZONE, port: int = 0) -> None:
        self._zone = zone
        self._records = records
        self._ttl = ttl
        self._serial = 0
        self._port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self._port)

    def __enter__(self) -> Self:
        self.place = Path(tempfile.mkdtemp(prefix="knot-"))
        self._configure()
        self._write_zone(self._records)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["knotd", "-c", str(self.place / "knot.conf")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._says("zone-status", self._zone):
            assert time.monotonic() < deadline, (self.place / "knot.log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def publish(self, *records: str, ttl: int | None = None) -> float:
        """Let these be the zone's records; return the moment just before, of the monotonic clock."""
        self._ttl = self._ttl if ttl is None else ttl
        self._write_zone(records)
        moment = time.monotonic()
        assert self._says("-b", "zone-reload", self._zone)
        return moment

    def refuse(self) -> None:
        """Say REFUSED to whatever is asked, as a server does that does not know the zone."""
        self._configure(zone="")
        assert self._says("-b", "reload")

    def fail(self) -> None:
        """Say SERVFAIL, as a server does whose zone cannot be had; a server that starts anew recovers."""
        assert self._says("-f", "-b", "zone-purge", "+expire", self._zone)

    def recover(self) -> None:
        """Serve the zone again."""
        self.stop()
        self._configure()
        self.start()

    def _configure(self, zone: str = ZONE_PART) -> None:
        text = (CONFIGURATION + zone).format(place=self.place, port=self._port, zone=self._zone)
        (self.place / "knot.conf").write_text(text)

    def _write_zone(self, records: Iterable[str]) -> None:
        self._serial += 1
        head = HEAD.format(zone=self._zone, ttl=self._ttl, serial=self._serial)
        (self.place / "zone").write_text(head + "".join(f"{record}\n" for record in records))

    def _says(self, *words: str) -> bool:
        command = ["knotc", "-s", str(self.place / "knot.sock"), "-t", "10", *words]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def addresses(name: str, ips: Iterable[str]) -> list[str]:
    """Lines of a zone file: one A record for each address."""
    return [f"{name} A {ip}" for ip in ips]
