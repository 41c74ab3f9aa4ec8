"""Every wrong object at once among ten good ones: the good ones serve as if they were alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hadyn.demo.pods import Pods
from integration.deployments import Deployment, started
from integration.hostile import TEXTS, hostile_documents
from integration.loads import unfailing_load
from integration.manifests import ingress, service
from integration.running import Ground

GOOD = 10
SECTION_LINE = re.compile(
    r"|backend (shop|villain)_[a-z0-9-]+_80 from hadyn|    # (shop|villain)/[a-z0-9-]+:80"
    r"|    server s[0-9]+ 127\.[0-9.]+:[0-9]+ weight 1|    server-template s [0-9]+-[0-9]+ 127\.0\.0\.1:1 disabled weight 1"
)
ENTRY_LINE = re.compile(r"|#.*|([a-z0-9.*_-]+) \1|[\x21-\x7e]+ ((shop|villain)_[a-z0-9-]+_80|_503)(\|[a-z0-9/-]+)?")


@pytest.fixture
def good(ground: Ground, pods: Pods) -> list[Deployment]:
    """Ten Services, each on a host of its own."""
    deployments = [Deployment(ground, pods, f"web-{number}") for number in range(GOOD)]
    for number, deployment in enumerate(deployments):
        deployment.start(1)
        host = f"good-{number}.example"
        ground.write(f"a-good-{number}.yaml", service(deployment.name), ingress(deployment.name, host=host))
    return deployments


def write_hostile(ground: Ground) -> None:
    """Each object in a file of its own, behind the good ones."""
    for number, document in enumerate(hostile_documents()):
        ground.write(f"evil-{number}.yaml", document)
    for number, text in enumerate(TEXTS):
        (ground.manifests / f"text-{number}.yaml").write_text(text)


def answers(ground: Ground) -> list[str]:
    return [ground.get(host=f"good-{number}.example")[1] for number in range(GOOD)]


def names(deployments: list[Deployment]) -> list[str]:
    return [name for deployment in deployments for name in deployment.names]


def strange_lines(ground: Ground) -> list[str]:
    """What in the backends' files and in the maps is not of hadyn's making."""
    sections = [line for path in ground.folder.backends.glob("*") for line in path.read_text().split("\n")]
    entries = [line for path in ground.folder.maps.glob("*") for line in path.read_text().split("\n")]
    return [
        *(line for line in sections if not SECTION_LINE.fullmatch(line)),
        *(line for line in entries if not ENTRY_LINE.fullmatch(line)),
    ]


def test_good_objects_serve_from_the_start_among_all_the_wrong_ones(ground: Ground, good: list[Deployment]) -> None:
    write_hostile(ground)

    ground.run()

    assert answers(ground) == names(good)
    assert ground.judged() == ""
    assert ground.get("/stolen", "good-0.example") == (200, good[0].names[0])
    assert strange_lines(ground) == []
    assert not Path("/tmp/hadyn-was-here").exists()


def test_wrong_objects_that_come_and_go_are_noticed_by_no_request(ground: Ground, good: list[Deployment]) -> None:
    ground.run()
    filed = [ground.filed(deployment.backend) for deployment in good]
    main = ground.folder.main_config.read_bytes()

    with unfailing_load(ground, host="good-0.example", rate=200):
        write_hostile(ground)
        ground.until(lambda: len(ground.problems()) > 100, seconds=30)
        newcomers = good[0].start(1)
        ground.until(good[0].serves)
        good[0].retire(newcomers)
        ground.until(good[0].serves)
        assert answers(ground) == names(good)

    assert [ground.filed(deployment.backend) for deployment in good] == filed
    assert ground.folder.main_config.read_bytes() == main
    for path in [*ground.manifests.glob("evil-*"), *ground.manifests.glob("text-*")]:
        path.unlink()
    ground.until(lambda: ground.problems() == [], seconds=30)
    assert answers(ground) == names(good)


def test_every_wrong_object_is_named_in_plain_text(any_ground: Ground, pods: Pods) -> None:
    started(any_ground, pods, "web", 1, path="/")
    write_hostile(any_ground)
    any_ground.run()

    problems = any_ground.status()["problems"]
    named = {problem["object"] for problem in problems}
    assert {
        "ingress villain/host-0",
        "ingress villain/path-0",
        "ingress villain/to-1",
        "endpointslice villain/address-0",
    } < named
    for problem in problems:
        assert problem["remedy"]
        assert problem["file"]
        assert re.fullmatch(r"[\x20-\x7e]+", problem["said"]), problem
        assert len(problem["said"]) < 500, problem
