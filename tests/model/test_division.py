"""What all replicas of hadyn share is divided by their number."""

import pytest

from tests import given
from tests.model.looks import complaints, inventory

PEERS = "hadyn/peers"
WEB = [given.slice_("shop", "web", "10.0.0.1"), given.ingress("shop", "web")]


def limited(**said):
    annotations = {f"hadyn.io/{name.replace('_', '-')}": value for name, value in said.items()}
    return given.service("shop", "web", annotations=annotations)


DIVIDED = limited(maxconn_server="10", maxconn_divided="true")


def replicas(count):
    pods = (given.endpoint(f"10.0.9.{number}", pod=f"hadyn-{number}") for number in range(1, count + 1))
    return given.slice_("hadyn", "peers", *pods)


def maxconn(shown):
    lines = map(str, shown.backend("shop_web_80").server_directives)
    return [line for line in lines if line.startswith("maxconn")]


@pytest.mark.parametrize(("count", "each"), [(0, 10), (1, 10), (2, 5), (3, 4), (40, 1)])
def test_each_replica_has_its_part_rounded_up(count, each):
    shown = inventory(*WEB, DIVIDED, replicas(count), peers_service=PEERS)
    assert maxconn(shown) == [f"maxconn {each}"]
    assert complaints(shown) == []


def test_a_replica_that_comes_changes_the_part_of_the_others():
    shown = inventory(*WEB, DIVIDED, replicas(1), peers_service=PEERS)
    touched = shown.apply(given.changes(replicas(2)))
    assert touched.backends == {"shop_web_80"}
    assert maxconn(shown) == ["maxconn 5"]


def test_a_replica_that_comes_changes_nothing_of_what_is_for_each():
    shown = inventory(*WEB, limited(maxconn_server="10"), replicas(1), peers_service=PEERS)
    touched = shown.apply(given.changes(replicas(2)))
    assert touched.backends == frozenset()
    assert maxconn(shown) == ["maxconn 10"]


def test_where_nobody_says_how_many_replicas_there_are_each_has_all_and_that_is_said():
    shown = inventory(*WEB, DIVIDED)
    assert maxconn(shown) == ["maxconn 10"]
    said = "how many replicas of hadyn there are is not known: each has the whole number"
    assert complaints(shown) == [f"service shop/web: metadata.annotations[hadyn.io/maxconn-divided]: {said}"]


def test_nothing_is_divided_where_nothing_is_limited():
    shown = inventory(*WEB, limited(maxconn_divided="true"), replicas(2), peers_service=PEERS)
    assert maxconn(shown) == []
