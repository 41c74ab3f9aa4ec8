"""hadyn's real parts with a real HAProxy, in this process, fed with deliveries by hand."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hadyn.controller.assembly import Assembly
from hadyn.controller.events import Stop
from hadyn.controller.lifetime import Lifetime
from hadyn.controller.wheel import Wheel
from hadyn.model.changes import Changes
from hadyn.model.problems import ObjectRef
from hadyn.observe.metrics import Metrics
from hadyn.runtime.client import Observer, Runtime, unobserved
from hadyn.settings import Settings
from hadyn.sources import Emit, Part
from integration.bench.world import World
from integration.haproxies import free_port

WAIT_SECONDS = 60.0


class Samples(Metrics):
    """Keeps every time from a source's event to the proven slot, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def became_ready(self, seconds: float) -> None:
        self.seconds.append(seconds)


class ByHand:
    """A source that says what it is told to."""

    name = "bench"
    brings_secrets = False

    def __init__(self, first: Changes) -> None:
        self._first = first
        self.emit: Emit = lambda _changes: None

    def start(self, emit: Emit) -> None:
        self.emit = emit
        emit(self._first)

    def wait(self, seconds: float | None = None) -> bool:
        return True

    def want_secrets(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None:
        """There are none."""

    def stop(self) -> None:
        """Nothing runs."""

    def parts(self) -> Sequence[Part]:
        return (self,)

    def staleness_seconds(self, now: float) -> float:
        return 0.0

    def place_of(self, ref: ObjectRef) -> str:
        return ""


class Scene(Assembly):
    """One hadyn in this process. ``world`` is what it serves, ``samples`` are its times."""

    def __init__(self, place: Path, world: World, first: Changes, haproxy: Path) -> None:
        settings = Settings(
            manifests=(place,),
            state_dir=place / "state",
            bind=("127.0.0.1",),
            http_port=free_port(),
            https_port=0,
            status_bind="",
            haproxy=haproxy,
            drift_interval=3600.0,
            shutdown_grace=0.0,
            log_level="error",
        )
        super().__init__(settings)
        self.world = world
        self.samples = Samples()
        self.source = ByHand(first)
        self.sources = (self.source,)
        self.turning: Wheel | None = None
        self.lines: list[bytes] = []

    def wheel(self) -> Wheel:
        self.turning = super().wheel()
        self.turning.reconciler.metrics = self.samples
        return self.turning

    def _runtime(self, observer: Observer = unobserved) -> Runtime:
        runtime = super()._runtime(observer)
        stream = runtime._stream

        def recorded(line: bytes) -> Iterator[bytes]:
            self.lines.append(line)
            return stream(line)

        runtime._stream = recorded
        return runtime

    def say(self, changes: Changes) -> None:
        """Deliver a change; its clock starts now."""
        self.source.emit(changes)

    def wait_for_samples(self, count: int) -> None:
        """Wait until so many slots were proven ready."""
        self.wait_until(lambda: len(self.samples.seconds) >= count)

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.samples.seconds)} slots were proven ready, no more came")
            time.sleep(0.001)

    def play(self, act: Callable[[Scene], dict[str, Any]]) -> dict[str, Any]:
        """Run hadyn in the main thread and the act in another; return what the act returns."""
        results: dict[str, Any] = {}
        failures: list[BaseException] = []

        def perform() -> None:
            try:
                self.wait_until(lambda: self.turning is not None and self.turning.is_synced)
                results.update(act(self))
            except BaseException as failure:  # noqa: BLE001 - raised again in the main thread
                failures.append(failure)
            finally:
                self.events.put(Stop())

        thread = threading.Thread(target=perform, name="bench")
        thread.start()
        Lifetime(self).run()
        thread.join()
        for failure in failures:
            raise failure
        return results


@contextmanager
def scene(world: World, haproxy: Path, *, with_endpoints: bool = True) -> Iterator[Scene]:
    """A scene in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="hadyn-") as place:
        yield Scene(Path(place), world, world.everything(with_endpoints=with_endpoints), haproxy)


@contextmanager
def pods_everywhere() -> Iterator[int]:
    """Pods at every loopback address, in a process of their own; yield their port."""
    with _process("everywhere") as process:
        assert process.stdout
        yield int(process.stdout.readline())


@contextmanager
def prober(port: int) -> Iterator[Callable[[str, str], Callable[[], float]]]:
    """Yield what begins to ask for a host until an address answers, and returns what waits for that moment."""
    with _process("prober", str(port)) as process:
        assert process.stdin
        assert process.stdout
        asked, answered = process.stdin, process.stdout

        def begin(host: str, address: str) -> Callable[[], float]:
            asked.write(f"{host} {address}\n")
            asked.flush()
            return lambda: float(answered.readline())

        yield begin


@contextmanager
def _process(module: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", f"integration.bench.{module}", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()  # type: ignore[union-attr]
            process.terminate()
