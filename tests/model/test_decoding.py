"""From foreign documents to objects: nothing raises, and a wrong structure harms one object only."""

from __future__ import annotations

import json

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from hadyn.model.decoding import TypeName, decode
from hadyn.model.objects import Ingress, KubernetesObject, Service
from hadyn.model.problems import ObjectRef, Problem, Reason
from tests import given

SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
KINDS = [
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1beta1", "Ingress"),
    ("extensions/v1beta1", "Ingress"),
    ("networking.k8s.io/v1", "IngressClass"),
    ("v1", "Service"),
    ("v1", "Endpoints"),
    ("discovery.k8s.io/v1", "EndpointSlice"),
    ("hadyn.io/v1alpha1", "Backend"),
]
KNOWN_FIELDS = st.sampled_from(
    [
        "metadata",
        "spec",
        "rules",
        "http",
        "paths",
        "path",
        "pathType",
        "backend",
        "service",
        "name",
        "port",
        "number",
        "ports",
        "endpoints",
        "addresses",
        "conditions",
        "ready",
        "serving",
        "terminating",
        "targetRef",
        "uid",
        "subsets",
        "notReadyAddresses",
        "ip",
        "clusterIP",
        "host",
        "serviceName",
        "servicePort",
        "resource",
        "defaultBackend",
        "labels",
        "annotations",
        "hadyn.io/slots",
        "kubernetes.io/service-name",
        "namespace",
        "creationTimestamp",
        "addressType",
        "controller",
        "discovery",
    ]
)
PLAIN_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["a", "IPv4", "/", "10.0.0.1"]),
)
HOSTILE = st.recursive(
    PLAIN_VALUES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KNOWN_FIELDS, inner, max_size=6)),
    max_leaves=30,
)


def test_bytes_of_json_and_parsed_yaml_give_the_same_object():
    assert decode(json.dumps(SERVICE).encode()) == decode(SERVICE)


def test_a_document_without_namespace_is_in_the_default_one():
    assert decode(SERVICE).ref == ObjectRef("Service", "default", "web")


def test_an_item_of_a_list_from_the_apiserver_has_the_type_of_the_list():
    item = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"ports": [{"port": 80}]}}
    decoded = decode(json.dumps(item).encode(), TypeName("v1", "Service"))
    assert isinstance(decoded, Service)
    assert decoded.title == "shop/web"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(None, id="an empty document"),
        pytest.param({}, id="a mapping without kind"),
        pytest.param(
            {"apiVersion": "v1", "kind": "ReplicationController", "metadata": 7}, id="a kind that is not used"
        ),
        pytest.param({"apiVersion": "serving.knative.dev/v1", "kind": "Service"}, id="a Service of another group"),
        pytest.param({"apiVersion": "v1", "kind": "List", "items": None}, id="a list without items"),
        pytest.param({"apiVersion": "v1", "kind": ["Service"]}, id="a kind that is no text"),
    ],
)
def test_a_document_that_is_not_for_us_is_nobodys_problem(document):
    assert decode(document) is None


@pytest.mark.parametrize(
    ("document", "field", "said"),
    [
        pytest.param([], "", "a mapping is wanted, not a list", id="a list"),
        pytest.param("text", "", "a mapping is wanted, not text", id="text"),
        pytest.param({**SERVICE, "spec": 3}, "spec", "a mapping or nothing is wanted, not a number", id="a spec"),
        pytest.param(
            {**SERVICE, "spec": {"ports": [{"port": 80}, 4]}}, "spec.ports[1]", "a mapping is wanted", id="an element"
        ),
        pytest.param(
            {**SERVICE, "metadata": {"name": "web", "annotations": {1: "x"}}},
            "metadata.annotations",
            "text is wanted, not a number",
            id="a key",
        ),
        pytest.param(b"{", "", "cannot be read: 'Input data was truncated'", id="half a document"),
        pytest.param(b'{"kind": "Service", "x": "\xff"', "", "cannot be read", id="bytes that are not UTF-8"),
        pytest.param(b"[" * 100_000, "", "a mapping is wanted, not a list", id="an endless nest"),
        pytest.param({**SERVICE, "apiVersion": "v2"}, "apiVersion", "'v2' is not a version", id="a future version"),
        pytest.param({"kind": "Ingress"}, "apiVersion", "'' is not a version", id="no version"),
        pytest.param(
            {"apiVersion": "v1", "kind": "Service"}, "", "missing required field `metadata`", id="no metadata"
        ),
    ],
)
def test_a_structure_that_cannot_be_read_is_a_problem_with_its_place(document, field, said):
    problem = decode(document)
    assert isinstance(problem, Problem)
    assert problem.field == field
    assert said in problem.said


@pytest.mark.parametrize(
    ("name", "shown_name"),
    [
        (None, "?"),
        ("", "?"),
        (7, "?"),
        ("Web", "'Web'"),
        ("a_b", "'a_b'"),
        ("web\n", "'web\\n'"),
        ("\x1b[31mred", "'\\x1b[31mred'"),
        ("../x", "'../x'"),
        ("a" * 64, "a" * 64),
    ],
)
def test_an_object_without_a_proper_name_is_refused_and_shown_escaped(name, shown_name):
    problem = decode({**SERVICE, "metadata": {"name": name}})
    assert isinstance(problem, Problem)
    assert (problem.object.name, problem.field, problem.reason) == (shown_name, "metadata.name", Reason.INVALID_VALUE)
    assert str(problem).isprintable()


@pytest.mark.parametrize("namespace", ["Shop", "a.b", "../x", 7, ["a"], "a" * 64])
def test_an_object_in_no_proper_namespace_is_refused(namespace):
    problem = decode({**SERVICE, "metadata": {"name": "web", "namespace": namespace}})
    assert isinstance(problem, Problem)
    assert problem.field == "metadata.namespace"


@pytest.mark.parametrize(
    ("created", "age"),
    [
        pytest.param("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z", id="as Kubernetes writes it"),
        pytest.param("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05Z", id="fractions are dropped, for text to sort"),
        pytest.param("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z", id="the zone in numbers"),
        pytest.param(None, "~", id="none sorts last"),
    ],
)
def test_the_time_of_creation_is_text_that_sorts(created, age):
    assert given.service("shop", "web", created=created).created == age


@pytest.mark.parametrize(
    "created", ["yesterday", "2026-01-02", 7, "2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05Z\n"]
)
def test_a_time_that_cannot_be_compared_makes_the_object_the_youngest(created):
    service = given.service("shop", "web", created=created)
    assert service.created == "~"
    assert [fault.field for fault in service.faults] == ["metadata.creationTimestamp"]


def test_all_three_versions_of_ingress_give_one_shape():
    path = {"path": "/", "backend": {"serviceName": "web", "servicePort": 80}}
    beta = {
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": {"ingressClassName": "hadyn", "rules": [{"host": "a.example", "http": {"paths": [path]}}]},
    }
    stable = given.ingress("shop", "web")
    for version in ("networking.k8s.io/v1beta1", "extensions/v1beta1"):
        assert decode({"apiVersion": version, "kind": "Ingress", **beta}) == stable


def test_a_default_backend_of_an_older_version_is_called_backend():
    backend = {"serviceName": "web", "servicePort": "http"}
    old = {
        "apiVersion": "extensions/v1beta1",
        "kind": "Ingress",
        "metadata": {"name": "web"},
        "spec": {"backend": backend},
    }
    decoded = decode(old)
    assert isinstance(decoded, Ingress)
    assert decoded.catch_all.target.port == "http"


@for_all(st.sampled_from(KINDS), HOSTILE, HOSTILE, HOSTILE)
def test_no_document_makes_the_decoder_raise(kind, metadata, spec, more):
    api_version, name = kind
    document = {"apiVersion": api_version, "kind": name, "metadata": metadata, "spec": spec}
    rest = {"endpoints": more, "subsets": more, "ports": spec, "addressType": "IPv4"}
    for candidate in (
        document,
        {**document, **rest},
        {**document, "metadata": {"name": "a", "annotations": metadata}, **rest},
    ):
        decoded = decode(candidate)
        assert isinstance(decoded, KubernetesObject | Problem)
        assert isinstance(decode(json.dumps(candidate, allow_nan=True).encode()), KubernetesObject | Problem)


@for_all(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_raise(raw):
    assert isinstance(decode(raw), KubernetesObject | Problem | None)
