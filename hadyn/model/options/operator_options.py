"""The options about all of HAProxy, which only the operator's ConfigMap may set."""

from __future__ import annotations

from typing import Any

from hadyn.model.options.clients import (
    TIMEOUT_CLIENT,
    TIMEOUT_CLIENT_FIN,
    TIMEOUT_HTTP_KEEP_ALIVE,
    TIMEOUT_HTTP_REQUEST,
)
from hadyn.model.options.option import Option

OPERATOR_OPTIONS: tuple[Option[Any], ...] = (
    TIMEOUT_CLIENT,
    TIMEOUT_CLIENT_FIN,
    TIMEOUT_HTTP_REQUEST,
    TIMEOUT_HTTP_KEEP_ALIVE,
)
