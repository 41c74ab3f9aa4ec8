"""The Helm chart and the kustomize base: the same objects, which a real apiserver takes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from integration.charts import (
    BASE,
    CHART,
    KUBECTL,
    ROOT,
    Document,
    chart,
    helm,
    kustomized,
    of_kind,
    one,
    rights,
    try_to_render,
)
from integration.cluster import ControlPlane

pytestmark = pytest.mark.root

CHARTS_OWN_LABELS = ("app.kubernetes.io/version", "app.kubernetes.io/managed-by", "helm.sh/chart")
EVERYTHING = {
    "kind": "DaemonSet",
    "imagePullSecrets": [{"name": "registry"}],
    "config": {"slots": 20, "drain-time": "10m"},
    "extraEnv": [{"name": "HADYN_LOG_LEVEL", "value": "debug"}],
    "options": {"timeout-server": "30s"},
    "namespaceSelector": "team=shop",
    "ingressClass": {"name": "edge", "default": True},
    "publish": {"nodes": True},
    "rbac": {"onlySecrets": {"default": ["web-tls"]}},
    "service": {
        "annotations": {"example.com/pool": "a"},
        "loadBalancerClass": "example.com/lb",
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
        "nodePorts": {"http": 30080, "https": 30443},
    },
    "ports": {"http": 80, "https": 443, "status": 9404},
    "serviceAccount": {"annotations": {"example.com/role": "a"}},
    "peers": {"create": True, "port": 10001},
    "tcp": {"ports": [5432], "services": {"53": "shop/names:dns-tcp", "5433": "shop/db:5432:PROXY"}},
    "networkPolicy": {"create": True},
    "podMonitor": {"create": True, "labels": {"release": "prometheus"}},
    "podAnnotations": {"example.com/a": "b"},
    "podLabels": {"example.com/a": "b"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [],
    "priorityClassName": "system-cluster-critical",
}
# What of a PodMonitor is used, as the operator's CRD has it: a field of another name is refused.
POD_MONITOR = ROOT / "integration" / "podmonitor.yaml"


@pytest.fixture(scope="module")
def hadyns_namespace(cluster: ControlPlane) -> None:
    cluster.kubectl("apply", "-f", str(BASE / "namespace.yaml"), "-f", str(POD_MONITOR))
    cluster.kubectl("wait", "--for", "condition=Established", "-f", str(POD_MONITOR))


def said_by_the_apiserver(cluster: ControlPlane, *words: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [KUBECTL, "--kubeconfig", cluster.kubeconfig, "apply", "--dry-run=server", "--validate=strict", *words]
    return subprocess.run(command, input=said, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({}, id="defaults"),
        pytest.param(EVERYTHING, id="everything"),
        pytest.param({"namespaces": ["default"], "nativeSidecar": False}, id="some-namespaces"),
        pytest.param({"readOnly": True, "service": {"create": False}, "runAsUser": None}, id="only-read"),
    ],
)
@pytest.mark.usefixtures("hadyns_namespace")
def test_a_restricted_namespace_takes_the_chart_without_a_warning(cluster: ControlPlane, values: Document) -> None:
    done = said_by_the_apiserver(cluster, "-f", "-", said=yaml.safe_dump_all(chart(values)))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{values.get('kind', 'Deployment').lower()}.apps/hadyn" in done.stdout


@pytest.mark.parametrize("folder", ["base", "overlays/daemonset"])
@pytest.mark.usefixtures("hadyns_namespace")
def test_a_restricted_namespace_takes_the_kustomizations_without_a_warning(cluster: ControlPlane, folder: str) -> None:
    done = said_by_the_apiserver(cluster, "-k", str(ROOT / "deploy" / folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert ".apps/hadyn" in done.stdout


@pytest.mark.usefixtures("hadyns_namespace")
def test_a_port_of_the_node_is_what_a_restricted_namespace_refuses(cluster: ControlPlane) -> None:
    values = {"kind": "DaemonSet", "hostPorts": {"http": 80}, "service": {"create": False}}
    done = said_by_the_apiserver(cluster, "-f", "-", said=yaml.safe_dump_all(chart(values)))
    assert done.returncode == 0
    assert "would violate PodSecurity" in done.stderr
    assert "hostPort" in done.stderr


def comparable(document: Document) -> Document:
    """An object as both ways of deploying have it: without what tells them apart."""
    document = yaml.safe_load(yaml.safe_dump(document))
    for label in CHARTS_OWN_LABELS:
        document["metadata"]["labels"].pop(label, None)
    pod = document["spec"].get("template") if document["kind"] in ("Deployment", "DaemonSet") else None
    if document["kind"] == "ConfigMap":
        # kustomize names it for its content
        document["metadata"]["name"] = "hadyn-flags"
        document["data"] = {name: yaml.safe_load(text) for name, text in document["data"].items()}
    if pod:
        # helm has a checksum instead
        pod["metadata"].pop("annotations", None)
        (flags,) = (volume for volume in pod["spec"]["volumes"] if volume["name"] == "flags")
        flags["configMap"]["name"] = "hadyn-flags"
        for container in (*pod["spec"]["initContainers"], *pod["spec"]["containers"]):
            container.pop("imagePullPolicy", None)
            container["image"] = container["image"].removesuffix(":0.1.0")
    return document


def by_name(documents: list[Document]) -> dict[str, Document]:
    found = [comparable(document) for document in documents if document["kind"] != "Namespace"]
    return {f"{document['kind']} {document['metadata']['name']}": document for document in found}


def with_components(folder: Path) -> list[Document]:
    """The base with all components."""
    components = sorted((ROOT / "deploy" / "components").glob("*/kustomization.yaml"))
    kustomization = {
        "resources": [os.path.relpath(BASE, folder)],
        "components": [os.path.relpath(path.parent, folder) for path in components],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return kustomized(folder)


def test_the_chart_and_the_base_are_the_same_objects() -> None:
    assert by_name(chart()) == by_name(kustomized(BASE))


def test_the_chart_with_everything_is_the_base_with_all_its_components(tmp_path: Path) -> None:
    created = {"networkPolicy": {"create": True}, "podMonitor": {"create": True}}
    values = {"kind": "DaemonSet", **created, "rbac": {"podLabels": True, "nodePorts": True}}
    assert by_name(chart(values)) == by_name(with_components(tmp_path))


def test_the_rules_in_namespaces_are_those_of_the_whole_cluster_but_for_classes() -> None:
    everywhere = rights(yaml.safe_load_all((BASE / "rbac.yaml").read_text()))
    documents = chart({"namespaces": ["shop", "blog"]})
    granted = rights(documents)

    def without_classes(rules: list[Document]) -> list[Document]:
        return [rule for rule in rules if rule["resources"] != ["ingressclasses"]]

    assert granted["Role hadyn"] == without_classes(everywhere["ClusterRole hadyn"])
    assert granted["Role hadyn-announce"] == without_classes(everywhere["ClusterRole hadyn-announce"])
    assert granted["Role hadyn-secrets"] == everywhere["ClusterRole hadyn-secrets"]
    assert granted["Role hadyn-config-map"] == everywhere["Role hadyn-config-map"]
    assert granted["Role hadyn-lease"] == everywhere["Role hadyn-lease"]
    assert [rule["resources"] for rule in granted["ClusterRole hadyn-classes"]] == [["ingressclasses"]]
    assert granted["Role hadyn-service"][0]["resourceNames"] == [one(documents, "Service")["metadata"]["name"]]
    places = {(role["metadata"]["name"], role["metadata"].get("namespace")) for role in of_kind(documents, "Role")}
    assert {("hadyn", "shop"), ("hadyn", "blog"), ("hadyn-lease", "hadyn")} <= places


def test_no_right_goes_beyond_what_a_value_asks_for() -> None:
    plain = rights(chart()).keys()
    more = {
        "ClusterRole hadyn-namespaces": {"namespaceSelector": "team=shop"},
        "ClusterRole hadyn-nodes": {"publish": {"nodes": True}},
        "ClusterRole hadyn-nodeports": {"rbac": {"nodePorts": True}},
        "Role hadyn-pods": {"publish": {"nodes": True}},
    }
    assert plain & more.keys() == set()
    for role, values in more.items():
        assert role in rights(chart(values))
    assert "ClusterRole hadyn-secrets" not in rights(chart({"rbac": {"secrets": False}}))
    only = rights(chart({"rbac": {"onlySecrets": {"shop": ["web-tls"]}}}))
    assert "ClusterRole hadyn-secrets" not in only
    assert only["Role hadyn-secrets"][0]["resourceNames"] == ["web-tls"]


def test_replicas_find_each_other_where_the_flags_say_so() -> None:
    documents = chart({"peers": {"create": True, "port": 10001}, "networkPolicy": {"create": True}})
    found = next(each for each in of_kind(documents, "Service") if each["metadata"]["name"] == "hadyn-peers")
    flags = yaml.safe_load(one(documents, "ConfigMap")["data"]["hadyn.yaml"])
    port = next(each for each in containers(documents)["haproxy"]["ports"] if each["name"] == "peers")
    assert (found["spec"]["clusterIP"], found["spec"]["ports"][0]["port"]) == ("None", 10001)
    assert (flags["peers-service"], flags["peers-port"]) == ("hadyn/hadyn-peers", 10001)
    assert port["containerPort"] == 10001
    assert {"port": "peers"} in [
        each for rule in one(documents, "NetworkPolicy")["spec"]["ingress"] for each in rule["ports"]
    ]


def test_ports_of_services_without_http_stand_wherever_a_connection_goes_through() -> None:
    values = {"ports": [5432, 5433], "services": {"53": "shop/names:dns-tcp", "5433": "shop/db:5432"}}
    documents = chart({"tcp": values, "networkPolicy": {"create": True}})
    opened = ["tcp-53", "tcp-5432", "tcp-5433"]
    listening = {port["name"]: port for port in containers(documents)["haproxy"]["ports"]}
    served = {port["name"]: port for port in one(documents, "Service")["spec"]["ports"]}
    admitted = [port["port"] for port in one(documents, "NetworkPolicy")["spec"]["ingress"][0]["ports"]]
    assert sorted(name for name in listening if name.startswith("tcp-")) == opened
    assert listening["tcp-5432"] == {"name": "tcp-5432", "containerPort": 5432}
    assert served["tcp-5432"] == {"name": "tcp-5432", "port": 5432, "targetPort": "tcp-5432"}
    assert sorted(name for name in served if name.startswith("tcp-")) == opened
    assert admitted == ["http", "https", *opened]
    assert containers(documents)["haproxy"]["securityContext"]["capabilities"]["add"] == ["NET_BIND_SERVICE"]


def test_services_by_port_are_a_config_map_that_hadyn_is_told_of_and_may_read() -> None:
    documents = chart({"tcp": {"services": {"5433": "shop/db:5432"}}}, release="edge")
    listed, flags = (
        next(each for each in of_kind(documents, "ConfigMap") if each["metadata"]["name"] == f"edge-hadyn-{suffix}")
        for suffix in ("tcp", "flags")
    )
    assert listed["data"] == {"5433": "shop/db:5432"}
    assert yaml.safe_load(flags["data"]["hadyn.yaml"])["tcp-services-configmap"] == "hadyn/edge-hadyn-tcp"
    (rule,) = rights(documents)["Role edge-hadyn-config-map"]
    assert (rule["resourceNames"], rule["verbs"]) == (["edge-hadyn", "edge-hadyn-tcp"], ["list", "watch"])


def test_a_daemon_set_opens_the_same_ports_of_its_node_and_gives_them_on_in_turn() -> None:
    documents = chart({"kind": "DaemonSet", "tcp": {"ports": [5432], "hostPorts": True}})
    ports = {port["name"]: port for port in containers(documents, "DaemonSet")["haproxy"]["ports"]}
    assert ports["tcp-5432"]["hostPort"] == 5432
    assert one(documents, "DaemonSet")["spec"]["updateStrategy"] == {"rollingUpdate": {"maxUnavailable": 1}}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"tcp": {"ports": [8080]}}, "8080 is a port for HTTP"),
        ({"tcp": {"services": {"443": "shop/db:5432"}}}, "443 is a port for HTTP"),
        ({"tcp": {"ports": [10000]}, "peers": {"create": True}}, "or hadyn's own"),
        ({"tcp": {"services": {"5432": "db:5432"}}}, "tcp"),
        ({"config": {"tcp-services-configmap": "a/b"}}, "say tcp.services instead"),
    ],
)
def test_a_port_that_cannot_be_opened_is_refused_before_anything_is_installed(values: Document, told: str) -> None:
    done = try_to_render(values)
    assert done.returncode != 0
    assert told in done.stderr


def test_whoever_only_reads_gets_no_right_to_write() -> None:
    for values in ({"readOnly": True}, {"readOnly": True, "namespaces": ["shop"]}):
        verbs = {verb for rules in rights(chart(values)).values() for rule in rules for verb in rule["verbs"]}
        assert verbs == {"list", "watch"}


def test_every_binding_gives_a_role_that_is_there_to_the_account_of_the_pods() -> None:
    documents = chart({"namespaces": ["shop", "blog"]}, release="edge")
    account = one(documents, "ServiceAccount")["metadata"]
    roles = {
        (role["kind"], role["metadata"]["name"], role["metadata"].get("namespace"))
        for role in of_kind(documents, "Role", "ClusterRole")
    }
    bound = set()
    for binding in of_kind(documents, "RoleBinding", "ClusterRoleBinding"):
        reference = binding["roleRef"]
        bound.add((reference["kind"], reference["name"], binding["metadata"].get("namespace")))
        assert binding["subjects"] == [
            {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
        ]
    assert bound == roles
    assert one(documents, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"] == account["name"]


def containers(documents: list[Document], kind: str = "Deployment") -> dict[str, Document]:
    pod = one(documents, kind)["spec"]["template"]["spec"]
    return {container["name"]: container for container in (*pod["initContainers"], *pod["containers"])}


def test_a_port_below_1024_is_all_that_gives_haproxy_a_capability() -> None:
    documents = chart({"ports": {"http": 8080, "https": 443}})
    capabilities = {name: each["securityContext"]["capabilities"] for name, each in containers(documents).items()}
    assert capabilities.pop("haproxy") == {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    assert [*capabilities.values()] == 2 * [{"drop": ["ALL"]}]
    (sysctl,) = one(documents, "Deployment")["spec"]["template"]["spec"]["securityContext"]["sysctls"]
    assert sysctl == {"name": "net.ipv4.ip_unprivileged_port_start", "value": "443"}


def test_a_pod_has_the_time_that_its_drain_takes() -> None:
    documents = chart({"drain": {"waitSeconds": 20, "graceSeconds": 300}})
    assert one(documents, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 325
    assert containers(documents)["haproxy"]["lifecycle"]["preStop"]["exec"]["command"] == ["sleep", "20"]


def test_helm_finds_nothing_to_complain_of() -> None:
    done = subprocess.run([helm(), "lint", "--strict", CHART], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.count("[ERROR]"), done.stdout.count("[WARNING]")) == (0, 0, 0)


@pytest.mark.parametrize(("version", "policy"), [("1.28.3", None), ("1.29.0", "Always")])
def test_a_cluster_that_knows_sidecar_containers_gets_one(version: str, policy: str | None) -> None:
    documents = chart({}, "--kube-version", version)
    assert containers(documents)["hadyn"].get("restartPolicy") == policy
    is_plain = "hadyn" in [
        each["name"] for each in one(documents, "Deployment")["spec"]["template"]["spec"]["containers"]
    ]
    assert is_plain == (policy is None)
    # A plain container is told to stop when HAProxy is, which serves on for a while.
    assert ("lifecycle" in containers(documents)["hadyn"]) == is_plain


def test_other_flags_make_other_pods() -> None:
    def checksum(values: Document) -> str:
        annotations = one(chart(values), "Deployment")["spec"]["template"]["metadata"]["annotations"]
        return str(annotations["checksum/flags"])

    assert checksum({}) == checksum({"replicaCount": 3})
    assert checksum({}) != checksum({"config": {"slots": 20}})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        pytest.param({"kind": "StatefulSet"}, "value must be one of 'Deployment', 'DaemonSet'", id="kind"),
        pytest.param({"replicas": 3}, "additional properties 'replicas' not allowed", id="name"),
        pytest.param({"runAsUser": 0}, "at '/runAsUser'", id="root"),
        pytest.param({"config": {"http-port": 80}}, "config.http-port: say ports.http instead", id="flag"),
    ],
)
def test_a_wrong_value_is_refused_and_named(values: Document, sentence: str) -> None:
    done = try_to_render(values)
    assert done.returncode != 0
    assert sentence in done.stderr
