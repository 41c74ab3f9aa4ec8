"""Which hosts get which certificates, out of what Ingresses ask for in spec.tls."""

from __future__ import annotations

import pytest

from hadyn.model.certificates import certificate_name
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from tests.given import changes, decoded, ingress_document, resource_of, rule, secret
from tests.model.looks import problems, stocked
from tests.pairs import pair

OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"


def tls_ingress(namespace, name, *hosts, tls=None, created=None, annotations=None, default=None):
    """An Ingress with a rule for each host; ``tls`` are pairs of hosts (None for none) and a Secret's name."""
    rules = [rule(host) for host in hosts]
    document = ingress_document(namespace, name, rules or None, created=created, annotations=annotations)
    entries = [{"hosts": each, "secretName": named} for each, named in (tls or [(list(hosts), name)])]
    document["spec"] |= {"ingressClassName": "hadyn", "tls": entries} | ({"defaultBackend": default} if default else {})
    return decoded(document)


def tls_secret(namespace, name, *names, kind="P-256"):
    return secret(
        namespace, name, of_type="kubernetes.io/tls", data=pair(*(names or ("a.example",)), kind=kind).values()
    )


def names(inventory, host="a.example"):
    return inventory.certificates.names_of(host)


def test_a_host_gets_the_secret_that_its_ingress_names():
    inventory = stocked(tls_ingress("shop", "web", "a.example"), tls_secret("shop", "web"))

    assert names(inventory) == ("shop_web",)
    assert names(inventory, "b.example") == ()
    assert inventory.certificates.pair("shop_web").fingerprint == pair("a.example").fingerprint
    assert problems(inventory) == []


def test_a_rule_without_hosts_is_for_all_hosts_of_its_ingress():
    found = tls_ingress("shop", "web", "a.example", "b.example", tls=[(None, "web")])
    inventory = stocked(found, tls_secret("shop", "web", "a.example", "b.example"))

    assert (names(inventory), names(inventory, "b.example")) == (("shop_web",), ("shop_web",))


def test_a_wildcard_in_spec_tls_is_for_the_hosts_below_it():
    found = tls_ingress("shop", "web", "a.b.example", tls=[(["*.b.example"], "web")])
    inventory = stocked(found, tls_secret("shop", "web", "*.b.example"))

    assert names(inventory, "a.b.example") == ("shop_web",)
    assert names(inventory, "*.b.example") == ("shop_web",)
    assert problems(inventory) == []


def test_a_host_in_spec_tls_counts_though_only_another_ingress_routes_it():
    inventory = stocked(
        tls_ingress("shop", "web", "a.example", tls=[(["x.example"], "")]),
        tls_ingress("shop", "tls", "c.example", tls=[(["a.example"], "web")]),
        tls_secret("shop", "web"),
    )

    assert names(inventory) == ("shop_web",)


def test_an_ingress_of_a_default_backend_alone_has_certificates_for_the_hosts_it_names():
    found = tls_ingress("shop", "web", tls=[(["a.example"], "web")], default=resource_of("web"))
    inventory = stocked(found, tls_secret("shop", "web"))

    assert names(inventory) == ("shop_web",)


def test_nobody_gives_a_host_of_another_namespace_a_certificate():
    inventory = stocked(
        tls_ingress("shop", "web", "a.example", created=OLD),
        tls_secret("shop", "web"),
        tls_ingress("other", "web", "b.example", tls=[(["a.example"], "web")], created=NEW),
        tls_secret("other", "web"),
    )

    assert names(inventory) == ("shop_web",)
    assert [each for each in problems(inventory) if "belongs to namespace shop" in each and "spec.tls[0].hosts" in each]


def test_shared_hosts_let_the_oldest_of_all_namespaces_have_its_way():
    objects = [
        tls_ingress("shop", "web", "a.example", created=NEW),
        tls_secret("shop", "web"),
        tls_ingress("other", "web", "a.example", created=OLD),
        tls_secret("other", "web"),
    ]

    assert names(stocked(*objects, shared_hosts=True)) == ("other_web",)


def test_the_oldest_of_two_secrets_of_one_kind_counts_and_the_other_is_a_problem():
    inventory = stocked(
        tls_ingress("shop", "late", "a.example", created=NEW),
        tls_ingress("shop", "web", "a.example", created=OLD),
        tls_secret("shop", "late"),
        tls_secret("shop", "web"),
    )

    assert names(inventory) == ("shop_web",)
    assert [each for each in problems(inventory) if "has the ECDSA certificate of secret shop/web already" in each]


def test_an_ecdsa_and_an_rsa_certificate_serve_one_host_side_by_side():
    found = tls_ingress("shop", "web", "a.example", tls=[(["a.example"], "one"), (["a.example"], "two")])
    inventory = stocked(found, tls_secret("shop", "one"), tls_secret("shop", "two", kind="RSA 2048"))

    assert names(inventory) == ("shop_one", "shop_two")
    assert problems(inventory) == []


def test_a_neighbours_host_below_a_wildcard_gets_the_default_and_not_the_wildcards():
    wildcard = tls_ingress("shop", "web", "*.b.example")
    inventory = stocked(wildcard, tls_secret("shop", "web", "*.b.example"))
    inventory.apply(changes(tls_ingress("other", "web", "a.b.example", tls=[([], "")])))
    with_wildcard = names(inventory, "a.b.example")
    touched = inventory.apply(changes(deletes=(wildcard.ref,)))

    assert with_wildcard == ("default",)
    assert names(inventory, "a.b.example") == ()
    assert "a.b.example" in touched.tls_hosts


def test_the_own_host_below_an_own_wildcard_needs_no_line_of_its_own():
    inventory = stocked(
        tls_ingress("shop", "web", "*.b.example"),
        tls_secret("shop", "web", "*.b.example"),
        tls_ingress("shop", "plain", "a.b.example", tls=[([], "")]),
    )

    assert names(inventory, "a.b.example") == ()


def test_an_ingress_of_another_class_asks_for_nothing():
    document = ingress_document("shop", "web", [rule("a.example")])
    document["spec"] |= {"ingressClassName": "nginx", "tls": [{"hosts": ["a.example"], "secretName": "web"}]}

    assert names(stocked(decoded(document), tls_secret("shop", "web"))) == ()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (secret("shop", "web", of_type="Opaque", data=pair("a.example").values()), "'Opaque' is not kubernetes.io/tls"),
        (secret("shop", "web", of_type="kubernetes.io/tls"), "it is missing or empty"),
        (
            secret("shop", "web", of_type="kubernetes.io/tls", data=pair("a.example").values() | {"tls.key": "AAAA"}),
            "there is no private key in it",
        ),
    ],
    ids=["its type", "nothing in it", "no key"],
)
def test_what_is_wrong_with_a_secret_is_said_of_it_and_of_its_ingress(given, said):
    inventory = stocked(tls_ingress("shop", "web", "a.example"), given)

    assert inventory.certificates.pair("shop_web") is None
    assert [each.partition(":")[0] for each in problems(inventory) if said in each] == [
        "ingress shop/web",
        "secret shop/web",
    ]


def test_what_is_wrong_with_a_secret_is_taken_back_when_it_is_good():
    inventory = stocked(tls_ingress("shop", "web", "a.example"), secret("shop", "web", of_type="kubernetes.io/tls"))
    touched = inventory.apply(changes(tls_secret("shop", "web")))

    assert problems(inventory) == []
    assert ObjectRef("Secret", "shop", "web") in touched.secrets


def test_a_secret_that_nobody_names_is_not_judged():
    inventory = stocked(secret("shop", "web", of_type="kubernetes.io/tls"))

    assert problems(inventory) == []
    assert inventory.certificates.names() == frozenset()


def test_a_certificate_that_is_not_for_its_host_is_served_and_said():
    inventory = stocked(tls_ingress("shop", "web", "b.example"), tls_secret("shop", "web", "a.example"))

    assert names(inventory, "b.example") == ("shop_web",)
    assert ["is for 'a.example', not for b.example" in each for each in problems(inventory)] == [True]


def test_a_renewed_certificate_touches_its_secret_and_no_host():
    inventory = stocked(tls_ingress("shop", "web", "a.example"), tls_secret("shop", "web"))
    renewed = secret("shop", "web", of_type="kubernetes.io/tls", data=pair("a.example", issue=2).values())

    touched = inventory.apply(changes(renewed))

    assert touched.secrets == {renewed.ref}
    assert touched.tls_hosts == frozenset()


def test_an_ingress_that_goes_takes_its_certificates_along():
    found = tls_ingress("shop", "web", "a.example")
    inventory = stocked(found, tls_secret("shop", "web"))

    touched = inventory.apply(changes(deletes=(found.ref,)))

    assert touched.tls_hosts == {"a.example"}
    assert inventory.certificates.names() == frozenset()


def test_the_order_of_deliveries_changes_no_certificate():
    objects = [
        tls_ingress("shop", "web", "a.example", "*.b.example", created=OLD),
        tls_ingress("shop", "late", "a.example", "x.b.example", created=NEW),
        tls_ingress("other", "web", "y.b.example", created=NEW),
        tls_secret("shop", "web"),
        tls_secret("shop", "late", kind="RSA 2048"),
        tls_secret("other", "web", "y.b.example"),
    ]
    forwards, backwards = Inventory(Policy()), Inventory(Policy())
    for each in objects:
        forwards.apply(changes(each))
    for each in reversed(objects):
        backwards.apply(changes(each))

    hosts = ("a.example", "*.b.example", "x.b.example", "y.b.example")
    assert [names(forwards, host) for host in hosts] == [names(backwards, host) for host in hosts]
    assert names(forwards) == ("shop_web", "shop_late")
    assert problems(forwards) == problems(backwards)


def test_the_secret_of_the_default_is_known_and_judged():
    inventory = stocked(tls_secret("infra", "wildcard", "*.example"), default_certificate="infra/wildcard")

    assert inventory.certificates.pair("default").names == ("*.example",)
    assert "infra" in str(inventory.certificates.secret("default"))


def test_a_secret_of_the_default_that_is_missing_is_a_problem_of_the_setting():
    inventory = stocked(default_certificate="infra/wildcard")
    inventory.apply(changes(deletes=(ObjectRef("Secret", "infra", "wildcard"),)))

    assert inventory.certificates.pair("default") is None


def test_no_two_secrets_have_a_certificate_of_one_name():
    pairs = [
        ("a", "b.c"),
        ("a-b", "c"),
        ("a", "b-c"),
        ("a" * 63, "b" * 253),
        ("a" * 63, "b" * 252 + "c"),
        ("", "default"),
    ]
    found = [certificate_name(ObjectRef("Secret", *each)) for each in pairs]

    assert len(set(found)) == len(pairs)
    assert max(map(len, found)) < 250


def test_a_secret_passed_over_for_its_kind_is_served_once_it_is_of_another():
    found = tls_ingress("shop", "web", "a.example", tls=[(["a.example"], "one"), (["a.example"], "two")])
    inventory = stocked(found, tls_secret("shop", "one"), tls_secret("shop", "two"))
    passed_over = names(inventory)
    touched = inventory.apply(changes(tls_secret("shop", "two", kind="RSA 2048")))

    assert passed_over == ("shop_one",)
    assert names(inventory) == ("shop_one", "shop_two")
    assert touched.tls_hosts == {"a.example"}
    assert problems(inventory) == []


def test_a_broken_secret_is_a_problem_as_soon_as_and_as_long_as_an_ingress_names_it():
    broken = secret("shop", "two", of_type="kubernetes.io/tls", data={})
    inventory = stocked(tls_ingress("shop", "web", "a.example", tls=[(["a.example"], "one")]), broken)
    unnamed = [each for each in problems(inventory) if "shop/two" in str(each)]
    inventory.apply(changes(tls_ingress("shop", "web", "a.example", tls=[(["a.example"], "two")])))
    named = [each for each in problems(inventory) if "shop/two" in str(each)]
    inventory.apply(changes(tls_ingress("shop", "web", "a.example", tls=[(["a.example"], "one")])))

    assert unnamed == []
    assert len(named) == 2
    assert [each for each in problems(inventory) if "shop/two" in str(each)] == []
