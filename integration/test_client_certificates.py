"""Certificates of clients, asked for and judged by a real HAProxy: who is let in, who is not, and nobody round the side."""

from __future__ import annotations

import base64
import hashlib
import ssl
import subprocess

import pytest

from hadyn.demo.pods import Pods
from integration.handshakes import client_context, connected, served
from integration.haproxies import free_port
from integration.manifests import Document, ingress, service, slice_
from integration.running import Ground
from integration.showing import Shown, asked, showing
from integration.stack import EchoPod
from integration.test_certificates import secret_of
from tests.authorities import Authority, below, root
from tests.pairs import Pair, pair

ROTATIONS = 4
PARTNERS, STRANGERS = root("partners"), root("strangers")
BRANCH = below(PARTNERS, "branch")
ALICE, BOB, MALLORY = PARTNERS.issue("alice"), PARTNERS.issue("bob"), STRANGERS.issue("alice")
ROBOT = BRANCH.issue("r2.robots")
ROBOT_WITH_CHAIN = Pair(ROBOT.certificate + BRANCH.certificate, ROBOT.key)
OLD = PARTNERS.issue("old", days=(-20, -10))


def ca_secret(name: str, authority: Authority, revoked: str = "") -> Document:
    metadata = {"namespace": "shop", "name": name}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": authority.values(revoked)}


def site(name: str, *, encrypted: bool = True, **annotations: str) -> list[Document]:
    """An Ingress for NAME.example, with a certificate of its own where it is ``encrypted``."""
    host = f"{name}.example"
    document = ingress(name, to="web", host=host, **annotations)
    if not encrypted:
        return [document]
    document["spec"]["tls"] = [{"hosts": [host], "secretName": name}]
    return [document, secret_of("shop", name, pair(host))]


@pytest.fixture
def shop(ground: Ground) -> Ground:
    """Asks for certificates at a.example (of partners) and b.example (of strangers), not at open.example."""
    ground.https_port = free_port()
    ground.write("cas.yaml", ca_secret("partners", PARTNERS), ca_secret("strangers", STRANGERS))
    ground.write("a.yaml", *site("a", auth_tls_secret="partners"))
    ground.write("b.yaml", *site("b", auth_tls_secret="strangers"))
    ground.write("open.yaml", *site("open"))
    return ground


def statuses(ground: Ground, host: str, *clients: Pair | None) -> list[int]:
    return [asked(ground.https_port, host, client).status for client in clients]


def round_the_side(ground: Ground) -> list[Shown]:
    """What somebody gets at b.example whom only the authority of a.example believes, and who resumes what he has."""
    found = []
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        for opened in ("a.example", "open.example"):
            client = showing(ALICE, newest=newest)
            session = asked(ground.https_port, opened, client).session
            found.append(asked(ground.https_port, "b.example", client, session=session))
            found.append(asked(ground.https_port, "b.example", client, session=session, name=opened))
    return found


def test_who_is_believed_comes_in_and_nobody_else_gets_round(shop: Ground, pods: Pods) -> None:
    with EchoPod() as pod:
        shop.write("web.yaml", service("web"), slice_("web", pod.address.ip, port=pod.address.port))
        shop.run()
        clients = (ALICE, ROBOT_WITH_CHAIN, None, MALLORY, OLD, ROBOT)
        at_a, at_open = statuses(shop, "a.example", *clients), statuses(shop, "open.example", *clients)
        lying = {"X-SSL-Client-CN": "root", "x-ssl-client-verified": "yes", "X_SSL_CLIENT_SHA1": "00"}
        true = asked(shop.https_port, "a.example", ALICE, headers=lying).seen
        pretended = asked(shop.https_port, "open.example", ALICE, headers=lying).seen
        misdirected = [
            asked(shop.https_port, "a.example", ALICE, name=name).status for name in ("open.example", "b.example", "")
        ]
        around = {(each.status, each.is_resumed) for each in round_the_side(shop)}
        plain = shop.get(host="a.example")[0]
        worker = shop.worker()

        shop.write(
            "cas.yaml", ca_secret("partners", PARTNERS, PARTNERS.revoking(ALICE)), ca_secret("strangers", PARTNERS)
        )
        shop.until(lambda: statuses(shop, "a.example", ALICE, BOB) == [403, 200])
        shop.until(lambda: statuses(shop, "b.example", ALICE, MALLORY) == [200, 403])

        assert at_a == [200, 200, 403, 403, 403, 403]
        assert at_open == [200] * 6
        assert {name: true.get(name) for name in ("x-ssl-client-cn", "x-ssl-client-dn", "x-ssl-client-sha1")} == {
            "x-ssl-client-cn": "alice",
            "x-ssl-client-dn": "/CN=alice",
            "x-ssl-client-sha1": ALICE.fingerprint,
        }
        assert not {"x-ssl-client-verified", "x_ssl_client_sha1"}.intersection([*true, *pretended])
        assert not [name for name in pretended if name.startswith("x-ssl-client")]
        assert misdirected == [421, 421, 421]
        assert around == {(403, False), (421, False)}
        assert plain == 302
        assert (shop.worker(), shop.judged()) == (worker, "")


def over_http2(ground: Ground, opened: str, host: str) -> str:
    """The version and status of a request over HTTP/2 for a host, on a connection that another name has opened."""
    where = ("--connect-to", f"::127.0.0.1:{ground.https_port}", f"https://{opened}/", "-H", f"Host: {host}")
    words = (
        "curl",
        "--silent",
        "--http2",
        "--insecure",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_version} %{http_code}",
    )
    return subprocess.run([*words, *where], capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.fixture
def any_shop(any_ground: Ground) -> Ground:
    any_ground.https_port = free_port()
    any_ground.write("cas.yaml", ca_secret("partners", PARTNERS), ca_secret("strangers", STRANGERS))
    return any_ground


def test_what_an_ingress_says_of_clients_is_what_they_meet(any_shop: Ground) -> None:
    page = "https://help.example/50%25?why=a+certificate"
    any_shop.write("a.yaml", *site("a", auth_tls_secret="partners", auth_tls_error_page=page))
    any_shop.write("may.yaml", *site("may", auth_tls_secret="partners", auth_tls_verify_client="optional"))
    any_shop.write(
        "some.yaml", *site("some", encrypted=False, auth_tls_secret="partners", auth_tls_match_cn="alice, *.robots")
    )
    said = {"auth_tls_cert_header": "true", "ssl_fingerprint_sha2_bits": "256", "ssl_fingerprint_lower": "true"}
    any_shop.write("told.yaml", *site("told", auth_tls_secret="partners", **said))
    any_shop.write("off.yaml", *site("off", auth_tls_secret="partners", auth_tls_verify_client="off"))
    any_shop.write("wrong.yaml", *site("wrong", auth_tls_secret="../partners", auth_tls_verify_client="maybe"))
    with EchoPod() as pod:
        any_shop.write("web.yaml", service("web"), slice_("web", pod.address.ip, port=pod.address.port))
        any_shop.run()
        led = asked(any_shop.https_port, "a.example")
        met = {
            host: statuses(any_shop, f"{host}.example", None, ALICE, BOB, MALLORY)
            for host in ("a", "may", "some", "off", "wrong")
        }
        told = asked(any_shop.https_port, "told.example", ALICE).seen
        nobody = asked(any_shop.https_port, "may.example").seen

    assert (led.status, led.headers["location"]) == (302, page)
    assert met == {
        "a": [302, 200, 200, 302],
        "may": [200, 200, 200, 403],
        "some": [403, 200, 403, 403],
        "off": [200, 200, 200, 200],
        "wrong": [403, 403, 403, 403],
    }
    assert statuses(any_shop, "some.example", ROBOT_WITH_CHAIN) == [503]
    assert any_shop.get(host="some.example")[0] == 403
    assert over_http2(any_shop, "off.example", "a.example") == "2 421"
    der = ssl.PEM_cert_to_DER_cert(ALICE.certificate)
    assert base64.b64decode(told["x-ssl-client-cert"]) == der
    assert told["x-ssl-client-sha2"] == hashlib.sha256(der).hexdigest()
    assert told["x-ssl-client-sha1"] == ALICE.fingerprint.lower()
    assert not [name for name in nobody if name.startswith("x-ssl")]


def test_nobody_slips_in_while_an_ingress_begins_to_ask_or_its_secret_is_gone(any_shop: Ground, pods: Pods) -> None:
    pod = pods.start("pod-a")
    any_shop.write("web.yaml", service("web"), slice_("web", pod.address.ip, port=pod.address.port))
    any_shop.write("open.yaml", *site("open"))
    any_shop.run()
    any_shop.write("a.yaml", *site("a", auth_tls_secret="late"))
    seen = {asked(any_shop.https_port, "a.example", client).status for _ in range(40) for client in (None, ALICE)}
    any_shop.until(lambda: statuses(any_shop, "a.example", None, ALICE) == [403, 403])
    any_shop.write("late.yaml", ca_secret("late", PARTNERS))
    any_shop.until(lambda: statuses(any_shop, "a.example", None, ALICE) == [403, 200])
    any_shop.write(
        "late.yaml", {"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "shop", "name": "late"}}
    )
    any_shop.until(lambda: any("secret shop/late" in problem for problem in any_shop.problems()))
    broken = statuses(any_shop, "a.example", None, ALICE, MALLORY)

    assert 200 not in seen
    assert broken == [403, 200, 403]
    assert {path.stat().st_mode & 0o777 for path in any_shop.folder.certificates.iterdir()} == {0o600}


def test_authorities_that_change_refuse_nobody_who_is_believed_before_and_after(any_shop: Ground, pods: Pods) -> None:
    pod = pods.start("pod-a")
    any_shop.write("web.yaml", service("web"), slice_("web", pod.address.ip, port=pod.address.port))
    any_shop.write("a.yaml", *site("a", auth_tls_secret="partners"))
    any_shop.run()
    worker, alice = any_shop.worker(), set()
    one = ca_secret("partners", PARTNERS)
    both = one | {"stringData": {"ca.crt": PARTNERS.certificate + STRANGERS.certificate}, "data": {}}
    for secret, wanted in [(both, 200), (one, 403)] * ROTATIONS:
        any_shop.write("cas.yaml", secret)

        def is_told(wanted: int = wanted) -> bool:
            alice.update(statuses(any_shop, "a.example", ALICE))
            return statuses(any_shop, "a.example", MALLORY) == [wanted]

        any_shop.until(is_told)

    assert alice == {200}
    assert (any_shop.worker(), any_shop.reloads()) == (worker, {})
    assert len([path for path in any_shop.folder.certificates.iterdir() if path.suffix == ".ca"]) == 1


def test_a_host_shakes_hands_as_its_ingress_says_at_once(any_shop: Ground) -> None:
    any_shop.write("a.yaml", *site("a"))
    any_shop.write("open.yaml", *site("open"))
    any_shop.run()
    worker = any_shop.worker()
    said = {"tls_alpn": "http/1.1", "ssl_ciphers": "ECDHE-ECDSA-AES256-GCM-SHA384"}
    any_shop.write("a.yaml", *site("a", **said))
    any_shop.until(lambda: shaken(any_shop, "a.example") == "http/1.1 TLSv1.3")
    with_others = served(any_shop.https_port, "a.example", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256")
    with_its_own = served(any_shop.https_port, "a.example", ciphers=said["ssl_ciphers"])
    any_shop.write("a.yaml", *site("a", ssl_min_version="TLSv1.3"))
    any_shop.until(lambda: served(any_shop.https_port, "a.example", ciphers=said["ssl_ciphers"]) == "")

    assert (with_others, with_its_own) == ("", "a.example")
    assert (shaken(any_shop, "a.example"), shaken(any_shop, "open.example")) == ("h2 TLSv1.3", "h2 TLSv1.3")
    assert served(any_shop.https_port, "open.example", ciphers=said["ssl_ciphers"]) == "open.example"
    assert (any_shop.worker(), any_shop.reloads()) == (worker, {})


def shaken(ground: Ground, host: str) -> str:
    """Which protocol over which version of TLS."""
    context = client_context(protocols=("h2", "http/1.1"))
    with connected(ground.https_port) as raw, context.wrap_socket(raw, server_hostname=host) as secure:
        return f"{secure.selected_alpn_protocol()} {secure.version()}"
