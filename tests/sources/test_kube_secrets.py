"""Secrets that are referred to, followed in an apiserver that says what a test has it say."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from hadyn.model.problems import ObjectRef
from hadyn.sources.kube_reach import MANY
from hadyn.sources.kube_secrets import MOST_WATCHES, SecretsFollower
from tests.cluster.apiserver import ApiServer, Json
from tests.sources.followed import Followed, listed

SHOP = "/api/v1/namespaces/shop/secrets"
WEB = ObjectRef("Secret", "shop", "web")


def secret(name: str, value: bytes = b"x", version: str = "1") -> Json:
    metadata = {"name": name, "namespace": "shop", "resourceVersion": version}
    return {"metadata": metadata, "data": {"key": base64.b64encode(value).decode()}}


@pytest.fixture
def followed(server: ApiServer, tmp_path: Path) -> Iterator[Followed[SecretsFollower]]:
    followed = Followed(SecretsFollower, server, tmp_path)
    yield followed
    followed.follower.stop()


def test_nothing_is_asked_before_something_is_wanted(followed: Followed[SecretsFollower]):
    assert not followed.follower.is_needed()
    assert followed.follower.staleness_seconds(time.monotonic()) == 0.0


def test_a_wanted_secret_is_listed_and_watched_by_its_name(followed: Followed[SecretsFollower]):
    followed.server.will_answer(SHOP, listed(secret("web")))
    stream = followed.server.will_stream(SHOP)
    followed.want(WEB)
    assert followed.server.asked(SHOP).query["fieldSelector"] == "metadata.name=web"
    first = followed.next()
    assert not first.is_complete
    assert [dict(each.values) for each in first.upserts] == [{"key": b"x"}]
    assert followed.server.asked(SHOP).query["fieldSelector"] == "metadata.name=web"
    stream.send({"type": "MODIFIED", "object": secret("web", b"renewed", "2")})
    assert [dict(each.values) for each in followed.next().upserts] == [{"key": b"renewed"}]
    stream.send({"type": "DELETED", "object": secret("web", b"renewed", "3")})
    assert followed.next().deletes == (WEB,)


def test_a_secret_that_is_not_there_is_answered_for(followed: Followed[SecretsFollower]):
    followed.server.will_answer(SHOP, listed())
    followed.server.will_stream(SHOP)
    followed.want(WEB)
    assert followed.next().deletes == (WEB,)


def test_a_missing_right_is_said_of_the_secret_and_taken_back_once_it_is_there(followed: Followed[SecretsFollower]):
    denied = {"code": 403, "message": 'secrets is forbidden: User "hadyn" cannot list'}
    followed.server.will_answer(SHOP, denied, 403)
    followed.want(WEB)
    refused = followed.next()
    (problem,) = refused.problems or ()
    assert problem.object == WEB
    assert problem.said == "the account 'hadyn' may not list secrets in namespace shop"
    assert 'resources: ["secrets"], verbs: ["list"]' in problem.remedy
    assert followed.follower.staleness_seconds(time.monotonic() + 60) == 0.0
    followed.server.will_answer(SHOP, listed(secret("web")))
    followed.server.will_stream(SHOP)
    granted = followed.next()
    assert (len(granted.upserts), granted.problems) == (1, ())


def test_a_secret_that_nobody_wants_any_more_is_taken_away_and_its_watch_ends(followed: Followed[SecretsFollower]):
    followed.server.will_answer(SHOP, listed(secret("web")))
    followed.server.will_stream(SHOP)
    followed.want(WEB)
    followed.next()
    followed.want(dropped=(WEB,))
    assert followed.next().deletes == (WEB,)
    assert not followed.follower.is_needed()


def test_many_secrets_of_a_namespace_are_one_watch_that_lets_the_others_pass(followed: Followed[SecretsFollower]):
    wanted = [f"s{number}" for number in range(MANY)]
    followed.server.will_answer(SHOP, listed(*map(secret, [*wanted[1:], "stranger"])))
    stream = followed.server.will_stream(SHOP)
    followed.want(*(ObjectRef("Secret", "shop", name) for name in wanted))
    assert followed.server.asked(SHOP).query["fieldSelector"] == "type!=helm.sh/release.v1"
    first = followed.next()
    assert sorted(each.name for each in first.upserts) == sorted(wanted[1:])
    assert first.deletes == (ObjectRef("Secret", "shop", "s0"),)
    stream.send({"type": "MODIFIED", "object": secret("stranger", version="2")})
    stream.send({"type": "ADDED", "object": secret("s0", version="3")})
    assert [each.name for each in followed.next().upserts] == ["s0"]


def test_whoever_may_not_see_all_secrets_of_a_namespace_asks_for_each_by_its_name(followed: Followed[SecretsFollower]):
    followed.server.will_answer(SHOP, {"code": 403, "message": "no"}, 403)
    followed.want(*(ObjectRef("Secret", "shop", f"s{number}") for number in range(MANY)))
    followed.server.asked(SHOP)
    asked = {followed.server.asked(SHOP).query["fieldSelector"] for _ in range(MANY)}
    assert asked == {f"metadata.name=s{number}" for number in range(MANY)}


def test_more_names_than_may_be_watched_are_asked_for_without_a_thread_of_their_own(
    followed: Followed[SecretsFollower],
):
    refs = [ObjectRef("Secret", f"shop-{number}", "web") for number in range(MOST_WATCHES + 20)]
    for ref in refs:
        path = f"/api/v1/namespaces/{ref.namespace}/secrets"
        followed.server.will_answer(path, listed())
        followed.server.will_stream(path)
    followed.want(*refs)
    answered = {followed.next().deletes for _ in refs}
    assert answered == {(ref,) for ref in refs}
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("kubernetes/shop-")]
    assert len(threads) <= MOST_WATCHES


def test_a_name_that_was_asked_for_now_and_then_is_watched_once_there_is_room(followed: Followed[SecretsFollower]):
    refs = [ObjectRef("Secret", f"shop-{number}", "web") for number in range(MOST_WATCHES + 1)]
    *_, last = refs
    path = f"/api/v1/namespaces/{last.namespace}/secrets"
    for ref in refs[:-1]:
        followed.server.will_answer(f"/api/v1/namespaces/{ref.namespace}/secrets", listed())
        followed.server.will_stream(f"/api/v1/namespaces/{ref.namespace}/secrets")
    followed.want(*refs[:-1])
    followed.server.will_answer(path, listed())
    followed.want(last)
    assert "watch" not in followed.server.asked(path).query

    followed.server.will_answer(path, listed())
    followed.server.will_stream(path)
    followed.want(dropped=(refs[0],))
    assert "watch" not in followed.server.asked(path).query
    assert followed.server.asked(path).query["watch"] == "1"


def test_a_secret_of_a_namespace_that_is_not_followed_is_not_asked_for(server: ApiServer, tmp_path: Path):
    followed = Followed(partial(SecretsFollower, namespaces=["blog"]), server, tmp_path)
    followed.want(WEB)
    assert followed.next().deletes == (WEB,)
    assert not followed.follower.is_needed()


def test_an_undecodable_secret_is_said_of_it_and_its_last_good_values_stay(followed: Followed[SecretsFollower]):
    followed.server.will_answer(SHOP, listed(secret("web")))
    stream = followed.server.will_stream(SHOP)
    followed.want(WEB)
    followed.next()
    stream.send({"type": "MODIFIED", "object": {**secret("web", version="2"), "data": ["hunter2"]}})
    said = followed.next()
    assert (said.upserts, said.deletes) == ((), ())
    assert [problem.object for problem in said.problems or ()] == [WEB]
    assert "hunter2" not in repr(said)
