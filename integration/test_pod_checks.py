"""HAProxy finds out by itself which pods are well, where annotations ask for it; and lets a newcomer grow slowly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from hadyn.runtime.connection import unix_conversation
from integration.agents import Agent
from integration.annotated import AnnotatedSite
from integration.haproxies import HAProxyBinary, free_port
from integration.manifests import Document, ingress, service
from integration.odd_pods import OddPod

PATIENCE_SECONDS = 10.0
AILING = "/healthz"
DEAD = "/dead"
QUICK = {"health_check_interval": "100ms"}


@dataclass
class Place:
    site: AnnotatedSite
    pods: list[OddPod]

    def answers(self, name: str, requests: int = 6) -> set[str]:
        """The pods that answer, or the statuses where none does."""
        answered = [self.site.request("/", host=f"{name}.example") for _ in range(requests)]
        return {answer.text if answer.status == 200 else str(answer.status) for answer in answered}

    def say(self, line: str) -> str:
        conversation = unix_conversation(self.site.stack.settings.runtime_socket, PATIENCE_SECONDS)
        return conversation(f"{line}\n".encode()).decode()

    def await_answers(self, name: str, wanted: set[str]) -> None:
        until(lambda: self.answers(name) == wanted)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def checks(pod: OddPod, path: str) -> int:
    return sum(f" {path} " in head for head in pod.heard)


def documents(agent: Agent) -> Iterator[Document]:
    options: dict[str, dict[str, str]] = {
        "unchecked": {},
        "by-http": {
            "health_check_path": AILING,
            "health_check_method": "HEAD",
            "health_check_host": "pods.internal",
            "health_check_fall_count": "1",
            **QUICK,
        },
        "expecting": {"health_check_path": AILING, "health_check_expect": "503", **QUICK},
        "by-tcp": {
            "health_check": "tcp",
            "health_check_port": str(free_port()),
            "health_check_fall_count": "1",
            **QUICK,
        },
        "patient": {"health_check_path": "/patient", "health_check_fall_count": "100", **QUICK},
        "wary": {
            "health_check_path": AILING,
            "health_check_fall_count": "1",
            "health_check_rise_count": "100",
            # as long may a check take: pods that are well shall not fail one on a busy machine
            "health_check_interval": "1s",
        },
        "hasty": {
            "health_check_path": DEAD,
            # the first check comes at some time of the first interval
            "health_check_interval": "4s",
            "health_check_timeout": "200ms",
            "timeout_connect": "500ms",
            "health_check_fall_count": "1",
        },
        "off": {"health_check": "off", "health_check_path": AILING, **QUICK},
        "agent": {
            "agent_check_port": str(agent.port),
            "agent_check_interval": "100ms",
            "agent_check_send": "who's well?\n",
        },
        "slow": {"slowstart": "1h"},
    }
    for name, said in options.items():
        yield service(name, **said)
        yield ingress(name, host=f"{name}.example")


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with Agent("down", hears_first=True) as agent:
        yield agent


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, agent: Agent) -> Iterator[Place]:
    """Three pods behind every Service, the first of which says at /healthz that it is ill."""
    binary: HAProxyBinary = request.param
    with ExitStack() as opened:
        pods = [opened.enter_context(OddPod(name)) for name in ("ill", "well", "fine")]
        pods[0].ailing.add(AILING)
        pods[0].dead.add(DEAD)
        names = [document["metadata"]["name"] for document in documents(agent) if document["kind"] == "Service"]
        served_by = {name: [pod.address for pod in pods] for name in names} | {"hasty": [pods[0].address]}
        site = AnnotatedSite(binary.path, *documents(agent), services=(), served_by=served_by)
        yield Place(opened.enter_context(site), pods)


def test_a_pod_that_answers_its_check_with_an_error_gets_no_requests(site: Place) -> None:
    site.await_answers("by-http", {"well", "fine"})
    asked = [head for head in site.pods[0].heard if head.startswith(f"HEAD {AILING} HTTP/1.1")]
    assert "host: pods.internal" in asked[0].lower()


def test_a_check_waits_no_longer_for_its_answer_than_it_may(site: Place) -> None:
    """Without the annotation it would wait as long as until the next one."""
    site.await_answers("hasty", {"503"})
    titles, row, *_ = site.say("show stat shop_hasty_80 4 -1").lstrip("# ").splitlines()
    waited = dict(zip(titles.split(","), row.split(","), strict=True))["check_duration"]
    assert 150 <= int(waited) < 2000


def test_only_statuses_that_are_expected_are_well(site: Place) -> None:
    site.await_answers("expecting", {"ill"})


def test_pods_whose_port_takes_no_connection_get_no_requests(site: Place) -> None:
    site.await_answers("by-tcp", {"503"})


def test_an_agent_takes_its_pods_out_of_service(site: Place) -> None:
    site.await_answers("agent", {"503"})


def test_an_agent_hears_the_line_that_it_waits_for(site: Place, agent: Agent) -> None:
    site.await_answers("agent", {"503"})
    assert agent.heard == {b"who's well?\n"}


def test_a_pod_may_fail_as_many_checks_as_is_said(site: Place) -> None:
    pod = site.pods[0]
    until(lambda: checks(pod, "/patient") > 1)
    pod.ailing.add("/patient")
    failed_from = checks(pod, "/patient")
    until(lambda: checks(pod, "/patient") > failed_from + 4)
    assert site.answers("patient") == {"ill", "well", "fine"}


@pytest.mark.parametrize("name", ["unchecked", "off"])
def test_nobody_asks_how_pods_are_unless_that_is_said(site: Place, name: str) -> None:
    site.await_answers("by-http", {"well", "fine"})
    assert site.answers(name) == {"ill", "well", "fine"}


def test_a_pod_that_failed_is_well_after_as_many_checks_as_is_said(site: Place) -> None:
    site.await_answers("wary", {"well", "fine"})
    site.pods[0].ailing.remove(AILING)
    until(lambda: "ill" in site.answers("by-http"))
    still = site.answers("wary")
    site.pods[0].ailing.add(AILING)
    assert still == {"well", "fine"}


def test_a_pod_that_comes_gets_its_share_bit_by_bit(site: Place) -> None:
    site.say("set server shop_slow_80/s1 state maint")
    site.say("set server shop_slow_80/s1 state ready;set server shop_unchecked_80/s1 state maint")
    site.say("set server shop_unchecked_80/s1 state ready")
    shares = {name: [site.answers(name, 1).pop() for _ in range(96)] for name in ("slow", "unchecked")}
    fewest = {name: min(share.count(pod) for pod in ("ill", "well", "fine")) for name, share in shares.items()}
    assert fewest["slow"] < 12
    assert fewest["unchecked"] > 12
