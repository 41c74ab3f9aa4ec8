"""Pages of lists and events of watches, as bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hadyn.cluster.errors import AnswerNotUnderstood, ApiFailed, VersionGone
from hadyn.cluster.requests import ApiRequest
from hadyn.model.problems import ObjectRef, Reason
from hadyn.sources.kube_answers import Events, read_events, read_page
from hadyn.sources.kube_discovery import CLASSES, SERVICES

LIST = ApiRequest("list", "services", "/api/v1/services")
WATCH = ApiRequest("watch", "services", "/api/v1/services")
WEB = ObjectRef("Service", "shop", "web")


def service(name: str, *, version: int = 1, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"ports": [{"port": 80}]}, **more}


def event(kind: str, thing: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": {"apiVersion": "v1", "kind": "Service", **thing}}).encode()


def bookmark(version: int) -> bytes:
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


def read(*lines: bytes) -> Events:
    return read_events(lines, SERVICES, WATCH)


def test_items_of_a_list_need_not_say_their_kind():
    body = json.dumps({"metadata": {"resourceVersion": "9", "continue": "abc"}, "items": [service("web")]}).encode()
    page = read_page(body, SERVICES, LIST)
    assert [str(each.ref) for each in page.objects] == ["service shop/web"]
    assert (page.resource_version, page.token, page.problems) == ("9", "abc", ())


def test_a_list_of_nothing_may_say_null():
    page = read_page(b'{"metadata":{"resourceVersion":"9"},"items":null}', SERVICES, LIST)
    assert (page.objects, page.token) == ((), "")


def test_an_item_that_cannot_be_read_is_a_problem_and_harms_no_other():
    items = [service("web"), {"metadata": {"name": "odd", "namespace": "shop"}, "spec": "text"}, service("api")]
    page = read_page(json.dumps({"metadata": {"resourceVersion": "9"}, "items": items}).encode(), SERVICES, LIST)
    assert [each.name for each in page.objects] == ["web", "api"]
    assert [(str(each.object), each.reason) for each in page.problems] == [("service shop/odd", Reason.UNREADABLE)]


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"items":[]}', b'{"metadata":{},"items":[]}', b'{"metadata":', b"\xff"]
)
def test_what_is_no_list_is_not_taken_for_an_empty_one(body: bytes):
    with pytest.raises(AnswerNotUnderstood):
        read_page(body, SERVICES, LIST)


def test_events_come_to_what_is_there_and_what_is_gone():
    events = read(event("ADDED", service("web", version=4)), event("DELETED", service("api", version=5)))
    assert list(events.upserts) == [WEB]
    assert events.deletes == {ObjectRef("Service", "shop", "api")}
    assert (events.resource_version, events.gained, events.failure) == ("5", 0, None)


def test_the_last_event_about_an_object_counts():
    gone = read(event("ADDED", service("web", version=4)), event("DELETED", service("web", version=5)))
    assert (gone.upserts, gone.deletes) == ({}, {WEB})
    back = read(event("DELETED", service("web", version=5)), event("ADDED", service("web", version=6)))
    assert (list(back.upserts), back.deletes) == ([WEB], set())


def test_a_bookmark_moves_the_place_to_resume_at_and_nothing_else():
    events = read(event("ADDED", service("web", version=4)), bookmark(90))
    assert events.resource_version == "90"
    assert list(events.upserts) == [WEB]


def test_an_error_event_is_what_its_status_says():
    gone = read(event("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version: 1 (9)"}))
    assert isinstance(gone.failure, VersionGone)
    other = read(event("ERROR", {"kind": "Status", "code": 500, "message": "etcdserver: no leader"}))
    assert isinstance(other.failure, ApiFailed)


def test_what_came_before_an_error_counts():
    events = read(
        event("ADDED", service("web", version=4)), event("ERROR", {"code": 410}), event("ADDED", service("api"))
    )
    assert list(events.upserts) == [WEB]
    assert events.resource_version == "4"
    assert isinstance(events.failure, VersionGone)


@pytest.mark.parametrize(
    "line",
    [b'{"type":"ADDED","object":{"metad', b"null", b"[]", b'{"type":5,"object":{}}', b'\xef\xbb\xbf{"type":"ADDED"}'],
)
def test_a_broken_line_ends_the_events_and_loses_none_before_it(line: bytes):
    events = read(event("ADDED", service("web", version=4)), line)
    assert list(events.upserts) == [WEB]
    assert events.resource_version == "4"
    assert isinstance(events.failure, AnswerNotUnderstood)


def test_an_object_that_can_no_longer_be_read_is_a_problem_and_not_gone():
    events = read(event("MODIFIED", {**service("web", version=4), "spec": "text"}))
    assert (events.upserts, events.deletes) == ({}, set())
    assert list(events.problems) == [WEB]


def test_a_kind_of_event_from_the_future_is_passed_over():
    events = read(event("REPLACED", service("web", version=4)))
    assert (events.upserts, events.failure, events.resource_version) == ({}, None, "4")


def test_a_cluster_wide_object_that_goes_is_named_without_namespace():
    line = json.dumps({"type": "DELETED", "object": {"metadata": {"name": "hadyn", "resourceVersion": "3"}}}).encode()
    assert read_events([line], CLASSES, WATCH).deletes == {ObjectRef("IngressClass", "", "hadyn")}
