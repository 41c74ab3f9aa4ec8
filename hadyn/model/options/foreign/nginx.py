"""The annotations of ingress-nginx (retired in March 2026), as of its last release 1.15."""

from __future__ import annotations

from hadyn.model.options.foreign.verdicts import SNIPPET, Peer

_STREAMS = "HAProxy streams requests and responses as they come; there is no buffer on disk to set"
_AUTH_URL = (
    "HAProxy asks no other server before a request without Lua or a SPOE agent: put oauth2-proxy (or the like) before the "
    "Service, or use hadyn.io/auth-secret"
)
_WAF = "HAProxy has no ModSecurity: put a WAF before or behind it"
_TRACES = "HAProxy writes no traces: pods go on with the traceparent header, which it passes"
_MIRROR = "HAProxy mirrors no requests"
_CACHE = "HAProxy asks no auth server, so there is nothing to keep"

NGINX = Peer(
    title="ingress-nginx",
    prefixes=("nginx.ingress.kubernetes.io/",),
    listed="""
        affinity affinity-canary-behavior affinity-mode app-root auth-cache-duration auth-cache-key
        auth-keepalive auth-keepalive-requests auth-keepalive-share-vars auth-keepalive-timeout auth-method
        auth-proxy-set-headers auth-realm auth-response-headers auth-secret auth-secret-type auth-signin
        auth-signin-redirect-param auth-snippet auth-tls-error-page auth-tls-match-cn
        auth-tls-pass-certificate-to-upstream auth-tls-secret auth-tls-verify-client auth-tls-verify-depth
        auth-type auth-url backend-protocol canary canary-by-cookie canary-by-header
        canary-by-header-pattern canary-by-header-value canary-weight canary-weight-total
        client-body-buffer-size configuration-snippet connection-proxy-header cors-allow-credentials
        cors-allow-headers cors-allow-methods cors-allow-origin cors-expose-headers cors-max-age
        custom-headers custom-http-errors default-backend denylist-source-range enable-access-log
        enable-cors enable-global-auth enable-modsecurity enable-opentelemetry enable-owasp-core-rules
        enable-rewrite-log force-ssl-redirect from-to-www-redirect http2-push-preload limit-burst-multiplier
        limit-connections limit-rate limit-rate-after limit-rpm limit-rps limit-whitelist load-balance
        mirror-host mirror-request-body mirror-target modsecurity-snippet modsecurity-transaction-id
        opentelemetry-operation-name opentelemetry-trust-incoming-span permanent-redirect
        permanent-redirect-code preserve-trailing-slash proxy-body-size proxy-buffer-size proxy-buffering
        proxy-buffers-number proxy-busy-buffers-size proxy-connect-timeout proxy-cookie-domain
        proxy-cookie-path proxy-http-version proxy-max-temp-file-size proxy-next-upstream
        proxy-next-upstream-timeout proxy-next-upstream-tries proxy-read-timeout proxy-redirect-from
        proxy-redirect-to proxy-request-buffering proxy-send-timeout proxy-ssl-ciphers proxy-ssl-name
        proxy-ssl-protocols proxy-ssl-secret proxy-ssl-server-name proxy-ssl-verify proxy-ssl-verify-depth
        relative-redirects rewrite-target satisfy server-alias server-snippet service-upstream
        session-cookie-change-on-failure session-cookie-conditional-samesite-none session-cookie-domain
        session-cookie-expires session-cookie-max-age session-cookie-name session-cookie-path
        session-cookie-samesite session-cookie-secure ssl-ciphers ssl-passthrough ssl-prefer-server-ciphers
        ssl-redirect stream-snippet temporal-redirect temporal-redirect-code upstream-hash-by
        upstream-hash-by-subset upstream-hash-by-subset-size upstream-vhost use-regex whitelist-source-range
        x-forwarded-prefix
        """,
    differing={
        "proxy-ssl-protocols": "TLS before 1.2 is not spoken",
        "proxy-ssl-secret": "lists of revoked certificates (ca.crl) are not read, and the Secret has to be of the same namespace",
        "proxy-ssl-verify": "HAProxy verifies the name that proxy-ssl-name says, and no name without it",
        "auth-tls-match-cn": "CN=name or CN=(one|other), whole names, .* at one end of them; other expressions let nobody in",
        "auth-tls-pass-certificate-to-upstream": "the header is X-SSL-Client-Cert, DER in base64; names are in X-SSL-Client-CN and -DN",
        "auth-tls-secret": "a client without a good certificate gets a 403, not a 400; the Secret is of the Ingress' namespace",
        "auth-tls-verify-client": "optional_no_ca is none: every certificate is judged",
        "ssl-ciphers": "names that begin with ECDHE, colons between them; others in the operator's ConfigMap, for all hosts",
        "canary-by-header": "an underscore in the name is no header: HAProxy lets none through",
        "canary-by-header-value": "a value with a blank, ; or < is refused",
        "canary-by-header-pattern": "a smaller language: docs/expressions.md; no blank in it",
        "default-backend": "it is asked where no pod serves; pages for custom-http-errors are not asked of it",
        "limit-rate": "HAProxy can do it from 2.7 on, an older one tells so",
        "limit-rate-after": "answers that are longer, or do not say how long they are, are limited from their start",
        "use-regex": "expressions are paths of type ImplementationSpecific with signs of one; docs/expressions.md has the signs",
        "limit-rps": "requests beyond the rate get a 429 at once: no burst, and no 503",
        "limit-rpm": "requests beyond the rate get a 429 at once: no burst, and no 503",
        "limit-connections": "connections beyond the number get a 429, not a 503",
    },
    not_needed={
        "proxy-ssl-server-name": "hadyn.io/secure-sni (proxy-ssl-name) names the host, and HAProxy asks for its certificate by it",
        "proxy-ssl-verify-depth": "a chain may have as many certificates as lead to an authority of the Secret",
        "auth-secret-type": "both forms of a Secret are read: a key auth as htpasswd writes it, or a key for each user",
        "affinity-canary-behavior": "a canary's pods sit in the same backend: a client stays with its pod, canary or not, until it asks for another",
        "affinity-mode": "a client stays with its pod while that is there, however many others come",
        "limit-burst-multiplier": "HAProxy counts in a sliding window: there is no burst to allow for",
        "proxy-send-timeout": "hadyn.io/timeout-server holds in both directions",
        "session-cookie-change-on-failure": "a client whose pod has failed gets the cookie of another one",
        "ssl-prefer-server-ciphers": "clients choose among ciphers that are all good",
        "client-body-buffer-size": _STREAMS,
        "enable-rewrite-log": "rewrites are no extra lines of HAProxy's log",
        "http2-push-preload": "browsers have dropped HTTP/2 push",
        "proxy-buffer-size": _STREAMS,
        "proxy-buffering": _STREAMS,
        "proxy-buffers-number": _STREAMS,
        "proxy-busy-buffers-size": _STREAMS,
        "proxy-max-temp-file-size": _STREAMS,
        "proxy-request-buffering": _STREAMS,
        "proxy-http-version": "HAProxy speaks HTTP/1.1 to pods, or what hadyn.io/backend-protocol says",
        "enable-global-auth": "no request is sent to another server for all hosts, so none has to be let off",
        "preserve-trailing-slash": "hadyn redirects no path for its trailing slash",
        "relative-redirects": "hadyn's redirects within a host are relative already",
        "connection-proxy-header": "HAProxy sets Connection itself, upgrades pass",
        "session-cookie-conditional-samesite-none": "browsers that mistook SameSite=None are gone",
        "auth-cache-duration": _CACHE,
        "auth-cache-key": _CACHE,
        "auth-keepalive": _CACHE,
        "auth-keepalive-requests": _CACHE,
        "auth-keepalive-share-vars": _CACHE,
        "auth-keepalive-timeout": _CACHE,
    },
    no_equal={
        "auth-tls-verify-depth": "HAProxy follows chains however long they are: put no authority into the Secret that may sign others",
        "custom-headers": "write what that ConfigMap holds, a line Name: value for each header, into hadyn.io/response-set-headers; for all Ingresses into the operator's ConfigMap",
        "custom-http-errors": "HAProxy passes on what pods answer and asks no second Service: error-page-503 (and others) in the ConfigMap are the pages of its own answers, default-backend stands in where no pod serves",
        "proxy-next-upstream-timeout": "each try has its own timeouts: hadyn.io/retries limits their number",
        "upstream-hash-by-subset": "a hash leads to one pod: hadyn.io/load-balance",
        "upstream-hash-by-subset-size": "a hash leads to one pod: hadyn.io/load-balance",
        "auth-method": _AUTH_URL,
        "auth-proxy-set-headers": _AUTH_URL,
        "auth-response-headers": _AUTH_URL,
        "auth-signin": _AUTH_URL,
        "auth-signin-redirect-param": _AUTH_URL,
        "auth-snippet": SNIPPET,
        "auth-url": _AUTH_URL,
        "configuration-snippet": SNIPPET,
        "enable-modsecurity": _WAF,
        "enable-opentelemetry": _TRACES,
        "enable-owasp-core-rules": _WAF,
        "mirror-host": _MIRROR,
        "mirror-request-body": _MIRROR,
        "mirror-target": _MIRROR,
        "modsecurity-snippet": _WAF,
        "modsecurity-transaction-id": _WAF,
        "opentelemetry-operation-name": _TRACES,
        "opentelemetry-trust-incoming-span": _TRACES,
        "server-snippet": SNIPPET,
        "stream-snippet": SNIPPET,
    },
)
