"""What a refusal of an apiserver says."""

from __future__ import annotations

import pytest

from hadyn.cluster.errors import (
    ApiBusy,
    ApiFailed,
    NamespaceGoes,
    NoCredentials,
    NotAllowed,
    NotServed,
    RequestRefused,
    VersionGone,
    error_of,
)
from hadyn.cluster.requests import ApiRequest
from hadyn.errors import HadynError, PermanentError, TemporaryError

LIST = ApiRequest("list", "ingresses.networking.k8s.io", "/apis/networking.k8s.io/v1/ingresses", "shop")


@pytest.mark.parametrize(
    ("status", "sort", "retry"),
    [
        (400, RequestRefused, PermanentError),
        (401, NoCredentials, PermanentError),
        (403, NotAllowed, PermanentError),
        (404, NotServed, PermanentError),
        (410, VersionGone, TemporaryError),
        (422, RequestRefused, PermanentError),
        (429, ApiBusy, TemporaryError),
        (500, ApiFailed, TemporaryError),
        (503, ApiBusy, TemporaryError),
        (504, ApiFailed, TemporaryError),
        (799, ApiFailed, TemporaryError),
    ],
)
def test_the_status_says_what_is_wrong_and_whether_to_try_again(
    status: int, sort: type[HadynError], retry: type[HadynError]
):
    error = error_of(LIST, status, b"<html>not JSON")
    assert type(error) is sort
    assert isinstance(error, retry)


def test_a_missing_rule_is_named_with_its_verb_and_resource():
    said = 'ingresses is forbidden: User \\"system:serviceaccount:shop:hadyn\\" cannot list resource'
    error = error_of(LIST, 403, f'{{"kind":"Status","code":403,"message":"{said}"}}'.encode())
    assert str(error) == (
        "the account 'system:serviceaccount:shop:hadyn' may not list ingresses.networking.k8s.io in namespace shop. "
        'Give it a Role in shop with the rule apiGroups: ["networking.k8s.io"], resources: ["ingresses"], verbs: ["list"]'
    )


def test_a_namespace_that_is_being_deleted_lacks_no_rule():
    body = b'{"code":403,"reason":"Forbidden","details":{"causes":[{"reason":"NamespaceTerminating"}]}}'
    error = error_of(ApiRequest("create", "events.events.k8s.io", "/x", "shop"), 403, body)
    assert type(error) is NamespaceGoes
    assert "Role" not in str(error)


def test_a_rule_of_the_core_group_is_spelled_as_it_is_written():
    error = error_of(ApiRequest("watch", "services", "/api/v1/services"), 403, b"{}")
    assert 'Give it a ClusterRole with the rule apiGroups: [""], resources: ["services"], verbs: ["watch"]' in str(
        error
    )


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [
        (b"{}", "7", 7.0),
        (b'{"details":{"retryAfterSeconds":3}}', "", 3.0),
        (b"{}", "", 0.0),
        (b"{}", "Wed, 21 Oct 2026 07:28:00 GMT", 0.0),
        (b'{"details":{"retryAfterSeconds":-5}}', "", 0.0),
        (b"{}", "86400", 60.0),
    ],
)
def test_a_busy_apiserver_says_when_to_come_back(body: bytes, header: str, seconds: float):
    error = error_of(LIST, 429, body, header)
    assert isinstance(error, ApiBusy)
    assert error.retry_after_seconds == seconds


def test_what_the_server_says_cannot_steer_a_terminal():
    error = error_of(LIST, 500, b'{"message":"a\\u001b[2Jb\\nc"}')
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)


def test_a_refusal_in_no_known_shape_is_understood_by_its_status():
    assert isinstance(error_of(LIST, 403, b'{"message": 5, "details": "x"}'), NotAllowed)
