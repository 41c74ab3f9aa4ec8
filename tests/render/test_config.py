"""The configuration as HAProxy reads it; integration/ has the real ones accept each golden file."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.addresses import Address
from hadyn.model.desired import Backend, ByName, Discovery, Endpoint
from hadyn.model.directives import Directive
from hadyn.model.extras import Extra, HostExpression
from hadyn.model.names import slot_name
from hadyn.model.options.option import Scope
from hadyn.model.options.table import OPTIONS
from hadyn.model.passwords import User, UserList
from hadyn.model.ports import Port
from hadyn.model.problems import ObjectRef
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.plan import Seating
from hadyn.render.config import SECTION_KEYWORDS, ConfigSettings, Jail, backend_section, main_config, section_at
from hadyn.render.replicas import Replicas
from hadyn.render.resolvers import Resolvers, resolvers_section
from hadyn.render.shards import sections
from hadyn.render.tls import TlsSettings
from tests.conftest import Golden

FIRST, SECOND = Address("10.0.0.7", 8080), Address("10.0.0.8", 8080)
SETTINGS = ConfigSettings(
    bind=(Address("127.0.0.1", 8080),),
    runtime_socket="/run/hadyn/run/runtime.sock",
    maps="/run/hadyn/maps",
    errors="/run/hadyn/errors",
)
CAPABILITIES = Capabilities((2, 6, 12))


def section(*endpoints: Endpoint | None, slots: int, backend: Backend | None = None) -> str:
    seats = {slot_name(number): endpoint for number, endpoint in enumerate(endpoints, 1) if endpoint is not None}
    return backend_section(backend or Backend("shop_web_80", "shop/web:80"), Seating(slots, seats))


def by_name(**more: bool) -> Backend:
    name = ByName("api.example.org", 443, **more)
    return Backend("shop_api_443", "shop/api:443", discovery=Discovery.FQDN, by_name=name)


CASES = {
    "one_endpoint": section(Endpoint(FIRST), slots=10),
    "no_endpoints": section(slots=10),
    "all_slots_occupied": section(Endpoint(FIRST), Endpoint(SECOND), slots=2),
    "holes_between_slots": section(None, Endpoint(FIRST), None, None, Endpoint(SECOND), None, slots=6),
    "ipv6": section(Endpoint(Address("fd00::7", 8080)), Endpoint(FIRST), slots=3),
    "draining": section(Endpoint(FIRST, draining=True), Endpoint(SECOND), slots=4),
    "canary_weights": section(Endpoint(FIRST, weight=9), Endpoint(SECOND, weight=1), slots=4),
    "canary_without_share": section(Endpoint(FIRST), Endpoint(SECOND, weight=0), slots=2),
    "one_slot": section(slots=1),
    "by_name": section(
        Endpoint(Address("10.0.0.7", 443)), None, Endpoint(Address("fd00::7", 443)), slots=4, backend=by_name()
    ),
    "by_refused_name": section(slots=1, backend=by_name(is_refused=True)),
    "by_service": section(
        Endpoint(Address("10.0.0.7", 8443)),
        None,
        Endpoint(Address("fd00::7", 9443)),
        slots=4,
        backend=Backend("shop_api", "shop/api", discovery=Discovery.FQDN, by_name=ByName("_api._tcp.example.org", 0)),
    ),
    "by_name_of_ipv6": section(slots=1, backend=by_name(prefers_ipv6=True)),
    "directives": section(
        Endpoint(FIRST),
        slots=2,
        backend=Backend(
            "shop_web_80",
            "shop/web:80",
            directives=(
                Directive("timeout", "server", "30s"),
                Directive("http-request", "set-header", "X-Text", 'it\'s #1 of $HOME and \\ "so on"'),
            ),
            server_directives=(Directive("maxconn", "100"), Directive("check", "inter", "2s")),
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_section_of_a_backend_is_the_golden_one(case: str, golden: Golden) -> None:
    golden(f"render/{case}.cfg", CASES[case])


OPTIONS_OF_MAIN = [option for option in OPTIONS if option.main and Scope.GLOBAL in option.scope]
SAID = {"load-balance": "uri", "nbthread": "1"}
"""What is said instead of an example that leaves another option nothing to say, or HAProxy something to warn of."""
DATABASE = ObjectRef("Ingress", "shop", "db")
MAIN_CASES = {
    "smallest": SETTINGS,
    "tls": replace(
        SETTINGS,
        tls=TlsSettings((Address("::", 8443), Address("10.0.0.1", 443)), "/run/hadyn/certificates/crt-list"),
    ),
    "certificates_of_clients": replace(
        SETTINGS,
        tls=TlsSettings((Address("::", 8443),), "/run/hadyn/certificates/crt-list"),
        extras=frozenset({Extra.CLIENTS}),
    ),
    "passthrough": replace(
        SETTINGS,
        tls=TlsSettings((Address("::", 8443),), "/run/hadyn/certificates/crt-list", passes_on="hadyn-1f2e3d4c"),
    ),
    "ports": replace(
        SETTINGS,
        bind=(Address("::", 8080), Address("10.0.0.1", 80)),
        ports=(
            Port(5432, DATABASE, "spec"),
            Port(5672, DATABASE, "spec", takes_header=True, log_format='%ci "to" %b'),
        ),
        options=(("log-target", "stdout"),),
    ),
    "every_option": replace(
        SETTINGS,
        tls=TlsSettings((Address("::", 8443),), "/run/hadyn/certificates/crt-list"),
        options=tuple((option.name, option.parse(SAID.get(option.name, option.example))) for option in OPTIONS_OF_MAIN),
    ),
    "everything_that_routes_want": replace(
        SETTINGS, extras=frozenset({*Extra, HostExpression("shop[0-9]*[.]example", "~0f1e2d3c")})
    ),
    "every_setting": ConfigSettings(
        bind=(Address("::", 8080), Address("10.0.0.1", 80)),
        runtime_socket=SETTINGS.runtime_socket,
        maps=SETTINGS.maps,
        errors=SETTINGS.errors,
        maxconn=4000,
        threads=2,
        hard_stop_after=60,
        jail=Jail("/run/hadyn/empty", 65534, 65534),
        resolvers=Resolvers(
            (Address("10.96.0.10", 53), Address("fd00::a", 5353)),
            {"valid": 60.0, "obsolete": 30.0, "nx": 0.5, "timeout": None, "refused": None, "other": None},
        ),
        replicas=Replicas("hadyn-a", "hadyn-peers-a", 10_000, (("hadyn-b", Address("10.0.0.2", 10_000)),)),
        credentials="/run/hadyn/credentials",
    ),
}


@pytest.mark.parametrize("case", MAIN_CASES)
def test_the_main_file_is_the_golden_one(case: str, golden: Golden) -> None:
    golden(f"main/{case}.cfg", main_config(MAIN_CASES[case], CAPABILITIES))


def test_the_admin_socket_is_private_in_every_main_file() -> None:
    sockets = [line for line in main_config(SETTINGS, CAPABILITIES).splitlines() if "stats socket" in line]
    assert sockets == ["    stats socket /run/hadyn/run/runtime.sock mode 600 level admin"]


def test_a_line_of_a_list_of_users_belongs_to_the_backend_behind_it() -> None:
    users = (UserList("shop_web_80_users_a", (User("anna", "$5$x"),)), UserList("shop_web_80_users_b", ()))
    text = section(slots=2, backend=Backend("shop_web_80", "shop/web:80", user_lists=users))
    assert text.startswith(
        "userlist shop_web_80_users_a\n    user anna password '$5$x'\nuserlist shop_web_80_users_b\nbackend "
    )
    assert {section_at(text, line) for line in range(1, 7)} == {"shop_web_80"}
    assert [name for name, _ in sections((text + "\n" + text.replace("shop_web", "shop_api")).encode())] == [
        "shop_web_80",
        "shop_api_80",
    ]


def test_a_line_of_a_file_is_traced_to_the_backend_it_stands_in() -> None:
    text = section(slots=2) + "\n" + section(slots=2, backend=Backend("shop_api_80", "shop/api:80"))
    assert [section_at(text, line) for line in (1, 3, 4, 5, 7)] == [
        "shop_web_80",
        "shop_web_80",
        "shop_web_80",
        "shop_api_80",
        "shop_api_80",
    ]


def test_a_line_before_the_first_backend_belongs_to_none() -> None:
    assert section_at("global\n    maxconn 10\nbackend a from hadyn\n", 2) is None


@pytest.mark.parametrize("keyword", ["backend", "global", "listen", ".if", "userlist"])
def test_a_directive_that_would_open_another_section_is_our_own_mistake(keyword: str) -> None:
    backend = Backend("shop_web_80", "shop/web:80", directives=(Directive(keyword, "x"),))
    with pytest.raises(AssertionError):
        section(slots=2, backend=backend)


def test_a_seat_beyond_the_last_slot_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        section(Endpoint(FIRST), Endpoint(SECOND), slots=1)


words = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=30)
directives = st.lists(words, min_size=1, max_size=6).filter(lambda found: not SECTION_KEYWORDS.fullmatch(found[0]))
endpoints = st.builds(
    Endpoint,
    st.builds(Address, st.ip_addresses().map(str), st.integers(1, 65535)),
    st.integers(0, 256),
    st.booleans(),
)
seatings = st.lists(st.none() | endpoints, min_size=1, max_size=12).map(
    lambda found: Seating(len(found), {slot_name(n): seat for n, seat in enumerate(found, 1) if seat is not None})
)
backends = st.builds(
    lambda lines: Backend("b_1", "b/1", directives=tuple(Directive(*line) for line in lines)),
    st.lists(directives, max_size=4),
)


def parsed(text: str) -> list[list[str]]:
    """The words of each line as a parser sees them that knows single quotes (shlex: those of a shell)."""
    return [shlex.split(line) for line in text.splitlines() if not line.startswith("    #")]


@given(backends, seatings)
def test_no_word_of_a_directive_can_add_or_change_a_line(backend: Backend, seating: Seating) -> None:
    lines = parsed(backend_section(backend, seating))
    expected = [list(directive.words) for directive in backend.directives]
    assert lines[0] == ["backend", "b_1", "from", "hadyn"]
    assert lines[1 : 1 + len(expected)] == expected
    assert {line[0] for line in lines[1 + len(expected) :]} <= {"server", "server-template"}


@given(backends, seatings)
def test_every_slot_stands_once_and_in_order(backend: Backend, seating: Seating) -> None:
    slots: list[str] = []
    for line in parsed(backend_section(backend, seating))[1 + len(backend.directives) :]:
        low, _, high = line[2].partition("-")
        slots += {"server": [line[1]], "server-template": [slot_name(n) for n in numbers(low, high)]}[line[0]]
    assert slots == [slot_name(number) for number in range(1, seating.slots + 1)]


def numbers(low: str, high: str) -> range:
    return range(int(low), int(high) + 1) if low.isdigit() and high.isdigit() else range(0)


@given(seatings, seatings)
def test_two_seatings_have_the_same_section_only_if_haproxy_would_do_the_same(one: Seating, other: Seating) -> None:
    backend = Backend("b_1", "b/1")
    same_text = backend_section(backend, one) == backend_section(backend, other)
    assert same_text == (effect(one) == effect(other))


def effect(seating: Seating) -> object:
    weights = {name: (seat.address, 0 if seat.draining else seat.weight) for name, seat in seating.seats.items()}
    return seating.slots, weights


@pytest.mark.parametrize(
    ("seconds", "spelled"),
    [(None, "24d"), (3_600_000.0, "24d"), (2_073_599.0, "2073599000ms"), (0.5, "500ms"), (0.0, "0ms")],
)
def test_haproxy_is_told_no_longer_time_than_it_can_count(seconds: float | None, spelled: str) -> None:
    assert f"    hold obsolete {spelled}\n" in resolvers_section(Resolvers((FIRST,), {"obsolete": seconds}))
