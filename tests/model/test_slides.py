"""The manifests of the talk that hadyn comes from run as written."""

from __future__ import annotations

from hadyn.model.decoding import decode
from tests import given
from tests.model.looks import cluster, complaints, inventory, served

FROM_THE_SLIDES = {
    "apiVersion": "extensions/v1beta1",
    "kind": "Ingress",
    "metadata": {
        "name": "haproxy-ingress",
        "labels": {"app": "demo"},
        "annotations": {
            "kubernetes.io/ingress.class": "haproxy",
            "kubernetes.io/ingress.persistence.sourceip": "echoheaders",
        },
    },
    "spec": {
        "rules": [
            {
                "host": "example.com",
                "http": {
                    "paths": [
                        {"path": "/echo", "backend": {"serviceName": "echoheaders", "servicePort": 8080}},
                        {"path": "/", "backend": {"serviceName": "default-http-backend", "servicePort": 8080}},
                    ]
                },
            }
        ]
    },
}
SERVICES = (given.service("default", "echoheaders", 8080), given.service("default", "default-http-backend", 8080))


def test_the_ingress_of_the_slides_leads_to_both_services():
    shown = inventory(given.decoded(FROM_THE_SLIDES), *SERVICES)
    assert served(shown) == {
        "example.com/": "default_default-http-backend_8080",
        "example.com/echo": "default_echoheaders_8080",
    }
    assert complaints(shown) == []


def test_its_class_of_any_haproxy_is_not_ours_in_a_cluster():
    assert served(cluster(given.decoded(FROM_THE_SLIDES), *SERVICES)) == {}


def test_its_excerpt_without_spec_says_that_there_is_nothing_to_serve():
    excerpt = {name: value for name, value in FROM_THE_SLIDES.items() if name != "spec"}
    assert "there is nothing to serve" in complaints(inventory(decode(excerpt)))[0]
