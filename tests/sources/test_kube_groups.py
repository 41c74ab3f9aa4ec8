"""Pods of namespaces where their labels count, and nodes, in an apiserver that says what a test has it say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from hadyn.model.problems import ObjectRef
from hadyn.sources.kube_groups import GroupsFollower
from tests.cluster.apiserver import ApiServer, Json
from tests.sources.followed import Followed, listed

PATH = "/api/v1/namespaces/shop/pods"
SHOP = ObjectRef("Pod", "shop", "")


def pod(name: str, group: str, version: str = "1") -> Json:
    return {"metadata": {"name": name, "namespace": "shop", "resourceVersion": version, "labels": {"group": group}}}


@pytest.fixture
def followed(server: ApiServer, tmp_path: Path) -> Iterator[Followed[GroupsFollower]]:
    followed = Followed(GroupsFollower, server, tmp_path)
    yield followed
    followed.follower.stop()


def test_no_pod_is_asked_for_before_labels_count(followed: Followed[GroupsFollower]):
    assert followed.follower.reflectors() == ()
    assert followed.server.was_not_asked(PATH)


def test_the_pods_of_a_namespace_are_listed_and_watched_and_the_list_answers_for_it(followed: Followed[GroupsFollower]):
    followed.server.will_answer(PATH, listed(pod("web-1", "blue")))
    stream = followed.server.will_stream(PATH)
    followed.follower.want((SHOP,), ())
    first = followed.next()
    assert (first.source, first.is_complete, first.deletes) == ("kubernetes/shop/pods", True, (SHOP,))
    assert [(each.name, dict(each.labels)) for each in first.upserts] == [("web-1", {"group": "blue"})]
    stream.send({"type": "MODIFIED", "object": pod("web-1", "green", "2")})
    changed = followed.next()
    assert [dict(each.labels) for each in changed.upserts] == [{"group": "green"}]
    assert changed.deletes == ()
    assert [each.name for each in followed.follower.reflectors()] == ["kubernetes/shop/pods"]


def test_a_namespace_where_labels_count_no_more_is_forgotten(followed: Followed[GroupsFollower]):
    followed.server.will_answer(PATH, listed(pod("web-1", "blue")))
    followed.server.will_stream(PATH)
    followed.follower.want((SHOP,), ())
    followed.next()
    followed.follower.want((), (SHOP,))
    last = followed.next()
    assert (last.source, last.is_complete, last.upserts, last.problems) == ("kubernetes/shop/pods", True, (), ())
    assert followed.follower.reflectors() == ()


def test_a_missing_right_answers_for_the_namespace_and_is_taken_back(followed: Followed[GroupsFollower]):
    denied = {"code": 403, "message": 'pods is forbidden: User "hadyn" cannot list'}
    followed.server.will_answer(PATH, denied, 403)
    followed.follower.want((SHOP,), ())
    refused = followed.next()
    (problem,) = refused.problems or ()
    assert problem.object == SHOP
    assert problem.said == "the account 'hadyn' may not list pods in namespace shop"
    assert 'resources: ["pods"], verbs: ["list"]' in problem.remedy
    assert followed.follower.reflectors() == ()
    followed.server.will_answer(PATH, listed(pod("web-1", "blue")))
    followed.server.will_stream(PATH)
    assert [each.name for each in followed.next().upserts] == ["web-1"]


def test_a_namespace_that_is_not_followed_is_answered_for_and_never_asked(server: ApiServer, tmp_path: Path):
    elsewhere = Followed(partial(GroupsFollower, namespaces=["blog"]), server, tmp_path)
    elsewhere.follower.want((SHOP,), ())
    assert elsewhere.next().deletes == (SHOP,)
    assert server.was_not_asked(PATH)


def test_nodes_are_followed_wherever_hadyn_may_look_for_services(server: ApiServer, tmp_path: Path):
    narrow = Followed(partial(GroupsFollower, namespaces=["blog"]), server, tmp_path)
    nodes = ObjectRef("Node", "", "")
    status = {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}
    server.will_answer("/api/v1/nodes", listed({"metadata": {"name": "a", "resourceVersion": "1"}, "status": status}))
    server.will_stream("/api/v1/nodes")
    narrow.follower.want((nodes,), ())
    first = narrow.next()
    assert (first.source, first.is_complete, first.deletes) == ("kubernetes/nodes", True, (nodes,))
    assert [(each.name, each.ip) for each in first.upserts] == [("a", "10.0.0.1")]
    narrow.follower.stop()
