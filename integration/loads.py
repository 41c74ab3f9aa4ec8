"""A steady load of requests of which none may fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hadyn.demo.generator import Order
from hadyn.demo.load import Load
from integration.manifests import HOST
from integration.running import Ground

RATE = 500.0


@contextmanager
def unfailing_load(
    ground: Ground, *paths: str, host: str = HOST, rate: float = RATE, timeout_seconds: float = 5.0
) -> Iterator[Load]:
    """Send ``rate`` requests a second, half of them on connections of their own, half on kept ones; assert that none fails.

    However busy the machine is, a request may take up to its timeout: there is a connection for each of that time.
    """
    order = Order(
        "127.0.0.1",
        ground.http_port,
        host,
        paths or ("/",),
        rate,
        timeout_seconds=timeout_seconds,
        most_connections=int(rate * timeout_seconds),
    )
    with Load(order) as load:
        yield load
    results = load.stop()
    assert not results.failures, dict(results.failures)
    assert results.answered == results.sent > 0
