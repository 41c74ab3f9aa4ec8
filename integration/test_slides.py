"""The manifests of the slides that hadyn began with, run as written."""

from __future__ import annotations

import shutil
from pathlib import Path

from hadyn.demo.pods import Pods
from integration.deployments import Deployment
from integration.running import Ground

SLIDES = Path(__file__).parent / "slides"
HOST = "example.com"


def services(ground: Ground, pods: Pods) -> tuple[Deployment, Deployment]:
    """The two Services of the slides with their pods; they are in the namespace default, on port 8080."""
    deployments = tuple(Deployment(ground, pods, name) for name in ("echoheaders", "default-http-backend"))
    for deployment in deployments:
        deployment.launch(2)
        ports = [{"name": "http", "port": 8080, "targetPort": deployment.port}]
        metadata = {"name": deployment.name, "namespace": "default"}
        ground.write(
            f"{deployment.name}.yaml",
            {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": ports}},
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": metadata | {"labels": {"kubernetes.io/service-name": deployment.name}},
                "addressType": "IPv4",
                "ports": [{"name": "http", "port": deployment.port}],
                "endpoints": [{"addresses": [address.partition(":")[0]]} for address in deployment.addresses],
            },
        )
    echo, default = deployments
    return echo, default


def answers(ground: Ground, path: str) -> set[str]:
    return {ground.get(path, HOST)[1] for _ in range(6)}


def test_the_ingress_of_the_slides_routes_as_the_slides_say(ground: Ground, pods: Pods) -> None:
    echo, default = services(ground, pods)
    shutil.copy(SLIDES / "ingress.yaml", ground.manifests)

    ground.run("--ingress-class", "haproxy")

    assert answers(ground, "/echo") == set(echo.names)
    assert answers(ground, "/echo/deeper") == set(echo.names)
    assert answers(ground, "/") == set(default.names)
    assert answers(ground, "/echoes") == set(default.names)
    assert ground.get("/", "example.org")[0] == 404
    assert ground.problems() == []


def test_the_pods_of_the_slides_come_and_go_without_a_reload(ground: Ground, pods: Pods) -> None:
    echo, _ = services(ground, pods)
    shutil.copy(SLIDES / "ingress.yaml", ground.manifests)
    ground.run("--ingress-class", "haproxy")
    worker = ground.worker()
    text = (ground.manifests / "echoheaders.yaml").read_text()
    (newcomer,) = echo.launch(1)

    *_, address = echo.addresses
    gone, *_ = echo.addresses
    unfinished = ground.place / "unfinished.yaml"
    unfinished.write_text(text.replace(gone.partition(":")[0] + "\n", address.partition(":")[0] + "\n"))
    unfinished.rename(ground.manifests / "echoheaders.yaml")

    ground.until(lambda: newcomer in answers(ground, "/echo"))
    assert answers(ground, "/echo") == {echo.names[1], newcomer}
    assert ground.worker() == worker


def test_the_annotation_that_the_slides_propose_is_no_outage(ground: Ground, pods: Pods) -> None:
    echo, _ = services(ground, pods)
    annotated = (SLIDES / "ingress-with-persistence.yaml").read_text()
    rules = (SLIDES / "ingress.yaml").read_text().partition("spec:")[2]
    (ground.manifests / "ingress.yaml").write_text(f"{annotated}spec:{rules}")

    ground.run("--ingress-class", "haproxy")

    # the client that asks here stays with the pod it met first
    assert len(answers(ground, "/echo")) == 1
    assert answers(ground, "/echo") <= set(echo.names)


def test_an_ingress_of_the_slides_without_rules_serves_nothing_and_harms_nobody(ground: Ground, pods: Pods) -> None:
    services(ground, pods)
    shutil.copy(SLIDES / "ingress-with-persistence.yaml", ground.manifests)

    ground.run("--ingress-class", "haproxy")

    assert ground.get("/echo", HOST)[0] == 404
