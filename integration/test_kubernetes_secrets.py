"""Secrets of a real cluster: those that are referred to, with the rights there are, and nobody sees them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from integration.cluster import ClusterGround, ControlPlane, Document, Namespace
from integration.running import get

pytestmark = pytest.mark.root

NAMES = (f"secret-{number}" for number in itertools.count(1))
RBAC = Path(__file__).parents[1] / "deploy" / "base" / "rbac.yaml"
ACCOUNT = ("hadyn", "hadyn")
SECRET_ROLE = "hadyn-secrets"
HIDDEN = "hunter2-in-plain-sight"
MANY = 22
HUNDRED = 100
CATCH_UP_SECONDS = 60.0
"""What was refused is asked again within half a minute."""


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    with Namespace(cluster, next(NAMES)) as namespace:
        cluster.apply(namespace.bare_service("web"))
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground


def referring(shop: Namespace, *secrets: str) -> Document:
    """An Ingress whose spec.tls names these Secrets."""
    ingress = shop.ingress("web", f"web.{shop.name}.example")
    ingress["spec"]["tls"] = [{"hosts": [f"{name}.example"], "secretName": name} for name in secrets]
    return ingress


def secret(shop: Namespace, name: str, *, of_type: str = "Opaque") -> Document:
    metadata = {"name": name, "namespace": shop.name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": of_type, "stringData": {"key": HIDDEN}}


def known(ground: ClusterGround) -> int:
    """How many Secrets hadyn has."""
    sources = {each["name"]: each["objects"] for each in ground.status()["sources"]}
    return int(sources.get("kubernetes/secrets", 0))


def problems(ground: ClusterGround) -> list[Document]:
    """The problems of Ingresses that refer to Secrets which are not there; whether others can be served is nothing here."""
    found = [each for each in ground.status()["problems"] if each["field"].endswith("secretName")]
    return [each for each in found if "does not exist" in each["said"] or "cannot be read" in each["said"]]


def missed(ground: ClusterGround) -> list[str]:
    return [each["said"] for each in problems(ground)]


def test_a_secret_is_followed_while_an_ingress_refers_to_it_and_no_other_is(
    shop: Namespace, ground: ClusterGround
) -> None:
    shop.cluster.apply(referring(shop, "web-tls"), secret(shop, "stranger"))
    ground.run("--namespace", shop.name)
    assert missed(ground) == [f"secret {shop.name}/web-tls does not exist"]
    assert known(ground) == 0

    shop.cluster.apply(secret(shop, "web-tls"))
    ground.until(lambda: (known(ground), missed(ground)) == (1, []))
    shop.cluster.apply(referring(shop, "web-tls", "stranger"))
    ground.until(lambda: known(ground) == 2)
    shop.cluster.apply(referring(shop, "stranger"))
    ground.until(lambda: known(ground) == 1)
    shop.kubectl("delete", "secret", "stranger")
    ground.until(lambda: missed(ground) == [f"secret {shop.name}/stranger does not exist"])


def test_secrets_that_are_there_are_known_before_haproxy_starts(shop: Namespace, ground: ClusterGround) -> None:
    shop.cluster.apply(secret(shop, "web-tls"), referring(shop, "web-tls"))
    ground.run("--namespace", shop.name)
    assert (known(ground), missed(ground)) == (1, [])


def test_many_secrets_of_a_namespace_come_by_one_watch_and_not_those_of_helm(
    shop: Namespace, ground: ClusterGround
) -> None:
    names = [f"tls-{number}" for number in range(MANY)]
    release = secret(shop, "sh.helm.release.v1.web.v1", of_type="helm.sh/release.v1")
    shop.cluster.apply(release, secret(shop, "stranger"), *(secret(shop, name) for name in names))
    shop.cluster.apply(referring(shop, *names))
    ground.run("--namespace", shop.name)
    assert (known(ground), missed(ground)) == (MANY, [])
    shop.kubectl("delete", "secret", names[0])
    ground.until(lambda: missed(ground) == [f"secret {shop.name}/{names[0]} does not exist"])
    shop.cluster.apply(secret(shop, "late"), referring(shop, *names[1:], "late"))
    ground.until(lambda: (known(ground), missed(ground)) == (MANY, []))


def test_nothing_that_hadyn_says_has_a_value_of_a_secret_in_it(shop: Namespace, ground: ClusterGround) -> None:
    broken = secret(shop, "broken")
    broken["data"] = {"other": "aHVudGVyMg=="}
    shop.cluster.apply(secret(shop, "web-tls"), broken, referring(shop, "web-tls", "broken"))
    ground.run("--namespace", shop.name, "--log-level", "debug")
    assert known(ground) == 2
    so_far = ground.metric("hadyn_changes_total")
    shop.cluster.apply(secret(shop, "web-tls") | {"stringData": {"key": HIDDEN, "more": HIDDEN}})
    ground.until(lambda: ground.metric("hadyn_changes_total") > so_far)
    pages = [get(ground.status_port, path)[1] for path in ("/", "/metrics", "/api/status", "/api/slots")]
    said = "\n".join([*pages, ground.log, str(ground.ask("/api/explain", url=f"http://web.{shop.name}.example/"))])
    assert HIDDEN not in said
    assert "aHVudGVyMg" not in said


# Rights


def granted(cluster: ControlPlane, *, but: str = "", verb: str = "") -> None:
    """Grant the account what deploy/ grants, without one verb of the role named ``but``."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "hadyn"}})
    objects = [each for each in yaml.safe_load_all(RBAC.read_text()) if each]
    for each in objects:
        if each["metadata"]["name"] == but and "rules" in each:
            each["rules"][0]["verbs"].remove(verb)
    cluster.apply(*objects)


def test_an_event_tells_of_a_secret_that_is_wrong_on_itself_with_no_more_rights_than_to_follow_it(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    shop.cluster.apply(secret(shop, "web-tls"), referring(shop, "web-tls"))
    granted(cluster)
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--namespace", shop.name, "--lease", "hadyn/hadyn")

    ground.until(lambda: len(events_on(shop, "Secret")) == 1)
    (event,) = events_on(shop, "Secret")
    (known_secret,) = [each for each in ground.status()["problems"] if each["object"].startswith("secret ")]
    assert (
        event["regarding"]["uid"]
        == shop.cluster.get(f"/api/v1/namespaces/{shop.name}/secrets/web-tls")["metadata"]["uid"]
    )
    assert (event["regarding"]["name"], event["reason"]) == ("web-tls", known_secret["reason"])
    assert known_secret["said"] in event["note"]
    assert event["reason"] in shop.kubectl("describe", "secret", "web-tls") + shop.kubectl("get", "events")


def events_on(shop: Namespace, kind: str) -> list[Document]:
    found: list[Document] = shop.cluster.get(f"/apis/events.k8s.io/v1/namespaces/{shop.name}/events")["items"]
    return [each for each in found if each["regarding"]["kind"] == kind]


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_a_missing_right_to_secrets_is_a_problem_of_the_ingress_and_stops_nothing_else(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround, verb: str
) -> None:
    shop.cluster.apply(secret(shop, "web-tls"), referring(shop, "web-tls"))
    granted(cluster, but=SECRET_ROLE, verb=verb)
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--namespace", shop.name, "--lease", "hadyn/hadyn")
    account = "system:serviceaccount:hadyn:hadyn"
    said = (
        f"secret {shop.name}/web-tls cannot be read: the account '{account}' may not {verb} secrets "
        f"in namespace {shop.name}"
    )
    ground.until(lambda: missed(ground) == [said])
    assert ground.get("/", f"web.{shop.name}.example")[0] == 503
    (problem,) = problems(ground)
    assert problem["object"] == f"ingress {shop.name}/web"
    assert f'resources: ["secrets"], verbs: ["{verb}"]' in problem["remedy"]

    granted(cluster)
    ground.until(lambda: (known(ground), missed(ground)) == (1, []), CATCH_UP_SECONDS)


def test_a_role_for_one_secret_by_name_is_enough_for_that_one(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    shop.cluster.apply(secret(shop, "web-tls"), secret(shop, "other"), referring(shop, "web-tls", "other"))
    granted(cluster)
    cluster.kubectl("delete", "clusterrolebinding", SECRET_ROLE)
    words = ("--verb=list,watch", "--resource=secrets", "--resource-name=web-tls")
    shop.kubectl("create", "role", SECRET_ROLE, *words)
    shop.kubectl("create", "rolebinding", SECRET_ROLE, f"--role={SECRET_ROLE}", "--serviceaccount=hadyn:hadyn")
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--namespace", shop.name, "--read-only")
    ground.until(lambda: known(ground) == 1)
    (said,) = missed(ground)
    assert said.startswith(f"secret {shop.name}/other cannot be read")


def test_a_hundred_secrets_that_may_be_read_one_by_one_are_known_without_a_thread_for_each(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    names = [f"tls-{number}" for number in range(HUNDRED)]
    shop.cluster.apply(*(secret(shop, name) for name in names), referring(shop, *names))
    granted(cluster)
    cluster.kubectl("delete", "clusterrolebinding", SECRET_ROLE)
    words = ("--verb=list,watch", "--resource=secrets", *(f"--resource-name={name}" for name in names))
    shop.kubectl("create", "role", SECRET_ROLE, *words)
    shop.kubectl("create", "rolebinding", SECRET_ROLE, f"--role={SECRET_ROLE}", "--serviceaccount=hadyn:hadyn")
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    hadyn = ground.run("--namespace", shop.name, "--read-only")
    ground.until(lambda: (known(ground), missed(ground)) == (HUNDRED, []))
    assert len(list(Path(f"/proc/{hadyn.pid}/task").iterdir())) < HUNDRED


@pytest.mark.parametrize("verb", ["list", "watch"])
def test_hadyn_does_not_begin_without_a_right_to_its_config_map_and_says_which(
    cluster: ControlPlane, ground: ClusterGround, verb: str
) -> None:
    granted(cluster, but="hadyn-config-map", verb=verb)
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ended = ground.try_to_run("--config-map", "hadyn/hadyn")
    assert ended.returncode == 1
    assert f"may not {verb} configmaps in namespace hadyn" in ended.stderr


def test_a_config_map_is_followed_by_its_name(cluster: ControlPlane, ground: ClusterGround) -> None:
    granted(cluster)
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--config-map", "hadyn/hadyn", "--namespace", "hadyn", "--lease", "hadyn/hadyn")
    objects = {each["name"]: each["objects"] for each in ground.status()["sources"]}
    assert objects["kubernetes/hadyn/configmaps/hadyn"] == 0
    cluster.kubectl("-n", "hadyn", "create", "configmap", "hadyn", "--from-literal=slots=20")
    cluster.kubectl("-n", "hadyn", "create", "configmap", "other", "--from-literal=slots=20")
    ground.until(
        lambda: (
            {"name": "kubernetes/hadyn/configmaps/hadyn", "objects": 1, "stale_seconds": 0.0}.items()
            <= next(each for each in ground.status()["sources"] if "configmaps" in each["name"]).items()
        )
    )
    cluster.kubectl("-n", "hadyn", "delete", "configmap", "hadyn", "other")


def test_a_list_of_ports_is_followed_beside_the_config_map(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    port = ground.another_port()
    listed = f"--from-literal={port}={shop.name}/web:80"
    flags = ("--config-map", f"{shop.name}/options", "--tcp-services-configmap", f"{shop.name}/ports")
    ground.run("--namespace", shop.name, "--reload-interval", "0", *flags)
    shop.kubectl("create", "configmap", "ports", listed)
    shop.kubectl("create", "configmap", "options", "--from-literal=slots=20")
    ground.until(lambda: ground.slots(f"{shop.name}_web_80_tcp")["slots"] == 20)
    ground.until(lambda: ground.reloads().get("PORTS_CHANGED") == 1)
    assert ground.problems() == []
