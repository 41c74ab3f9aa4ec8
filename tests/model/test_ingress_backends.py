"""What paths lead to, as users may write it: reference/reliability.md C3, and defaultBackend."""

from __future__ import annotations

import pytest

from hadyn.errors import WrongUsage
from hadyn.model.inventory import Inventory
from hadyn.model.policy import Policy
from tests import given
from tests.model.looks import addresses, complaints, inventory, reasons, served

WEB = given.service("shop", "web", ports=[{"name": "http", "port": 80}, {"name": "admin", "port": 9090}])


def backend_path(backend: object) -> list[dict]:
    return [{"host": "a.example", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]


def test_a_service_that_does_not_exist_yet_gets_503_until_it_comes():
    shown = inventory(given.ingress("shop", "web"))
    assert served(shown) == {"a.example/": None}
    assert complaints(shown) == [
        "ingress shop/web: spec.rules[0].http.paths[0].backend: service shop/web does not exist"
    ]
    assert reasons(shown) == ["NotFound"]

    touched = shown.apply(given.changes(WEB))

    assert served(shown) == {"a.example/": "shop_web_80"}
    assert complaints(shown) == []
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, {"a.example"})


def test_a_service_that_goes_takes_its_backend_away_and_its_path_answers_503_again():
    shown = inventory(WEB, given.ingress("shop", "web"))
    touched = shown.apply(given.changes(deletes=(WEB.ref,)))
    assert served(shown) == {"a.example/": None}
    assert shown.backend("shop_web_80") is None
    assert shown.backend_names() == frozenset()
    assert (touched.backends, touched.hosts) == ({"shop_web_80"}, {"a.example"})


@pytest.mark.parametrize(
    ("port", "backend"),
    [
        pytest.param(80, "shop_web_80", id="by number"),
        pytest.param("http", "shop_web_80", id="by name"),
        pytest.param("admin", "shop_web_9090", id="the second port by name"),
    ],
)
def test_a_port_of_a_service_is_found(port, backend):
    assert served(inventory(WEB, given.ingress("shop", "web", port=port))) == {"a.example/": backend}


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        pytest.param(given.backend_of("web", "https"), "service shop/web has no port https", id="an unknown name"),
        pytest.param(given.backend_of("web", 8080), "service shop/web has no port 8080", id="an unknown number"),
        pytest.param(given.backend_of("web", "80"), "service shop/web has no port 80", id="a number written as name"),
        pytest.param(given.backend_of("web", 0), "no such port: 0", id="port zero"),
        pytest.param(given.backend_of("web", -1), "no such port: -1", id="a negative port"),
        pytest.param(given.backend_of("web", 65536), "no such port: 65536", id="the first port too many"),
        pytest.param(given.backend_of("web", 70000), "no such port: 70000", id="a port that HAProxy would wrap"),
        pytest.param(given.backend_of("web", True), "no such port: true", id="a boolean as port"),
        pytest.param(given.backend_of("web", 80.0), "no such port: 80.0", id="a fraction as port"),
        pytest.param(given.backend_of("web", 1 << 70_000), "no such port: a very large number", id="a huge number"),
        pytest.param(given.backend_of("web", "ht\ntp"), "no such port: 'ht\\ntp'", id="a line feed in a name"),
        pytest.param({"service": {"name": "web"}}, "no such port: nothing", id="no port at all"),
        pytest.param({"service": {"name": "../web"}}, "not the name of a Service", id="a path as name"),
        pytest.param({"service": {"name": ["web"]}}, "not the name of a Service", id="a list as name"),
        pytest.param(
            {"resource": {"apiGroup": "k8s.example.com", "kind": "Bucket", "name": "icons"}},
            "a resource of kind 'Bucket' is not supported",
            id="a resource of others",
        ),
        pytest.param(given.resource_of("Not A Name"), "not the name of a Backend", id="a Backend without proper name"),
        pytest.param(given.resource_of("api"), "backend shop/api does not exist", id="a Backend that does not exist"),
        pytest.param({}, "names neither a Service nor a Backend", id="neither Service nor resource"),
        pytest.param(None, "names neither a Service nor a Backend", id="no backend"),
        pytest.param({"serviceName": "web"}, "names neither a Service nor a Backend", id="a field of older versions"),
    ],
)
def test_a_path_that_leads_nowhere_gets_503_and_is_named(backend, said):
    shown = inventory(WEB, given.ingress("shop", "web", rules=[*backend_path(backend), given.rule("b.example")]))
    assert served(shown) == {"a.example/": None, "b.example/": "shop_web_80"}
    assert len(complaints(shown)) == 1
    assert complaints(shown)[0].startswith("ingress shop/web: spec.rules[0].http.paths[0].backend")
    assert said in complaints(shown)[0]


@pytest.mark.parametrize("name", ["localhost", "169.254.169.254", "127.1", "metadata.google.internal"])
def test_an_external_name_is_off_whatever_it_names(name):
    external = given.service("shop", "web", type="ExternalName", externalName=name)
    shown = inventory(external, given.ingress("shop", "web"))
    assert served(shown) == {"a.example/": None}
    assert "NotSupported" in reasons(shown)
    assert complaints(shown)[0].endswith("service shop/web is of type ExternalName, which is off")


def test_a_headless_service_without_a_port_is_503_and_named():
    headless = given.service("shop", "web", ports=[], clusterIP="None")
    shown = inventory(headless, given.ingress("shop", "web"), given.slice_("shop", "web", "10.0.0.1"))
    assert served(shown) == {"a.example/": None}
    assert reasons(shown) == ["NotFound"]
    assert "no port at all" in shown.problems()[0].remedy


def test_a_headless_service_without_selector_has_a_backend_without_endpoints():
    shown = inventory(given.service("shop", "web", clusterIP="None"), given.ingress("shop", "web"))
    assert addresses(shown.backend("shop_web_80")) == []
    assert complaints(shown) == []


def test_a_named_target_port_that_differs_between_slices_uses_both_numbers():
    shown = inventory(
        WEB,
        given.ingress("shop", "web"),
        given.slice_("shop", "web", "10.0.0.1", ports=[{"name": "http", "port": 8080}]),
        given.slice_("shop", "web", "10.0.0.2", ports=[{"name": "http", "port": 9090}], name="web-2"),
    )
    assert addresses(shown.backend("shop_web_80")) == ["10.0.0.1:8080", "10.0.0.2:9090"]


def test_a_path_leads_to_a_backend_of_hadyn():
    shown = inventory(
        given.ingress("default", "web", rules=backend_path(given.resource_of("api"))),
        given.backend("default", "api", "10.0.0.7:8080", "[fd00::1]:80", "10.0.0.7:8080"),
    )
    backend = shown.backend("default_api")
    assert served(shown) == {"a.example/": "default_api"}
    assert addresses(backend) == ["10.0.0.7:8080", "[fd00::1]:80"]
    assert (backend.service, backend.discovery) == ("default/api", "static")


@pytest.mark.parametrize(
    "address",
    ["10.0.0.7", "10.0.0.7:0", "10.0.0.7:99999", "10.0.0.7:080", "fd00::1:80", "api.example:80", "", 7, "0.0.0.0:80"],
)
def test_a_wrong_address_of_a_backend_is_left_out_alone(address):
    shown = inventory(
        given.ingress("default", "web", rules=backend_path(given.resource_of("api"))),
        given.backend("default", "api", address, "10.0.0.8:80"),
    )
    assert addresses(shown.backend("default_api")) == ["10.0.0.8:80"]
    assert complaints(shown)[0].startswith("backend default/api: spec.addresses[0]: ")


def test_a_default_backend_beside_rules_is_the_rest_of_their_hosts():
    shown = inventory(
        WEB,
        given.service("shop", "rest"),
        given.ingress("shop", "web", path="/shop", default=given.backend_of("rest")),
    )
    assert served(shown) == {"a.example/": "shop_rest_80", "a.example/shop": "shop_web_80"}


def test_a_default_backend_yields_to_any_rule_for_the_whole_host():
    older = given.ingress("shop", "web", path="/shop", default=given.backend_of("rest"), created="2026-01-01T00:00:00Z")
    younger = given.ingress("shop", "all", service="web", created="2026-01-02T00:00:00Z")
    shown = inventory(WEB, given.service("shop", "rest"), older, younger)
    assert served(shown)["a.example/"] == "shop_web_80"
    assert complaints(shown) == []


def test_a_host_without_paths_goes_to_the_default_backend():
    shown = inventory(WEB, given.ingress("shop", "web", rules=[{"host": "a.example"}], default=given.backend_of("web")))
    assert served(shown) == {"a.example/": "shop_web_80"}


def test_a_default_backend_without_rules_gets_what_nothing_matches_and_the_oldest_wins():
    older = given.ingress("blog", "x", rules=[], default=given.backend_of("web"), created="2026-01-01T00:00:00Z")
    younger = given.ingress("shop", "y", rules=[], default=given.backend_of("web"), created="2026-01-02T00:00:00Z")
    shown = inventory(WEB, given.service("blog", "web"), younger, older)
    assert served(shown) == {"*/": "blog_web_80"}
    assert complaints(shown) == [
        "ingress shop/y: spec.defaultBackend: everything else: ingress blog/x has claimed it since 2026-01-01T00:00:00Z"
    ]


def test_the_operators_default_service_is_the_last_resort():
    objects = (WEB, given.service("shop", "rest"))
    flag = {"default_backend_service": "shop/rest:80"}
    assert served(inventory(*objects, **flag)) == {"*/": "shop_rest_80"}
    catch_all = given.ingress("shop", "web", rules=[], default=given.backend_of("web"))
    shown = inventory(*objects, catch_all, **flag)
    assert served(shown) == {"*/": "shop_web_80"}
    assert complaints(shown) == []


def test_the_operators_default_service_is_named_while_it_is_missing():
    shown = inventory(default_backend_service="shop/rest:80")
    assert served(shown) == {"*/": None}
    assert complaints(shown) == ["ingress shop/--default-backend-service: : service shop/rest does not exist"]
    assert shown.ingress_count() == 0


@pytest.mark.parametrize(
    "value", ["web", "shop/web", "shop/web:http", "shop/web:99999", "shop/web:80\n", "Shop/web:80"]
)
def test_a_default_service_that_is_no_service_is_wrong_usage(value):
    with pytest.raises(WrongUsage, match="Write namespace/name:port"):
        Inventory(Policy(default_backend_service=value))
