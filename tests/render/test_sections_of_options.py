"""What annotations about a backend add to its section, from the objects to the golden file."""

import pytest

from hadyn.planner.plan import Seating
from hadyn.render.config import backend_section
from tests import given
from tests.authorities import root
from tests.conftest import Golden
from tests.model.looks import inventory

FAMILIES = {
    "balance_by_hash": {"load-balance": "uri whole", "hash-balance-factor": "150"},
    "balance_at_random": {"load-balance": "random(2)", "hash-balance-factor": "150"},
    "balance_in_turn": {"load-balance": "leastconn", "hash-balance-factor": "150"},
    "servers": {
        "maxconn-server": "100",
        "maxqueue-server": "20",
        "slowstart": "30s",
        "initial-weight": "16",
        "timeout-queue": "2s",
    },
    "http2": {"backend-protocol": "grpc", "send-proxy-protocol": "v2"},
    "http1_over_tls": {"server-tls": "true", "secure-sni": "shop.internal"},
    "name_of_the_host": {"backend-protocol": "h2-ssl", "secure-sni": "host"},
    "no_name_without_tls": {"secure-sni": "host"},
    "http2_over_tls": {"backend-protocol": "h2", "server-tls": "true"},
    "verified_pods": {
        "backend-protocol": "grpcs",
        "server-ca": "authority",
        "server-crt": "shop/client",
        "server-verify-host": "web.shop.svc",
        "secure-sni": "host",
        "server-ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "server-cipher-suites": "TLS_AES_128_GCM_SHA256",
        "server-tls-versions": "TLSv1.3 TLSv1.2",
        "health-check-path": "/healthz",
    },
    "pods_verified_by_sni": {"server-ca": "authority", "secure-sni": "shop.internal"},
    "pods_verified_by_no_name": {
        "server-ca": "authority",
        "health-check-path": "/healthz",
        "health-check-host": "shop.internal:8080",
    },
    "pods_verified_with_one_secret": {"server-tls-secret": "both", "server-verify": "true"},
    "one_secret_shown_to_pods": {"server-tls": "true", "server-tls-secret": "both", "server-verify": "false"},
    "no_certificates_without_tls": {"server-tls-secret": "both", "server-tls-versions": "TLSv1.3"},
    "timeouts": {f"timeout-{name}": "1500ms" for name in ("connect", "server", "queue", "tunnel", "server-fin")},
    "retries": {"retries": "1", "retry-on": "conn-failure 503", "redispatch": "false", "abort-on-close": "true"},
    "cookie": {"affinity": "cookie"},
    "cookie_with_everything": {
        "affinity": "cookie",
        "session-cookie-name": "session",
        "session-cookie-domain": "shop.example",
        "session-cookie-path": "/shop",
        "session-cookie-max-age": "86400",
        "session-cookie-same-site": "None",
        "session-cookie-httponly": "false",
        "session-cookie-preserve": "true",
        "session-cookie-key": "secret",
    },
    "affinity_by_source": {"affinity": "source", "affinity-memory": "8h"},
    "affinity_by_header": {"affinity": "hdr(X-Session)"},
    "check_by_tcp": {"health-check": "tcp", "health-check-port": "8081"},
    "check_by_http": {
        "health-check-path": "/healthz?full=1",
        "health-check-method": "HEAD",
        "health-check-host": "shop.internal:8080",
        "health-check-expect": "200-299,401",
        "health-check-interval": "5s",
        "health-check-timeout": "1s",
        "health-check-rise-count": "2",
        "health-check-fall-count": "4",
    },
    "checks_off": {"health-check": "off", "health-check-path": "/healthz", "health-check-interval": "5s"},
    "agent": {"agent-check-port": "9777", "agent-check-interval": "1s", "agent-check-send": "how's it?\n"},
}


CLIENT = root().issue("client").values()
SECRETS = {"authority": root().values(), "client": CLIENT, "both": root().values() | CLIENT}


def section_of(said: dict[str, str]) -> str:
    """The section of a backend whose Service has these annotations."""
    annotations = {f"hadyn.io/{name}": value for name, value in said.items()}
    shown = inventory(
        given.service("shop", "web", annotations=annotations),
        given.slice_("shop", "web", "10.0.0.7", port=8080),
        given.ingress("shop", "web"),
        *(given.secret("shop", name, data=data) for name, data in SECRETS.items()),
    )
    backend = shown.backend("shop_web_80")
    assert not shown.problems()
    return backend_section(backend, Seating(4, {"s1": backend.endpoints[0]}))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_section_of_an_annotated_backend_is_the_golden_one(family: str, golden: Golden) -> None:
    golden(f"options/{family}.cfg", section_of(FAMILIES[family]))
