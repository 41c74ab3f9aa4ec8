"""WebSockets outlive what hadyn does: changes of other pods, reloads, the drain of their own pod."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from integration.deployments import Deployment
from integration.haproxies import find_haproxies
from integration.hosted import Hosted
from integration.manifests import HOST
from integration.running import Ground
from integration.websocket_pods import Conversation, WebSocketPod

FIRST_AND_LAST = [pytest.param(0, id="first"), pytest.param(-1, id="last", marks=pytest.mark.versions)]


@pytest.fixture(params=FIRST_AND_LAST)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with Ground(find_haproxies()[request.param].path) as ground:
        yield ground
    print(ground.said)


@pytest.fixture
def chat(ground: Ground) -> Iterator[Deployment]:
    """A Service of three pods that echo over WebSockets."""
    with Hosted(WebSocketPod) as pods:
        chat = Deployment(ground, pods, "chat")
        chat.publish()
        chat.start(3)
        yield chat


def held_with_each(ground: Ground, chat: Deployment, opened: ExitStack) -> list[Conversation]:
    """A conversation with every pod that takes some."""
    found = [opened.enter_context(Conversation(ground.http_port, HOST)) for _ in chat.names]
    assert {talk.partner for talk in found} == set(chat.names)
    return found


def all_go_on(talks: list[Conversation]) -> bool:
    return all([talk.goes_on() for talk in talks])  # noqa: C419 - each is asked, whatever the others say


def reload(ground: Ground, chat: Deployment, balance: str) -> None:
    """Have a setting changed that needs a reload; return when the new worker is there."""
    worker = ground.worker()
    chat.publish(load_balance=balance)
    ground.until(lambda: ground.worker() not in {0, worker})
    ground.until(chat.serves)


def test_a_websocket_outlives_other_pods_and_reloads_and_the_drain_of_its_own_pod(
    ground: Ground, chat: Deployment
) -> None:
    ground.run("--reload-interval", "0")
    with ExitStack() as opened:
        talks = held_with_each(ground, chat, opened)
        newcomers = chat.start(2)
        ground.until(chat.serves)
        chat.retire(newcomers)
        ground.until(chat.serves)
        assert all_go_on(talks)

        for balance in ("leastconn", "roundrobin"):
            reload(ground, chat, balance)
            talks += held_with_each(ground, chat, opened)
        assert all_go_on(talks)

        leaver, *stayers = chat.names
        chat.terminate([leaver])
        ground.until(chat.serves)
        assert {talk.partner for talk in held_with_each(ground, chat, opened)} == set(stayers)
        (pod,) = chat.remove([leaver])
        ground.until(lambda: pod_is_unlisted(ground, chat, pod))
        reload(ground, chat, "leastconn")
        assert all_go_on(talks)

        for talk in talks:
            talk.end()
        assert {(talk.mishap, talk.close_code) for talk in talks} == {("", 1000)}
        assert pod.closed == 3
    assert ground.reloads() == {"BACKEND_CHANGED": 3}


def pod_is_unlisted(ground: Ground, chat: Deployment, pod: WebSocketPod) -> bool:
    """Whether its address stands in the files of HAProxy no more."""
    return str(pod.address) not in ground.filed(chat.backend).values()
