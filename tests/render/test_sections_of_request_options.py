"""What annotations about requests add to a backend's section, from the objects to the golden file.

Another Ingress that says nothing leads there, too, so each line asks whose request it is.
"""

import pytest

from hadyn.planner.plan import Seating
from hadyn.render.config import backend_section
from tests import given
from tests.conftest import Golden
from tests.model.looks import inventory

BCRYPT = "$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"
FAMILIES = {
    "access_log": {"access-log": "false"},
    "bandwidth": {"limit-rate": "100k", "limit-rate-after": "10m"},
    "basic_authentication": {"auth-secret": "users", "auth-realm": "The shop"},
    "body_size": {"body-size": "8m"},
    "client_certificates": {
        "auth-tls-secret": "partners",
        "auth-tls-match-cn": "alice, bob, *.robots.example, team-*",
        "auth-tls-error-page": "https://help.shop.example/50%25?why=certificate",
        "auth-tls-cert-header": "true",
        "ssl-fingerprint-lower": "true",
        "ssl-fingerprint-sha2-bits": "256",
    },
    "client_certificates_optional": {"auth-tls-secret": "shop/partners", "auth-tls-verify-client": "optional"},
    "client_certificates_unreadable": {"auth-tls-secret": "../partners", "auth-tls-match-cn": "**"},
    "compression": {"compression": "true"},
    "cors_for_all": {"cors-enable": "true", "cors-allow-credentials": "true"},
    "cors_for_some": {
        "cors-enable": "true",
        "cors-allow-origin": "https://shop.example, https://*.shop.example:8443",
        "cors-allow-methods": "GET, POST",
        "cors-allow-headers": "X-Shop",
        "cors-allow-credentials": "true",
        "cors-expose-headers": "X-Total",
        "cors-max-age": "600",
    },
    "denied_paths": {"deny-paths": "/metrics, /actuator/health.json"},
    "forwarded": {"forwarded-for": "false", "forwarded-prefix": "/shop", "set-host": "shop.internal"},
    "hsts": {"hsts": "true", "hsts-include-subdomains": "true", "hsts-preload": "true", "hsts-max-age": "600"},
    "limits": {
        "rate-limit-requests": "100",
        "rate-limit-period": "1m",
        "rate-limit-key": "header:X-Api-Key",
        "rate-limit-status-code": "503",
        "rate-limit-allow-source-range": "10.0.0.0/8, fd00::/8",
        "limit-connections": "20",
    },
    "passthrough": {"ssl-passthrough": "true"},
    "path_rewrite": {"path-rewrite": "/api/v1.0 /v1"},
    "request_headers": {
        "request-set-headers": 'X-Text: it\'s "100%" #1 of ${PATH} \\ %[env(PATH)]',
        "request-add-headers": "X-More: 1\nX-More: 2",
        "request-del-headers": "X-Secret, X-Debug",
    },
    "response_headers": {
        "response-set-headers": "X-Frame-Options: DENY",
        "response-add-headers": "Link: </x>; rel=preload",
        "response-del-headers": "Server",
    },
    "response_cookies": {"response-cookie-domain": "pod.internal shop.example", "response-cookie-path": "/app /"},
    "response_location": {"response-location-from": "http://pod.internal/", "response-location-to": "/shop/"},
    "rewrite_target": {"rewrite-target": "/v2"},
    "unreadable_access": {"auth-secret": "other/users", "auth-type": "digest"},
}


def section_of(said: dict[str, str]) -> str:
    """The section of a backend that an Ingress with these annotations leads to."""
    annotations = {f"hadyn.io/{name}": value for name, value in said.items()}
    shown = inventory(
        given.service("shop", "web"),
        given.slice_("shop", "web", "10.0.0.7", port=8080),
        given.secret("shop", "users", auth=f"anna:{BCRYPT}"),
        given.ingress("shop", "web", annotations=annotations),
        given.ingress("shop", "silent", host="silent.example", service="web"),
    )
    backend = shown.backend("shop_web_80")
    return backend_section(backend, Seating(4, {"s1": backend.endpoints[0]}))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_section_of_an_annotated_ingress_is_the_golden_one(family: str, golden: Golden) -> None:
    golden(f"options/{family}.cfg", section_of(FAMILIES[family]))
