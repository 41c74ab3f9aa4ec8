"""What goes wrong during a soak run."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hadyn.errors import HadynError
from integration.running import Ground, RunningHadyn
from tests.soak.disk import Disk
from tests.soak.names import Names
from tests.soak.world import SERVICES

HUNG_SECONDS = 1.0
TAMPERINGS = ("state maint", "state drain", "weight 3", "addr 127.91.0.1 port 9999")
BROKEN = "broken.yaml"


@dataclass(slots=True)
class Faults:
    """Strikes one fault after the other; ``counts`` says how many of which. None ends the hadyn that is ``struck``."""

    ground: Ground
    chances: random.Random
    disk: Disk
    names: Names
    counts: Counter[str] = field(default_factory=Counter)

    def strike(self, hadyn: RunningHadyn) -> None:
        """Let something go wrong; what it is about, as HAProxy itself, may just not be there."""
        name, fault = self.chances.choice(list(self._faults(hadyn).items()))
        self.counts[name] += 1
        with suppress(HadynError, ProcessLookupError):
            fault()

    def heal(self) -> None:
        """End what does not end by itself."""
        self.disk.free()
        self.names.heal()
        (self.ground.manifests / BROKEN).unlink(missing_ok=True)

    def _faults(self, hadyn: RunningHadyn) -> dict[str, Callable[[], object]]:
        return {
            "slot changed by socat": self._tamper,
            "map emptied by socat": lambda: self.ground.say(f"clear map {self.ground.folder.maps}/prefix.map"),
            "worker killed": lambda: self._signal_worker(signal.SIGKILL),
            "master killed": self._kill_master,
            "worker hung for a second": self._hang,
            "reload by somebody else": self._reload,
            "shard file edited": self._edit,
            "full resync asked for": lambda: hadyn.signal(signal.SIGHUP),
            "disk filled": self.disk.fill,
            "disk freed": self.disk.free,
            "manifest that cannot be read": lambda: (self.ground.manifests / BROKEN).write_text("{[!"),
            **self.names.faults,
        }

    def _tamper(self) -> None:
        slot = f"shop_web-{self.chances.randrange(SERVICES):02}_80/s{self.chances.randint(1, 10)}"
        self.ground.say(f"set server {slot} {self.chances.choice(TAMPERINGS)}")

    def _signal_worker(self, number: signal.Signals) -> int:
        worker = self.ground.worker()
        if worker:
            os.kill(worker, number)
        return worker

    def _hang(self) -> None:
        worker = self._signal_worker(signal.SIGSTOP)
        self.ground.stays(lambda: True, HUNG_SECONDS)
        if worker:
            os.kill(worker, signal.SIGCONT)

    def _kill_master(self) -> None:
        for pid in self._masters():
            os.kill(pid, signal.SIGKILL)

    def _reload(self) -> None:
        for pid in self._masters():
            os.kill(pid, signal.SIGUSR2)

    def _masters(self) -> list[int]:
        """Of all processes of this HAProxy the one that is no other's child."""
        pids = self.ground.processes()
        return [pid for pid in pids if _parent(pid) not in pids]

    def _edit(self) -> None:
        paths = sorted(path for path in self.ground.folder.backends.glob("*.cfg") if path.stat().st_size)
        path = self.chances.choice(paths)
        path.write_text(path.read_text().replace("weight 1", "weight 7"))


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
