"""The options about all of HAProxy, which only the operator's ConfigMap may set."""

from __future__ import annotations

from typing import Any

from hadyn.model.options.clients import (
    TIMEOUT_CLIENT,
    TIMEOUT_CLIENT_FIN,
    TIMEOUT_HTTP_KEEP_ALIVE,
    TIMEOUT_HTTP_REQUEST,
)
from hadyn.model.options.listening import (
    PROXY_PROTOCOL_NETWORKS,
    SSL_CIPHER_SUITES,
    SSL_CIPHERS,
    SSL_MIN_VERSION,
    TLS_ALPN,
)
from hadyn.model.options.logs import LOG_FORMAT, LOG_TARGET
from hadyn.model.options.option import Option
from hadyn.model.options.pages import ERROR_PAGES
from hadyn.model.options.stapling import OCSP_RESPONDERS
from hadyn.model.options.tuning import HARD_STOP_AFTER, MAXCONN, NBTHREAD, TUNE_BUFSIZE, TUNE_HTTP_MAXHDR

OPERATOR_OPTIONS: tuple[Option[Any], ...] = (
    TIMEOUT_CLIENT,
    TIMEOUT_CLIENT_FIN,
    TIMEOUT_HTTP_REQUEST,
    TIMEOUT_HTTP_KEEP_ALIVE,
    LOG_TARGET,
    LOG_FORMAT,
    PROXY_PROTOCOL_NETWORKS,
    SSL_MIN_VERSION,
    SSL_CIPHERS,
    SSL_CIPHER_SUITES,
    TLS_ALPN,
    OCSP_RESPONDERS,
    MAXCONN,
    NBTHREAD,
    HARD_STOP_AFTER,
    TUNE_BUFSIZE,
    TUNE_HTTP_MAXHDR,
    *ERROR_PAGES,
)
