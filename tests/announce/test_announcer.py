"""What is written into a cluster, request by request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hadyn.announce.announcer import Announcer, Publish
from hadyn.announce.leadership import Leadership, LeaseName
from hadyn.cluster.requests import Resource
from hadyn.model.problems import ObjectRef, Problem, Reason
from tests.cluster.apiserver import ApiServer, Json

WEB = ObjectRef("Ingress", "shop", "web")
TLS = ObjectRef("Secret", "shop", "web-tls")
HERE = ("192.0.2.7",)
SAID = {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}
LEASES = "/apis/coordination.k8s.io/v1/namespaces/hadyn/leases"
OLD = Resource("extensions", "v1beta1", "ingresses", "Ingress")
INGRESS = "/apis/extensions/v1beta1/namespaces/shop/ingresses/web"
EVENTS = "/apis/events.k8s.io/v1/namespaces/shop/events"
WRITER = "hadyn.io/ingress#hadyn"


@contextmanager
def announcing(server: ApiServer, folder: Path) -> Iterator[Announcer]:
    """An announcer that holds the lease, in a cluster that serves Ingresses by an old group."""
    lease = {"metadata": {"resourceVersion": "1"}, "spec": {"holderIdentity": "me", "leaseDurationSeconds": 10}}
    server.will_answer(f"{LEASES}/hadyn", {"code": 404}, 404)
    server.will_answer(LEASES, lease, 201)
    # To renew it, and to give it back.
    for _ in range(10):
        server.will_answer(f"{LEASES}/hadyn", lease)
    api = server.api(folder)
    publish = Publish(HERE, writer=WRITER, ingresses=lambda: OLD)
    announcer = Announcer(
        api, Leadership(api, LeaseName("hadyn", "hadyn"), "me"), publish, controller="hadyn.io/ingress"
    )
    announcer.start()
    try:
        yield announcer
    finally:
        announcer.stop()


def ingress(*managed: Json, **status: object) -> Json:
    metadata = {"resourceVersion": "41", "uid": "u-1", "managedFields": list(managed)}
    return {"apiVersion": OLD.api_version, "kind": "Ingress", "metadata": metadata, "status": status}


def written_by(manager: str) -> Json:
    fields = {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}
    return {"manager": manager, "subresource": "status", "fieldsV1": fields}


def test_a_status_is_written_where_the_cluster_serves_ingresses_under_a_name_of_its_own(
    server: ApiServer, tmp_path: Path
):
    server.will_answer(INGRESS, ingress())
    server.will_answer(f"{INGRESS}/status", ingress())
    with announcing(server, tmp_path) as announcer:
        announcer.saw_ingress(WEB, (), is_ours=True)
        written = server.asked(f"{INGRESS}/status")
    assert (written.method, written.query) == ("PATCH", {"fieldManager": WRITER})
    assert json.loads(written.body) == {"metadata": {"resourceVersion": "41"}, "status": SAID}


def test_a_status_of_somebody_elses_ingress_is_withdrawn_if_we_wrote_it(server: ApiServer, tmp_path: Path):
    server.will_answer(INGRESS, ingress(written_by("nginx"), written_by(WRITER), **SAID))
    server.will_answer(f"{INGRESS}/status", ingress())
    with announcing(server, tmp_path) as announcer:
        announcer.saw_ingress(WEB, HERE, is_ours=False)
        written = server.asked(f"{INGRESS}/status")
    assert json.loads(written.body)["status"] == {"loadBalancer": {"ingress": None}}


def test_a_status_of_somebody_elses_ingress_stays_if_another_wrote_it(server: ApiServer, tmp_path: Path):
    server.will_answer(INGRESS, ingress(written_by("nginx"), **SAID))
    other = "/apis/extensions/v1beta1/namespaces/shop/ingresses/other"
    server.will_answer(other, ingress())
    server.will_answer(f"{other}/status", ingress())
    with announcing(server, tmp_path) as announcer:
        announcer.saw_ingress(WEB, HERE, is_ours=False)
        announcer.saw_ingress(ObjectRef("Ingress", "shop", "other"), (), is_ours=True)
        # Statuses are written one after the other.
        server.asked(INGRESS)
        server.asked(f"{other}/status")
    assert server.was_not_asked(f"{INGRESS}/status")


def test_an_event_names_the_ingress_in_the_group_that_the_cluster_serves(server: ApiServer, tmp_path: Path):
    server.will_answer(INGRESS, ingress())
    server.will_answer(EVENTS, {}, 201)
    with announcing(server, tmp_path) as announcer:
        announcer.saw_problems([Problem(WEB, "spec", Reason.NOT_FOUND, "is lost", "Find it")])
        told = json.loads(server.asked(EVENTS).body)
    assert told["regarding"]["apiVersion"] == "extensions/v1beta1"
    assert told["regarding"]["uid"] == "u-1"


@pytest.mark.parametrize(("kind", "plural"), [("Secret", "secrets"), ("ConfigMap", "configmaps")])
def test_an_event_on_what_may_only_be_listed_takes_no_other_right_and_nothing_but_metadata(
    server: ApiServer, tmp_path: Path, kind: str, plural: str
):
    place = f"/api/v1/namespaces/shop/{plural}"
    server.will_answer(place, {"items": [{"apiVersion": "meta.k8s.io/v1", "metadata": {"uid": "u-2"}}]})
    server.will_answer(EVENTS, {}, 201)
    with announcing(server, tmp_path) as announcer:
        wrong = ObjectRef(kind, "shop", "web-tls")
        announcer.saw_problems([Problem(wrong, "data", Reason.INVALID_VALUE, "is no certificate", "Make one")])
        asked, told = server.asked(place), json.loads(server.asked(EVENTS).body)
    assert asked.query == {"fieldSelector": "metadata.name=web-tls"}
    assert "PartialObjectMetadataList" in asked.accept
    assert told["regarding"] == {
        "apiVersion": "v1",
        "kind": kind,
        "namespace": "shop",
        "name": "web-tls",
        "uid": "u-2",
        "fieldPath": "data",
    }


def test_a_secret_that_is_gone_gets_no_event(server: ApiServer, tmp_path: Path):
    server.will_answer("/api/v1/namespaces/shop/secrets", {"items": []})
    server.will_answer(INGRESS, ingress())
    server.will_answer(EVENTS, {}, 201)
    with announcing(server, tmp_path) as announcer:
        gone = Problem(TLS, "data", Reason.INVALID_VALUE, "is no certificate", "Make one")
        announcer.saw_problems([gone, Problem(WEB, "spec", Reason.NOT_FOUND, "is lost", "Find it")])
        told = json.loads(server.asked(EVENTS).body)
    assert told["regarding"]["kind"] == "Ingress"
