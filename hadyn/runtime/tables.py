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
_OWN_COLUMNS = ("be_name", "srv_name", "srv_addr", "srv_port", "srv_time_since_last_change")
_SHARED_COLUMNS = (
    "srv_op_state",
    "srv_admin_state",
    "srv_uweight",
    "srv_check_state",
    "srv_agent_state",
    "srv_fqdn",
    "srvrecord",
)
_SERVING_COLUMNS = ("srv_name", "srv_addr", "srv_admin_state", "srv_uweight", "srv_port")
_Pick = Callable[[list[str]], tuple[str, ...]]
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
    width, own, shared = _columns(header)
    slots: dict[str, dict[str, ObservedSlot]] = {}
    backend, seats = None, dict[str, ObservedSlot]()
    for number, row in enumerate(rows, start=3):
        fields = row.split(" ")
        if len(fields) != width:
            raise MalformedTable(f"show servers state, line {number}: {len(fields)} columns instead of {width}")
        name_of_backend, name, ip, port, seconds = own(fields)
        # A backend's rows stand together.
        if name_of_backend != backend:
            backend = name_of_backend
            seats = slots.setdefault(backend, {})
        if not name or name in seats:
            raise MalformedTable(
                f"show servers state, line {number}: the slot is {'there twice' if name else 'without name'}"
            )
        count = sessions.get((backend, name), 0) if sessions else 0
        try:
            if (ip, port) == NOBODY:
                seats[name] = _free_slot(name, count, int(seconds), shared(fields))
            else:
                state, weight, fqdn, is_up, is_forced, lacks = _condition_of(shared(fields))
                address, age = _address_of(ip, port), max(0, int(seconds))
                seats[name] = ObservedSlot(name, address, state, weight, count, age, fqdn, is_up, is_forced, lacks)
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
def _columns(header: str) -> tuple[int, _Pick, _Pick]:
    """Return how many columns a row has, and what picks those of the slot itself, and those that many slots share."""
    names = header.removeprefix("# ").split(" ")
    try:
        own, shared = (itemgetter(*map(names.index, columns)) for columns in (_OWN_COLUMNS, _SHARED_COLUMNS))
    except ValueError as cause:
        raise MalformedTable(f"show servers state: {cause} (the header)") from cause
    return len(names), own, shared


# Texts that repeat from slot to slot, or from one look to the next, are read once: a table has a hundred thousand rows.


@lru_cache(maxsize=4096)
def _free_slot(name: str, sessions: int, seconds: int, shared: tuple[str, ...]) -> ObservedSlot:
    state, weight, fqdn, is_up, is_forced, lacks = _condition_of(shared)
    return ObservedSlot(name, None, state, weight, sessions, max(0, seconds), fqdn, is_up, is_forced, lacks)


@lru_cache(maxsize=1024)
def _condition_of(shared: tuple[str, ...]) -> tuple[SlotState, int, str | None, bool, bool, bool]:
    """Return a slot's state and weight, then what an ObservedSlot says behind its age."""
    operation, admin, weight, check, agent, fqdn, service = shared
    # A service's name stays, that of its host goes with the record. haproxy-facts.md#services-by-name
    fqdn = fqdn if service == "-" else service
    state = state_of(admin)
    return (
        state,
        _weight_of(weight),
        None if fqdn == "-" else fqdn,
        state is not SlotState.READY or int(operation) != 0,
        fqdn != "-" and bool(int(admin) & FORCED),
        CHECK_IS_CONFIGURED in (int(check) & CHECK_BITS, int(agent) & CHECK_BITS),
    )


CHECK_BITS, CHECK_IS_CONFIGURED = 0x06, 0x02
"""Those of ``srv_check_state`` and ``srv_agent_state`` that say whether a slot has checks, and whether they are enabled."""
FORCED = 0x01
"""The bit of ``srv_admin_state`` for maint by command. haproxy-facts.md#admin-bits"""


@lru_cache(maxsize=256)
def state_of(admin: str) -> SlotState:
    """Read ``srv_admin_state``; MalformedTable where it is no number."""
    try:
        bits = int(admin)
    except ValueError as cause:
        raise MalformedTable(f"show servers state: {cause}") from cause
    return SlotState.MAINT if bits & IN_MAINT else SlotState.DRAIN if bits & IN_DRAIN else SlotState.READY


def _weight_of(text: str) -> int:
    weight = int(text)
    if not 0 <= weight <= MAX_WEIGHT:
        raise ValueError(f"weight {weight}")
    return weight


@lru_cache(maxsize=2048)
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
