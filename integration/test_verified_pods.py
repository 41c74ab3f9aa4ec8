"""hadyn has HAProxy verify pods, and show itself to them: through real handshakes, over rotations, with bad Secrets."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from integration.haproxies import HAProxyBinary, find_haproxies
from integration.loads import unfailing_load
from integration.manifests import Document, ingress, service, slice_
from integration.odd_pods import HTTP2_PREFACE, OddPod
from integration.running import Ground
from integration.tls_pods import YEARS, TlsPod
from tests.authorities import Authority, root
from tests.pairs import Pair

NAME = "web.shop.svc"
OURS, THEIRS, CLIENTS = root("ours"), root("theirs"), root("clients")
GOOD, OTHER, STRANGE = OURS.issue(NAME, days=YEARS), OURS.issue("other.svc", days=YEARS), THEIRS.issue(NAME, days=YEARS)
CLIENT, RENEWED = CLIENTS.issue("hadyn", days=YEARS), CLIENTS.issue("hadyn", days=YEARS, issue=2)
CHECKED = {"health_check_path": "/healthz", "health_check_interval": "1s"}
RATE = 60.0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """With the wheel's HAProxy, with one that is reloaded for another certificate to show, and with the latest one."""
    if "place" in metafunc.fixturenames:
        first, *others = find_haproxies()
        chosen = [each for each in others if each.branch == "3.0" or each is others[-1]]
        marked = [pytest.param(each, id=each.branch, marks=pytest.mark.versions) for each in chosen]
        metafunc.parametrize("place", [pytest.param(first, id=first.branch), *marked], indirect=True, scope="module")


@dataclass(slots=True)
class Site:
    """One hadyn with a Service for each way to speak with pods; ``pods`` by the name of the Service."""

    ground: Ground
    pods: dict[str, TlsPod]
    open: ExitStack = field(default_factory=ExitStack)

    def serve(self, name: str, *pods: OddPod, **said: str) -> None:
        """Write a Service with its Ingress for NAME.example, and these pods behind it, all on one port each."""
        slices = (
            slice_(name, pod.address.ip, port=pod.address.port, number=number) for number, pod in enumerate(pods, 1)
        )
        self.ground.write(
            f"{name}.yaml", service(name, retries="0", **said), ingress(name, host=f"{name}.example"), *slices
        )

    def status(self, name: str) -> int:
        return self.ground.get("/", f"{name}.example")[0]

    def until(self, name: str, status: int) -> None:
        self.ground.until(lambda: self.status(name) == status)

    def give(self, *secrets: Document) -> None:
        for secret in secrets:
            self.ground.write(f"secret-{secret['metadata']['name']}.yaml", secret)


def authorities(name: str, *trusted: Authority) -> Document:
    return _secret(name, **{"ca.crt": "".join(each.certificate for each in trusted)})


def certificate(name: str, pair: Pair) -> Document:
    return _secret(name, **{"tls.crt": pair.certificate, "tls.key": pair.key})


def _secret(name: str, **texts: str) -> Document:
    data = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop"}, "data": data}


WAYS: dict[str, tuple[Pair, dict[str, str]]] = {
    "good": (GOOD, {"server_ca": "ours", "server_verify_host": NAME, **CHECKED}),
    "renamed": (OTHER, {"server_ca": "ours", "server_verify_host": NAME}),
    "strange": (STRANGE, {"server_ca": "ours"}),
    "any-name": (OTHER, {"server_ca": "ours", "health_check_host": "other.svc", **CHECKED}),
    "by-sni": (OTHER, {"server_ca": "ours", "secure_sni": "other.svc"}),
    "http2": (GOOD, {"server_ca": "ours", "backend_protocol": "grpcs", "secure_sni": NAME, **CHECKED}),
    "unverified": (STRANGE, {"server_tls": "true"}),
    "one-secret": (GOOD, {"server_tls_secret": "both", "server_verify": "true"}),
    "one-strange": (STRANGE, {"server_tls_secret": "both", "server_verify": "true"}),
    "one-unasked": (STRANGE, {"server_tls": "true", "server_tls_secret": "both"}),
    "old": (
        GOOD,
        {"server_ca": "ours", "server_tls_versions": "TLSv1.2", "server_ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256"},
    ),
    "suites": (
        GOOD,
        {"server_ca": "ours", "server_tls_versions": "TLSv1.3", "server_cipher_suites": "TLS_AES_128_GCM_SHA256"},
    ),
}


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Iterator[Site]:
    binary: HAProxyBinary = request.param
    with ExitStack() as opened:
        ground = opened.enter_context(Ground(binary.path))
        pods = {name: opened.enter_context(TlsPod(pair)) for name, (pair, _) in WAYS.items()}
        place = Site(ground, pods, opened)
        place.give(authorities("ours", OURS))
        place.give(authorities("both", OURS))
        for name, (_, said) in WAYS.items():
            place.serve(name, pods[name], **said)
        ground.run()
        yield place
    print(ground.said)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("good", 200),
        ("renamed", 503),
        ("strange", 503),
        ("any-name", 200),
        ("by-sni", 200),
        ("http2", 200),
        ("unverified", 200),
        ("one-secret", 200),
        ("one-strange", 503),
        ("one-unasked", 200),
    ],
)
def test_only_a_pod_with_the_right_certificate_gets_requests(place: Site, name: str, status: int) -> None:
    pod = place.pods[name]
    pod.heard.clear()
    assert place.status(name) == status
    assert any("/healthz" not in head for head in pod.heard) == (status == 200)


def test_pods_of_verified_backends_speak_http2_where_that_is_said(place: Site) -> None:
    assert place.status("http2") == 200
    assert HTTP2_PREFACE.decode() in place.pods["http2"].heard
    assert set(place.pods["http2"].protocols) == {"h2"}


@pytest.mark.parametrize(
    ("name", "version", "cipher"), [("old", "TLSv1.2", "AES128-GCM"), ("suites", "TLSv1.3", "AES_128_GCM")]
)
def test_pods_hear_the_version_and_the_ciphers_that_are_said(place: Site, name: str, version: str, cipher: str) -> None:
    assert place.status(name) == 200
    found, spoken = place.pods[name].spoken[-1]
    assert (spoken, cipher in found) == (version, True)


def test_checks_go_over_verified_tls_by_the_same_name(place: Site) -> None:
    pod = place.pods["good"]
    pod.forget()
    place.ground.until(lambda: sum("/healthz" in head for head in pod.heard) > 1)
    assert set(pod.asked) == {NAME}
    assert place.status("good") == 200


def test_a_checked_pod_that_gets_a_wrong_certificate_gets_no_requests_while_others_do(place: Site) -> None:
    with TlsPod(GOOD) as first, TlsPod(STRANGE) as second:
        place.serve(
            "two", first, second, server_ca="ours", server_verify_host=NAME, health_check_fall_count="1", **CHECKED
        )
        place.until("two", 200)
        place.ground.until(lambda: "DOWN" in place.ground.say("show stat shop_two_80 4 -1"))
        assert [place.status("two") for _ in range(6)] == [200] * 6
        assert second.heard == []
        place.ground.remove("two.yaml")


def test_pods_that_insist_on_a_certificate_get_that_of_the_secret(place: Site) -> None:
    with TlsPod(GOOD, believes=CLIENTS) as strict, TlsPod(GOOD, believes=CLIENTS, insists=False) as lenient:
        place.give(certificate("client", CLIENT))
        place.serve("shown", strict, server_ca="ours", server_crt="client")
        place.serve("unshown", strict, server_ca="ours")
        place.serve("lenient", lenient, server_ca="ours")
        place.until("shown", 200)
        place.until("lenient", 200)
        assert place.status("unshown") in (502, 503)


def test_a_secret_that_comes_late_or_breaks_concerns_its_backend_alone(place: Site) -> None:
    with TlsPod(STRANGE) as pod:
        place.serve("late", pod, server_ca="late")
        place.ground.until(lambda: place.ground.section("shop_late_80"))
        place.until("late", 503)
        place.ground.until(lambda: "service shop/late: NotFound" in place.ground.problems())
        worker = place.ground.worker()
        place.give(authorities("late", THEIRS))
        place.until("late", 200)
        place.give(_secret("late", **{"ca.crt": "broken"}))
        place.ground.until(lambda: "secret shop/late: InvalidValue" in place.ground.problems())

        assert [place.status(name) for name in ("late", "good", "strange")] == [200, 200, 503]
        assert pod.heard
        assert place.ground.worker() == worker


def test_rotations_fail_no_request_and_need_no_reload_where_haproxy_is_sound(place: Site) -> None:
    """The authority, the pod's certificate by it, and the certificate that is shown are all replaced under load."""
    loaded = place.ground
    with TlsPod(GOOD, believes=CLIENTS) as pod:
        place.give(authorities("rotated", OURS), certificate("client-2", CLIENT))
        place.serve("rotated", pod, server_ca="rotated", server_crt="client-2", server_verify_host=NAME)
        place.until("rotated", 200)
        worker = loaded.worker()
        with unfailing_load(loaded, "/", host="rotated.example", rate=RATE):
            place.give(authorities("rotated", OURS, THEIRS))
            loaded.until(lambda: _trusts(place, 2))
            untouched = loaded.worker()
            pod.become(STRANGE)
            place.give(certificate("client-2", RENEWED))
            loaded.until(lambda: RENEWED.fingerprint in _shown(place))
            place.give(authorities("rotated", THEIRS))
            loaded.until(lambda: _trusts(place, 1))
        place.until("rotated", 200)

        assert untouched == worker
        assert (loaded.worker() == worker) == loaded.capabilities.commits_authorities_soundly
        assert loaded.judged() == ""


def test_keys_are_in_the_folder_alone_and_nobody_else_may_read_them(place: Site) -> None:
    paths = [*place.ground.folder.credentials.iterdir()]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert {"shop_ours.ca", "nobody.pem"} <= {path.name for path in paths}
    assert "PRIVATE KEY" not in place.ground.log


def _trusts(place: Site, authorities: int) -> bool:
    path = place.ground.folder.credentials / "shop_rotated.ca"
    return f"{path} - {authorities} certificate" in place.ground.say("show ssl ca-file")


def _shown(place: Site) -> str:
    return place.ground.say(f"show ssl cert {place.ground.folder.credentials}/shop_client-2.pem")
