"""What certificates and hosts cost hadyn when there are thousands: processor time of the real command.

Rule: a change counts as done when HAProxy serves it, and what hadyn does behind it counts, too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from hadyn.demo.pods import Pods
from integration.bench.report import Chapter, Figure
from integration.bench.size import (
    end_haproxies,
    launched,
    processor_seconds,
    resident_megabytes,
    wait_until,
    wait_until_ready,
)
from integration.handshakes import Shaking, fingerprint, handshake
from integration.haproxies import HAProxyBinary, free_port
from integration.manifests import ingress, service, slice_
from integration.running import Ground, RunningHadyn, get
from tests.pairs import Pair, pair

CERTIFICATES = 1000
ROTATIONS = 50
FEW, MANY = 100, 10_000
ROUNDS, NEWCOMERS = 7, 10
SETTLING_SECONDS = 1.0
A_FILE = 100
ROTATION_SECONDS, HOST_RATIO = 0.020, 1.2
ROTATION_IDEA = (
    "a certificate is judged by cryptography (3 ms), written, read by HAProxy in a copy, sent in three commands. Next:\n"
    "compare the bytes of the Secret before they are judged."
)
HOST_IDEA = (
    "what grows is the file of the map that holds the hosts. Next: write its lines behind the others', sort later."
)

Document = dict[str, Any]


def certificates_and_hosts(haproxies: list[HAProxyBinary]) -> Chapter:
    """Rotate certificates beside a thousand, add hosts beside a few and beside thousands."""
    first, *_ = haproxies
    figures = [figure for haproxy in haproxies for figure in _rotations(haproxy)]
    figures += _additions(first)
    return Chapter(
        f"{CERTIFICATES:,} certificates, {MANY:,} hosts",
        f"From a folder of JSON, the real command. {ROTATIONS} rotations in a row, each followed by the next as soon as it is\n"
        "served, while a client shakes hands for that host without a pause. Hosts come one by one, each with an Ingress of its\n"
        f"own, to a Service that is there: the median of {ROUNDS} rounds of {NEWCOMERS}. Processor time is hadyn's, all threads, without\n"
        f"HAProxy's. Hosts: HAProxy {first.branch}.",
        figures,
    )


def _rotations(haproxy: HAProxyBinary) -> Iterator[Figure]:
    with _site(haproxy) as ground:
        for start in range(0, CERTIFICATES, A_FILE):
            numbers = range(start, start + A_FILE)
            _write(ground, f"sites-{start}", [each for number in numbers for each in _secured(number)])
        begin = time.monotonic()
        with launched(ground) as hadyn:
            wait_until_ready(ground)
            ready, working = time.monotonic() - begin, processor_seconds(hadyn)
            spent, hands = _rotate(ground, hadyn)
            reloads, memory = ground.status()["reloads"]["total"], resident_megabytes(hadyn)
        end_haproxies(ground)
    with_haproxy = f"HAProxy {haproxy.branch}"
    yield Figure(f"start until ready, {with_haproxy}", f"{ready:.1f} s")
    yield Figure(f"hadyn's processor time of that, {with_haproxy}", f"{working:.1f} s")
    yield Figure(f"memory of hadyn, {with_haproxy}", f"{memory:.0f} MB")
    yield Figure(
        f"processor time for a rotation, {with_haproxy}",
        f"{1000 * spent:.1f} ms",
        f"{1000 * ROTATION_SECONDS:.0f} ms at most",
        spent <= ROTATION_SECONDS,
        ROTATION_IDEA,
    )
    yield Figure(f"handshakes failed, {with_haproxy}", f"{hands.failures} of {hands.count:,}", "0", hands.failures == 0)
    yield Figure(f"reloads, {with_haproxy}", str(reloads), "0", reloads == 0)


def _rotate(ground: Ground, hadyn: RunningHadyn) -> tuple[float, Shaking]:
    """Return the processor time of one rotation, and the client that shook hands meanwhile."""
    host = _host(CERTIFICATES)
    pairs = [pair(host, issue=issue) for issue in range(1, ROTATIONS + 2)]
    _rotate_to(ground, pairs[0])
    time.sleep(SETTLING_SECONDS)
    before = processor_seconds(hadyn)
    with Shaking(ground.https_port, host) as hands:
        for found in pairs[1:]:
            _rotate_to(ground, found)
    time.sleep(SETTLING_SECONDS)
    return (processor_seconds(hadyn) - before) / ROTATIONS, hands


def _rotate_to(ground: Ground, found: Pair) -> None:
    _write(ground, "rotated", _secured(CERTIFICATES, found))
    wait_until(lambda: _served(ground) == found.fingerprint)


def _served(ground: Ground) -> str:
    certificate = handshake(ground.https_port, _host(CERTIFICATES))
    return "" if certificate is None else fingerprint(certificate)


def _additions(haproxy: HAProxyBinary) -> Iterator[Figure]:
    few, many = (_seconds_for_a_host(haproxy, hosts) for hosts in (FEW, MANY))
    yield Figure(f"processor time for one more host beside {FEW:,}", f"{1000 * few:.2f} ms")
    yield Figure(f"processor time for one more host beside {MANY:,}", f"{1000 * many:.2f} ms")
    ratio = many / few
    yield Figure(f"{MANY:,} ÷ {FEW}", f"{ratio:.2f}", f"{HOST_RATIO} at most", ratio <= HOST_RATIO, HOST_IDEA)


def _seconds_for_a_host(haproxy: HAProxyBinary, hosts: int) -> float:
    """The median processor time of one more host beside so many."""
    with _site(haproxy) as ground:
        for start in range(0, hosts, A_FILE):
            _write(ground, f"hosts-{start}", [_plain(number) for number in range(start, start + A_FILE)])
        with launched(ground, "--drift-interval", "1h") as hadyn:
            wait_until_ready(ground)
            time.sleep(SETTLING_SECONDS)
            spent = []
            for first in range(hosts, hosts + ROUNDS * NEWCOMERS, NEWCOMERS):
                before = processor_seconds(hadyn)
                for number in range(first, first + NEWCOMERS):
                    _write(ground, f"new-{number}", [_plain(number)])
                    wait_until(partial(_is_served, ground, _host(number)))
                time.sleep(SETTLING_SECONDS)
                spent.append((processor_seconds(hadyn) - before) / NEWCOMERS)
        end_haproxies(ground)
        return median(spent)


@contextmanager
def _site(haproxy: HAProxyBinary) -> Iterator[Ground]:
    """A ground with one Service and its pod."""
    with Pods() as pods, Ground(haproxy.path, https_port=free_port()) as ground:
        pod = pods.start("pod")
        _write(ground, "web", [service("web"), slice_("web", pod.address.ip, port=pod.address.port)])
        yield ground


def _is_served(ground: Ground, host: str) -> bool:
    return get(ground.http_port, "/", host)[0] == 200


def _write(ground: Ground, name: str, documents: Iterable[Document]) -> None:
    path = ground.manifests / f"{name}.json"
    unfinished = Path(f"{ground.manifests}/.{name}.json")
    unfinished.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)}))
    unfinished.rename(path)


def _host(number: int) -> str:
    return f"h{number}.example"


def _plain(number: int) -> Document:
    return ingress(f"h{number}", to="web", host=_host(number))


def _secured(number: int, found: Pair | None = None) -> list[Document]:
    """An Ingress with a host of its own, the Secret of its certificate."""
    document = _plain(number)
    document["spec"]["tls"] = [{"hosts": [_host(number)], "secretName": f"h{number}"}]
    metadata = {"namespace": "shop", "name": f"h{number}"}
    content = (found or pair(_host(number))).values()
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": content}
    return [document, secret]
