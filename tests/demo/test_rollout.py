"""Pods come and go in the order in which a cluster does it."""

import http.client
import socket

import pytest
import yaml

from hadyn.demo.folder import Folder
from hadyn.demo.hadyn_process import free_ports
from hadyn.demo.pods import Pods
from hadyn.demo.rollout import Deployment, Diary, Rollout


class Cluster:
    """Two Deployments and a folder, and nobody who looks at it."""

    def __init__(self, path, pods):
        self.path = path
        self.folder = Folder(path, free_ports(1)[0])
        self.diary = Diary()
        self.web, self.api, self.cart = (
            Deployment(name, self.folder, pods, diary=self.diary, network=network)
            for name, network in (("web", 91), ("api", 92), ("cart", 93))
        )

    def rollout(self, *, added):
        return Rollout(
            self.web, self.api, self.cart, self.folder, self.diary, has_answered=lambda *_: True, added=added
        )

    def conditions(self, service):
        (document,) = yaml.safe_load_all((self.path / f"{service}-endpoints.yaml").read_text())
        return {endpoint["targetRef"]["name"]: endpoint["conditions"]["ready"] for endpoint in document["endpoints"]}

    def answers(self, service):
        (document,) = yaml.safe_load_all((self.path / f"{service}-endpoints.yaml").read_text())
        return [name_at(endpoint["addresses"][0], document["ports"][0]["port"]) for endpoint in document["endpoints"]]


def name_at(ip, port):
    connection = http.client.HTTPConnection(ip, port, timeout=10)
    connection.request("GET", "/", headers={"Connection": "close"})
    name = connection.getresponse().read().decode().strip()
    connection.close()
    return name


@pytest.fixture
def cluster(tmp_path):
    with Pods() as pods:
        yield Cluster(tmp_path, pods)


def test_a_pod_is_in_the_slice_only_once_it_listens(cluster):
    cluster.web.start(3)

    assert cluster.answers("web") == ["web-1", "web-2", "web-3"]


def test_a_pod_that_terminates_serves_on_and_takes_no_new_requests(cluster):
    cluster.web.start(2)

    cluster.web.terminate(["web-1"])

    assert cluster.conditions("web") == {"web-1": False, "web-2": True}
    assert "web-1" in cluster.answers("web")
    assert cluster.web.names == ["web-2"]


def test_a_pod_that_is_removed_is_out_of_the_slice_and_stops(cluster):
    cluster.web.start(2)
    (document,) = yaml.safe_load_all((cluster.path / "web-endpoints.yaml").read_text())

    cluster.web.terminate(["web-1"])
    cluster.web.remove(["web-1"])

    assert cluster.conditions("web") == {"web-2": True}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((document["endpoints"][0]["addresses"][0], cluster.folder.port), 10)


def test_the_diary_has_a_moment_for_every_pod_that_came_and_left(cluster):
    cluster.web.start(2)
    cluster.web.terminate(["web-1"])

    assert cluster.diary.came.keys() == {"web-1", "web-2"}
    assert cluster.diary.left.keys() == {"web-1"}


def test_a_service_is_added_even_to_the_shortest_rollout(cluster):
    cluster.web.start(1)
    cluster.api.start(1)
    rollout = cluster.rollout(added=lambda: None)
    rollout.added = rollout.stopped.set

    rollout.play(seconds=0)

    assert (cluster.path / "cart.yaml").exists()
    assert cluster.conditions("cart") == {"cart-1": True, "cart-2": True}


def test_a_rollout_that_is_stopped_ends_where_it_is(cluster):
    cluster.web.start(2)
    cluster.api.start(1)
    rollout = cluster.rollout(added=lambda: None)
    rollout.stopped.set()

    rollout.play(seconds=3600)

    assert cluster.conditions("web") == {"web-1": True, "web-2": True, "web-3": True}
