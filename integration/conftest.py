"""Every HAProxy at hand, as fixtures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from hadyn.demo.pods import Pods
from integration.cluster import ControlPlane
from integration.haproxies import HAProxyBinary, RunningHAProxy, find_haproxies
from integration.running import Ground

Start = Callable[..., RunningHAProxy]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "root: needs root, or a network namespace")
    config.addinivalue_line("markers", "versions: needs another HAProxy than the wheel's")
    config.addinivalue_line("markers", "fact(anchor): proves that line of docs/haproxy-facts.md")


SHARED = ("site",)
"""Names of fixtures that are made once a module and HAProxy; ``request.param`` is the HAProxyBinary."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with every HAProxy at hand: ``haproxy`` anew for each, a module's SHARED fixture once for all of its tests."""
    for name in ("haproxy", *SHARED):
        if name not in metafunc.fixturenames:
            continue
        try:
            first, *others = find_haproxies()
        except LookupError as cause:
            raise pytest.UsageError(str(cause)) from cause
        marked = [pytest.param(binary, id=binary.branch, marks=pytest.mark.versions) for binary in others]
        scope = "module" if name in SHARED else None
        metafunc.parametrize(name, [pytest.param(first, id=first.branch), *marked], indirect=True, scope=scope)


@pytest.fixture
def haproxy(request: pytest.FixtureRequest) -> HAProxyBinary:
    """Each HAProxy at hand, the wheel's without the marker ``versions``."""
    binary: HAProxyBinary = request.param
    return binary


@pytest.fixture(scope="session")
def cluster() -> Iterator[ControlPlane]:
    """One control plane for all tests; each works in a namespace of its own."""
    with ControlPlane() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def outages(cluster: ControlPlane) -> Iterator[None]:
    """For modules that take the apiserver away: whoever comes behind them finds the controllers in step."""
    yield
    cluster.renew_followers()


@pytest.fixture
def start(haproxy: HAProxyBinary) -> Iterator[Start]:
    """Start the HAProxy of this test: ``start(configuration, files=…)``; it ends with the test."""
    with ExitStack() as running:

        def started(configuration: str, **more: object) -> RunningHAProxy:
            return running.enter_context(RunningHAProxy(haproxy, configuration, **more))  # type: ignore[arg-type]

        yield started


@pytest.fixture
def pods() -> Iterator[Pods]:
    """Pods that say their names."""
    with Pods() as pods:
        yield pods


@pytest.fixture
def ground(haproxy: HAProxyBinary, pods: Pods) -> Iterator[Ground]:
    """Where ``hadyn run`` runs with the HAProxy of this test; what it says is shown when the test fails."""
    with Ground(haproxy.path) as ground:
        yield ground
    print(ground.said)


@pytest.fixture
def any_ground(pods: Pods) -> Iterator[Ground]:
    """As ``ground``, for what does not depend on HAProxy's version."""
    with Ground() as ground:
        yield ground
    print(ground.said)
