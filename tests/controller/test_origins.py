"""Which sources the settings ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hadyn.cluster.errors import KubeconfigWrong
from hadyn.controller.origins import origins
from hadyn.errors import WrongUsage
from hadyn.settings import Settings
from hadyn.sources.kubernetes import KubernetesSource
from hadyn.sources.manifests import ManifestsSource
from tests.cluster.apiserver import kubeconfig


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The kubeconfig of a cluster; nobody is asked there."""
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig("https://10.0.0.1", {"token": "secret"}))
    return path


def kinds(settings: Settings) -> list[type]:
    return [type(source) for source in origins(settings).sources]


def test_manifests_and_a_cluster_go_together_and_manifests_come_first(config: Path):
    settings = Settings(manifests=(Path("shop"),), kubeconfig=config)
    assert kinds(settings) == [ManifestsSource, KubernetesSource]


def test_manifests_alone_ask_no_cluster():
    assert kinds(Settings(manifests=(Path("shop"),))) == [ManifestsSource]


def test_a_cluster_is_told_what_came_of_it_unless_it_is_only_read(config: Path):
    assert origins(Settings(kubeconfig=config)).announcer is not None
    assert origins(Settings(kubeconfig=config, read_only=True)).announcer is None
    assert origins(Settings(manifests=(Path("shop"),))).announcer is None


def test_a_kubeconfig_that_is_not_there_ends_hadyn_before_it_begins():
    with pytest.raises(KubeconfigWrong):
        origins(Settings(kubeconfig=Path("/nowhere/kubeconfig")))


@pytest.mark.parametrize(
    "ways",
    [
        {"publish_address": ("192.0.2.7",), "publish_service": "hadyn/hadyn"},
        {"publish_address": ("192.0.2.7",), "publish_nodes": "app=hadyn"},
        {"publish_service": "hadyn/hadyn", "publish_nodes": "app=hadyn"},
        {"namespace": ("shop",), "namespace_selector": "tier=front"},
    ],
)
def test_two_ways_to_say_the_same_exclude_each_other(config: Path, ways: dict[str, Any]):
    settings = Settings(kubeconfig=config, **ways)
    with pytest.raises(WrongUsage, match="exclude each other"):
        origins(settings)


def test_endpoint_slices_cannot_be_left_out_where_headless_services_need_them(config: Path):
    settings = Settings(kubeconfig=config, no_endpoint_slices=True, headless="endpoints")
    with pytest.raises(WrongUsage, match="--no-endpoint-slices and --headless endpoints exclude each other"):
        origins(settings)


def test_nothing_to_follow_is_wrong_usage():
    with pytest.raises(WrongUsage, match="neither manifests nor a cluster"):
        origins(Settings())


@pytest.mark.parametrize(
    "settings",
    [
        Settings(namespace=("shop",)),
        Settings(manifests=(Path("shop"),), ingress_label_selector="tier=front"),
        Settings(publish_service="a/b"),
        Settings(namespace_selector="tier=front"),
        Settings(publish_nodes="app=hadyn"),
    ],
)
def test_a_part_of_no_cluster_is_wrong_usage(settings: Settings):
    with pytest.raises(WrongUsage, match="are about a cluster, and none is named"):
        origins(settings)
