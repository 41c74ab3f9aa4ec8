"""A backend whose pods HAProxy checks grows without a reload, where slots come by command, and its newcomers are checked, too."""

from __future__ import annotations

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment
from integration.haproxies import HAProxyBinary
from integration.loads import unfailing_load
from integration.running import Ground

pytestmark = pytest.mark.versions


def states(ground: Ground, backend: str) -> dict[str, str]:
    """What HAProxy says of the slots that are not in maintenance."""
    titles, *rows = ground.say(f"show stat {backend} 4 -1").lstrip("# ").strip().split("\n")
    found = (dict(zip(titles.split(","), row.split(","), strict=True)) for row in rows)
    return {row["svname"]: row["status"] for row in found if not row["status"].startswith("MAINT")}


def test_newcomers_beyond_the_slots_are_checked_and_nobody_reloads(haproxy: HAProxyBinary, pods: Pods) -> None:
    if not haproxy.capabilities.has_dynamic_servers:
        pytest.skip("this HAProxy reads slots from its files only")
    with Ground(haproxy.path) as ground:
        web = Deployment(ground, pods, "web")
        web.publish(slots="2", health_check_path="/", health_check_interval="1s", retries="3")
        web.start(2)
        ground.run()
        ground.until(web.serves)
        worker = ground.worker()

        with unfailing_load(ground, "/", rate=50.0):
            web.start(4)
            ground.until(web.serves)
            # A slot that was added for nobody gets its checks with the pod that comes.
            web.start(1)
            ground.until(web.serves)
        ground.until(lambda: list(states(ground, web.backend).values()) == ["UP"] * 7)
        for pod in web.remove(web.names[-1:], is_told=False):
            pod.stop(0.0)
        ground.until(lambda: sorted(states(ground, web.backend).values()) == ["DOWN", *["UP"] * 6])

        assert ground.worker() == worker
        assert ground.reloads() == {}
        assert ground.judged() == ""
