"""A HAProxy that somebody else starts: either side may start, die and return first, and no request fails by hadyn."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.haproxies import HAProxyBinary, RunningHAProxy, find_haproxies
from integration.loads import unfailing_load
from integration.running import get
from integration.sidecars import SidecarGround

pytestmark = pytest.mark.root


@pytest.fixture
def any_ground(pods: Pods) -> Iterator[SidecarGround]:
    with SidecarGround() as ground:
        yield ground


@pytest.fixture
def ground(haproxy: HAProxyBinary, pods: Pods) -> Iterator[SidecarGround]:
    with SidecarGround(haproxy.path) as ground:
        yield ground


@pytest.fixture
def web(any_ground: SidecarGround, pods: Pods) -> Deployment:
    return started(any_ground, pods, "web", 3, path="/")


@pytest.fixture
def serving(any_ground: SidecarGround, web: Deployment) -> SidecarGround:
    """Both run, and HAProxy serves."""
    any_ground.bootstrap()
    any_ground.start_haproxy()
    any_ground.run()
    any_ground.until(lambda: any_ground.reloads() == {"NEW_BACKEND": 1})
    return any_ground


def replaced(web: Deployment, count: int = 1) -> list:
    """Let so many pods be replaced by others in one change; return those that left: they listen still."""
    leavers = web.names[:count]
    web.launch(count)
    return web.remove(leavers)


def answers(ground: SidecarGround) -> set[str]:
    return {ground.get()[1] for _ in range(20)}


def test_a_haproxy_started_from_the_bootstrap_serves_after_one_reload_at_most(
    ground: SidecarGround, pods: Pods, haproxy: HAProxyBinary
) -> None:
    web = started(ground, pods, "web", 3, path="/")
    ground.bootstrap()
    ground.start_haproxy()
    assert ground.get()[0] == 404

    ground.run()
    ground.until(lambda: ground.get()[1] in web.names)
    assert ground.reloads() == ({} if haproxy.capabilities.has_dynamic_backends else {"NEW_BACKEND": 1})

    with unfailing_load(ground) as requests:
        for veteran in web.names:
            assert requests.wait_for(web.start(1), 5)
            web.terminate([veteran])
            ground.until(web.serves)
            web.retire([veteran])
        api = started(ground, pods, "api", 3)
        ground.until(lambda: ground.get("/api")[1] in api.names)
        ground.end_hadyn()

    assert ground.log.rstrip().endswith("stopped; HAProxy goes on")
    assert ground.get()[1] in web.names


def test_a_hadyn_that_is_first_waits_and_says_so_once(any_ground: SidecarGround, web: Deployment) -> None:
    any_ground.start()
    any_ground.until(lambda: get(any_ground.status_port, "/healthz")[0] == 200)
    any_ground.until(any_ground.folder.main_config.exists)
    any_ground.stays(lambda: get(any_ground.status_port, "/readyz")[0] == 503, 1.5)
    assert any_ground.status()["haproxy"]["running"] is False
    assert any_ground.log.count("cannot reach HAProxy") == 1

    any_ground.start_haproxy()

    any_ground.until(lambda: any_ground.get()[1] in web.names)
    any_ground.until(lambda: get(any_ground.status_port, "/readyz")[0] == 200)
    assert any_ground.reloads() == {"NEW_BACKEND": 1}


def test_a_hadyn_that_is_killed_and_comes_back_changes_nothing(serving: SidecarGround, web: Deployment) -> None:
    with unfailing_load(serving) as requests:
        for _ in range(3):
            serving.kill_hadyn()
            serving.run()
            assert serving.metric("hadyn_commands_total") == 0
            assert serving.reloads() == {}
        assert requests.wait_for(web.start(1), 5)


@pytest.mark.parametrize("death", ["haproxy", "worker"])
def test_a_haproxy_that_comes_back_has_the_present_addresses_from_its_first_request_on(
    serving: SidecarGround, web: Deployment, death: str
) -> None:
    {"haproxy": serving.end_haproxy, "worker": serving.kill_worker}[death]()
    leavers = replaced(web, 2)
    serving.until(lambda: sorted(serving.filed(web.backend).values()) == sorted(web.addresses))
    before = [leaver.answered for leaver in leavers]

    serving.start_haproxy()
    assert answers(serving) <= set(web.names)

    serving.until(web.serves)
    assert answers(serving) == set(web.names)
    assert [leaver.answered for leaver in leavers] == before
    assert serving.reloads() == {"NEW_BACKEND": 1}
    assert serving.log.count("hadyn waits until it is back") == 1


def test_a_haproxy_that_comes_back_with_other_files_is_brought_in_step(
    serving: SidecarGround, pods: Pods, web: Deployment
) -> None:
    bootstrap = serving.copied_files()
    replaced(web, 2)
    api = started(serving, pods, "api", 3)
    serving.until(lambda: serving.get("/api")[1] in api.names)
    serving.end_haproxy()

    serving.start_haproxy(files=bootstrap)
    serving.until(web.serves)
    assert answers(serving) == set(web.names)

    serving.end_haproxy()
    serving.start_haproxy()
    serving.until(lambda: serving.get("/api")[1] in api.names)


@pytest.mark.parametrize("first", ["haproxy", "hadyn"])
def test_when_both_were_gone_either_may_return_first(serving: SidecarGround, web: Deployment, first: str) -> None:
    serving.kill_hadyn()
    serving.end_haproxy()
    replaced(web)

    def start_hadyn() -> None:
        serving.start()
        serving.until(lambda: sorted(serving.filed(web.backend).values()) == sorted(web.addresses))

    returning = {"haproxy": serving.start_haproxy, "hadyn": start_hadyn}
    returning.pop(first)()
    (second,) = returning.values()
    second()

    serving.until(web.serves)
    assert answers(serving) == set(web.names)
    assert serving.reloads() == {}


def test_a_backend_that_is_not_hadyns_is_left_alone_and_reported(
    any_ground: SidecarGround, pods: Pods, web: Deployment
) -> None:
    theirs, port = pods.start("theirs", "127.80.0.3"), any_ground.another_port()
    any_ground.more_configuration = (
        f"listen theirs from hadyn\n  bind 127.0.0.1:{port}\n  server one {theirs.address} weight 1\n"
    )
    any_ground.bootstrap()
    any_ground.start_haproxy()
    any_ground.run("--drift-interval", "300ms")
    any_ground.until(lambda: any_ground.reloads() == {"NEW_BACKEND": 1})
    any_ground.until(lambda: any_ground.status()["haproxy"]["strangers"] == ["backend theirs"])

    any_ground.say("set server theirs/one weight 7")
    web.start(1)
    any_ground.until(web.serves)
    any_ground.stays(lambda: any_ground.say("get weight theirs/one").startswith("7 (initial 1)"), 1)

    assert get(port, "/") == (200, "theirs")
    assert any_ground.log.count("what is not hadyn's and is left alone: backend theirs") == 1


def test_a_master_socket_that_somebody_removed_holds_up_reloads_and_no_endpoint(
    any_ground: SidecarGround, pods: Pods, web: Deployment
) -> None:
    any_ground.bootstrap()
    any_ground.start_haproxy()
    any_ground.run("--drift-interval", "500ms")
    any_ground.until(lambda: any_ground.reloads() == {"NEW_BACKEND": 1})
    any_ground.until(web.serves)
    with unfailing_load(any_ground, rate=200) as requests:
        any_ground.master_socket.unlink()
        assert requests.wait_for(web.start(1), 2)
        any_ground.stays(web.serves, 1.2)
        api = started(any_ground, pods, "api", 1)
        any_ground.until(lambda: "not reloaded for NEW_BACKEND (shop_api_80): cannot reach HAProxy" in any_ground.log)
        assert requests.wait_for(web.start(1), 2)
    any_ground.end_haproxy()
    any_ground.start_haproxy()
    any_ground.until(lambda: any_ground.get("/api")[1] in api.names)
    any_ground.until(web.serves)


def test_a_reload_by_somebody_else_is_noticed_and_fails_no_request(serving: SidecarGround, web: Deployment) -> None:
    replaced(web)
    serving.until(web.serves)
    with unfailing_load(serving) as requests:
        serving.signal_haproxy(signal.SIGUSR2)
        serving.until(lambda: "HAProxy is there" in serving.log)
        assert requests.wait_for(web.start(1), 5)
    serving.until(web.serves)
    assert serving.reloads() == {"NEW_BACKEND": 1}


def test_what_haproxy_refuses_to_load_is_taken_back_and_named(any_ground: SidecarGround, pods: Pods) -> None:
    web = started(any_ground, pods, "web", 3, path="/")
    any_ground.more_configuration = "backend shop_mine_80 from hadyn\n"
    any_ground.bootstrap()
    any_ground.start_haproxy()
    any_ground.run()
    any_ground.until(lambda: any_ground.get()[1] in web.names)

    with unfailing_load(any_ground) as requests:
        started(any_ground, pods, "mine", 3)
        any_ground.until(lambda: any_ground.problems() == ["service shop/mine: RefusedByHAProxy"])
        api = started(any_ground, pods, "api", 3)
        any_ground.until(lambda: any_ground.get("/api")[1] in api.names)
        assert requests.wait_for(web.start(1), 5)

    assert any_ground.get("/mine")[0] == 503
    assert any_ground.filed("shop_mine_80") == {}
    assert any_ground.judged() == ""
    any_ground.end_haproxy()
    any_ground.start_haproxy()
    any_ground.until(web.serves)


@pytest.mark.versions
def test_a_haproxy_of_another_version_may_take_over(any_ground: SidecarGround, web: Deployment) -> None:
    any_ground.bootstrap()
    any_ground.start_haproxy()
    any_ground.run()
    any_ground.until(web.serves)
    any_ground.end_haproxy()

    any_ground.haproxy = find_haproxies()[-1].path
    any_ground.start_haproxy()
    any_ground.until(web.serves)

    replaced(web, 2)
    any_ground.until(web.serves)
    assert answers(any_ground) == set(web.names)
    assert any_ground.status()["haproxy"]["version"] == ".".join(map(str, find_haproxies()[-1].version))


def test_a_haproxy_that_hadyn_may_not_command_is_refused_at_the_start(
    any_ground: SidecarGround, web: Deployment
) -> None:
    with RunningHAProxy(find_haproxies()[0], "", level="operator", is_master=True) as haproxy:
        sockets = "--runtime-socket", str(haproxy.runtime_socket), "--master-socket", str(haproxy.master_socket)
        ended = any_ground.try_to_run(*sockets)
    assert ended.returncode == 1
    assert "lets hadyn only look" in ended.stderr


def test_two_sockets_of_two_haproxies_are_refused_at_the_start(any_ground: SidecarGround, web: Deployment) -> None:
    with (
        RunningHAProxy(find_haproxies()[0], "", is_master=True) as one,
        RunningHAProxy(find_haproxies()[0], "", is_master=True) as other,
    ):
        sockets = "--runtime-socket", str(one.runtime_socket), "--master-socket", str(other.master_socket)
        ended = any_ground.try_to_run(*sockets)
    assert ended.returncode == 1
    assert "is no worker of the HAProxy on" in ended.stderr


def test_a_hadyn_that_stops_leaves_haproxy_as_it_is(serving: SidecarGround, web: Deployment) -> None:
    worker = serving.worker()
    begun = time.monotonic()
    assert serving.end_hadyn() == 0
    assert time.monotonic() - begun < 5
    assert serving.worker() == worker
    assert serving.get()[1] in web.names
