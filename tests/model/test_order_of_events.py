"""What an inventory comes to depends on the objects, not on the order or the pieces in which they came."""

from __future__ import annotations

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from hadyn.model.inventory import Inventory
from hadyn.model.objects import KubernetesObject
from hadyn.model.policy import Policy
from tests import given

NAMESPACES = st.sampled_from(["blog", "shop"])
NAMES = st.sampled_from(["api", "web"])
HOSTS = st.sampled_from(["a.example", "*.example", None, "b.example", "b a d"])
PATHS = st.sampled_from(["/", "/x", "/x/", "/y", "bad"])
CREATED = st.sampled_from([None, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"])
ANNOTATIONS = st.sampled_from(
    [
        None,
        None,
        {"hadyn.io/slots": "20"},
        {"hadyn.io/slots": "30"},
        {"hadyn.io/slots": "x"},
        {"hadyn.io/canary": "true", "hadyn.io/canary-weight": "30"},
        {"hadyn.io/discovery": "clusterip"},
    ]
)
ADDRESSES = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3", "127.0.0.1", "x"])
RULES = st.builds(
    given.rule, HOSTS, PATHS, NAMES, st.sampled_from([80, "http", 81]), st.sampled_from(["Exact", "Prefix"])
)
ENDPOINTS = st.builds(
    given.endpoint,
    ADDRESSES,
    pod=st.sampled_from([None, "p1", "p2"]),
    uid=st.sampled_from([None, "u1", "u2"]),
    ready=st.sampled_from([None, True, False]),
    serving=st.sampled_from([None, True]),
    terminating=st.sampled_from([None, True]),
)
INGRESSES = st.builds(
    given.ingress,
    NAMESPACES,
    NAMES,
    rules=st.lists(RULES, max_size=3),
    default=st.sampled_from([None, given.backend_of("web"), given.resource_of("api")]),
    class_name=st.sampled_from(["hadyn", "hadyn", "public", "other", None]),
    annotations=ANNOTATIONS,
    created=CREATED,
    tls=st.sampled_from([None, None, [given.tls("web", "a.example")], [given.tls("api"), given.tls("web")]]),
)
SERVICES = st.builds(
    given.service,
    NAMESPACES,
    NAMES,
    ports=st.sampled_from([[{"port": 80}], [{"port": 80, "name": "http"}, {"port": 81}], []]),
    annotations=ANNOTATIONS,
    clusterIP=st.sampled_from([None, "None", "10.96.0.1"]),
    type=st.sampled_from([None, "ExternalName"]),
)
SLICES = st.builds(
    lambda namespace, service, number, endpoints, created: given.slice_(
        namespace, service, *endpoints, name=f"slice-{number}", created=created
    ),
    NAMESPACES,
    NAMES,
    st.integers(1, 3),
    st.lists(ENDPOINTS, max_size=3),
    CREATED,
)
OBJECTS = st.one_of(
    INGRESSES,
    INGRESSES,
    SERVICES,
    SERVICES,
    SLICES,
    st.builds(given.endpoints, NAMESPACES, NAMES, ADDRESSES),
    st.builds(given.backend, NAMESPACES, NAMES, st.sampled_from(["10.0.0.9:80", "bad"])),
    st.builds(
        given.ingress_class,
        st.sampled_from(["hadyn", "public"]),
        st.sampled_from(["hadyn.io/ingress", "example.com/other"]),
        is_default=st.booleans(),
    ),
    st.builds(given.secret, NAMESPACES, NAMES, text=st.sampled_from(["a", "b"])),
)
POLICIES = st.builds(
    Policy,
    shared_hosts=st.booleans(),
    default_backend_service=st.sampled_from(["", "shop/web:80"]),
    watch_ingress_without_class=st.booleans(),
)
SOURCES = st.sampled_from(["folder", "kubernetes"])
EVENTS = st.lists(st.tuples(OBJECTS, SOURCES, st.booleans()), max_size=25)
"""An object of a source that is put (False) or taken away (True)."""


def outcome(shown: Inventory):
    """Everything an inventory comes to."""
    return (
        {name: shown.backend(name) for name in shown.backend_names()},
        {host: shown.routes(host) for host in shown.hosts()},
        shown.problems(),
        shown.ingress_count(),
    )


def delivery(source: str, event: tuple[KubernetesObject, bool]):
    named, is_gone = event
    upserts, deletes = ((), (named.ref,)) if is_gone else ((named,), ())
    return given.changes(*upserts, deletes=deletes, source=source, is_operators_own=source == "folder")


def remaining(events, source: str) -> list[KubernetesObject]:
    """What a source holds once all its events are over."""
    last = {named.ref: (named, is_gone) for named, its_source, is_gone in events if its_source == source}
    return [named for named, is_gone in last.values() if not is_gone]


def at_once(policy: Policy, folder: list[KubernetesObject], kubernetes: list[KubernetesObject]) -> Inventory:
    shown = Inventory(policy)
    shown.apply(given.changes(*kubernetes, source="kubernetes", is_operators_own=False, is_complete=True))
    shown.apply(given.changes(*folder, source="folder", is_complete=True))
    return shown


@settings(max_examples=300)
@for_all(POLICIES, EVENTS, st.randoms(use_true_random=False))
def test_events_one_by_one_come_to_the_same_as_all_at_once_in_any_order(policy, events, random):
    one_by_one = Inventory(policy)
    one_by_one.apply(given.changes())
    for named, source, is_gone in events:
        one_by_one.apply(delivery(source, (named, is_gone)))
    folder, kubernetes = remaining(events, "folder"), remaining(events, "kubernetes")
    random.shuffle(folder)
    random.shuffle(kubernetes)
    assert outcome(one_by_one) == outcome(at_once(policy, folder, kubernetes))


@settings(max_examples=200)
@for_all(POLICIES, EVENTS)
def test_what_is_not_touched_is_as_it_was(policy, events):
    shown = Inventory(policy)
    for named, source, is_gone in events:
        backends, hosts, _, _ = outcome(shown)
        touched = shown.apply(delivery(source, (named, is_gone)))
        backends_after, hosts_after, _, _ = outcome(shown)
        assert different(backends, backends_after) <= touched.backends
        assert different(hosts, hosts_after) <= touched.hosts


def different(before: dict, after: dict) -> set[str]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@settings(max_examples=100)
@for_all(POLICIES, EVENTS)
def test_a_backend_exists_exactly_while_a_route_leads_to_it(policy, events):
    shown = at_once(policy, remaining(events, "folder"), remaining(events, "kubernetes"))
    reached = {route.backend for host in shown.hosts() for route in shown.routes(host)} - {None}
    assert shown.backend_names() == reached
    assert {shown.backend(name).name for name in reached} == reached


@settings(max_examples=100)
@for_all(EVENTS)
def test_an_inventory_that_lost_everything_is_like_a_new_one(events):
    shown = Inventory(Policy())
    for named, source, is_gone in events:
        shown.apply(delivery(source, (named, is_gone)))
    for source in ("folder", "kubernetes"):
        shown.apply(given.changes(source=source, is_complete=True))
    assert outcome(shown) == outcome(Inventory(Policy()))


@settings(max_examples=100)
@for_all(EVENTS)
def test_objects_of_one_namespace_change_nothing_in_a_host_that_another_one_had_first(events):
    """The neighbour may do what he likes, but not in our hosts."""
    ours = [
        given.ingress_class("edge"),
        given.ingress("ours", "web", class_name="edge", created="2020-01-01T00:00:00Z"),
        given.service("ours", "web"),
        given.slice_("ours", "web", "10.9.0.1"),
    ]
    alone = at_once(Policy(), [], ours)
    beside = at_once(Policy(), [], ours + remaining(events, "kubernetes"))
    assert beside.routes("a.example") == alone.routes("a.example")
    assert beside.backend("ours_web_80") == alone.backend("ours_web_80")
