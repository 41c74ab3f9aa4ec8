"""Problems as Events."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import msgspec
import pytest

from hadyn.announce.events import (
    MOST_EVENTS,
    MOST_OF_A_NAMESPACE,
    MOST_OF_AN_OBJECT,
    REMIND_SECONDS,
    Known,
    Reporter,
    Troubles,
    count_patch,
    event_document,
    event_name,
    event_namespace,
)
from hadyn.model.problems import ObjectRef, Problem, Reason

WEB = ObjectRef("Ingress", "shop", "web")
NO_SERVICE = Problem(
    WEB, "spec.rules[0].http.paths[0].backend", Reason.NOT_FOUND, "service a does not exist", "Make it"
)
BAD_SLOTS = Problem(WEB, "metadata.annotations[hadyn.io/slots]", Reason.INVALID_VALUE, "'x' is no number", "Say one")
NOW = datetime(2026, 11, 25, 10, 0, 0, 123456, UTC)
REPORTER = Reporter("hadyn.io/ingress", "hadyn-1")


def told(troubles: Troubles, now: float) -> list[Problem]:
    """What is told now, one after the other."""
    problems: list[Problem] = []
    while (problem := troubles.next_due(now)) is not None:
        problems.append(problem)
        troubles.told(problem, now)
    return problems


def document(problem: Problem, version: str = "networking.k8s.io/v1") -> Any:
    known = json.dumps({"apiVersion": version, "metadata": {"uid": "u-1"}}).encode()
    return json.loads(event_document(problem, msgspec.json.decode(known, type=Known), REPORTER, NOW))


def test_each_problem_is_told_once():
    troubles = Troubles()
    troubles.replace([NO_SERVICE, BAD_SLOTS])
    assert told(troubles, 0.0) == [NO_SERVICE, BAD_SLOTS]
    troubles.replace([NO_SERVICE, BAD_SLOTS])
    assert told(troubles, 1.0) == []


def test_a_problem_that_lasts_is_told_again_before_it_is_forgotten():
    troubles = Troubles()
    troubles.replace([NO_SERVICE])
    told(troubles, 0.0)
    assert told(troubles, REMIND_SECONDS - 1) == []
    assert told(troubles, REMIND_SECONDS) == [NO_SERVICE]


def test_a_problem_that_is_gone_and_comes_back_is_told_again():
    troubles = Troubles()
    troubles.replace([NO_SERVICE])
    told(troubles, 0.0)
    troubles.replace([])
    assert told(troubles, 1.0) == []
    troubles.replace([NO_SERVICE])
    assert told(troubles, 2.0) == [NO_SERVICE]


def test_problems_of_files_are_no_events():
    troubles = Troubles()
    backend = replace(NO_SERVICE, object=ObjectRef("Backend", "shop", "web"))
    troubles.replace([replace(NO_SERVICE, file="shop.yaml:3"), backend])
    assert told(troubles, 0.0) == []


def flood(namespaces: int, objects: int, problems: int) -> list[Problem]:
    """So many problems of each of so many objects in each of so many namespaces."""
    counts = product(range(namespaces), range(objects), range(problems))
    return [
        replace(NO_SERVICE, object=ObjectRef("Ingress", f"ns-{namespace}", f"web-{name}"), said=str(number))
        for namespace, name, number in counts
    ]


@pytest.mark.parametrize(
    ("problems", "most"),
    [
        (flood(1, 1, 5000), MOST_OF_AN_OBJECT),
        (flood(1, 500, 1), MOST_OF_A_NAMESPACE),
        (flood(50, 50, 1), MOST_EVENTS),
    ],
)
def test_a_flood_of_problems_is_cut(problems: list[Problem], most: int):
    troubles = Troubles()
    troubles.replace(problems)
    assert len(told(troubles, 0.0)) == most


def test_one_object_with_a_thousand_problems_drowns_out_no_other():
    troubles = Troubles()
    troubles.replace([*flood(1, 1, 5000), NO_SERVICE])
    assert NO_SERVICE in told(troubles, 0.0)


def test_an_event_says_what_is_wrong_where_and_what_to_do():
    event = document(NO_SERVICE)
    assert event["note"] == "spec.rules[0].http.paths[0].backend: service a does not exist; Make it"
    assert (event["type"], event["reason"], event["action"]) == ("Warning", "NotFound", "Judge")
    assert event["regarding"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "namespace": "shop",
        "name": "web",
        "uid": "u-1",
        "fieldPath": "spec.rules[0].http.paths[0].backend",
    }
    assert (event["reportingController"], event["reportingInstance"]) == ("hadyn.io/ingress", "hadyn-1")
    assert event["eventTime"] == "2026-11-25T10:00:00.123456Z"
    assert event["metadata"] == {"name": event_name(NO_SERVICE), "namespace": "shop"}


def test_an_event_names_its_object_in_the_version_that_the_cluster_serves():
    event = document(NO_SERVICE, version="extensions/v1beta1")
    assert event["regarding"]["apiVersion"] == "extensions/v1beta1"


def test_the_same_problem_has_the_same_name_and_another_has_another():
    assert event_name(NO_SERVICE) == event_name(replace(NO_SERVICE, remedy="Make it soon"))
    assert event_name(NO_SERVICE) != event_name(BAD_SLOTS)
    assert event_name(NO_SERVICE).startswith("web.")


def test_the_longest_name_of_an_object_leaves_room_for_the_event():
    name = event_name(replace(NO_SERVICE, object=ObjectRef("Ingress", "shop", "a" * 229 + "." + "b" * 20)))
    assert len(name) <= 253
    assert ".." not in name


def test_a_long_note_is_cut_between_characters():
    note = document(replace(NO_SERVICE, said="ü" * 2000))["note"]
    assert len(note.encode()) <= 1024
    assert note.endswith("ü")


def test_an_object_without_namespace_has_its_events_in_default():
    problem = replace(NO_SERVICE, object=ObjectRef("IngressClass", "", "hadyn"), field="")
    event = document(problem)
    assert event_namespace(problem) == event["metadata"]["namespace"] == "default"
    assert event["regarding"] == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "name": "hadyn",
        "uid": "u-1",
    }


def test_counting_up_says_how_often_and_when_last():
    assert json.loads(count_patch(3, NOW)) == {
        "series": {"count": 3, "lastObservedTime": "2026-11-25T10:00:00.123456Z"}
    }
