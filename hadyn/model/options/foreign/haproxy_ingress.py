"""The annotations of haproxy-ingress (jcmoraisjr), as of its documentation of 0.15: those that objects may have."""

from __future__ import annotations

from hadyn.model.options.foreign.verdicts import SNIPPET, Peer

_AUTH_URL = (
    "HAProxy asks no other server before a request without Lua: put oauth2-proxy (or the like) before the Service"
)
_ADDRESS = "a pod is asked at its own address: else whoever annotates could have HAProxy look for open ports wherever it reaches"
_ACME = "certificates come as Secrets: cert-manager fills them"
_FASTCGI = "hadyn speaks HTTP to pods: put a FastCGI gateway (nginx, Caddy) into the pod"
_CLIENTS = "HAProxy heeds it in no backend, so nothing is lost; for all hosts the ConfigMap says it"
_WAF = "HAProxy has no WAF of its own: put one before or behind it"

HAPROXY_INGRESS = Peer(
    title="haproxy-ingress",
    prefixes=("haproxy-ingress.github.io/", "ingress.kubernetes.io/"),
    listed="""
        acme-preferred-chain affinity agent-check-addr agent-check-interval agent-check-port agent-check-send
        allowlist-source-header allowlist-source-range app-root assign-backend-server-id auth-external-placement
        auth-headers-fail auth-headers-request auth-headers-succeed auth-method auth-realm auth-secret auth-signin
        auth-tls-cert-header auth-tls-error-page auth-tls-secret auth-tls-strict auth-tls-verify-client auth-url
        backend-check-interval backend-protocol backend-server-naming backend-server-slots-increment balance-algorithm
        blue-green-balance blue-green-cookie blue-green-deploy blue-green-header blue-green-mode cert-signer
        config-backend config-backend-early config-backend-late config-tcp-service cors-allow-credentials
        cors-allow-headers cors-allow-methods cors-allow-origin cors-allow-origin-regex cors-enable cors-expose-headers
        cors-max-age denylist-source-range dynamic-scaling fcgi-app headers
        health-check-addr health-check-fall-count health-check-interval health-check-port health-check-rise-count
        health-check-uri hsts hsts-include-subdomains hsts-max-age hsts-preload http-header-match
        http-header-match-regex initial-weight limit-connections limit-rps limit-whitelist maxconn-server
        maxqueue-server oauth oauth-headers oauth-uri-prefix path-type proxy-body-size proxy-protocol redirect-from
        redirect-from-code redirect-from-regex redirect-to redirect-to-code request-add-headers request-del-headers
        request-set-headers response-add-headers response-del-headers response-set-headers rewrite-target
        secure-backends secure-crt-secret secure-sni secure-verify-ca-secret secure-verify-hostname server-alias
        server-alias-regex service-upstream session-cookie-domain session-cookie-dynamic session-cookie-keywords
        session-cookie-name session-cookie-preserve session-cookie-same-site session-cookie-shared
        session-cookie-strategy session-cookie-value-strategy slots-min-free source-address-intf
        ssl-always-add-https ssl-always-follow-redirect ssl-cipher-suites ssl-cipher-suites-backend ssl-ciphers
        ssl-ciphers-backend ssl-fingerprint-lower ssl-fingerprint-sha2-bits ssl-options-backend ssl-options-host
        ssl-passthrough ssl-passthrough-http-port ssl-redirect ssl-redirect-code tcp-service-log-format
        tcp-service-port tcp-service-proxy-protocol timeout-connect timeout-http-request timeout-keep-alive
        timeout-queue timeout-server timeout-server-fin timeout-tunnel tls-alpn use-resolver waf waf-mode
        whitelist-source-range
        """,
    differing={
        "http-header-match": "a value with a blank, ;, <, | or backslash is refused; HAProxy lets no name with an underscore through",
        "http-header-match-regex": "one header, and a smaller language: docs/expressions.md; no blank in it",
        "blue-green-balance": "on the Service, not the Ingress",
        "blue-green-deploy": "on the Service, not the Ingress",
        "blue-green-mode": "on the Service, not the Ingress",
        "blue-green-header": "on the Service, not the Ingress, for the groups of blue-green-balance; HAProxy lets no name with an underscore through",
        "blue-green-cookie": "on the Service, not the Ingress, for the groups of blue-green-balance",
        "auth-tls-secret": "a client without a good certificate gets a 403, not 495 or 496; the Secret is of the Ingress' namespace",
        "auth-tls-verify-client": "optional_no_ca is none: every certificate is judged",
        "ssl-ciphers": "for hosts, names that begin with ECDHE and colons between them; others in the operator's ConfigMap",
        "ssl-options-host": "the oldest version of TLS is taken of it (ssl-min-ver, no-tlsv12), TLSv1.2 or TLSv1.3",
        "secure-verify-ca-secret": "lists of revoked certificates (ca.crl) are not read, and the Secret has to be of the same namespace",
        "ssl-options-backend": "only words about versions, and none before TLS 1.2",
        "redirect-from-regex": "the whole host has to match; docs/expressions.md has the signs that are understood",
        "server-alias-regex": "the whole host has to match; docs/expressions.md has the signs that are understood",
        "cors-allow-origin-regex": "the whole origin has to match; docs/expressions.md has the signs that are understood",
        "session-cookie-keywords": "indirect and nocache hold whether they are said or not",
        "path-type": "regex and prefix are understood; for others spec.rules[].http.paths[].pathType says it",
    },
    not_needed={
        "auth-tls-strict": "a Secret that is wrong lets nobody in, whoever has to show a certificate",
        "session-cookie-shared": "browsers heed one domain alone: session-cookie-domain, which is understood, says it",
        "timeout-http-request": _CLIENTS,
        "timeout-keep-alive": _CLIENTS,
        "session-cookie-dynamic": "the cookie is always made of the pod's address",
        "session-cookie-strategy": "the cookie is always HAProxy's own, inserted",
        "session-cookie-value-strategy": "the cookie is always made of the pod's address",
        "ssl-always-add-https": "every host is served over HTTPS, too",
        "ssl-always-follow-redirect": "hosts without a Secret are redirected only by hadyn.io/force-ssl-redirect",
        "assign-backend-server-id": "HAProxy's numbers of servers mean nothing to clients of hadyn: cookies follow addresses",
        "backend-server-naming": "slots are s1, s2, …; `hadyn slots` shows who sits where",
        "dynamic-scaling": "hadyn always changes slots at run time",
        "use-resolver": "hadyn.io/discovery: fqdn has HAProxy resolve names with the servers of --dns-server",
    },
    no_equal={
        "agent-check-addr": _ADDRESS,
        "allowlist-source-header": "allow-source-range asks for the client whom the ConfigMap's real-ip-header names: say it there with real-ip-networks, for a header that anybody may send must open nothing",
        "health-check-addr": _ADDRESS,
        "source-address-intf": "the node's routes decide",
        "acme-preferred-chain": _ACME,
        "auth-external-placement": _AUTH_URL,
        "auth-headers-fail": _AUTH_URL,
        "auth-headers-request": _AUTH_URL,
        "auth-headers-succeed": _AUTH_URL,
        "auth-method": _AUTH_URL,
        "auth-signin": _AUTH_URL,
        "auth-url": _AUTH_URL,
        "cert-signer": _ACME,
        "config-backend": SNIPPET,
        "config-backend-early": SNIPPET,
        "config-backend-late": SNIPPET,
        "config-tcp-service": SNIPPET,
        "fcgi-app": _FASTCGI,
        "oauth": _AUTH_URL,
        "oauth-headers": _AUTH_URL,
        "oauth-uri-prefix": _AUTH_URL,
        "waf": _WAF,
        "waf-mode": _WAF,
    },
)
