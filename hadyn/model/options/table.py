"""The table of all options: code, CLI, docs read the same.

Rule: lines stand in a backend's section in the order of this table, so who may come in
comes before what becomes of the request.
"""

from __future__ import annotations

import difflib
from typing import Any

from hadyn.model.options.backend_options import BACKEND_OPTIONS
from hadyn.model.options.blue_green import BLUE_GREEN_OPTIONS
from hadyn.model.options.canary import CANARY_OPTIONS
from hadyn.model.options.discovery import DISCOVERY
from hadyn.model.options.header_matches import HEADER_MATCH_OPTIONS
from hadyn.model.options.operator_options import OPERATOR_OPTIONS
from hadyn.model.options.option import Option
from hadyn.model.options.ports import TCP_SERVICE_LOG_FORMAT, TCP_SERVICE_PORT, TCP_SERVICE_PROXY_PROTOCOL
from hadyn.model.options.request_options import REQUEST_OPTIONS
from hadyn.model.options.responses import RESPONSE_OPTIONS
from hadyn.model.options.slots import DRAIN_TIME, SLOT_NAMES, SLOTS, SLOTS_INCREMENT, SLOTS_MAX, SLOTS_MIN_FREE

OPTIONS: tuple[Option[Any], ...] = (
    SLOTS,
    SLOTS_MIN_FREE,
    SLOTS_INCREMENT,
    SLOTS_MAX,
    DRAIN_TIME,
    SLOT_NAMES,
    DISCOVERY,
    *CANARY_OPTIONS,
    *HEADER_MATCH_OPTIONS,
    *BLUE_GREEN_OPTIONS,
    TCP_SERVICE_PORT,
    TCP_SERVICE_PROXY_PROTOCOL,
    TCP_SERVICE_LOG_FORMAT,
    *BACKEND_OPTIONS,
    *REQUEST_OPTIONS,
    *RESPONSE_OPTIONS,
    *OPERATOR_OPTIONS,
)

BY_NAME: dict[str, Option[Any]] = {option.name: option for option in OPTIONS}
BY_ALIAS: dict[str, Option[Any]] = {alias: option for option in OPTIONS for alias in option.alias_names}

COMPARED_CHARACTERS = 64


def closest_name(name: str) -> str | None:
    """The option whose name looks most like this one, None where none does."""
    found = difflib.get_close_matches(name[:COMPARED_CHARACTERS], BY_NAME, n=1)
    return found[0] if found else None
