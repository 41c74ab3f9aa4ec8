"""What is measured from the file on: the folder source by itself, a rolling update under load."""

from __future__ import annotations

import queue
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from hadyn.demo.generator import Order
from hadyn.demo.load import Load
from hadyn.demo.pods import Pods
from hadyn.model.changes import Changes
from hadyn.sources.manifests import ManifestsSource
from integration.deployments import Deployment
from integration.manifests import HOST, ingress, service, slice_
from integration.running import Ground

FILES = 1000
EDITS = 300
EDITS_A_SECOND = 50.0
PODS = 10
RATE = 500.0
THINKING_SECONDS = 0.004


def watch() -> dict[str, Any]:
    """From a file's rename to the delivery of the folder source, in a folder of 1,000 files."""
    deliveries: queue.SimpleQueue[tuple[float, Changes]] = queue.SimpleQueue()
    with tempfile.TemporaryDirectory(prefix="hadyn-") as place:
        folder = Path(place)
        _write(folder / "ingress.yaml", ingress("web-0"))
        for number in range(FILES):
            _write(folder / f"web-{number}.yaml", service(f"web-{number}"), _slice(number, 0))
        source = ManifestsSource([folder])
        source.start(lambda changes: deliveries.put((time.monotonic(), changes)))
        try:
            deliveries.get(timeout=30)
            seconds = []
            for number in range(EDITS):
                time.sleep(1 / EDITS_A_SECOND)
                moment = _write(folder / f"web-{number}.yaml", service(f"web-{number}"), _slice(number, 1))
                delivered, _ = deliveries.get(timeout=30)
                seconds.append(delivered - moment)
        finally:
            source.stop()
    return {"seconds": seconds}


def rolling(haproxy: Path) -> dict[str, Any]:
    """Ten pods replaced one by one under load, from files, by the real command."""
    with Pods() as pods, Ground(haproxy) as ground:
        web = Deployment(ground, pods, "web", delay_seconds=THINKING_SECONDS)
        web.publish(slots="20")
        veterans = web.start(PODS)
        ground.run()
        told: dict[str, float] = {}
        with Load(Order("127.0.0.1", ground.http_port, HOST, rate=RATE)) as load:
            load.wait_for(veterans, 10)
            for veteran in veterans:
                (newcomer,) = web.launch(1)
                told[newcomer] = web.tell()
                load.wait_for([newcomer], 10)
                web.terminate([veteran])
                ground.until(web.serves)
                time.sleep(0.2)
                web.retire([veteran])
        results = load.stop()
        return {
            "sent": results.sent,
            "failed": results.failed,
            "reloads": ground.status()["reloads"]["total"],
            "milliseconds": 1000 * (results.quantile(0.5) or 0.0),
            "seconds": [results.first_answers[pod] - moment for pod, moment in told.items()],
        }


def _slice(number: int, generation: int) -> dict[str, Any]:
    addresses = [f"127.{100 + generation}.{number >> 8}.{number & 255}" for generation in (generation, 10, 11)]
    return slice_(f"web-{number}", *addresses, port=8080)


def _write(path: Path, *documents: dict[str, Any]) -> float:
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(yaml.dump_all(documents, Dumper=yaml.CSafeDumper))
    moment = time.monotonic()
    unfinished.rename(path)
    return moment
