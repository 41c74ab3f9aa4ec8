"""What hosts show of certificates depends on the objects, not on the order or the pieces in which they came."""

from __future__ import annotations

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from hadyn.model.inventory import Inventory
from hadyn.model.objects import KubernetesObject
from hadyn.model.policy import Policy
from tests import given
from tests.authorities import root
from tests.pairs import Pair, pair

HOSTS = st.sampled_from(["a.example", "b.example", "*.example", "*.a.example", "x.a.example"])
NAMES = st.sampled_from(["one", "two", "three"])
NAMESPACES = st.sampled_from(["shop", "shop", "blog"])
CONTENTS = st.sampled_from(
    [
        pair("a.example").values(),
        pair("*.example", issue=2).values(),
        pair("a.example", kind="RSA 2048").values(),
        Pair(pair("a.example").certificate, pair("b.example").key).values(),
        {},
    ]
)
AUTHORITIES = st.sampled_from([root("partners").values(), root("strangers").values(), {"ca.crt": "YnJva2Vu"}])
ANNOTATIONS = st.dictionaries(
    st.sampled_from(["auth-tls-secret", "ssl-min-version", "server-ca", "ssl-passthrough"]),
    st.sampled_from(["authority", "TLSv1.3", "true"]),
    max_size=2,
).map(lambda said: {f"hadyn.io/{name}": value for name, value in said.items()})


INGRESSES = st.builds(
    lambda namespace, name, ruled, tls, annotations: given.ingress(
        namespace,
        name,
        rules=[given.rule(host, "/", "web", 80, "Prefix") for host in ruled],
        tls=[given.tls(secret, *hosts) for secret, hosts in tls],
        annotations=annotations,
    ),
    NAMESPACES,
    NAMES,
    st.lists(HOSTS, max_size=2, unique=True),
    st.lists(st.tuples(NAMES, st.lists(HOSTS, max_size=2)), max_size=3),
    ANNOTATIONS,
)
SECRETS = st.builds(
    lambda namespace, name, content: given.secret(namespace, name, of_type="kubernetes.io/tls", data=content),
    NAMESPACES,
    NAMES,
    CONTENTS,
)
CAS = st.builds(lambda namespace, content: given.secret(namespace, "authority", data=content), NAMESPACES, AUTHORITIES)
OBJECTS = st.one_of(INGRESSES, INGRESSES, SECRETS, SECRETS, CAS, st.builds(given.service, NAMESPACES, st.just("web")))
DELIVERIES = st.lists(st.lists(st.tuples(OBJECTS, st.booleans()), min_size=1, max_size=6), max_size=8)
"""Objects that are put (False) or taken away (True) together."""


def outcome(shown: Inventory):
    """Everything that concerns certificates."""
    certificates, credentials = shown.certificates, shown.credentials
    return (
        {host: certificates.names_of(host) for host in certificates.hosts()},
        {host: certificates.handshakes.of(host) for host in certificates.handshakes.hosts()},
        {name: certificates.pair(name) for name in certificates.names()},
        {file: credentials.content(file) for file in credentials.files()},
        shown.problems(),
    )


@settings(max_examples=300)
@for_all(DELIVERIES, st.randoms(use_true_random=False))
def test_deliveries_one_by_one_come_to_the_same_as_all_at_once_in_any_order(deliveries, random):
    one_by_one = Inventory(Policy())
    held: dict[object, KubernetesObject] = {}
    for delivery in deliveries:
        last = {named.ref: (named, is_gone) for named, is_gone in delivery}
        upserts = [named for named, is_gone in last.values() if not is_gone]
        deletes = [ref for ref, (_, is_gone) in last.items() if is_gone]
        one_by_one.apply(given.changes(*upserts, deletes=deletes))
        held = {ref: named for ref, named in held.items() if ref not in last} | {named.ref: named for named in upserts}
    left = list(held.values())
    random.shuffle(left)
    at_once = Inventory(Policy())
    at_once.apply(given.changes(*left, is_complete=True))

    assert outcome(one_by_one) == outcome(at_once)
