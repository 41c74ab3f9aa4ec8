"""What HAProxy prints becomes values, or one documented error."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.addresses import Address
from hadyn.planner.observed import ObservedBackend, ObservedSlot, Serving, SlotState
from hadyn.runtime import tables
from hadyn.runtime.tables import MalformedTable

HEADER = (
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port"
)


def row(
    slot="s1",
    backend="web",
    *,
    ip="10.0.0.7",
    port="8080",
    operation="2",
    admin="4",
    weight="1",
    age="7",
    names="- {} -",
):
    said = names.format(port)
    return f"3 {backend} 1 {slot} {ip} {operation} {admin} {weight} 1 {age} 1 0 0 8 0 0 0 {said} 0 0 - - 0"


def table(*rows, header=HEADER, version="1"):
    return "\n".join([version, header, *rows])


def only_slot(text):
    (backend,) = tables.observed_backends(text, {}).values()
    (slot,) = backend.slots
    return slot


def test_slots_are_read_in_the_order_of_haproxy():
    text = table(
        row("s2", ip="10.0.0.7", weight="3", age="61"),
        row("s1", ip="127.0.0.1", port="1", admin="5", operation="0"),
        row("s1", "api", ip="fd00::1", port="80"),
    )

    observed = tables.observed_backends(text, {("web", "s2"): 4})

    assert observed == {
        "web": ObservedBackend(
            "web",
            (
                ObservedSlot("s2", Address("10.0.0.7", 8080), SlotState.READY, 3, sessions=4, seconds_in_state=61),
                ObservedSlot("s1", None, SlotState.MAINT, 1, seconds_in_state=7),
            ),
        ),
        "api": ObservedBackend(
            "api", (ObservedSlot("s1", Address("fd00::1", 80), SlotState.READY, 1, seconds_in_state=7),)
        ),
    }


def test_those_that_take_requests_are_told_by_slot_address_and_weight():
    text = table(
        row("s1", weight="3"),
        row("s2", admin="5"),
        row("s3", ip="fd00::1", port="80", admin="0"),
        row("s4", admin="8"),
        row("s5", ip="127.0.0.1", port="1", admin="1"),
    )

    assert tables.serving(text) == Serving(
        5, [("s1", "10.0.0.7:8080", "3"), ("s3", "[fd00::1]:80", "1"), ("s4", "10.0.0.7:8080", "drain")]
    )
    assert tables.serving(table()) == Serving(0, [])


@pytest.mark.parametrize("text", ["", "what?", table(row(admin="x")), table(row(), version="2"), table("a b c")])
def test_who_takes_requests_is_not_guessed_from_another_table(text):
    with pytest.raises(MalformedTable):
        tables.serving(text)


@pytest.mark.parametrize(
    ("admin", "state"),
    [
        (0x00, SlotState.READY),
        (0x01, SlotState.MAINT),
        (0x02, SlotState.MAINT),
        (0x04, SlotState.READY),
        (0x05, SlotState.MAINT),
        (0x08, SlotState.DRAIN),
        (0x0C, SlotState.DRAIN),
        (0x10, SlotState.DRAIN),
        (0x09, SlotState.MAINT),
        (0x20, SlotState.MAINT),
        (0x24, SlotState.MAINT),
        (0x40, SlotState.READY),
        (0x60, SlotState.MAINT),
    ],
)
def test_admin_bits_alone_decide_the_state_of_a_slot(admin, state):
    assert only_slot(table(row(admin=str(admin)))).state is state


@pytest.mark.parametrize(
    ("ip", "port"), [("127.0.0.1", "1"), ("-", "0"), ("-", "80"), ("10.0.0.1", "0"), ("fd00::1", "0")]
)
def test_a_slot_without_a_usable_address_has_none(ip, port):
    assert only_slot(table(row(ip=ip, port=port))).address is None


@pytest.mark.parametrize(
    ("printed", "spelled"),
    [("127.0.0.1", "127.0.0.1"), ("fd00::1", "fd00::1"), ("::10.0.0.1", "::a00:1"), ("FD00::1", "fd00::1")],
)
def test_an_address_is_spelled_as_the_model_spells_it(printed, spelled):
    assert only_slot(table(row(ip=printed, port="80"))).address == Address(spelled, 80)


def test_a_ready_slot_that_a_check_holds_down_is_not_up():
    assert not only_slot(table(row(operation="0", admin="4"))).is_up


def test_a_slot_in_maint_is_not_held_down():
    assert only_slot(table(row(operation="0", admin="5"))).is_up


def test_a_name_that_haproxy_resolves_itself_is_shown():
    assert only_slot(table(row(names="db.example {} -"))).fqdn == "db.example"


@pytest.mark.parametrize("host", ["db-1.example", "-"])
def test_of_a_slot_that_services_fill_the_name_of_the_service_is_shown(host):
    assert only_slot(table(row(names=f"{host} {{}} _db._tcp.example"))).fqdn == "_db._tcp.example"


@pytest.mark.parametrize(
    ("state", "lacks"), [("2", True), ("18", True), ("6", False), ("14", False), ("7", False), ("0", False)]
)
def test_a_slot_lacks_checks_that_are_configured_and_not_enabled(state, lacks):
    told = row().replace(" 1 0 0 8 ", f" 1 0 0 {state} ")
    assert only_slot(table(told)).lacks_checks == lacks


@pytest.mark.parametrize(("state", "lacks"), [("18", True), ("22", False), ("0", False)])
def test_a_slot_lacks_checks_too_while_its_agent_is_not_asked(state, lacks):
    told = row().replace(" 1 0 0 8 0 ", f" 1 0 0 6 {state} ")
    assert only_slot(table(told)).lacks_checks == lacks


def test_columns_are_found_by_name_wherever_they_stand():
    header = "# srv_port srv_name be_name extra srv_addr srv_fqdn srv_uweight srv_admin_state srv_op_state"
    last = "srv_time_since_last_change srvrecord srv_check_state srv_agent_state"

    slot = only_slot(table("80 s1 web ? 10.0.0.1 - 5 0 2 9 - 6 22", header=f"{header} {last}"))

    assert slot == ObservedSlot("s1", Address("10.0.0.1", 80), SlotState.READY, 5, seconds_in_state=9)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "Permission denied",
        table(row(), version="2"),
        table(row(), version=""),
        table(row(), header=HEADER.replace("srv_admin_state", "srv_other")),
        "1\n" + row(),
        table(row().rsplit(" ", 3)[0]),
        table(row() + " more"),
        table(row(), row()),
        table(row(), ""),
        table(row(weight="-1")),
        table(row(weight="257")),
        table(row(admin="x")),
        table(row(port="65536")),
        table(row(port="-80")),
        table(row(ip="10.0.0")),
        table(row(ip="10.0.0.256")),
        table(row(ip="fe80::1%eth0")),
        table(row(slot="")),
        table(row()).replace("\n", "\r\n"),
    ],
)
def test_a_table_that_is_not_as_documented_is_refused(text):
    with pytest.raises(MalformedTable):
        tables.observed_backends(text, {})


def test_sessions_are_read_from_the_column_named_scur():
    text = '# pxname,svname,qcur,qmax,scur,smax,last_chk\nweb,s1,0,0,3,9,"a, b"\nweb,s2,0,0,0,0,'

    assert tables.sessions_of(text) == {("web", "s1"): 3, ("web", "s2"): 0}


def test_a_backend_without_slots_has_no_sessions():
    assert tables.sessions_of("# pxname,svname,qcur,qmax,scur,") == {}
    assert tables.sessions_of("No such proxy.") == {}


def test_map_entries_are_read_by_key():
    text = "0x55 a.example/ shop web\n0x7f b.example \n0x7f00 a.example/ other"

    assert tables.map_entries(text) == {"a.example/": "shop web", "b.example": ""}
    assert tables.map_entries("") == {}


def test_the_process_is_read_from_its_figures():
    text = "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 42\nUptime_sec: 7\nStopping: 1\nnode: a: b"

    found = tables.identity(text)

    assert found == tables.Identity(42, (2, 6, 12), "2.6.12-1+deb12u4", 7, is_stopping=True)


@pytest.mark.parametrize(
    "missing", ["Name: HAProxy\n", "Version: 3.5-dev5\n", "Pid: 42\n", "Uptime_sec: 7\n", "Stopping: 0\n"]
)
def test_a_process_that_tells_too_little_is_refused(missing):
    text = "Name: HAProxy\nVersion: 3.5-dev5\nPid: 42\nUptime_sec: 7\nStopping: 0\n"
    assert tables.identity(text).version == (3, 5)

    with pytest.raises(MalformedTable):
        tables.identity(text.replace(missing, ""))


PARSERS = [
    lambda text: tables.observed_backends(text, {}),
    tables.serving,
    tables.sessions_of,
    tables.map_entries,
    tables.backend_names,
    tables.identity,
]
SAMPLES = [
    table(row(), row("s2", ip="fd00::1")),
    "# pxname,svname,qcur,qmax,scur\nweb,s1,0,0,3",
    "0x55 a.example/ web",
    "# name\nweb\napi",
    "Name: HAProxy\nVersion: 2.8.25\nPid: 4\nUptime_sec: 7\nStopping: 1",
]


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.one_of(st.text(), st.builds("1\n{}\n{}".format, st.just(HEADER), st.text())))
def test_any_text_gives_values_or_the_one_documented_error(parse, text):
    with contextlib.suppress(MalformedTable):
        parse(text)


@pytest.mark.parametrize("parse", PARSERS)
@given(
    sample=st.sampled_from(SAMPLES), where=st.integers(0, 600), length=st.integers(0, 40), inserted=st.text(max_size=4)
)
def test_a_damaged_table_gives_values_or_the_one_documented_error(parse, sample, where, length, inserted):
    with contextlib.suppress(MalformedTable):
        parse(sample[:where] + inserted + sample[where + length :])
