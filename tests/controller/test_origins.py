"""Which sources the settings ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hadyn.controller.origins import origins
from hadyn.errors import WrongUsage
from hadyn.settings import Settings
from hadyn.sources.kubernetes import KubernetesSource
from hadyn.sources.manifests import ManifestsSource


def kinds(settings: Settings) -> list[type]:
    return [type(source) for source in origins(settings)]


def test_manifests_and_a_cluster_go_together_and_manifests_come_first():
    settings = Settings(manifests=(Path("shop"),), kubeconfig=Path("kubeconfig"))
    assert kinds(settings) == [ManifestsSource, KubernetesSource]


def test_manifests_alone_ask_no_cluster():
    assert kinds(Settings(manifests=(Path("shop"),))) == [ManifestsSource]


def test_a_context_alone_is_one_of_kubectls_own_kubeconfig():
    assert kinds(Settings(context="production")) == [KubernetesSource]


def test_nothing_to_follow_is_wrong_usage():
    with pytest.raises(WrongUsage, match="neither manifests nor a cluster"):
        origins(Settings())


@pytest.mark.parametrize(
    "settings",
    [Settings(namespace=("shop",)), Settings(manifests=(Path("shop"),), ingress_label_selector="tier=front")],
)
def test_a_part_of_no_cluster_is_wrong_usage(settings: Settings):
    with pytest.raises(WrongUsage, match="are about a cluster, and none is named"):
        origins(settings)
