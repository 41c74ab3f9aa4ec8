"""Nobody comes in without a password that the Secret of the Ingress has, hashed in any of the ways that hadyn takes."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from integration.annotated import AnnotatedSite, Answer
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service

PASSWORD = "open sesame"
SHA512 = (
    "$6$rounds=5000$hadynsalt1$5D9Hsu6YUKs2cFm2T63RiCzegdHieW2ZyfYjANWV82SWBHeywPx37UAjc7j3qtCk.3t2kymQ4G/PpiMGfDazf."
)
SHA256 = "$5$hadynsalt2$Mr3vmlCPexcDg4QRZdKMm.XMZczNDPf6ZrG/bkxeLV8"
BCRYPT = "$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"
HTPASSWD = f"sha512:{SHA512}\nsha256:{SHA256}\r\n# a comment\n\nb'c\"r#y$pt\\:{BCRYPT}\n"


def secret(name: str, **texts: str) -> Document:
    metadata = {"namespace": "shop", "name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": texts}


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[AnnotatedSite]:
    binary: HAProxyBinary = request.param
    either = {"satisfy": "any", "auth_secret": "file", "allow_source_range": "127.0.0.5"}
    barred = {"satisfy": "any", "auth_secret": "file", "deny_source_range": "127.0.0.6/31"}
    cors = {"cors_enable": "true", "auth_secret": "file"}
    objects = (
        service("web"),
        secret("file", auth=HTPASSWD),
        secret("keys", anna=BCRYPT),
        ingress("silent", to="web", host="silent.example"),
        ingress("file", to="web", host="file.example", auth_secret="file", auth_realm="The shop"),
        ingress("keys", to="web", host="keys.example", auth_secret="keys", auth_type="basic"),
        ingress("open", to="web", host="open.example", auth_type="basic"),
        ingress("pages", to="web", host="pages.example", **cors),
        ingress("either", to="web", host="either.example", **either),
        ingress("barred", to="web", host="barred.example", **barred),
        ingress("both", to="web", host="both.example", auth_secret="file", allow_source_range="127.0.0.5"),
        ingress("networks", to="web", host="networks.example", satisfy="any", allow_source_range="127.0.0.5"),
    )
    with AnnotatedSite(binary.path, *objects) as site:
        yield site


def came_in(site: AnnotatedSite, host: str, name: str, password: str = PASSWORD, source: str = "") -> Answer:
    token = base64.b64encode(f"{name}:{password}".encode()).decode()
    return site.request(host=f"{host}.example", headers={"Authorization": f"Basic {token}"}, source=source)


@pytest.mark.parametrize("name", ["sha512", "sha256", "b'c\"r#y$pt\\"])
def test_a_user_of_the_file_comes_in_with_the_right_password_alone(site: AnnotatedSite, name: str) -> None:
    assert came_in(site, "file", name).status == 200
    assert came_in(site, "file", name, "open").status == 401


def test_who_says_nothing_is_asked_in_the_name_of_the_realm(site: AnnotatedSite) -> None:
    answer = site.request(host="file.example")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="The shop"')


def test_users_of_one_secret_are_strangers_to_another(site: AnnotatedSite) -> None:
    assert came_in(site, "keys", "anna").status == 200
    assert came_in(site, "keys", "sha256").status == 401
    assert came_in(site, "file", "anna").status == 401


def test_nobody_comes_in_where_no_secret_is_named(site: AnnotatedSite) -> None:
    assert came_in(site, "open", "anna").status == 403


def test_other_ingresses_of_the_same_service_ask_for_nothing(site: AnnotatedSite) -> None:
    assert site.request(host="silent.example").status == 200


@pytest.mark.parametrize(
    ("host", "source", "with_password", "without"),
    [
        ("either", "127.0.0.5", 200, 200),
        ("either", "127.0.0.4", 200, 401),
        ("barred", "127.0.0.5", 200, 200),
        ("barred", "127.0.0.7", 200, 401),
        ("both", "127.0.0.5", 200, 401),
        ("both", "127.0.0.4", 403, 403),
        ("networks", "127.0.0.5", 200, 200),
        ("networks", "127.0.0.4", 403, 403),
    ],
)
def test_network_or_password_is_enough_where_any_of_them_satisfies(
    site: AnnotatedSite, host: str, source: str, with_password: int, without: int
) -> None:
    assert came_in(site, host, "sha256", source=source).status == with_password
    assert site.request(host=f"{host}.example", source=source).status == without


def test_a_preflight_needs_no_password_and_a_browser_may_read_the_refusal(site: AnnotatedSite) -> None:
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    assert site.request(host="pages.example", method="OPTIONS", headers=asked).status == 204
    refused = site.request(host="pages.example", headers={"Origin": "https://a.example"})
    assert (refused.status, refused.headers["access-control-allow-origin"]) == (401, "*")
