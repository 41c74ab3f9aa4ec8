"""Who hadyn is in a cluster: credentials good and bad, and no more rights than it uses."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.cluster import ClusterGround, ControlPlane, Document, Namespace
from integration.grants import ACCOUNT, Right, granted, rights
from integration.haproxies import free_port
from integration.running import Ground

pytestmark = [pytest.mark.root, pytest.mark.usefixtures("outages")]

NAMES = (f"access-{number}" for number in itertools.count(1))
CATCH_UP_SECONDS = 60.0
"""What was refused is asked again within half a minute."""


@pytest.fixture
def shop(cluster: ControlPlane) -> Iterator[Namespace]:
    """A Service without pods and an Ingress that leads to it: 503 where hadyn sees both."""
    with Namespace(cluster, next(NAMES)) as namespace:
        cluster.apply(namespace.bare_service("web"), namespace.ingress("web", host_of(namespace)))
        yield namespace


@pytest.fixture
def ground(cluster: ControlPlane) -> Iterator[ClusterGround]:
    with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
        yield ground


def host_of(namespace: Namespace) -> str:
    return f"{namespace.name}.example"


def sees(ground: Ground, namespace: Namespace) -> bool:
    return ground.get(host=host_of(namespace))[0] == 503


# Rights


def test_exactly_the_rules_of_deploy_are_enough(cluster: ControlPlane, shop: Namespace, ground: ClusterGround) -> None:
    granted(cluster)
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run("--lease", "hadyn/hadyn", "--publish-address", "192.0.2.7")
    assert sees(ground, shop)
    path = f"/apis/networking.k8s.io/v1/namespaces/{shop.name}/ingresses/web"
    ground.until(lambda: "192.0.2.7" in str(cluster.get(path)["status"]))
    assert "may not" not in ground.log


@pytest.mark.parametrize("right", rights("hadyn"), ids=str)
def test_hadyn_does_not_begin_without_a_right_to_read_and_says_which(
    cluster: ControlPlane, ground: ClusterGround, right: Right
) -> None:
    resource = granted(cluster, but=right)
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ended = ground.try_to_run()
    assert ended.returncode == 1
    assert f"the account 'system:serviceaccount:hadyn:hadyn' may not {right.verb} {resource}" in ended.stderr
    assert f'resources: ["{resource}"], verbs: ["{right.verb}"]' in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def troubled(cluster: ControlPlane) -> Iterator[Namespace]:
    """Something wrong in an object of each kind, and a hadyn that has told so before."""
    with Namespace(cluster, next(NAMES)) as namespace:
        service = namespace.bare_service("web", slots="many")
        slice_ = namespace.slice("web", "239.1.1.1", port=80)
        edge = {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {"name": "edge", "annotations": {"ingressclass.kubernetes.io/is-default-class": "yes"}},
            "spec": {"controller": "hadyn.io/ingress"},
        }
        cluster.apply(
            service, slice_, edge, namespace.ingress("web", host_of(namespace)), namespace.ingress("gone", "x.y")
        )
        with ClusterGround(kubeconfig=cluster.kubeconfig) as ground:
            ground.run("--namespace", namespace.name, "--lease", "hadyn/hadyn")
            path = f"/apis/events.k8s.io/v1/namespaces/{namespace.name}/events"
            ground.until(lambda: len(cluster.get(path)["items"]) == 3)
        yield namespace
        cluster.kubectl("delete", "ingressclass", "edge")


@pytest.mark.parametrize("right", rights("hadyn-announce", "hadyn-lease"), ids=str)
def test_hadyn_serves_without_a_right_to_write_and_says_which(
    cluster: ControlPlane, troubled: Namespace, ground: ClusterGround, right: Right
) -> None:
    resource = granted(cluster, but=right)
    cluster.kubectl("-n", "hadyn", "delete", "lease", "--all")
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    # A status of its own, so that there is always one to write.
    ground.run("--lease", "hadyn/hadyn", "--publish-address", f"192.0.2.{right.number + len(right.verb)}")
    assert sees(ground, troubled)
    ground.until(lambda: f"may not {right.verb} {resource}" in ground.log)


def test_a_right_that_is_taken_away_takes_no_endpoint_away(
    cluster: ControlPlane, shop: Namespace, ground: ClusterGround
) -> None:
    granted(cluster)
    ground.kubeconfig = cluster.kubeconfig_of(*ACCOUNT, ground.place)
    ground.run()
    cluster.kubectl("delete", "clusterrolebinding", "hadyn")
    cluster.down("kube-apiserver")
    cluster.up("kube-apiserver")
    ground.until(lambda: "may not watch services" in ground.log, CATCH_UP_SECONDS)
    assert sees(ground, shop)
    granted(cluster)
    ground.until(lambda: all(not each["stale_seconds"] for each in ground.status()["sources"]), CATCH_UP_SECONDS)


# Credentials


@dataclass(slots=True)
class PodGround(Ground):
    """Ground on which hadyn runs as in a pod: its ServiceAccount's files are where a kubelet puts them.

    ``account`` is the folder of those files.
    """

    account: Path = Path()

    def command(self, *flags: str) -> list[str]:
        words = Ground.command(self, *flags)
        at = words.index("--manifests")
        place = "/run/secrets/kubernetes.io/serviceaccount"
        script = f'mount -t tmpfs none /run && mkdir -p {place} && mount --bind "$0" {place} && exec "$@"'
        environment = ["env", "KUBERNETES_SERVICE_HOST=10.99.255.100", "KUBERNETES_SERVICE_PORT=6443"]
        return [
            "unshare",
            "--mount",
            *environment,
            "sh",
            "-c",
            script,
            str(self.account),
            *words[:at],
            *words[at + 2 :],
        ]


@pytest.fixture
def pod(cluster: ControlPlane, tmp_path: Path) -> Iterator[PodGround]:
    granted(cluster)
    (tmp_path / "ca.crt").write_bytes((cluster.folder / "pki" / "ca.crt").read_bytes())
    with PodGround(account=tmp_path) as ground:
        renew_token(cluster, ground)
        yield ground


def renew_token(cluster: ControlPlane, pod: PodGround) -> None:
    """Put a token there by rename, as the kubelet does."""
    token = cluster.kubectl("create", "token", ACCOUNT[0], "-n", ACCOUNT[1]).strip()
    (pod.account / "renewed").write_text(token)
    (pod.account / "renewed").rename(pod.account / "token")


def test_in_a_pod_hadyn_knows_its_cluster_by_itself(shop: Namespace, pod: PodGround) -> None:
    pod.run()
    assert sees(pod, shop)


def test_a_token_that_is_renewed_is_used_when_the_first_is_refused(
    cluster: ControlPlane, shop: Namespace, pod: PodGround
) -> None:
    pod.run()
    # A new account of the same name: nobody accepts the token of the one before.
    cluster.kubectl("delete", "serviceaccount", *ACCOUNT[:1], "-n", ACCOUNT[1])
    granted(cluster)
    cluster.down("kube-apiserver")
    cluster.up("kube-apiserver")
    pod.until(lambda: "does not accept hadyn's credentials" in pod.log, CATCH_UP_SECONDS)
    assert sees(pod, shop)
    renew_token(cluster, pod)
    pod.until(lambda: all(not each["stale_seconds"] for each in pod.status()["sources"]), CATCH_UP_SECONDS)


def test_a_client_certificate_logs_in(shop: Namespace, ground: ClusterGround) -> None:
    ground.run("--context", "certificate")
    assert sees(ground, shop)


def test_a_credential_plugin_logs_in(cluster: ControlPlane, shop: Namespace, ground: ClusterGround) -> None:
    version = "client.authentication.k8s.io/v1"
    plugin = ground.place / "plugin"
    plugin.write_text(
        f'#!/bin/sh\necho \'{{"apiVersion":"{version}","kind":"ExecCredential","status":{{"token":"admin-token"}}}}\'\n'
    )
    plugin.chmod(0o700)
    user = {"exec": {"apiVersion": version, "command": str(plugin), "interactiveMode": "Never"}}
    ground.kubeconfig = changed(cluster, ground, user=user)
    ground.run()
    assert sees(ground, shop)


def changed(cluster: ControlPlane, ground: Ground, *, user: Document | None = None, **fields: Any) -> Path:
    """A kubeconfig that differs from the right one in its user, or in fields of the cluster."""
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["users"] = [{"name": "u", "user": user or {"token": "admin-token"}}]
    content["clusters"][0]["cluster"].update({name.replace("_", "-"): value for name, value in fields.items()})
    path = ground.place / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return path


def refusal(ground: ClusterGround, *flags: str) -> str:
    """What hadyn says when it does not begin; that is one sentence and its remedy, and exit code 1."""
    ended = ground.try_to_run(*flags)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]


def test_a_kubeconfig_that_is_not_there_is_named(ground: ClusterGround) -> None:
    ground.kubeconfig = Path("/nowhere/kubeconfig")
    assert "cannot read the kubeconfig /nowhere/kubeconfig: No such file or directory" in refusal(ground)


def test_a_token_that_nobody_knows_is_refused_in_a_sentence(cluster: ControlPlane, ground: ClusterGround) -> None:
    ground.kubeconfig = changed(cluster, ground, user={"token": "nobody"})
    assert "does not accept hadyn's credentials (401" in refusal(ground)


def test_a_certificate_of_another_authority_is_not_trusted(cluster: ControlPlane, ground: ClusterGround) -> None:
    other = cluster.folder / "pki" / "client.crt"
    ground.kubeconfig = changed(cluster, ground, certificate_authority=str(other))
    assert "the certificate of https://10.99.255.100:6443 is refused" in refusal(ground)


def test_another_name_than_the_certificates_is_not_trusted(cluster: ControlPlane, ground: ClusterGround) -> None:
    ground.kubeconfig = changed(cluster, ground, tls_server_name="other.example")
    assert "certificate is not valid for 'other.example'" in refusal(ground)


def test_a_client_certificate_that_has_expired_is_refused_in_a_sentence(
    cluster: ControlPlane, ground: ClusterGround
) -> None:
    pki = cluster.folder / "pki"
    user = {
        "client-certificate": str(expired(pki / "client.csr", pki, ground.place)),
        "client-key": str(pki / "client.key"),
    }
    ground.kubeconfig = changed(cluster, ground, user=user)
    said = refusal(ground)
    assert "does not accept hadyn's credentials (401" in said
    assert "Renew the token or the client certificate" in said


def test_an_apiserver_whose_certificate_has_expired_is_not_trusted(
    cluster: ControlPlane, ground: ClusterGround
) -> None:
    pki, port = cluster.folder / "pki", free_port()
    certificate = expired(pki / "api.csr", pki, ground.place)
    command = ["openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{port}", "-cert", str(certificate)]
    server = subprocess.Popen(
        [*command, "-key", str(pki / "api.key")], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        ground.until(lambda: is_listening(port))
        ground.kubeconfig = changed(cluster, ground, server=f"https://127.0.0.1:{port}")
        said = refusal(ground)
        assert f"the certificate of https://127.0.0.1:{port} is refused: certificate has expired" in said
        assert "renew that certificate" in said
    finally:
        server.kill()
        server.communicate()


def expired(request: Path, pki: Path, folder: Path) -> Path:
    """A certificate of the cluster's authority, for 127.0.0.1 too, that was valid until yesterday."""
    path, names = folder / "expired.crt", folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    signer = ["-CA", str(pki / "ca.crt"), "-CAkey", str(pki / "ca.key"), "-set_serial", "7", "-extfile", str(names)]
    command = ["openssl", "x509", "-req", "-in", str(request), *signer, "-days", "-1", "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path


def test_a_server_that_is_no_apiserver_is_named(cluster: ControlPlane, ground: ClusterGround) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(ground.place)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ground.kubeconfig = changed(cluster, ground, server=f"https://127.0.0.1:{port}")
        ground.until(lambda: is_listening(port))
        assert f"https://127.0.0.1:{port} is not an apiserver: it does not speak TLS" in refusal(ground)
        ground.kubeconfig = changed(cluster, ground, server=f"http://127.0.0.1:{port}")
        assert "is the server of this kubeconfig an apiserver?" in refusal(ground)
    finally:
        server.kill()
        server.wait()


def is_listening(port: int) -> bool:
    done = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], capture_output=True, text=True, check=True)
    return bool(done.stdout)


def test_a_selector_that_is_none_is_refused_in_a_sentence(ground: ClusterGround) -> None:
    assert "Correct --ingress-label-selector" in refusal(ground, "--ingress-label-selector", "!!")


def test_a_namespace_that_does_not_exist_is_waited_for(cluster: ControlPlane, ground: ClusterGround) -> None:
    name = next(NAMES)
    ground.run("--namespace", name)
    assert f"there is no namespace {name}; hadyn waits for it to come" in ground.log
    with Namespace(cluster, name) as shop:
        cluster.apply(shop.bare_service("web"), shop.ingress("web", host_of(shop)))
        ground.until(lambda: sees(ground, shop))
