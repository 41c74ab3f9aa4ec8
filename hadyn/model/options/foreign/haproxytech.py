"""The annotations of HAProxy Technologies' kubernetes-ingress, as of its documentation of 3.2: those that objects may have."""

from __future__ import annotations

from hadyn.model.options.foreign.verdicts import SNIPPET, Peer

_CLIENTS = "HAProxy heeds it in no backend, so nothing is lost; for all hosts the ConfigMap says it"

HAPROXYTECH = Peer(
    title="haproxytech",
    prefixes=("haproxy.org/", "haproxy.com/"),
    listed="""
        abortonclose allow-list auth-realm auth-secret auth-type backend-config-snippet blacklist check check-http
        check-interval cookie-persistence cookie-persistence-no-dynamic cors-allow-credentials cors-allow-headers
        cors-allow-methods cors-allow-origin cors-enable cors-max-age cors-respond-to-options cr-backend deny-list
        forwarded-for ingress.class load-balance path-rewrite pod-maxconn rate-limit-period rate-limit-requests
        rate-limit-size rate-limit-status-code rate-limit-whitelist request-capture request-capture-len
        request-redirect request-redirect-code request-set-header response-set-header route-acl scale-server-slots
        send-proxy-protocol server-ca server-crt server-proto server-ssl set-host src-ip-header ssl-certificate
        ssl-passthrough ssl-redirect ssl-redirect-code ssl-redirect-port standalone-backend timeout-check
        timeout-connect timeout-http-keep-alive timeout-http-request timeout-queue timeout-server timeout-server-fin
        timeout-tunnel whitelist
        """,
    differing={
        "src-ip-header": "real-ip-header of the operator's ConfigMap, for all hosts; real-ip-networks says from whom it is believed",
        "pod-maxconn": "for each replica of hadyn, unless hadyn.io/maxconn-divided says that it is for all",
        "server-ca": "the authority stands in ca.crt of the Secret, which has to be of the same namespace",
        "cookie-persistence-no-dynamic": "as hadyn.io/affinity: the cookie is made of the pod's address, so it follows the pod to any slot and replica",
    },
    not_needed={
        "timeout-http-keep-alive": _CLIENTS,
        "timeout-http-request": _CLIENTS,
        "cors-respond-to-options": "HAProxy answers preflight requests itself",
        "rate-limit-size": "100,000 clients are counted",
        "ingress.class": "spec.ingressClassName says it",
        "standalone-backend": "each Ingress has its own say on its requests, though Ingresses share a backend",
    },
    no_equal={
        "request-capture": "the ConfigMap's log-format names what is logged",
        "request-capture-len": "the ConfigMap's log-format names what is logged",
        "route-acl": "hadyn.io/header-match leads requests with a header to another Ingress; other conditions are none of a route's",
        "ssl-certificate": "spec.tls of the Ingress names it, --default-certificate that of all other hosts",
        "backend-config-snippet": SNIPPET,
        "cr-backend": "hadyn has no resources of its own for settings of backends: every setting is an annotation",
    },
)
