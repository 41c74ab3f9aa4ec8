"""A folder of manifests for thousands of Services, as a large cluster would have them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from integration.manifests import ingress, service, slice_

SERVICES_A_FILE = 100
NAMESPACES = 50

Document = dict[str, Any]


def write(folder: Path, services: int, endpoints: int) -> None:
    """Write all of them, 100 Services a file."""
    for start in range(0, services, SERVICES_A_FILE):
        numbers = range(start, min(services, start + SERVICES_A_FILE))
        write_file(folder / f"{start // SERVICES_A_FILE:03}.json", numbers, endpoints)


def write_file(path: Path, numbers: Iterable[int], endpoints: int) -> None:
    """Write these Services into one file, by rename."""
    items = [document for number in numbers for document in documents(number, endpoints)]
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    unfinished.rename(path)


def documents(number: int, endpoints: int) -> list[Document]:
    """An Ingress with a host of its own, its Service, its EndpointSlice."""
    name, namespace = f"service-{number:05}", f"team-{number % NAMESPACES}"
    network = f"10.{100 + number // 2500}.{number // 10 % 250}"
    addresses = [f"{network}.{number % 10 * 20 + endpoint + 1}" for endpoint in range(endpoints)]
    return [
        ingress(name, host=f"h{number}.example", namespace=namespace),
        service(name, namespace=namespace),
        slice_(name, *addresses, port=8080, namespace=namespace),
    ]
