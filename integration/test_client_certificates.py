"""Certificates of clients, asked for and judged by a real HAProxy: who is let in, who is not, and nobody round the side."""

from __future__ import annotations

import ssl

import pytest

from hadyn.demo.pods import Pods
from integration.haproxies import free_port
from integration.manifests import Document, ingress, service, slice_
from integration.running import Ground
from integration.showing import Shown, asked, showing
from integration.stack import EchoPod
from integration.test_certificates import secret_of
from tests.authorities import Authority, below, root
from tests.pairs import Pair, pair

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
