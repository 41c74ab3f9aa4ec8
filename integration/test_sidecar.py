"""A HAProxy that somebody else starts: either side may start, die and return first, and no request fails by hadyn."""

from __future__ import annotations

import functools
import signal
import time
from collections.abc import Iterator

import pytest

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
from integration.deployments import Deployment, started
from integration.haproxies import HAProxyBinary, RunningHAProxy, find_haproxies
from integration.loads import unfailing_load
from integration.running import get
from integration.sidecars import SidecarGround

pytestmark = pytest.mark.root
side_by_side = functools.partial(with_every_haproxy, kind=SidecarGround)


@pytest.fixture
def any_ground(pods: Pods) -> Iterator[SidecarGround]:
    with SidecarGround() as ground:
        yield ground


@pytest.fixture
def ground(haproxy: HAProxyBinary, pods: Pods) -> Iterator[SidecarGround]:
    with SidecarGround(haproxy.path) as ground:
        yield ground


def served(ground: SidecarGround, pods: Pods) -> Deployment:
    """A Service whose pods are at hand before hadyn is."""
    return started(ground, pods, "web", 3, path="/")


def both_run(ground: SidecarGround, pods: Pods) -> Deployment:
    """Have both run, and HAProxy serve that Service."""
    web = served(ground, pods)
    ground.bootstrap()
    ground.start_haproxy()
    ground.run()
    ground.until(lambda: has_loaded(ground) and web.serves())
    # Maps are written a second later at the most.
    ground.until(lambda: web.backend in (ground.folder.maps / "prefix.map").read_text())
    return web


def has_loaded(ground: SidecarGround) -> bool:
    """Whether HAProxy has what the bootstrap had not."""
    return ground.reloads() == first_reloads(ground)


def first_reloads(ground: SidecarGround) -> dict[str, int]:
    """What that costs: nothing where a backend comes by command."""
    return {} if ground.capabilities.has_dynamic_backends else {"NEW_BACKEND": 1}


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

    with unfailing_load(ground, rate=100) as requests:
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


@side_by_side
def test_a_hadyn_that_is_first_waits_and_says_so_once(ground: SidecarGround, pods: Pods) -> None:
    web = served(ground, pods)
    ground.start()
    ground.until(lambda: get(ground.status_port, "/healthz")[0] == 200)
    ground.until(ground.folder.main_config.exists)
    ground.stays(lambda: get(ground.status_port, "/readyz")[0] == 503, 1.5)
    assert ground.status()["haproxy"]["running"] is False
    assert ground.log.count("cannot reach HAProxy") == 1

    ground.start_haproxy()

    ground.until(lambda: ground.get()[1] in web.names)
    ground.until(lambda: get(ground.status_port, "/readyz")[0] == 200)
    assert ground.reloads() == first_reloads(ground)


@side_by_side
def test_a_hadyn_that_is_killed_and_comes_back_changes_nothing(ground: SidecarGround, pods: Pods) -> None:
    web = both_run(ground, pods)
    with unfailing_load(ground, rate=100) as requests:
        for _ in range(3):
            ground.kill_hadyn()
            ground.run()
            assert ground.metric("hadyn_commands_total") == 0
            assert ground.reloads() == {}
        assert requests.wait_for(web.start(1), 5)


@pytest.mark.parametrize("death", ["haproxy", "worker"])
@side_by_side
def test_a_haproxy_that_comes_back_has_the_present_addresses_from_its_first_request_on(
    ground: SidecarGround, pods: Pods, death: str
) -> None:
    web = both_run(ground, pods)
    {"haproxy": ground.end_haproxy, "worker": ground.kill_worker}[death]()
    leavers = web.replace(2)
    ground.until(web.is_filed)
    before = [leaver.answered for leaver in leavers]

    ground.start_haproxy()
    assert answers(ground) <= set(web.names)

    ground.until(web.serves)
    assert answers(ground) == set(web.names)
    assert [leaver.answered for leaver in leavers] == before
    assert ground.reloads() == first_reloads(ground)
    assert ground.log.count("hadyn waits until it is back") == 1


@side_by_side
def test_a_haproxy_that_comes_back_with_other_files_is_brought_in_step(ground: SidecarGround, pods: Pods) -> None:
    web = both_run(ground, pods)
    bootstrap = ground.copied_files()
    web.replace(2)
    api = started(ground, pods, "api", 3)
    ground.until(lambda: ground.get("/api")[1] in api.names)
    ground.end_haproxy()

    ground.start_haproxy(files=bootstrap)
    ground.until(web.serves)
    assert answers(ground) == set(web.names)

    ground.end_haproxy()
    ground.start_haproxy()
    ground.until(lambda: ground.get("/api")[1] in api.names)


@pytest.mark.parametrize("first", ["haproxy", "hadyn"])
@side_by_side
def test_when_both_were_gone_either_may_return_first(ground: SidecarGround, pods: Pods, first: str) -> None:
    web = both_run(ground, pods)
    ground.kill_hadyn()
    ground.end_haproxy()
    web.replace()

    def start_hadyn() -> None:
        ground.start()
        ground.until(web.is_filed)

    returning = {"haproxy": ground.start_haproxy, "hadyn": start_hadyn}
    returning.pop(first)()
    (second,) = returning.values()
    second()

    ground.until(web.serves)
    assert answers(ground) == set(web.names)
    assert ground.reloads() == {}


@side_by_side
def test_a_backend_that_is_not_hadyns_is_left_alone_and_reported(ground: SidecarGround, pods: Pods) -> None:
    web = served(ground, pods)
    theirs, port = pods.start("theirs", "127.80.0.3"), ground.another_port()
    ground.more_configuration = (
        f"listen theirs from hadyn\n  bind 127.0.0.1:{port}\n  server one {theirs.address} weight 1\n"
    )
    ground.bootstrap()
    ground.start_haproxy()
    ground.run("--drift-interval", "300ms")
    ground.until(lambda: has_loaded(ground))
    ground.until(lambda: ground.status()["haproxy"]["strangers"] == ["backend theirs"])

    ground.say("set server theirs/one weight 7")
    web.start(1)
    ground.until(web.serves)
    ground.stays(lambda: ground.say("get weight theirs/one").startswith("7 (initial 1)"), 1)

    assert get(port, "/") == (200, "theirs")
    assert ground.log.count("what is not hadyn's and is left alone: backend theirs") == 1


@side_by_side
def test_a_master_socket_that_somebody_removed_holds_up_reloads_and_no_endpoint(
    ground: SidecarGround, pods: Pods
) -> None:
    web = served(ground, pods)
    ground.bootstrap()
    ground.start_haproxy()
    ground.run("--drift-interval", "500ms")
    ground.until(lambda: has_loaded(ground))
    ground.until(web.serves)
    with unfailing_load(ground, rate=100) as requests:
        ground.master_socket.unlink()
        assert requests.wait_for(web.start(1), 2)
        ground.stays(web.serves, 1.2)
        # A line of its own in the backend: a reload in every version.
        web.publish(timeout_server="31s")
        ground.until(lambda: "not reloaded for BACKEND_CHANGED (shop_web_80" in ground.log)
        assert requests.wait_for(web.start(1), 2)
    ground.end_haproxy()
    ground.start_haproxy()
    ground.until(lambda: ground.status()["reloads"]["pending"] == [])
    assert "timeout server 31000ms" in ground.section(web.backend)
    ground.until(web.serves)


@side_by_side
def test_a_reload_by_somebody_else_is_noticed_and_fails_no_request(ground: SidecarGround, pods: Pods) -> None:
    web = both_run(ground, pods)
    web.replace()
    ground.until(web.serves)
    with unfailing_load(ground, rate=100) as requests:
        ground.signal_haproxy(signal.SIGUSR2)
        ground.until(lambda: "HAProxy is there" in ground.log)
        assert requests.wait_for(web.start(1), 5)
    ground.until(web.serves)
    assert ground.reloads() == first_reloads(ground)


@side_by_side
def test_what_haproxy_refuses_to_load_is_taken_back_and_named(ground: SidecarGround, pods: Pods) -> None:
    web = started(ground, pods, "web", 3, path="/")
    ground.more_configuration = "backend shop_mine_80 from hadyn\n"
    ground.bootstrap()
    ground.start_haproxy()
    ground.run()
    ground.until(lambda: ground.get()[1] in web.names)

    with unfailing_load(ground, rate=100) as requests:
        # A line of its own in the backend: a reload in every version. The master of 2.6 does not say what it refuses.
        started(ground, pods, "mine", 3, timeout_server="31s")
        ground.until(lambda: ground.problems() == ["service shop/mine: RefusedByHAProxy"])
        api = started(ground, pods, "api", 3)
        ground.until(lambda: ground.get("/api")[1] in api.names)
        assert requests.wait_for(web.start(1), 5)

    assert ground.get("/mine")[0] == 503
    assert ground.filed("shop_mine_80") == {}
    assert ground.judged() == ""
    ground.end_haproxy()
    ground.start_haproxy()
    ground.until(web.serves)


@pytest.mark.versions
def test_a_haproxy_of_another_version_may_take_over(any_ground: SidecarGround, pods: Pods) -> None:
    web = served(any_ground, pods)
    any_ground.bootstrap()
    any_ground.start_haproxy()
    any_ground.run()
    any_ground.until(web.serves)
    any_ground.end_haproxy()

    any_ground.haproxy = find_haproxies()[-1].path
    any_ground.start_haproxy()
    any_ground.until(web.serves)

    web.replace(2)
    any_ground.until(web.serves)
    assert answers(any_ground) == set(web.names)
    assert any_ground.status()["haproxy"]["version"] == ".".join(map(str, find_haproxies()[-1].version))


def test_a_haproxy_that_hadyn_may_not_command_is_refused_at_the_start(any_ground: SidecarGround, pods: Pods) -> None:
    served(any_ground, pods)
    with RunningHAProxy(find_haproxies()[0], "", level="operator", is_master=True) as haproxy:
        sockets = "--runtime-socket", str(haproxy.runtime_socket), "--master-socket", str(haproxy.master_socket)
        ended = any_ground.try_to_run(*sockets)
    assert ended.returncode == 1
    assert "lets hadyn only look" in ended.stderr


def test_two_sockets_of_two_haproxies_are_refused_at_the_start(any_ground: SidecarGround, pods: Pods) -> None:
    served(any_ground, pods)
    with (
        RunningHAProxy(find_haproxies()[0], "", is_master=True) as one,
        RunningHAProxy(find_haproxies()[0], "", is_master=True) as other,
    ):
        sockets = "--runtime-socket", str(one.runtime_socket), "--master-socket", str(other.master_socket)
        ended = any_ground.try_to_run(*sockets)
    assert ended.returncode == 1
    assert "is no worker of the HAProxy on" in ended.stderr


@side_by_side
def test_a_hadyn_that_stops_leaves_haproxy_as_it_is(ground: SidecarGround, pods: Pods) -> None:
    web = both_run(ground, pods)
    worker = ground.worker()
    begun = time.monotonic()
    assert ground.end_hadyn() == 0
    assert time.monotonic() - begun < 5
    assert ground.worker() == worker
    assert ground.get()[1] in web.names
