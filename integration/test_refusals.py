"""A configuration that HAProxy refuses: what runs goes on, the object at fault is named, others are served.

No object known to us makes a HAProxy refuse what hadyn renders, so a program in its place
refuses lines that a test chooses, in HAProxy's words, and is HAProxy in all else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.haproxies import find_haproxies
from integration.loads import unfailing_load
from integration.running import Ground

FINICKY = """#!/bin/sh
if [ "$1" = "-c" ] && [ -e "$0.refuses" ]; then
  for file; do
    line=$([ -f "$file" ] && grep -n -f "$0.refuses" "$file" | cut -d: -f1 | head -1)
    [ -n "$line" ] && { echo "[ALERT]    (1) : config : parsing [$file:$line] : not to my taste." >&2; exit 1; }
  done
fi
exec {haproxy} "$@"
"""


class FinickyHAProxy:
    """A HAProxy that refuses configurations with certain lines."""

    def __init__(self, folder: Path, haproxy: Path) -> None:
        self.path = folder / "finicky"
        self.path.write_text(FINICKY.replace("{haproxy}", str(haproxy)))
        self.path.chmod(0o755)
        self._refuses = folder / "finicky.refuses"

    def refuse(self, pattern: str) -> None:
        """Refuse a configuration with a line like this regular expression."""
        self._refuses.write_text(f"{pattern}\n")

    def accept(self) -> None:
        """Refuse nothing more."""
        self._refuses.unlink()


@pytest.fixture
def finicky(tmp_path: Path) -> FinickyHAProxy:
    return FinickyHAProxy(tmp_path, find_haproxies()[0].path)


@pytest.fixture
def ground(finicky: FinickyHAProxy, pods: Pods) -> Iterator[Ground]:
    with Ground(finicky.path) as ground:
        yield ground
    print(ground.said)


@pytest.fixture
def web(ground: Ground, pods: Pods) -> Deployment:
    return started(ground, pods, "web", 2)


def test_a_new_backend_that_haproxy_refuses_answers_503_while_its_neighbours_are_loaded(
    ground: Ground, pods: Pods, web: Deployment, finicky: FinickyHAProxy
) -> None:
    ground.run()
    finicky.refuse("^backend shop_bad_80 ")

    with unfailing_load(ground, "/web"):
        started(ground, pods, "bad", 2)
        good = started(ground, pods, "good", 2)
        ground.until(lambda: ground.get("/good")[1] in good.names)
        ground.until(lambda: ground.problems() == ["service shop/bad: RefusedByHAProxy"])

    assert ground.get("/bad")[0] == 503
    assert ground.filed("shop_bad_80") == {}
    assert ground.judged() == ""
    (problem,) = ground.status()["problems"]
    assert problem["said"] == "HAProxy does not load the backend shop_bad_80: not to my taste."


def test_a_backend_that_was_refused_is_loaded_once_it_changes(
    ground: Ground, pods: Pods, web: Deployment, finicky: FinickyHAProxy
) -> None:
    ground.run()
    finicky.refuse("^backend shop_bad_80 ")
    bad = started(ground, pods, "bad", 2)
    ground.until(lambda: ground.problems() == ["service shop/bad: RefusedByHAProxy"])
    finicky.accept()

    bad.publish(slots="5")

    ground.until(lambda: ground.get("/bad")[1] in bad.names)
    assert ground.problems() == []
    assert web.serves()


def test_a_refusal_that_no_object_explains_leaves_all_as_it_is(
    ground: Ground, pods: Pods, web: Deployment, finicky: FinickyHAProxy
) -> None:
    ground.run()
    worker = ground.worker()
    finicky.refuse("^frontend ")

    started(ground, pods, "late", 2)
    ground.until(lambda: "not to my taste" in ground.log)
    web.start(1)
    ground.until(web.serves)

    assert ground.worker() == worker
    assert ground.reloads() == {}
    assert ground.judged() != ""
    finicky.accept()
    assert ground.judged() == ""
    ground.until(lambda: ground.get("/late")[0] == 200)


def test_a_refused_backend_at_the_start_leaves_the_others_served(
    ground: Ground, pods: Pods, web: Deployment, finicky: FinickyHAProxy
) -> None:
    finicky.refuse("^backend shop_bad_80 ")
    started(ground, pods, "bad", 2)

    ground.run()

    assert ground.get("/web")[1] in web.names
    assert ground.get("/bad")[0] == 503
    assert ground.problems() == ["service shop/bad: RefusedByHAProxy"]
