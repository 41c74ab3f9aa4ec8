"""Certificates of Secrets, served by a real HAProxy: they come, change and go without a reload."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading

import pytest

from hadyn.demo.pods import Pods
from integration.abreast import with_every_haproxy
from integration.handshakes import (
    WITH_RSA,
    Shaking,
    certificates_held,
    client_context,
    connected,
    fingerprint,
    handshake,
    served,
)
from integration.haproxies import free_port
from integration.manifests import service, slice_
from integration.running import Document, Ground, bare_environment
from integration.stack import EchoPod
from tests.pairs import NOW, Pair, authority, pair

SHOP = "shop.example"
ROTATIONS = 50


@pytest.fixture
def tls(ground: Ground, pods: Pods) -> Ground:
    return prepared(ground, pods)


@pytest.fixture
def any_tls(any_ground: Ground, pods: Pods) -> Ground:
    return prepared(any_ground, pods)


def prepared(ground: Ground, pods: Pods) -> Ground:
    """A ground with one Service and the host shop.example."""
    ground.https_port = free_port()
    pod = pods.start("pod-a")
    ground.write("web.yaml", service("web"), slice_("web", pod.address.ip, port=pod.address.port))
    write_site(ground, "shop", [SHOP], pair(SHOP))
    return ground


def write_site(ground: Ground, name: str, hosts: list[str], *pairs: Pair, namespace: str = "shop") -> None:
    """Write an Ingress for hosts, and a Secret for each of its certificates."""
    secrets = [f"{name}-{number}" for number in range(1, len(pairs) + 1)]
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}
    site: Document = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "ingressClassName": "hadyn",
            "rules": [{"host": host, "http": {"paths": [path]}} for host in hosts],
            "tls": [{"hosts": hosts, "secretName": secret} for secret in secrets],
        },
    }
    ground.write(f"{name}.yaml", site, *(secret_of(namespace, *each) for each in zip(secrets, pairs, strict=True)))


def secret_of(namespace: str, name: str, found: Pair) -> Document:
    metadata = {"namespace": namespace, "name": name}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": metadata,
        "data": found.values(),
    }


def seen_by_the_pod(ground: Ground) -> Document:
    """The headers of a request over TLS, as the pod got them."""
    context = client_context()
    connection = http.client.HTTPSConnection("127.0.0.1", ground.https_port, context=context, timeout=10)
    try:
        connection.request("GET", "/", headers={"Host": SHOP, "X-Forwarded-Proto": "http"})
        found: Document = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return found


def serves(ground: Ground, host: str, found: Pair, *, ciphers: str = "") -> bool:
    certificate = handshake(ground.https_port, host, ciphers=ciphers)
    return certificate is not None and fingerprint(certificate) == found.fingerprint


def test_hosts_come_change_and_go_with_their_certificates_without_a_reload(tls: Ground) -> None:
    write_site(tls, "many", ["a.example", "*.b.example"], pair("a.example"), pair("a.example", kind="RSA 2048"))
    tls.run()
    worker = tls.worker()
    before = [served(tls.https_port, host) for host in ("a.example", "x.b.example", "other.example", SHOP)]
    with_rsa = handshake(tls.https_port, "a.example", ciphers=WITH_RSA)

    write_site(tls, "late", ["late.example"], pair("late.example"))
    tls.until(lambda: serves(tls, "late.example", pair("late.example")))
    write_site(tls, "late", ["late.example"], pair("late.example", issue=2))
    tls.until(lambda: serves(tls, "late.example", pair("late.example", issue=2)))
    write_site(tls, "many", ["a.example", "c.example"], pair("a.example"), pair("a.example", kind="RSA 2048"))
    tls.until(lambda: served(tls.https_port, "c.example") == "a.example")
    tls.until(lambda: served(tls.https_port, "x.b.example") == "hadyn default certificate")
    tls.remove("late.yaml")
    tls.until(lambda: served(tls.https_port, "late.example") == "hadyn default certificate")

    assert before == ["a.example", "a.example", "hadyn default certificate", SHOP]
    assert fingerprint(with_rsa) == pair("a.example", kind="RSA 2048").fingerprint
    assert tls.worker() == worker
    assert tls.judged() == ""
    assert sorted(path.name for path in tls.folder.certificates.iterdir()) == [
        *("crt-list", "default.pem", "shop_many-1.pem", "shop_many-2.pem", "shop_shop-1.pem"),
    ]


def test_certificates_that_come_and_change_at_once_are_all_served(tls: Ground) -> None:
    tls.run()
    worker = tls.worker()
    for issue in (1, 2):
        by_curve, by_rsa = (pair("both.example", kind=kind, issue=issue) for kind in ("P-256", "RSA 2048"))
        write_site(tls, "both", ["both.example"], by_curve, by_rsa)
        tls.until(lambda found=by_curve: serves(tls, "both.example", found))
        tls.until(lambda found=by_rsa: serves(tls, "both.example", found, ciphers=WITH_RSA))

    assert tls.problems() == []
    assert tls.worker() == worker


def test_somebody_who_looks_at_certificates_all_the_time_keeps_none_from_being_served(tls: Ground) -> None:
    tls.run()
    worker = tls.worker()
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            tls.say("show ssl cert")

    looking = threading.Thread(target=look)
    looking.start()
    try:
        for issue in range(2, 12):
            renewed = pair(SHOP, issue=issue)
            write_site(tls, "shop", [SHOP], renewed)
            tls.until(lambda found=renewed: serves(tls, SHOP, found))
    finally:
        over.set()
        looking.join()

    assert tls.problems() == []
    assert tls.worker() == worker


def test_certificates_that_somebody_holds_come_with_a_reload_and_endpoints_before(any_tls: Ground, pods: Pods) -> None:
    any_tls.run()
    renewed, pod = pair(SHOP, issue=2), pods.start("pod-b")
    with certificates_held(any_tls.runtime_socket):
        write_site(any_tls, "shop", [SHOP], renewed)
        any_tls.write("web.yaml", service("web"), slice_("web", pod.address.ip, port=pod.address.port))
        any_tls.until(lambda: list(any_tls.ready("shop_web_80").values()) == [str(pod.address)])
        meanwhile = any_tls.reloads()
        any_tls.until(lambda: serves(any_tls, SHOP, renewed))

    assert (meanwhile, any_tls.reloads()) == ({}, {"CERTIFICATES_LOCKED": 1})


def test_fifty_rotations_in_a_row_fail_no_handshake_and_need_no_reload(tls: Ground) -> None:
    tls.run()
    worker = tls.worker()
    with Shaking(tls.https_port, SHOP) as hands:
        for issue in range(2, ROTATIONS + 2):
            write_site(tls, "shop", [SHOP], pair(SHOP, issue=issue))
            tls.until(lambda issue=issue: serves(tls, SHOP, pair(SHOP, issue=issue)))

    assert hands.failures == 0
    assert hands.count > ROTATIONS
    assert hands.seen.keys() <= {pair(SHOP, issue=issue).fingerprint for issue in range(1, ROTATIONS + 2)} | {
        pair(SHOP).fingerprint
    }
    assert tls.worker() == worker
    assert tls.reloads() == {}


def test_a_request_over_tls_says_so_to_its_pod_and_may_speak_another_http(tls: Ground) -> None:
    with EchoPod() as pod:
        tls.write("web.yaml", service("web"), slice_("web", pod.address.ip, port=pod.address.port))
        tls.run()
        seen = seen_by_the_pod(tls)
    context = client_context(protocols=("h2", "http/1.1"))
    with connected(tls.https_port) as raw, context.wrap_socket(raw, server_hostname=SHOP) as encrypted:
        protocol, version = encrypted.selected_alpn_protocol(), encrypted.version()

    assert (protocol, version) == ("h2", "TLSv1.3")
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-port"] == str(tls.https_port)


def test_status_metrics_plan_and_explain_know_certificates(tls: Ground) -> None:
    tls.run()
    write_site(tls, "late", ["late.example"], pair("late.example", days=(-1, 30)))
    tls.until(lambda: serves(tls, "late.example", pair("late.example", days=(-1, 30))))
    expires = int(NOW.timestamp()) + 30 * 86_400
    explained = tls.ask("/api/explain", url="https://late.example/")

    assert tls.status()["certificates"] == {
        "count": 2,
        "first_to_expire": {"host": "late.example", "expires": "2026-12-22T10:00:00Z"},
    }
    assert tls.metric('hadyn_certificates_expiry_timestamp_seconds{host="late.example"}') == expires
    assert tls.metric('hadyn_commands_total{command="certificate",result="done"}') == 4
    assert explained["certificates"] == [
        {"secret": "shop/late-1", "default": False, "key": "ECDSA", "expires": "2026-12-22T10:00:00Z"}
    ]
    assert tls.ask("/api/plan")["commands"] == []


def reloads_for(ground: Ground, certificate: Pair) -> dict[str, int]:
    """What a certificate costs: a reload where it is longer than HAProxy takes by command."""
    longest = ground.capabilities.longest_certificate
    return {"CERTIFICATE_TOO_LONG": 1} if len(certificate.pem) > longest else {}


@with_every_haproxy
def test_a_certificate_too_long_for_a_command_comes_by_a_reload_where_haproxy_is_old(
    ground: Ground, pods: Pods
) -> None:
    tls = prepared(ground, pods)
    long = pair(*(f"a-name-of-some-length-{number}.example" for number in range(600)))
    tls.run("--reload-interval", "100ms")
    write_site(tls, "long", ["a-name-of-some-length-7.example"], long)
    tls.until(lambda: serves(tls, "a-name-of-some-length-7.example", long))

    assert len(long.pem) > 20_000
    assert tls.reloads() == reloads_for(tls, long)
    write_site(tls, "shop", [SHOP], pair(SHOP, issue=2))
    tls.until(lambda: serves(tls, SHOP, pair(SHOP, issue=2)))
    assert tls.reloads() == reloads_for(tls, long)


@pytest.mark.parametrize("protocol", ["-tls1", "-tls1_1"])
def test_old_protocols_get_no_handshake(tls: Ground, protocol: str) -> None:
    tls.run()
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{tls.https_port}", "-servername", SHOP, protocol]
    done = subprocess.run([*words, "-cipher", "ALL:@SECLEVEL=0"], input=b"", capture_output=True, check=False)

    assert b"no peer certificate available" in done.stdout


def test_tickets_are_not_given_and_the_chain_is_whole(tls: Ground) -> None:
    root, middle, leaf = authority()
    write_site(tls, "chained", ["chained.example"], Pair(middle + leaf.certificate, leaf.key))
    tls.run()
    (tls.place / "root.pem").write_text(root)
    words = ["openssl", "s_client", "-connect", f"127.0.0.1:{tls.https_port}", "-servername", "chained.example"]
    trust = ["-CAfile", tls.place / "root.pem", "-attime", str(int(NOW.timestamp())), "-tls1_2"]
    done = subprocess.run([*words, *trust], input="", capture_output=True, text=True, check=False)

    assert "Verify return code: 0 (ok)" in done.stdout
    assert "TLS session ticket:" not in done.stdout


def test_a_hadyn_and_a_haproxy_that_come_back_serve_what_was_served(tls: Ground) -> None:
    hadyn = tls.run("--leave-running")
    write_site(tls, "late", ["late.example"], pair("late.example"))
    tls.until(lambda: serves(tls, "late.example", pair("late.example")))
    hadyn.terminate()
    tls.is_left_behind = True
    worker = tls.worker()
    tls.run("--leave-running")
    told = tls.metric("hadyn_commands_total")

    assert (tls.worker(), told) == (worker, 0)
    write_site(tls, "late", ["late.example"], pair("late.example", issue=2))
    tls.until(lambda: serves(tls, "late.example", pair("late.example", issue=2)))

    for pid in tls.processes():
        subprocess.run(["kill", "-KILL", str(pid)], check=False)
    tls.until(lambda: tls.worker() not in (0, worker))
    tls.until(lambda: serves(tls, "late.example", pair("late.example", issue=2)))
    assert serves(tls, SHOP, pair(SHOP))


def test_a_certificate_of_the_operator_is_for_all_other_hosts(tls: Ground) -> None:
    file = tls.place / "operators.pem"
    file.write_text(pair("*.example").pem)
    tls.run("--default-certificate", str(file))

    assert serves(tls, "other.example", pair("*.example"))
    assert serves(tls, SHOP, pair(SHOP))


def test_a_secret_of_the_operator_is_for_all_other_hosts_and_is_renewed_live(tls: Ground) -> None:
    tls.write("operator.yaml", secret_of("infra", "wildcard", pair("*.example")))
    tls.run("--default-certificate", "infra/wildcard")
    before = serves(tls, "other.example", pair("*.example"))
    tls.write("operator.yaml", secret_of("infra", "wildcard", pair("*.example", issue=2)))
    tls.until(lambda: serves(tls, "other.example", pair("*.example", issue=2)))

    assert before
    assert tls.reloads() == {}


def test_a_default_certificate_that_cannot_be_served_is_wrong_usage(tls: Ground) -> None:
    file = tls.place / "operators.pem"
    file.write_text(pair("*.example").certificate)
    done = tls.try_to_run("--default-certificate", str(file))

    assert done.returncode == 2
    assert "there is no private key in it" in done.stderr


def test_hostile_secrets_harm_nobody_else_and_check_names_each(tls: Ground) -> None:
    good, other = pair(SHOP), pair("other.example")
    hostile = {
        "foreign-key": Pair(good.certificate, other.key),
        "empty": Pair("", ""),
        "weak": pair("weak.example", kind="RSA 1024"),
        "curve": pair("curve.example", kind="secp256k1"),
        "cut": Pair(good.certificate[:300], good.key),
        "many": Pair(good.certificate + "".join(pair(f"n{n}.example").certificate for n in range(25)), good.key),
        "noise": Pair("\x01\x02;\n\n<<\nshow info\n", "${HOME}"),
        "two-keys": Pair(good.certificate, good.key + other.key),
    }
    for name, found in hostile.items():
        write_site(tls, name, [f"{name}.example"], found)
    tls.run()
    words = [sys.executable, "-m", "hadyn", "check", str(tls.manifests), "-o", "json"]
    done = subprocess.run(words, capture_output=True, text=True, env=bare_environment(), check=False)
    named = {each["object"] for each in json.loads(done.stdout)}

    assert serves(tls, SHOP, good)
    assert {served(tls.https_port, f"{name}.example") for name in hostile} == {"hadyn default certificate"}
    assert tls.judged() == ""
    assert tls.reloads() == {}
    assert {f"secret shop/{name}-1" for name in hostile} <= named
    assert "PRIVATE" not in tls.log + done.stdout
