"""Pods whose own agents say how much they take: hadyn leaves their word alone, and newcomers are asked, too."""

from __future__ import annotations

import pytest

from hadyn.demo.pods import Pods
from integration.agents import Agent
from integration.deployments import Deployment
from integration.haproxies import HAProxyBinary
from integration.loads import unfailing_load
from integration.running import Ground

pytestmark = pytest.mark.versions


def weights(ground: Ground, backend: str) -> list[int]:
    """The weights of the slots that are not in maintenance, as HAProxy has them."""
    titles, *rows = ground.say(f"show stat {backend} 4 -1").lstrip("# ").strip().split("\n")
    found = (dict(zip(titles.split(","), row.split(","), strict=True)) for row in rows)
    return [int(row["weight"]) for row in found if not row["status"].startswith("MAINT")]


def test_what_agents_say_of_weight_stands_while_pods_come_and_go(haproxy: HAProxyBinary, pods: Pods) -> None:
    with Agent("50%") as agent, Ground(haproxy.path) as ground:
        web = Deployment(ground, pods, "web")
        web.publish(
            slots="2",
            initial_weight="100",
            agent_check_port=str(agent.port),
            agent_check_interval="100ms",
            retries="3",
        )
        web.start(2)
        ground.run("--drift-interval", "1s")
        ground.until(lambda: weights(ground, web.backend) == [50, 50])
        worker = ground.worker()

        with unfailing_load(ground, "/", rate=50.0):
            web.start(2)
            ground.until(web.serves)
            ground.until(lambda: weights(ground, web.backend) == [50] * 4)
        ground.stays(lambda: weights(ground, web.backend) == [50] * 4, 1.5)

        assert "weight of slots" not in ground.log
        assert (ground.worker() == worker) == haproxy.capabilities.has_dynamic_agents
        assert ground.judged() == ""
