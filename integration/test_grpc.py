"""gRPC through hadyn: no call fails while its pods are replaced and HAProxy is reloaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import pytest

from integration.deployments import Deployment
from integration.grpc_pods import Calls, GrpcPod, Stream, channel_of
from integration.haproxies import find_haproxies, free_port
from integration.hosted import Hosted
from integration.manifests import HOST
from integration.running import Ground
from tests.pairs import pair

FIRST_AND_LAST = [pytest.param(0, id="first"), pytest.param(-1, id="last", marks=pytest.mark.versions)]


@dataclass(frozen=True, slots=True)
class Way:
    """What pods speak, and whether clients reach HAProxy over TLS."""

    protocol: str
    is_encrypted: bool


@pytest.fixture(params=FIRST_AND_LAST)
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    (tmp_path / "default.pem").write_text(pair(HOST).pem)
    with Ground(find_haproxies()[request.param].path, https_port=free_port()) as ground:
        yield ground
    print(ground.said)


@pytest.fixture(params=[Way("h2", False), Way("grpcs", True)], ids=["clear", "encrypted"])
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


@pytest.fixture
def echo(ground: Ground, way: Way, tmp_path: Path) -> Iterator[Deployment]:
    """A Service of three pods that speak gRPC, served by hadyn."""
    shown = pair("pods.internal") if way.is_encrypted else None
    with Hosted(partial(GrpcPod, pair=shown)) as pods:
        echo = Deployment(ground, pods, "echo")
        echo.publish(backend_protocol=way.protocol)
        echo.start(3)
        ground.run("--reload-interval", "0", "--default-certificate", str(tmp_path / "default.pem"))
        yield echo


@pytest.fixture
def channel(ground: Ground, way: Way, echo: Deployment) -> Iterator[grpc.Channel]:
    port = ground.https_port if way.is_encrypted else ground.http_port
    with channel_of(port, HOST, pair(HOST) if way.is_encrypted else None) as channel:
        yield channel


def test_no_call_fails_while_all_pods_are_replaced_and_haproxy_is_reloaded(
    ground: Ground, way: Way, echo: Deployment, channel: grpc.Channel
) -> None:
    with Calls(channel) as calls:
        ground.until(lambda: calls.have_met(echo.names))
        for veteran in echo.names:
            newcomers = echo.start(1)
            ground.until(lambda newcomers=newcomers: calls.have_met(newcomers))
            echo.terminate([veteran])
            ground.until(echo.serves)
            echo.retire([veteran])
        worker = ground.worker()
        echo.publish(backend_protocol=way.protocol, load_balance="leastconn")
        ground.until(lambda: ground.worker() not in {0, worker})
        calls.forget()
        ground.until(lambda: calls.have_met(echo.names))

    assert calls.failed == []
    assert ground.reloads() == {"BACKEND_CHANGED": 1}


def test_a_stream_goes_on_until_its_client_ends_it_while_its_pod_drains_and_haproxy_is_reloaded(
    ground: Ground, way: Way, echo: Deployment, channel: grpc.Channel
) -> None:
    with ExitStack() as opened:
        stream = Stream(channel)
        opened.callback(stream.end)
        partner = stream.said(b"first").partition(":")[0]
        echo.terminate([partner])
        ground.until(echo.serves)
        assert stream.said(b"second") == f"{partner}: second"
        (pod,) = echo.remove([partner])
        ground.until(lambda: str(pod.address) not in ground.filed(echo.backend).values())
        assert stream.said(b"third") == f"{partner}: third"
        worker = ground.worker()
        echo.publish(backend_protocol=way.protocol, load_balance="leastconn")
        ground.until(lambda: ground.worker() not in {0, worker})
        assert stream.said(b"fourth") == f"{partner}: fourth"
        assert stream.end() is grpc.StatusCode.OK
