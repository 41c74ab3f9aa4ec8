"""How HAProxy shakes hands for each host, out of what Ingresses ask for."""

from __future__ import annotations

import pytest

from hadyn.model.desired import ANY_HOST
from hadyn.model.handshakes import USUAL, Handshake, untimely
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef
from tests.authorities import root
from tests.given import changes, decoded, ingress_document, rule, secret, service
from tests.model.looks import problems, stocked
from tests.pairs import NOW, pair

OLD, NEW = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"
CA, OTHER = root(), root("other")
TEXT_OF_CA = "metadata.annotations[hadyn.io/auth-tls-secret]"


def asking(name, *hosts, namespace="shop", created=None, tls=(), path="/", **said):
    """An Ingress that says something of handshakes; ``auth_tls_secret="ca"`` is hadyn.io/auth-tls-secret."""
    annotations = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in said.items()}
    rules = [rule(host, path) for host in hosts] or [rule(None)]
    document = ingress_document(namespace, name, rules, created=created, annotations=annotations)
    document["spec"] |= {
        "ingressClassName": "hadyn",
        "tls": [{"hosts": list(tls), "secretName": "pair"}] if tls else [],
    }
    return decoded(document)


def ca(name="ca", authority=CA, namespace="shop", revoked=""):
    return secret(namespace, name, data=authority.values(revoked))


def shaking(inventory, host="a.example"):
    return inventory.certificates.handshakes.of(host)


def beliefs(inventory, host="a.example"):
    """What the entries of the routes say of whether clients are judged as the Ingress asks."""
    return ["".join(route.value.split("|")[6:7]) for route in inventory.routes(host)]


def test_clients_of_a_host_are_judged_by_the_secret_that_its_ingress_names():
    inventory = stocked(asking("web", "a.example", auth_tls_secret="ca"), ca())

    assert shaking(inventory).secret == ObjectRef("Secret", "shop", "ca")
    assert len(shaking(inventory).authorities) == 16
    assert inventory.certificates.names_of("a.example") == ("default",)
    assert beliefs(inventory) == ["y"]
    assert (shaking(inventory, "b.example"), problems(inventory)) == (USUAL, [])


def test_the_namespace_may_stand_in_front_where_it_is_the_own_one():
    own = stocked(asking("web", "a.example", auth_tls_secret="shop/ca"), ca())
    foreign = stocked(asking("web", "a.example", auth_tls_secret="other/ca"), ca(namespace="other"))

    assert (shaking(own).secret, beliefs(own)) == (ObjectRef("Secret", "shop", "ca"), ["y"])
    assert (shaking(foreign), beliefs(foreign)) == (USUAL, [""])
    assert "all get a 403" in problems(foreign)[0]


def test_whoever_asks_for_other_authorities_than_an_older_ingress_is_not_believed():
    older = asking("older", "a.example", created=OLD, auth_tls_secret="ca")
    younger = asking("younger", "a.example", created=NEW, path="/b", auth_tls_secret="other")
    inventory = stocked(older, younger, ca(), ca("other", OTHER))

    assert shaking(inventory).secret == ObjectRef("Secret", "shop", "ca")
    assert [route.ingress for route in inventory.routes("a.example")] == ["shop/older", "shop/younger"]
    assert beliefs(inventory) == ["y", ""]
    assert [problem for problem in problems(inventory) if "an older Ingress names" in problem]


def test_another_namespace_has_no_say_in_a_hosts_handshakes():
    inventory = stocked(
        asking("web", "a.example", created=OLD),
        asking("late", "a.example", namespace="other", created=NEW, auth_tls_secret="ca", tls_alpn="http/1.1"),
        ca(namespace="other"),
    )

    assert shaking(inventory) == USUAL


def test_a_host_without_rules_of_its_own_has_what_its_wildcard_has():
    inventory = stocked(
        asking("web", "*.a.example", tls=["x.a.example"], auth_tls_secret="ca"),
        secret("shop", "pair", of_type="kubernetes.io/tls", data=pair("x.a.example").values()),
        ca(),
    )

    assert shaking(inventory, "x.a.example") == shaking(inventory, "*.a.example") != USUAL


def test_an_ingress_without_host_that_asks_for_certificates_lets_nobody_in():
    inventory = stocked(asking("web", auth_tls_secret="ca"), ca())

    assert beliefs(inventory, ANY_HOST) == [""]
    assert [problem for problem in problems(inventory) if "there is none: all get a 403" in problem]


def test_who_turns_it_off_asks_for_nothing():
    inventory = stocked(asking("web", "a.example", auth_tls_secret="ca", auth_tls_verify_client="off"), ca())

    assert (shaking(inventory), problems(inventory)) == (USUAL, [])


def test_authorities_that_change_touch_their_hosts_and_no_backend():
    inventory = stocked(asking("web", "a.example", auth_tls_secret="ca"), ca())
    before = shaking(inventory)
    touched = inventory.apply(changes(ca(revoked=CA.revoking())))

    assert (touched.tls_hosts, touched.hosts, touched.backends) == ({"a.example"}, set(), set())
    assert (before.has_revoked, shaking(inventory).has_revoked) == (False, True)
    assert before.authorities != shaking(inventory).authorities


def test_a_secret_that_cannot_be_used_is_a_problem_of_both():
    broken = secret("shop", "ca", **{"ca.crt": "nonsense"})
    inventory = stocked(asking("web", "a.example", auth_tls_secret="ca"), broken)

    assert (shaking(inventory).secret, shaking(inventory).authorities) == (broken.ref, "")
    said = "data[ca.crt]: there is no CERTIFICATE in it"
    remedy = "What it held before stays, else nobody is believed"
    assert problems(inventory) == [
        f"ingress shop/web: {TEXT_OF_CA}: secret shop/ca cannot be used, {said}; {remedy}",
        f"secret shop/ca: {said}; Put it there as PEM",
    ]


def test_a_secret_that_is_not_there_is_a_problem_until_it_comes():
    inventory = stocked(asking("web", "a.example", auth_tls_secret="ca"))
    before = problems(inventory)
    touched = inventory.apply(changes(ca()))

    assert before == [f"ingress shop/web: {TEXT_OF_CA}: secret shop/ca does not exist; Create it in namespace shop"]
    assert (touched.tls_hosts, problems(inventory)) == ({"a.example"}, [])


def test_a_secret_of_authorities_is_asked_for_while_an_ingress_names_it():
    inventory = Inventory(Policy(), secrets_are_brought=True)
    inventory.apply(changes(asking("web", "a.example", auth_tls_secret="shop/ca"), service("shop", "web")))
    begun = inventory.secrets.taken_changes()
    inventory.apply(changes(asking("web", "a.example", auth_tls_secret="ca", auth_tls_verify_client="off")))
    ceased = inventory.secrets.taken_changes()

    assert (begun.added, ceased.dropped) == ({ObjectRef("Secret", "shop", "ca")}, {ObjectRef("Secret", "shop", "ca")})


def test_authorities_out_of_date_are_told_by_the_clock_alone():
    inventory = stocked(asking("web", "a.example", auth_tls_secret="ca"), ca(revoked=CA.revoking(days=(-2, -1))))
    ref = ObjectRef("Secret", "shop", "ca")
    found = inventory.certificates.handshakes.authorities(ref)

    assert "a list in it is out of date" in str(untimely(ref, found, NOW.timestamp()))
    assert "no certificate in it is valid any more" in str(untimely(ref, found, found.ends))
    assert untimely(ref, found, found.lists_end - 1) is None


def test_a_host_has_ciphers_and_protocols_of_its_oldest_ingress():
    inventory = stocked(
        asking("older", "a.example", created=OLD, tls_alpn="http/1.1", ssl_min_version="TLSv1.3"),
        asking("younger", "a.example", created=NEW, tls_alpn="h2", ssl_ciphers="ECDHE-RSA-AES256-SHA"),
    )

    assert shaking(inventory) == Handshake(alpn="http/1.1", version="TLSv1.3", ciphers="ECDHE-RSA-AES256-SHA")
    assert [each for each in problems(inventory) if "another value from ingress shop/older" in each]


def test_a_host_cannot_have_an_older_version_than_all_hosts():
    assert shaking(stocked(asking("web", "a.example", ssl_min_version="TLSv1.2"))) == USUAL


@pytest.mark.parametrize("ciphers", ["NOPE", "ALL:!aNULL", "ECDHE-RSA-AES256-SHA:RC4-MD5"])
def test_ciphers_that_could_keep_haproxy_from_starting_are_a_problem_and_not_used(ciphers):
    inventory = stocked(asking("web", "a.example", ssl_ciphers=ciphers))

    assert shaking(inventory) == USUAL
    assert "none that an Ingress may name" in problems(inventory)[0]


def test_what_an_ingress_asked_for_goes_with_it():
    inventory = stocked(asking("web", "a.example", auth_tls_secret="ca", tls_alpn="h2"), ca())
    inventory.apply(changes(deletes=(ObjectRef("Ingress", "shop", "web"),)))

    assert shaking(inventory) == USUAL
    assert inventory.certificates.handshakes.secrets() == frozenset()
    assert inventory.certificates.names_of("a.example") == ()


def test_a_host_whose_ingress_is_gone_has_what_all_names_below_its_wildcard_have():
    wildcard = asking("every", "*.example", created=OLD, tls=("*.example",), ssl_min_version="TLSv1.3")
    alone = asking("web", "a.example", ssl_min_version="TLSv1.3")
    inventory = stocked(
        wildcard, alone, secret("shop", "pair", of_type="kubernetes.io/tls", data=pair("*.example").values())
    )
    before = shaking(inventory).version
    touched = inventory.apply(changes(deletes=(alone.ref,)))

    assert before == "TLSv1.3"
    assert shaking(inventory) == USUAL
    assert inventory.certificates.names_of("a.example") == ()
    assert "a.example" in touched.tls_hosts
