"""hadyn explain, from manifests alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.invoking import SHOP, invoke
from tests.given import ingress_document, rule
from tests.pairs import pair


def test_a_url_is_led_to_its_ingress_backend_and_slots():
    lines = invoke("explain", "http://shop.example/cart/7?x=1", "--manifests", SHOP).stdout.splitlines()
    assert lines[:5] == [
        "shop.example/cart/7",
        "  ingress  shop/shop: shop.example/cart (Prefix)",
        "  backend  shop_cart_80",
        "  service  shop/cart:80",
        "  HTTPS    the default certificate",
    ]
    assert lines[6].split()[:4] == ["s1", "ready", "127.0.0.21:9002", "shop/cart-1"]
    assert lines[-2:] == ["why not", "  shop/shop: shop.example/ (Prefix): a longer prefix matches"]


def test_a_url_that_no_rule_matches_is_not_found():
    ended = invoke("explain", "other.example", "--manifests", SHOP, "--https-port", "0")
    assert ended.stdout == "other.example/\n  meets no rule: 404\n"


def test_a_url_without_a_rule_is_told_the_default_certificate():
    ended = invoke("explain", "other.example", "--manifests", SHOP)
    assert ended.stdout == "other.example/\n  meets no rule: 404\n  HTTPS    the default certificate\n"


def test_the_slots_are_shown_where_haproxy_speaks_no_tls():
    ended = invoke("explain", "http://shop.example/", "--manifests", SHOP, "--https-port", "0")
    assert "HTTPS" not in ended.stdout
    assert ended.stdout.count("  s1     ready") == 1


def test_a_url_whose_tls_is_left_to_the_pods_says_so(tmp_path: Path):
    text = (SHOP / "ingress.yaml").read_text()
    (tmp_path / "ingress.yaml").write_text(
        text.replace("  name: shop\n", '  name: shop\n  annotations: {hadyn.io/ssl-passthrough: "true"}\n', 1)
    )
    (tmp_path / "web.yaml").write_text((SHOP / "web.yaml").read_text())
    ended = invoke("explain", "https://shop.example/", "--manifests", tmp_path)
    assert "  HTTPS    goes to the pods as it is\n" in ended.stdout


def test_a_url_is_told_the_certificate_that_its_host_gets(tmp_path: Path):
    values = "".join(f"  {key}: {value}\n" for key, value in pair("secure.shop.example").values().items())
    metadata = "metadata: {name: secure, namespace: shop}"
    secret = f"apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n{metadata}\ndata:\n{values}"
    (tmp_path / "secret.yaml").write_text(secret)
    paths = (SHOP, SHOP.parent / "tls", tmp_path)
    ended = invoke(
        "explain", "https://secure.shop.example/", *(word for path in paths for word in ("--manifests", path))
    )
    assert "  HTTPS    certificate of secret shop/secure: ECDSA, until 2027-02-20T10:00:00Z\n" in ended.stdout


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"auth-tls-secret": "ca"}, "  clients  have to show a certificate of an authority in secret shop/ca"),
        (
            {"auth-tls-secret": "ca", "auth-tls-verify-client": "optional"},
            "  clients  may show a certificate of an authority in secret shop/ca",
        ),
        (
            {"auth-tls-secret": "elsewhere/ca"},
            "  clients  get a 403: no Secret says by whom their certificates are judged",
        ),
    ],
)
def test_a_url_is_told_what_clients_have_to_show(tmp_path: Path, said, told):
    annotations = {f"hadyn.io/{name}": value for name, value in said.items()}
    found = ingress_document("shop", "web", [rule("a.example")], annotations=annotations)
    documents = [found, {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "shop", "name": "ca"}}]
    (tmp_path / "a.yaml").write_text("\n---\n".join(map(json.dumps, documents)))
    lines = invoke("explain", "https://a.example/", "--manifests", tmp_path, "--watch-ingress-without-class").stdout
    assert told in lines.splitlines()


def test_a_url_whose_service_is_missing_gets_a_503_and_the_problem(tmp_path: Path):
    (tmp_path / "ingress.yaml").write_text((SHOP / "ingress.yaml").read_text())
    ended = invoke("explain", "http://office.shop.example/", "--manifests", tmp_path)
    assert "  backend  none, its Service is missing: 503\n" in ended.stdout
    assert "problems\n" in ended.stdout


def test_a_service_without_endpoints_is_unavailable(tmp_path: Path):
    (tmp_path / "ingress.yaml").write_text((SHOP / "ingress.yaml").read_text())
    (tmp_path / "web.yaml").write_text((SHOP / "web.yaml").read_text().split("---")[0])
    ended = invoke("explain", "http://shop.example/", "--manifests", tmp_path)
    assert "  slots    none with an endpoint: 503\n" in ended.stdout


def test_an_explanation_is_told_to_programs_as_json():
    document = json.loads(invoke("explain", "shop.example/cart", "--manifests", SHOP, "-o", "json").stdout)
    assert document["route"]["backend"] == "shop_cart_80"
    assert document["others"][0]["why"] == "a longer prefix matches"
    assert [entry["slot"] for entry in document["slots"]] == ["s1", "s2"]


def test_what_is_no_url_is_wrong_usage():
    ended = invoke("explain", "ftp://shop.example/", "--manifests", SHOP)
    assert ended.exit_code == 2
    assert "is no http or https URL" in ended.stderr
