"""The options about requests, in the order of their lines: who may come in, then what becomes of the request."""

from __future__ import annotations

from typing import Any

from hadyn.model.options.access import DENY_PATHS
from hadyn.model.options.authentication import AUTH_REALM, AUTH_SECRET, AUTH_TYPE
from hadyn.model.options.bodies import BODY_SIZE, COMPRESSION
from hadyn.model.options.client_certificates import (
    AUTH_TLS_CERT_HEADER,
    AUTH_TLS_ERROR_PAGE,
    AUTH_TLS_MATCH_CN,
    AUTH_TLS_SECRET,
    AUTH_TLS_VERIFY_CLIENT,
    SSL_FINGERPRINT_LOWER,
    SSL_FINGERPRINT_SHA2_BITS,
)
from hadyn.model.options.cors import (
    CORS_ALLOW_CREDENTIALS,
    CORS_ALLOW_HEADERS,
    CORS_ALLOW_METHODS,
    CORS_ALLOW_ORIGIN,
    CORS_ALLOW_ORIGIN_REGEX,
    CORS_ENABLE,
    CORS_EXPOSE_HEADERS,
    CORS_MAX_AGE,
)
from hadyn.model.options.headers import (
    FORWARDED_FOR,
    FORWARDED_PREFIX,
    REQUEST_ADD_HEADERS,
    REQUEST_DEL_HEADERS,
    REQUEST_SET_HEADERS,
    RESPONSE_ADD_HEADERS,
    RESPONSE_DEL_HEADERS,
    RESPONSE_SET_HEADERS,
    SET_HOST,
)
from hadyn.model.options.hosts import (
    FROM_TO_WWW,
    REDIRECT_FROM,
    REDIRECT_FROM_REGEX,
    SERVER_ALIAS,
    SERVER_ALIAS_REGEX,
)
from hadyn.model.options.hsts import HSTS, HSTS_INCLUDE_SUBDOMAINS, HSTS_MAX_AGE, HSTS_PRELOAD
from hadyn.model.options.limits import (
    LIMIT_CONNECTIONS,
    RATE_LIMIT_ALLOW,
    RATE_LIMIT_KEY,
    RATE_LIMIT_PERIOD,
    RATE_LIMIT_REQUESTS,
    RATE_LIMIT_STATUS,
)
from hadyn.model.options.option import Option
from hadyn.model.options.passthrough import SSL_PASSTHROUGH_HTTP_PORT
from hadyn.model.options.path_expressions import USE_REGEX
from hadyn.model.options.proxies import FORWARDED_HEADERS, REAL_IP_HEADER, REAL_IP_NETWORKS
from hadyn.model.options.redirects import (
    APP_ROOT,
    FORCE_SSL_REDIRECT,
    REDIRECT_CODE,
    REDIRECT_FROM_CODE,
    REDIRECT_HOST,
    REDIRECT_TO,
    SSL_REDIRECT,
    SSL_REDIRECT_CODE,
    SSL_REDIRECT_PORT,
)
from hadyn.model.options.rewrites import PATH_REWRITE, REWRITE_TARGET
from hadyn.model.options.sources import ALLOW_SOURCE, DENY_SOURCE, SATISFY
from hadyn.model.options.stand_ins import DEFAULT_BACKEND

REQUEST_OPTIONS: tuple[Option[Any], ...] = (
    REAL_IP_NETWORKS,
    REAL_IP_HEADER,
    FORWARDED_HEADERS,
    ALLOW_SOURCE,
    DENY_SOURCE,
    SSL_REDIRECT,
    FORCE_SSL_REDIRECT,
    SSL_REDIRECT_CODE,
    SSL_REDIRECT_PORT,
    REDIRECT_TO,
    REDIRECT_HOST,
    REDIRECT_CODE,
    APP_ROOT,
    SERVER_ALIAS,
    SERVER_ALIAS_REGEX,
    REDIRECT_FROM,
    REDIRECT_FROM_REGEX,
    FROM_TO_WWW,
    REDIRECT_FROM_CODE,
    SSL_PASSTHROUGH_HTTP_PORT,
    DEFAULT_BACKEND,
    DENY_PATHS,
    RATE_LIMIT_REQUESTS,
    RATE_LIMIT_PERIOD,
    RATE_LIMIT_KEY,
    RATE_LIMIT_STATUS,
    RATE_LIMIT_ALLOW,
    LIMIT_CONNECTIONS,
    CORS_ENABLE,
    CORS_ALLOW_ORIGIN,
    CORS_ALLOW_ORIGIN_REGEX,
    CORS_ALLOW_METHODS,
    CORS_ALLOW_HEADERS,
    CORS_ALLOW_CREDENTIALS,
    CORS_EXPOSE_HEADERS,
    CORS_MAX_AGE,
    AUTH_TLS_SECRET,
    AUTH_TLS_VERIFY_CLIENT,
    AUTH_TLS_MATCH_CN,
    AUTH_TLS_ERROR_PAGE,
    AUTH_TLS_CERT_HEADER,
    SSL_FINGERPRINT_LOWER,
    SSL_FINGERPRINT_SHA2_BITS,
    AUTH_TYPE,
    SATISFY,
    AUTH_SECRET,
    AUTH_REALM,
    BODY_SIZE,
    USE_REGEX,
    REWRITE_TARGET,
    PATH_REWRITE,
    FORWARDED_FOR,
    REQUEST_DEL_HEADERS,
    REQUEST_SET_HEADERS,
    REQUEST_ADD_HEADERS,
    SET_HOST,
    FORWARDED_PREFIX,
    RESPONSE_DEL_HEADERS,
    RESPONSE_SET_HEADERS,
    RESPONSE_ADD_HEADERS,
    HSTS,
    HSTS_MAX_AGE,
    HSTS_INCLUDE_SUBDOMAINS,
    HSTS_PRELOAD,
    COMPRESSION,
)
