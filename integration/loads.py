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
def unfailing_load(ground: Ground, *paths: str, host: str = HOST, rate: float = RATE) -> Iterator[Load]:
    """Send ``rate`` requests a second, half of them on connections of their own, half on kept ones; assert that none fails."""
    with Load(Order("127.0.0.1", ground.http_port, host, paths=paths or ("/",), rate=rate)) as load:
        yield load
    results = load.stop()
    assert dict(results.failures) == {}
    assert results.answered == results.sent > 0
