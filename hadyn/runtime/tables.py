"""What HAProxy prints of itself, read into values.

Rules: columns are found by the names in the header, since versions add some; a table
that is not as documented raises MalformedTable, nothing else. Lines end in LF alone:
Python's ``splitlines`` would also cut at other characters.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter

from hadyn.model.addresses import MAX_PORT, PLACEHOLDER, Address
from hadyn.model.desired import MAX_WEIGHT
from hadyn.planner.observed import ObservedBackend, ObservedSlot, Serving, SlotState

UNPUBLISHED = "(UNPUB)"
NO_SUCH_BACKEND = "Can't find backend."
NO_SUCH_PROXY = "No such proxy."
NO_SUCH_MAP = "Unknown map identifier."
NOBODY = (PLACEHOLDER.ip, str(PLACEHOLDER.port))
"""IP and port of a slot that nobody has; HAProxy needs some address for each slot."""

# haproxy-facts.md#admin-bits: 0x01 forced, 0x02 tracked, 0x20 unresolved name; 0x08 and 0x10 drain.
# 0x04 says that the file had the word "disabled", 0x40 that a name was changed: neither is a state.
IN_MAINT = 0x23
IN_DRAIN = 0x18

TABLE_FORMAT = "1"
_SLOT_COLUMNS = (
    "be_name",
    "srv_name",
    "srv_addr",
    "srv_port",
    "srv_op_state",
    "srv_admin_state",
    "srv_uweight",
    "srv_time_since_last_change",
    "srv_check_state",
    "srv_agent_state",
    "srv_fqdn",
    "srvrecord",
)
_SERVING_COLUMNS = ("srv_name", "srv_addr", "srv_admin_state", "srv_uweight", "srv_port")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_MAP_ROW = re.compile(r"^0x[^ \n]* ([^ \n]+)(?: (.*))?$", re.MULTILINE)
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+)+")


class MalformedTable(ValueError):
    """What HAProxy printed is not the table it should be; ``str()`` says where."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The process behind a socket: ``version`` as numbers, (2, 8, 25), and HAProxy's own text of it.

    A restart shows as another ``pid`` or as an ``uptime_seconds`` that went down;
    ``is_stopping`` says that it only finishes what it has.
    """

    pid: int
    version: tuple[int, ...]
    version_text: str
    uptime_seconds: int
    is_stopping: bool


def observed_backends(table: str, sessions: Mapping[tuple[str, str], int]) -> dict[str, ObservedBackend]:
    """Read ``show servers state``: backends by name, slots in HAProxy's order.

    ``sessions`` are by backend and slot, what it does not name has none. A backend
    without slots has no row, hence is not in the result.
    """
    version, header, *rows = table.split("\n") if table.count("\n") else (table, "")
    if version != TABLE_FORMAT:
        raise MalformedTable(f"show servers state: format {version[:80]!r} instead of {TABLE_FORMAT!r}")
    width, pick = _columns(header)
    slots: dict[str, dict[str, ObservedSlot]] = {}
    backend, seats = None, dict[str, ObservedSlot]()
    for number, row in enumerate(rows, start=3):
        fields = row.split(" ")
        if len(fields) != width:
            raise MalformedTable(f"show servers state, line {number}: {len(fields)} columns instead of {width}")
        columns = pick(fields)
        name = columns[1]
        # A backend's rows stand together.
        if columns[0] != backend:
            backend = columns[0]
            seats = slots.setdefault(backend, {})
        if name in seats:
            raise MalformedTable(f"show servers state, line {number}: the slot is there twice")
        try:
            seats[name] = _slot_of(columns, sessions.get((backend, name), 0) if sessions else 0)
        except ValueError as cause:
            raise MalformedTable(f"show servers state, line {number}: {cause}") from cause
    return {name: ObservedBackend(name, tuple(seats.values())) for name, seats in slots.items()}


def serving(table: str) -> Serving:
    """Read ``show servers state`` of one backend, as far as a comparison needs it."""
    version, header, *rows = table.split("\n", 2) if table.count("\n") else (table, "")
    pattern = row_pattern(version, header, _SERVING_COLUMNS)
    found = pattern.findall(rows[0]) if rows else []
    if rows and len(found) != rows[0].count("\n") + 1:
        raise MalformedTable("show servers state: a row has other columns than the header")
    # Slots that were added stand in another order. haproxy-facts.md#added-backends
    seats = sorted(
        (
            slot,
            f"{ip}:{port}" if ":" not in ip else f"[{ip}]:{port}",
            weight if state is SlotState.READY else state.value,
        )
        for slot, ip, state, weight, port in ((*row[:2], state_of(row[2]), *row[3:]) for row in found)
        if state is not SlotState.MAINT
    )
    return Serving(len(found), seats)


@lru_cache(maxsize=16)
def row_pattern(version: str, header: str, columns: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds these columns, named in HAProxy's order, in the rows below a header."""
    if version != TABLE_FORMAT:
        raise MalformedTable(f"show servers state: format {version[:80]!r} instead of {TABLE_FORMAT!r}")
    names = header.removeprefix("# ").split(" ")
    if tuple(name for name in names if name in columns) != columns:
        raise MalformedTable("show servers state: other columns than expected (the header)")
    words = (r"(\S+)" if name in columns else r"\S+" for name in names)
    return re.compile("^" + " ".join(words) + "$", re.MULTILINE)


@lru_cache(maxsize=16)
def _columns(header: str) -> tuple[int, Callable[[list[str]], tuple[str, ...]]]:
    """Return how many columns a row has, with a function that picks the wanted ones."""
    names = header.removeprefix("# ").split(" ")
    try:
        return len(names), itemgetter(*map(names.index, _SLOT_COLUMNS))
    except ValueError as cause:
        raise MalformedTable(f"show servers state: {cause} (the header)") from cause


def _slot_of(columns: tuple[str, ...], sessions: int) -> ObservedSlot:
    _, name, ip, port, operation, admin, weight, seconds, check, agent, fqdn, service = columns
    # A service's name stays, that of its host goes with the record. haproxy-facts.md#services-by-name
    fqdn = fqdn if service == "-" else service
    if not name:
        raise ValueError("no name")
    address = None if (ip, port) == NOBODY else _address_of(ip, port)
    state = state_of(admin)
    make = _free_slot if address is None else ObservedSlot
    return make(
        name,
        address,
        state,
        _weight_of(weight),
        sessions,
        max(0, int(seconds)),
        None if fqdn == "-" else fqdn,
        state is not SlotState.READY or int(operation) != 0,
        fqdn != "-" and bool(int(admin) & FORCED),
        _lacks_checks(check, agent),
    )


CHECK_BITS, CHECK_IS_CONFIGURED = 0x06, 0x02
"""Those of ``srv_check_state`` and ``srv_agent_state`` that say whether a slot has checks, and whether they are enabled."""
FORCED = 0x01
"""The bit of ``srv_admin_state`` for maint by command. haproxy-facts.md#admin-bits"""
# Values that repeat from slot to slot are read once: a table has a hundred thousand rows.
_free_slot = lru_cache(maxsize=4096)(ObservedSlot)


@lru_cache(maxsize=256)
def state_of(admin: str) -> SlotState:
    """Read ``srv_admin_state``; MalformedTable where it is no number."""
    try:
        bits = int(admin)
    except ValueError as cause:
        raise MalformedTable(f"show servers state: {cause}") from cause
    return SlotState.MAINT if bits & IN_MAINT else SlotState.DRAIN if bits & IN_DRAIN else SlotState.READY


@lru_cache(maxsize=256)
def _lacks_checks(check: str, agent: str) -> bool:
    return CHECK_IS_CONFIGURED in (int(check) & CHECK_BITS, int(agent) & CHECK_BITS)


@lru_cache(maxsize=256)
def _weight_of(text: str) -> int:
    weight = int(text)
    if not 0 <= weight <= MAX_WEIGHT:
        raise ValueError(f"weight {weight}")
    return weight


def _address_of(ip: str, port: str) -> Address | None:
    """Return None for "-" (a unix socket, a name without address) and port 0."""
    if ip == "-":
        return None
    number = _port_of(port)
    if not _IPV4.fullmatch(ip):
        if "%" in ip:
            raise ValueError("an address with a zone")
        # HAProxy and Python spell a few IPv6 addresses differently; the model has Python's spelling.
        ip = str(ipaddress.IPv6Address(ip))
    return Address(ip, number) if number else None


@lru_cache(maxsize=256)
def _port_of(text: str) -> int:
    number = int(text)
    if not 0 <= number <= MAX_PORT:
        raise ValueError(f"port {number}")
    return number


def sessions_of(table: str) -> dict[tuple[str, str], int]:
    """Read ``show stat``: the sessions each slot has at present, by backend and slot."""
    if table == NO_SUCH_PROXY:
        return {}
    header, *rows = table.split("\n")
    names = header.removeprefix("# ").split(",")
    try:
        backend, slot, scur = map(names.index, ("pxname", "svname", "scur"))
        # These columns are left of those that HAProxy puts in quotes: no row is cut further than needed.
        cells = (row.split(",", 1 + max(backend, slot, scur)) for row in rows)
        return {(row[backend], row[slot]): int(row[scur]) for row in cells}
    except (ValueError, IndexError) as cause:
        raise MalformedTable(f"show stat: {cause}") from cause


def unpublished_in(table: str) -> frozenset[str]:
    """Read ``show stat -1 2 -1``: the backends that are not published."""
    if UNPUBLISHED not in table:
        return frozenset()
    header, *rows = table.split("\n")
    names = header.removeprefix("# ").split(",")
    try:
        backend, status = map(names.index, ("pxname", "status"))
        cells = (row.split(",", 1 + status) for row in rows if UNPUBLISHED in row)
        return frozenset(row[backend] for row in cells if row[status].endswith(UNPUBLISHED))
    except (ValueError, IndexError) as cause:
        raise MalformedTable(f"show stat: {cause}") from cause


def backend_names(table: str) -> list[str]:
    """Read ``show backend``, in HAProxy's order; backends without slots are there too."""
    header, *names = table.split("\n")
    if header != "# name" or not all(names):
        raise MalformedTable("show backend: not a list of names")
    return names


def map_entries(table: str) -> dict[str, str]:
    """Read ``show map FILE``; where a key is there twice the first counts, as for HAProxy."""
    if not table:
        return {}
    found = _MAP_ROW.findall(table)
    if len(found) != table.count("\n") + 1:
        raise MalformedTable("show map: a row is no entry")
    return dict(reversed(found))


def identity(table: str) -> Identity:
    """Read ``show info``; MalformedTable where it is not HAProxy's."""
    lines = (line.partition(": ") for line in table.split("\n"))
    figures = {key: value for key, _, value in lines}
    if figures.get("Name") != "HAProxy":
        raise MalformedTable("show info: not the answer of an HAProxy")
    version = _VERSION.match(figures.get("Version", ""))
    if version is None:
        raise MalformedTable("show info: no version")
    try:
        return Identity(
            pid=int(figures["Pid"]),
            version=tuple(map(int, version.group().split("."))),
            version_text=figures["Version"],
            uptime_seconds=int(figures["Uptime_sec"]),
            is_stopping=figures["Stopping"] != "0",
        )
    except (KeyError, ValueError) as cause:
        raise MalformedTable(f"show info: {cause}") from cause
