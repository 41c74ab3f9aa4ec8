"""What objects want of the main file: the replicas of hadyn's own Service."""

from hadyn.model.problems import ObjectRef
from tests import given
from tests.model.looks import cluster, inventory

PEERS = "hadyn/peers"


def replicas(*endpoints):
    return given.slice_("hadyn", "peers", *endpoints)


ONE, TWO = given.endpoint("10.0.0.1", pod="hadyn-a"), given.endpoint("10.0.0.2", pod="hadyn-b")


def test_the_replicas_are_the_pods_of_the_named_service():
    shown = inventory(replicas(TWO, ONE), peers_service=PEERS)
    assert shown.main_wish.replicas == (("hadyn-a", "10.0.0.1"), ("hadyn-b", "10.0.0.2"))


def test_a_replica_that_comes_may_change_the_main_file_and_nothing_else():
    shown = inventory(replicas(ONE), peers_service=PEERS)
    touched = shown.apply(given.changes(replicas(ONE, TWO)))
    assert (touched.main_file, touched.backends, touched.hosts) == (True, frozenset(), frozenset())


def test_pods_of_other_services_are_no_replicas():
    shown = inventory(given.slice_("shop", "peers", "10.0.0.9"), peers_service=PEERS)
    assert shown.main_wish.replicas == ()
    assert not inventory(replicas(ONE)).apply(given.changes(replicas(ONE, TWO)))


def test_what_no_pod_can_be_is_no_replica():
    nobody = given.endpoint("10.0.0.3")
    loopback = given.endpoint("127.0.0.1", pod="hadyn-c")
    gone = given.endpoint("10.0.0.4", pod="hadyn-d", ready=False, serving=False, terminating=True)
    shown = cluster(replicas(ONE, nobody, loopback, gone), peers_service=PEERS)
    assert shown.main_wish.replicas == (("hadyn-a", "10.0.0.1"),)


def test_replicas_go_with_their_slice():
    shown = inventory(replicas(ONE), peers_service=PEERS)
    shown.apply(given.changes(deletes=(ObjectRef("EndpointSlice", "hadyn", replicas(ONE).name),)))
    assert shown.main_wish.replicas == ()


def test_clients_are_remembered_while_some_backend_binds_them():
    bound = given.ingress("shop", "web", annotations={"hadyn.io/affinity": "source"})
    shown = inventory(given.service("shop", "web"), given.ingress("shop", "web"))
    steps = [shown.apply(given.changes(bound)), shown.apply(given.changes(given.ingress("shop", "web")))]
    assert [step.main_file for step in steps] == [True, True]
    assert not shown.main_wish.remembers_clients
    shown.apply(given.changes(bound))
    assert shown.main_wish.remembers_clients
