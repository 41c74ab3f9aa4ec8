"""Secrets, ConfigMaps: what is read of them, who refers to them, what nobody ever sees of them."""

from __future__ import annotations

import json

import msgspec
import pytest

from hadyn.model.decoding import decode
from hadyn.model.inventory import Inventory
from hadyn.model.objects import Secret
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.sealed import Sealed
from tests import given
from tests.model.looks import cluster, inventory
from tests.model.looks import complaints as all_complaints

TLS = ObjectRef("Secret", "shop", "web-tls")
WEB = given.ingress("shop", "web", tls=[given.tls("web-tls", "a.example")])
SERVICE = given.service("shop", "web")
CERTIFICATE = given.secret("shop", "web-tls", certificate="-- PEM --")
DENIED = Problem(TLS, "", Reason.NOT_ALLOWED, "may not watch secrets", "Give it a Role")


def complaints(shown: Inventory) -> list[str]:
    """What is wrong with references and Secrets; whether a certificate can be served is another question."""
    return [
        said for said in all_complaints(shown) if "cannot be served" not in said and "kubernetes.io/tls" not in said
    ]


def brought(*objects, **policy) -> Inventory:
    """An inventory whose Secrets a cluster brings as they are referred to."""
    made = Inventory(Policy(**policy), secrets_are_brought=True)
    made.apply(given.changes(*objects, source="kubernetes", is_operators_own=False))
    return made


def test_values_are_read_from_base64_and_from_text_which_counts_over_it():
    read = given.secret("shop", "web-tls", of_type="kubernetes.io/tls", data={"a": "/w==", "b": "eA=="}, b="text")
    assert read.type == "kubernetes.io/tls"
    assert dict(read.values) == {"a": b"\xff", "b": b"text"}


def test_base64_may_be_folded_into_lines_as_go_allows():
    assert given.secret("shop", "s", data={"a": "aGFk\neW4=\r\n"}).values["a"] == b"hadyn"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        pytest.param({"key": "not base64!"}, "data[key]: is not base64", id="no base64"),
        pytest.param({"key": "aGF"}, "data[key]: is not base64", id="base64 cut short"),
        pytest.param({"key": 7_777_777}, "data[key]: is not text", id="a number"),
        pytest.param({"a key": "eA=="}, "data: 'a key' is not a key", id="a blank in the key"),
        pytest.param({"../key": "eA=="}, "data: '../key' is not a key", id="a path as key"),
        pytest.param({"key": "A" * 1_400_000}, "data: is more than 1,048,576 bytes", id="more than an apiserver takes"),
    ],
)
def test_a_value_that_cannot_be_read_is_left_out_and_never_quoted(data, complaint):
    read = given.secret("shop", "s", data=data)
    assert dict(read.values) == {}
    (fault,) = read.faults
    assert f"{fault.field}: {fault.said}" == complaint


def test_a_secret_shows_its_keys_at_most_however_it_is_printed_or_encoded():
    printed = f"{CERTIFICATE!r} {CERTIFICATE} {[CERTIFICATE.values]} {given.changes(CERTIFICATE)}"
    assert "PEM" not in printed
    assert "Sealed(certificate)" in printed
    with pytest.raises(TypeError):
        json.dumps(CERTIFICATE.values)
    with pytest.raises(TypeError):
        msgspec.json.encode(CERTIFICATE)


def test_secrets_are_equal_exactly_where_their_values_are():
    assert given.secret("shop", "s", key="a") == given.secret("shop", "s", data={"key": "YQ=="})
    assert given.secret("shop", "s", key="a") != given.secret("shop", "s", key="b")
    assert hash(Sealed({"a": b"1", "b": b"2"})) == hash(Sealed({"b": b"2", "a": b"1"}))


def test_a_secret_without_structure_is_a_problem_that_quotes_nothing():
    document = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": ["hunter2"]}
    found = decode(document)
    assert isinstance(found, Problem)
    assert (found.field, found.said) == ("data", "a mapping or nothing is wanted, not a list")


def test_the_secret_of_an_ingress_that_is_missing_is_a_problem_of_the_ingress_until_it_comes():
    shown = inventory(WEB, SERVICE)
    assert complaints(shown) == ["ingress shop/web: spec.tls[0].secretName: secret shop/web-tls does not exist"]
    shown.apply(given.changes(CERTIFICATE))
    assert complaints(shown) == []


def test_secrets_that_a_cluster_brings_are_not_missed_before_it_has_answered():
    shown = brought(WEB, SERVICE)
    assert complaints(shown) == []
    assert shown.secrets.awaits_answers
    assert shown.secrets.taken_changes().added == {TLS}
    shown.apply(given.changes(deletes=(TLS,), source="kubernetes/secrets"))
    assert not shown.secrets.awaits_answers
    assert complaints(shown) == ["ingress shop/web: spec.tls[0].secretName: secret shop/web-tls does not exist"]


def test_a_secret_that_may_not_be_read_is_a_problem_of_who_refers_to_it_and_goes_on_counting():
    shown = brought(WEB, SERVICE)
    shown.apply(given.changes(CERTIFICATE, source="kubernetes/secrets", problems=(DENIED,)))
    assert complaints(shown) == [
        "ingress shop/web: spec.tls[0].secretName: secret shop/web-tls cannot be read: may not watch secrets"
    ]
    assert shown.object(TLS) == CERTIFICATE
    shown.apply(given.changes(source="kubernetes/secrets", problems=()))
    assert complaints(shown) == []


def test_a_changed_secret_touches_who_refers_to_it_and_nobody_else():
    other = given.ingress("shop", "blog", host="b.example", service="blog")
    guarded = given.ingress("shop", "web", annotations={"hadyn.io/auth-secret": "users"})
    users = given.secret("shop", "users", auth="shopper:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=")
    shown = inventory(guarded, SERVICE, users, other, given.service("shop", "blog"))
    touched = shown.apply(given.changes(given.secret("shop", "users", auth="")))
    assert touched.secrets == {users.ref}
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, {"a.example"})


def test_a_changed_certificate_touches_neither_hosts_nor_backends():
    shown = inventory(WEB, SERVICE, CERTIFICATE)
    touched = shown.apply(given.changes(given.secret("shop", "web-tls", certificate="renewed")))
    assert touched.secrets == {TLS}
    assert (touched.backends, touched.hosts) == (frozenset(), frozenset())


def test_a_secret_that_nobody_refers_to_touches_nothing():
    shown = inventory(WEB, SERVICE, CERTIFICATE)
    assert not shown.apply(given.changes(given.secret("shop", "other", key="x")))


def test_what_begins_and_ceases_to_be_referred_to_is_said_once():
    shown = brought(WEB, SERVICE)
    assert shown.secrets.taken_changes() == (frozenset({TLS}), frozenset())
    second = given.ingress("shop", "second", host="b.example", tls=[given.tls("web-tls", "b.example")])
    shown.apply(given.changes(second, source="kubernetes"))
    assert shown.secrets.taken_changes() == (frozenset(), frozenset())
    shown.apply(given.changes(deletes=(WEB.ref,), source="kubernetes"))
    assert shown.secrets.taken_changes() == (frozenset(), frozenset())
    touched = shown.apply(given.changes(deletes=(second.ref,), source="kubernetes"))
    assert shown.secrets.taken_changes() == (frozenset(), frozenset({TLS}))
    assert touched.secrets == {TLS}


def test_what_is_referred_to_and_dropped_before_anybody_asked_was_never_wanted():
    shown = brought(WEB, SERVICE)
    shown.apply(given.changes(deletes=(WEB.ref,), source="kubernetes"))
    assert shown.secrets.taken_changes() == (frozenset(), frozenset())
    assert not shown.secrets.awaits_answers


def test_an_ingress_of_another_class_refers_to_nothing():
    shown = brought(given.ingress("shop", "web", class_name="nginx", tls=[given.tls("web-tls")]))
    assert shown.secrets.taken_changes().added == set()


def test_a_fault_in_a_secret_is_a_problem_only_while_somebody_of_ours_refers_to_it():
    faulty = given.secret("shop", "web-tls", data={"key": "not base64!"})
    shown = cluster(faulty)
    assert complaints(shown) == []
    shown.apply(given.changes(WEB, SERVICE, source="kubernetes", is_operators_own=False))
    assert complaints(shown) == ["secret shop/web-tls: data[key]: is not base64"]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        pytest.param(given.tls("Not A Name"), "spec.tls[0].secretName: 'Not A Name' is not the name", id="a name"),
        pytest.param(given.tls(["x"]), "spec.tls[0].secretName: a list is not the name", id="a list as name"),
        pytest.param(given.tls("s", "a..b"), "spec.tls[0].hosts[0]: 'a..b' is not a DNS-1123 name", id="a host"),
    ],
)
def test_a_wrong_entry_of_tls_is_a_problem_and_its_ingress_is_served(entry, complaint):
    shown = inventory(given.ingress("shop", "web", tls=[entry]), SERVICE, given.secret("shop", "s"))
    assert any(complaint in said for said in complaints(shown))
    assert shown.hosts() == {"a.example"}


def test_hosts_of_tls_are_kept_as_routes_spell_them_each_once():
    rules = given.ingress(
        "shop", "web", tls=[given.tls("s", "A.example.", "a.example", "*.b.example"), given.tls(None)]
    ).tls
    assert [(rule.hosts, rule.secret) for rule in rules] == [(("a.example", "*.b.example"), "s"), ((), "")]


def test_the_named_config_map_is_read_and_no_other():
    shown = inventory(config_map="hadyn/options")
    assert not shown.apply(given.changes(given.config_map("shop", "options", slots="7")))
    touched = shown.apply(given.changes(given.config_map("hadyn", "options", slots="20")))
    assert touched.main_file
    assert dict(shown.standing_options) == {"slots": 20}
    assert shown.apply(given.changes(deletes=(ObjectRef("ConfigMap", "hadyn", "options"),))).main_file


def test_only_text_of_a_config_map_is_used():
    read = given.config_map("hadyn", "options", slots=20, other="x")
    assert read.values == (("other", "x"),)
    assert [fault.field for fault in read.faults] == ["data[slots]"]


def test_secrets_are_found_by_kind_namespace_and_name():
    assert CERTIFICATE.ref == TLS
    assert Secret.kind == "Secret"
