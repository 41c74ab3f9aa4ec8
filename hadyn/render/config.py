"""Spell the desired state as HAProxy's configuration.

Rules: only typed values are printed, so no user's text can become a directive; the same
input gives the same bytes, different input different bytes. Occupied slots carry their
address, because a reload or a crash starts from the files and from nothing else.
haproxy-facts.md#state-file-loses-addresses
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hadyn.model.addresses import PLACEHOLDER, Address
from hadyn.model.desired import UNAVAILABLE, Backend, ByName, Endpoint
from hadyn.model.extras import NONE, Extra, Extras
from hadyn.model.names import DEFAULTS, SLOT_PREFIX, slot_name, spare_name
from hadyn.model.objects import Options
from hadyn.model.options.logs import LOG_TARGET, RING
from hadyn.model.options.option import Section
from hadyn.model.options.routing import Said
from hadyn.model.options.tuning import MAXCONN
from hadyn.model.ports import Port
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.observed import Serving
from hadyn.planner.plan import Seating
from hadyn.render.defaults import defaults_section
from hadyn.render.frontend import frontend_section, listener
from hadyn.render.limits import limit_sections
from hadyn.render.logs import ring_section
from hadyn.render.main_lines import main_lines
from hadyn.render.passthrough import passthrough_sections
from hadyn.render.ports import port_sections, ports_map
from hadyn.render.redirects import redirecting_section
from hadyn.render.replicas import Replicas, peers_section
from hadyn.render.resolvers import ANSWER_GUARD, FAMILIES, Resolvers, resolvers_section, slot_words
from hadyn.render.tls import TlsSettings, tls_global_lines

PRINTABLE = re.compile(r"[ -~]+")
PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/+~-]+")
STATS_SOCKET = re.compile(r"^( *stats socket /\S*)(/\S+ )", re.MULTILINE)
_OCCUPIED = re.compile(r"^    server (\S+) (\S+) weight ([0-9]+)", re.MULTILINE)
_FREE = re.compile(rf"^    server-template {SLOT_PREFIX} ([0-9]+)-([0-9]+) ", re.MULTILINE)
_OF_USERS = re.compile(r"userlist |    user ")
"""Begins the lines of the lists of users, which stand before the backend that asks for them."""
SECTION_KEYWORDS = re.compile(
    r"acme|backend|cache|crt-store|defaults|dynamic-update|fcgi-app|frontend|global|healthcheck|http-errors|listen|"
    r"log-forward|log-profile|mailers|peers|program|resolvers|ring|traces|userlist|\..*"
)
"""First words that would end a backend's section, or that HAProxy's preprocessor takes."""


@dataclass(frozen=True, slots=True)
class Jail:
    """What a HAProxy started by root gives up: its worker sees only ``folder`` and runs as ``user`` and ``group``."""

    folder: str
    user: int
    group: int


@dataclass(frozen=True, slots=True)
class ConfigSettings:
    """What the main file depends on; paths are absolute, durations in seconds.

    ``credentials`` is the folder of what server lines name, "" where none does. ``maxconn`` and
    ``threads`` of 0 leave the number to HAProxy. ``jail`` is None unless root starts HAProxy,
    ``resolvers`` where HAProxy resolves no name itself, ``tls`` where HAProxy speaks none.
    ``options`` are the operator's for all, ``ports`` those of Services without HTTP, on the same
    addresses, ``replicas`` keep each other's stick tables, if there are any. ``spare_backends``
    wait, with ``spare_slots`` each, to take the place of new ones where HAProxy takes none by
    command. ``extras`` are what some route wants of the frontend.
    """

    bind: tuple[Address, ...]
    runtime_socket: str
    maps: str
    errors: str
    maxconn: int = 0
    threads: int = 0
    hard_stop_after: int = 1800
    jail: Jail | None = None
    resolvers: Resolvers | None = None
    tls: TlsSettings | None = None
    spare_backends: int = 0
    spare_slots: int = 10
    options: Options = ()
    replicas: Replicas | None = None
    credentials: str = ""
    extras: Extras = NONE
    ports: tuple[Port, ...] = ()

    def __post_init__(self) -> None:
        optional = (*((self.jail.folder,) if self.jail else ()), *((self.tls.listing,) if self.tls else ()))
        credentials = (self.credentials,) if self.credentials else ()
        for path in (self.runtime_socket, self.maps, self.errors, *optional, *credentials):
            assert PLAIN_PATH.fullmatch(path), path
        assert self.bind, self
        assert min(self.maxconn, self.threads, self.hard_stop_after - 1) >= 0, self
        assert self.spare_backends >= 0, self
        assert self.spare_slots >= 1, self


def main_config(settings: ConfigSettings, capabilities: Capabilities) -> str:
    """Return haproxy.cfg: all that is not a user's backend. It changes only with flags and HAProxy's version."""
    assert capabilities.is_supported, capabilities
    said = Said(settings.options)
    return "\n".join(
        (
            "# Written by hadyn and written anew at any time: do not edit. The backends are in backends/*.cfg.\n",
            _global_section(settings, said),
            *((resolvers_section(settings.resolvers),) if settings.resolvers else ()),
            *((peers_section(settings.replicas),) if settings.replicas else ()),
            *((ring_section(),) if said.value(LOG_TARGET) == RING else ()),
            defaults_section(settings.errors, said),
            frontend_section(
                settings.bind,
                settings.tls,
                maps=settings.maps,
                said=said,
                extras=settings.extras,
            ),
            *_passthrough(settings, said),
            *_ports(settings, said),
            redirecting_section(DEFAULTS),
            f"# How often clients ask: nobody comes here.\n{limit_sections(DEFAULTS)}",
            _without_slots(settings.maps),
            *(() if capabilities.has_dynamic_backends else _spare_sections(settings)),
        )
    )


def _without_slots(maps: str) -> str:
    """HAProxy shall know the map of ports before there is an entry in it, and a frontend with a port."""
    known = f"    acl has_port str(),map_str({ports_map(maps)}) -m found\n"
    return f"# Without slots: whatever leads here gets a 503.\nbackend {UNAVAILABLE} from {DEFAULTS}\n{known}"


def _passthrough(settings: ConfigSettings, said: Said) -> Iterator[str]:
    if settings.tls and settings.tls.passes_on:
        operators = main_lines(Section.FRONTEND, said)
        yield passthrough_sections(settings.tls, listener, defaults=DEFAULTS, maps=settings.maps, operators=operators)


def _ports(settings: ConfigSettings, said: Said) -> Iterator[str]:
    ips = dict.fromkeys(address.ip for address in settings.bind)
    yield from port_sections(settings.ports, ips, listener, settings.maps, is_logged=said.value(LOG_TARGET) is not None)


def _spare_sections(settings: ConfigSettings) -> Iterator[str]:
    for number in range(1, settings.spare_backends + 1):
        slots = "".join(f"    {line}\n" for line in _free_line(1, settings.spare_slots))
        yield f"backend {spare_name(number)} from {DEFAULTS}\n    # takes the place of a new one until a reload\n{slots}"


def backend_section(backend: Backend, seating: Seating) -> str:
    """Return the section of one backend: its directives, then every slot in order; lists of users come before it."""
    lists = "".join("\n    ".join(map(str, each.lines())) + "\n" for each in backend.user_lists)
    return lists + "\n    ".join((f"backend {backend.name} from {DEFAULTS}", *_backend_lines(backend, seating))) + "\n"


def guard_line(guard: str) -> str:
    """Say, without indent, that a section has what routes with this guard wait for."""
    return f"# guard {guard}"


def serving_in(section: str) -> Serving:
    """Return who takes requests in a backend that HAProxy reads from this section."""
    seats = sorted(_OCCUPIED.findall(section))
    free = sum(int(last) - int(first) + 1 for first, last in _FREE.findall(section))
    return Serving(len(seats) + free, seats)


def respelled(main: str) -> str:
    """Return a main file that names the same runtime socket by another path, so that HAProxy opens it anew."""
    return STATS_SOCKET.sub(r"\1/\2", main)


def section_at(text: str, line: int) -> str | None:
    """Return the name of the backend whose section holds that line (from 1) of a configuration, if any."""
    lines = text.split("\n")
    while 0 < line < len(lines) and _OF_USERS.match(lines[line - 1]):
        line += 1
    for above in reversed(lines[:line]):
        if above.startswith("backend "):
            return above.split(" ")[1]
    return None


def _backend_lines(backend: Backend, seating: Seating) -> Iterator[str]:
    assert PRINTABLE.fullmatch(backend.service), backend.service
    yield f"# {backend.service}"
    yield from (guard_line(guard) for guard in backend.guards)
    for directive in backend.directives:
        assert not SECTION_KEYWORDS.fullmatch(directive.words[0]), directive
        yield str(directive)
    for directive in backend.server_directives:
        yield f"default-server {directive}"
    if backend.by_name is None:
        yield from _slot_lines(seating)
    else:
        yield from _lines_by_name(backend.by_name, seating)


def _slot_lines(seating: Seating) -> Iterator[str]:
    """Yield every slot from the first to the last: a line for an occupied one, a line for each run of free ones."""
    first_free, seated = 1, 0
    for number in range(1, seating.slots + 1):
        endpoint = seating.seats.get(slot_name(number))
        if endpoint is not None:
            yield from _free_line(first_free, number - 1)
            yield _occupied_line(number, endpoint)
            first_free, seated = number + 1, seated + 1
    yield from _free_line(first_free, seating.slots)
    assert seated == len(seating.seats), seating


def _lines_by_name(by_name: ByName, seating: Seating) -> Iterator[str]:
    """Spell slots that HAProxy fills; each starts with the address that is known of it, or a reload would have none.

    The name may change while HAProxy runs, the port not, nor the name of a service: they are
    said in front of the slots, too. haproxy-facts.md#slots-by-name
    """
    known_by = f"as {by_name.host} says" if by_name.is_service else f"of port {by_name.port}"
    yield f"# HAProxy finds the addresses itself, {known_by}"
    yield ANSWER_GUARD
    yield f"default-server {slot_words(prefers_ipv6=by_name.prefers_ipv6)}"
    disabled = " disabled" if by_name.is_refused else ""
    for number in range(1, seating.slots + 1):
        endpoint = seating.seats.get(slot_name(number))
        first = f" init-addr {endpoint.address.ip}" if endpoint else ""
        # Without its port a slot that services fill would answer 503 until HAProxy has asked. haproxy-facts.md#services-by-name
        port = endpoint.address.port if endpoint and by_name.is_service else by_name.port
        target = f"{by_name.host}:{port}" if port else by_name.host
        yield f"server {slot_name(number)} {target}{first}{disabled} weight 1"


def _occupied_line(number: int, endpoint: Endpoint) -> str:
    """Spell one slot. A draining endpoint starts with weight 0: no word in a file means ``drain``."""
    weight = 0 if endpoint.draining else endpoint.weight
    return f"server {slot_name(number)} {endpoint.address} weight {weight}"


def _free_line(first: int, last: int) -> Iterator[str]:
    """Without ``disabled`` HAProxy would send requests to the placeholder. haproxy-facts.md#templates-start-up"""
    if first <= last:
        yield f"server-template {SLOT_PREFIX} {first}-{last} {PLACEHOLDER} disabled weight 1"


def _bases(folder: str) -> tuple[str, str]:
    return f"ca-base {folder}", f"crt-base {folder}"


def _global_section(settings: ConfigSettings, said: Said) -> str:
    lines = [
        "global",
        "# hadyn commands HAProxy here; whoever may write to this socket may do all that HAProxy may",
        f"stats socket {settings.runtime_socket} mode 600 level admin",
        "# ten connections are the default and an eleventh hangs: leave some to people and exporters",
        "stats maxconn 20",
        "stats timeout 1m",
        "# a worker replaced by a reload keeps all of its memory while one client stays connected to it",
        f"hard-stop-after {settings.hard_stop_after}s",
    ]
    # HAProxy refuses a second maxconn.
    if settings.maxconn and not said.value(MAXCONN):
        lines.append(f"maxconn {settings.maxconn}")
    elif not settings.maxconn:
        lines += ["# containers allow a billion files, and HAProxy reserves memory for each", "fd-hard-limit 200000"]
    if settings.replicas:
        lines.append(f"localpeer {settings.replicas.name}")
    if settings.threads:
        lines.append(f"nbthread {settings.threads}")
    if settings.resolvers:
        lines += FAMILIES
    if settings.tls:
        lines += tls_global_lines(asks_for_certificates=Extra.CLIENTS in settings.extras)
    if settings.credentials:
        lines += ["# what server lines name of pods' certificates", *_bases(settings.credentials)]
    if settings.jail:
        lines.append("# once started, the worker reads no file and needs no right of root")
        lines += [f"chroot {settings.jail.folder}", f"uid {settings.jail.user}", f"gid {settings.jail.group}"]
    lines += main_lines(Section.GLOBAL, said)
    return "\n    ".join(lines) + "\n"
