"""The options about a backend's pods, in the order of their lines."""

from __future__ import annotations

from typing import Any

from hadyn.model.options.agents import AGENT_CHECK_INTERVAL, AGENT_CHECK_PORT, AGENT_CHECK_SEND
from hadyn.model.options.balance import HASH_BALANCE_FACTOR, LOAD_BALANCE
from hadyn.model.options.bandwidth import LIMIT_RATE, LIMIT_RATE_AFTER
from hadyn.model.options.checks import (
    HEALTH_CHECK,
    HEALTH_CHECK_EXPECT,
    HEALTH_CHECK_FALL,
    HEALTH_CHECK_HOST,
    HEALTH_CHECK_INTERVAL,
    HEALTH_CHECK_METHOD,
    HEALTH_CHECK_PATH,
    HEALTH_CHECK_PORT,
    HEALTH_CHECK_RISE,
    HEALTH_CHECK_TIMEOUT,
)
from hadyn.model.options.cookies import (
    COOKIE_DOMAIN,
    COOKIE_HTTPONLY,
    COOKIE_KEY,
    COOKIE_KEYWORDS,
    COOKIE_MAX_AGE,
    COOKIE_NAME,
    COOKIE_PATH,
    COOKIE_PRESERVE,
    COOKIE_SAME_SITE,
    COOKIE_SECURE,
)
from hadyn.model.options.option import Option
from hadyn.model.options.passthrough import SSL_PASSTHROUGH
from hadyn.model.options.persistence import AFFINITY, AFFINITY_MEMORY
from hadyn.model.options.pod_ciphers import SERVER_CIPHER_SUITES, SERVER_CIPHERS, SERVER_TLS_VERSIONS
from hadyn.model.options.protocols import (
    BACKEND_PROTOCOL,
    SERVER_CA,
    SERVER_CRT,
    SERVER_TLS,
    SERVER_TLS_SECRET,
    SERVER_VERIFY,
)
from hadyn.model.options.proxy_headers import SEND_PROXY_PROTOCOL
from hadyn.model.options.retries import ABORT_ON_CLOSE, REDISPATCH, RETRIES, RETRY_ON
from hadyn.model.options.server_names import SECURE_SNI, SERVER_VERIFY_HOST
from hadyn.model.options.servers import INITIAL_WEIGHT, MAXCONN_DIVIDED, MAXCONN_SERVER, MAXQUEUE_SERVER, SLOWSTART
from hadyn.model.options.timeouts import (
    TIMEOUT_CONNECT,
    TIMEOUT_QUEUE,
    TIMEOUT_SERVER,
    TIMEOUT_SERVER_FIN,
    TIMEOUT_TUNNEL,
)

BACKEND_OPTIONS: tuple[Option[Any], ...] = (
    LOAD_BALANCE,
    HASH_BALANCE_FACTOR,
    MAXCONN_SERVER,
    MAXCONN_DIVIDED,
    MAXQUEUE_SERVER,
    SLOWSTART,
    INITIAL_WEIGHT,
    BACKEND_PROTOCOL,
    SERVER_TLS,
    SERVER_CA,
    SERVER_CRT,
    SERVER_TLS_SECRET,
    SERVER_VERIFY,
    SERVER_VERIFY_HOST,
    SECURE_SNI,
    SERVER_CIPHERS,
    SERVER_CIPHER_SUITES,
    SERVER_TLS_VERSIONS,
    SEND_PROXY_PROTOCOL,
    SSL_PASSTHROUGH,
    TIMEOUT_CONNECT,
    TIMEOUT_SERVER,
    TIMEOUT_QUEUE,
    TIMEOUT_TUNNEL,
    TIMEOUT_SERVER_FIN,
    RETRIES,
    RETRY_ON,
    REDISPATCH,
    ABORT_ON_CLOSE,
    LIMIT_RATE,
    LIMIT_RATE_AFTER,
    AFFINITY,
    AFFINITY_MEMORY,
    COOKIE_NAME,
    COOKIE_DOMAIN,
    COOKIE_PATH,
    COOKIE_MAX_AGE,
    COOKIE_SAME_SITE,
    COOKIE_SECURE,
    COOKIE_HTTPONLY,
    COOKIE_PRESERVE,
    COOKIE_KEYWORDS,
    COOKIE_KEY,
    HEALTH_CHECK,
    HEALTH_CHECK_PATH,
    HEALTH_CHECK_METHOD,
    HEALTH_CHECK_HOST,
    HEALTH_CHECK_EXPECT,
    HEALTH_CHECK_INTERVAL,
    HEALTH_CHECK_TIMEOUT,
    HEALTH_CHECK_RISE,
    HEALTH_CHECK_FALL,
    HEALTH_CHECK_PORT,
    AGENT_CHECK_PORT,
    AGENT_CHECK_INTERVAL,
    AGENT_CHECK_SEND,
)
