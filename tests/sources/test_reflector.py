"""One reflector against an apiserver that says what the test wants."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hadyn.cluster.errors import AnswerNotUnderstood, ApiUnreachable, NotAllowed
from hadyn.errors import HadynError
from hadyn.model.changes import Changes
from hadyn.sources.kube_discovery import SERVICES
from hadyn.sources.reflector import Place, Reflector
from tests.cluster.apiserver import WAIT_SECONDS, ApiServer, Asked, Json

PATH = "/api/v1/services"


def service(name: str, version: int = 1, port: int = 80) -> Json:
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": port}]}}


def listed(version: int, *names: str, token: str = "") -> Json:
    return {
        "metadata": {"resourceVersion": str(version), "continue": token},
        "items": [service(each) for each in names],
    }


def event(kind: str, thing: Json) -> Json:
    return {"type": kind, "object": thing}


class Heard:
    """What a reflector said, in order: deliveries, failures, that it is in touch."""

    def __init__(self) -> None:
        self.deliveries: queue.SimpleQueue[Changes] = queue.SimpleQueue()
        self.failures: queue.SimpleQueue[HadynError] = queue.SimpleQueue()
        self.in_touch = threading.Semaphore(0)
        self.pauses: list[float] = []

    def failed(self, _reflector: Reflector, failure: HadynError) -> None:
        self.failures.put(failure)

    def came_in_touch(self, _reflector: Reflector) -> None:
        self.in_touch.release()

    def delivery(self) -> Changes:
        return self.deliveries.get(timeout=WAIT_SECONDS)

    def failure(self) -> HadynError:
        return self.failures.get(timeout=WAIT_SECONDS)

    def wait_for_touch(self) -> None:
        assert self.in_touch.acquire(timeout=WAIT_SECONDS)


class Ground:
    """An apiserver, and a reflector that waits for nothing between its requests."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self.heard = Heard()
        self.reflector = Reflector(
            server.api(folder), Place(SERVICES), self.heard, clock=time.monotonic, pause=self.heard.pauses.append
        )

    def start(self) -> None:
        self.reflector.start(self.heard.deliveries.put)

    def will_list(self, version: int, *names: str, token: str = "") -> None:
        self.server.will_answer(PATH, listed(version, *names, token=token))

    def will_watch(self) -> Any:
        return self.server.will_stream(PATH)

    def asked(self) -> Asked:
        return self.server.asked(PATH)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ApiServer() as server:
        ground = Ground(server, tmp_path)
        yield ground
        ground.reflector.stop()
        ground.reflector.join(WAIT_SECONDS)


def names(changes: Changes) -> list[str]:
    return [each.name for each in changes.upserts]


def test_it_lists_in_pages_delivers_all_at_once_and_watches_from_there(ground: Ground):
    ground.will_list(4, "web", token="page-2")
    ground.will_list(4, "api")
    ground.will_watch()
    ground.start()
    first = ground.heard.delivery()
    assert (names(first), first.is_complete, first.is_operators_own) == (["web", "api"], True, False)
    assert (first.source, first.problems) == ("kubernetes/services", ())
    assert ground.asked().query == {"limit": "500"}
    assert ground.asked().query == {"limit": "500", "continue": "page-2"}
    watch = ground.asked().query
    seconds = int(watch.pop("timeoutSeconds"))
    assert watch == {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": "4"}
    assert 290 <= seconds <= 590


def test_events_are_delivered_as_they_come(ground: Ground):
    ground.will_list(4, "web")
    stream = ground.will_watch()
    ground.start()
    ground.heard.delivery()
    stream.send(event("ADDED", service("api", 5)), event("DELETED", service("web", 6)))
    changes = ground.heard.delivery()
    assert (names(changes), [each.name for each in changes.deletes]) == (["api"], ["web"])
    assert (changes.is_complete, changes.problems) == (False, None)
    stream.send(event("MODIFIED", service("api", 7, port=81)))
    assert names(ground.heard.delivery()) == ["api"]


def test_an_event_in_pieces_is_delivered_once_whole(ground: Ground):
    ground.will_list(4)
    stream = ground.will_watch()
    ground.start()
    ground.heard.delivery()
    stream.write(b'{"type":"ADDED","object":{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","names')
    stream.write(b'pace":"shop","resourceVersion":"5"},"spec":{"ports":[{"port":80}]}}}\n')
    assert names(ground.heard.delivery()) == ["web"]


def test_a_watch_that_the_server_ends_goes_on_where_it_was_without_a_word(ground: Ground):
    ground.will_list(4, "web")
    first, second = ground.will_watch(), ground.will_watch()
    ground.start()
    ground.heard.delivery()
    ground.asked(), ground.asked()
    first.send(event("BOOKMARK", {"metadata": {"resourceVersion": "70"}}))
    first.end()
    assert ground.asked().query["resourceVersion"] == "70"
    second.send(event("ADDED", service("api", 71)))
    assert names(ground.heard.delivery()) == ["api"]
    assert ground.heard.failures.empty()


def test_a_connection_that_breaks_is_resumed_and_nothing_is_taken_away(ground: Ground):
    ground.will_list(4, "web")
    first, second = ground.will_watch(), ground.will_watch()
    ground.start()
    ground.heard.delivery()
    ground.heard.wait_for_touch()
    first.send(event("ADDED", service("api", 5)))
    ground.heard.delivery()
    first.cut()
    assert isinstance(ground.heard.failure(), AnswerNotUnderstood | ApiUnreachable)
    ground.heard.wait_for_touch()
    assert [ground.asked().query.get("resourceVersion") for _ in range(3)] == [None, "4", "5"]
    second.send(event("DELETED", service("web", 6)))
    assert [each.name for each in ground.heard.delivery().deletes] == ["web"]


def test_half_a_line_before_the_end_changes_nothing_and_is_read_again(ground: Ground):
    ground.will_list(4, "web")
    first, second = ground.will_watch(), ground.will_watch()
    ground.start()
    ground.heard.delivery()
    first.write(b'{"type":"DELETED","object":{"metadata":{"na')
    first.end()
    assert isinstance(ground.heard.failure(), AnswerNotUnderstood)
    second.send(event("ADDED", service("api", 5)))
    changes = ground.heard.delivery()
    assert (names(changes), changes.deletes) == (["api"], ())


@pytest.mark.parametrize("as_event", [True, False])
def test_a_place_that_is_gone_is_listed_anew_and_replaced_in_one_go(ground: Ground, as_event: bool):
    ground.will_list(4, "web", "old")
    stream = ground.will_watch()
    ground.start()
    ground.heard.delivery()
    gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
    for _ in range(not as_event):
        stream.end()
        ground.server.will_answer(PATH, gone, 410)
    ground.will_list(90, "web", "new")
    ground.will_watch()
    for _ in range(as_event):
        stream.send(event("ERROR", gone))
    again = ground.heard.delivery()
    assert (names(again), again.is_complete, again.deletes) == (["web", "new"], True, ())
    assert ground.heard.failures.empty()


def test_a_token_that_expires_starts_the_list_again_and_half_of_it_is_never_delivered(ground: Ground):
    ground.will_list(4, "web", token="page-2")
    ground.server.will_answer(PATH, {"code": 410}, 410)
    ground.will_list(9, "api")
    ground.will_watch()
    ground.start()
    assert names(ground.heard.delivery()) == ["api"]
    assert [ground.asked().query for _ in range(3)] == [{"limit": "500"}, {"limit": "500", "continue": "page-2"}, {}]


def test_a_page_that_fails_is_asked_for_again_and_the_others_are_kept(ground: Ground):
    ground.will_list(4, "web", token="page-2")
    ground.server.will_answer(PATH, {}, 500)
    ground.will_list(4, "api")
    ground.will_watch()
    ground.start()
    assert names(ground.heard.delivery()) == ["web", "api"]


def test_a_list_that_suddenly_has_nothing_is_not_delivered(ground: Ground):
    ground.will_list(4, *(f"web-{number}" for number in range(10)))
    stream = ground.will_watch()
    ground.will_list(1)
    ground.will_list(9, "web-1", "web-2")
    last = ground.will_watch()
    ground.start()
    assert len(ground.heard.delivery().upserts) == 10
    stream.send(event("ERROR", {"code": 410}))
    assert names(ground.heard.delivery()) == ["web-1", "web-2"]
    last.end()
    assert 15.0 in ground.heard.pauses


def test_a_refused_watch_is_told_and_tried_again(ground: Ground):
    ground.will_list(4, "web")
    ground.server.will_answer(PATH, {"code": 403, "message": "no"}, 403)
    ground.will_watch()
    ground.start()
    refusal = ground.heard.failure()
    assert isinstance(refusal, NotAllowed)
    assert "may not watch services" in str(refusal)
    ground.heard.wait_for_touch()
    assert max(ground.heard.pauses) >= 0.1


def test_an_object_that_cannot_be_read_is_a_problem_until_it_can(ground: Ground):
    ground.will_list(4, "web")
    stream = ground.will_watch()
    ground.start()
    ground.heard.delivery()
    stream.send(event("MODIFIED", service("web", 5) | {"spec": "text"}))
    wrong = ground.heard.delivery()
    assert (wrong.upserts, wrong.deletes, len(wrong.problems or ())) == ((), (), 1)
    stream.send(event("MODIFIED", service("web", 6)))
    right = ground.heard.delivery()
    assert (names(right), right.problems) == (["web"], ())


def test_a_stopped_reflector_is_gone_and_says_nothing_more(ground: Ground):
    ground.will_list(4, "web")
    ground.will_watch()
    ground.start()
    ground.heard.delivery()
    ground.heard.wait_for_touch()
    ground.reflector.stop()
    ground.reflector.join(WAIT_SECONDS)
    assert ground.heard.failures.empty()
    assert ground.heard.deliveries.empty()
    assert "kubernetes/services" not in [thread.name for thread in threading.enumerate()]


def test_one_that_polls_lists_again_and_delivers_what_is_not_as_it_was(server: ApiServer, tmp_path: Path):
    heard = Heard()
    place = Place(SERVICES)
    reflector = Reflector(server.api(tmp_path), place, heard, pause=heard.pauses.append, poll_seconds=30.0)
    server.will_answer(PATH, listed(1, "a"))
    server.will_answer(PATH, listed(2, "a"))
    server.will_answer(PATH, listed(3, "a", "b"))
    reflector.start(heard.deliveries.put)
    assert (names(heard.delivery()), names(heard.delivery())) == (["a"], ["a", "b"])
    heard.wait_for_touch()
    assert heard.pauses[:2] == [30.0, 30.0]
    assert all("watch" not in server.asked(PATH).query for _ in range(3))
    reflector.stop()


def test_one_that_polls_keeps_what_it_knows_while_it_is_refused(server: ApiServer, tmp_path: Path):
    heard = Heard()
    reflector = Reflector(server.api(tmp_path), Place(SERVICES), heard, poll_seconds=30.0)
    reflector.begin(heard.deliveries.put)
    server.will_answer(PATH, listed(1, "a"))
    assert reflector.turn() == 30.0
    server.will_answer(PATH, {"code": 403, "message": "no"}, 403)
    assert reflector.turn() is not None
    assert isinstance(heard.failure(), NotAllowed)
    assert names(heard.delivery()) == ["a"]
    assert heard.deliveries.empty()
    reflector.stop()
    assert reflector.turn() is None


def test_a_place_has_a_name_and_asks_for_its_part_only():
    place = Place(SERVICES, "shop", "tier=front")
    assert place.name == "kubernetes/shop/services"
    request = place.request("list", {"limit": "500"})
    assert request.target == "/api/v1/namespaces/shop/services?limit=500&labelSelector=tier%3Dfront"
    assert str(request) == "list services in namespace shop"


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_it_is_stale_until_it_watches_and_when_bookmarks_stay_out(tmp_path: Path):
    clock, heard = Clock(), Heard()
    with ApiServer() as server:
        reflector = Reflector(server.api(tmp_path), Place(SERVICES), heard, clock=clock, pause=heard.pauses.append)
        before = reflector.staleness_seconds(clock.now + 7)
        server.will_answer(PATH, listed(4))
        server.will_stream(PATH)
        reflector.start(heard.deliveries.put)
        heard.wait_for_touch()
        soon, late = reflector.staleness_seconds(clock.now + 60), reflector.staleness_seconds(clock.now + 70)
        reflector.stop()
        reflector.join(WAIT_SECONDS)
    assert (before, soon, late) == (7, 0, 70)
