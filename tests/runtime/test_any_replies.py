"""Whatever HAProxy, or somebody in its place, answers: a Runtime gives values or errors of its own.

The corpus is C8 of the list of troubles: replies that HAProxy 2.6 to 3.4 give in odd moments.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hadyn.errors import HadynError
from hadyn.model.addresses import Address
from hadyn.model.desired import MapName
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import AddBackend, AddSlot, DeleteMapEntry, DeleteSlot, SetFqdn
from hadyn.planner.plan import Plan
from hadyn.runtime.client import Runtime
from hadyn.runtime.execution import execute
from tests.runtime.given import MAPS, part, steps
from tests.runtime.test_tables import HEADER, row, table

SAID = [
    b"",
    b"\n",
    b"IP changed from '127.0.0.1' to '10.0.0.1', port changed from '1' to '80' by 'stats socket command'\n\n",
    b"no need to change the addr, no need to change the port by 'stats socket command'\n\n",
    b"no need to change the addr, problem converting port 'abc' to an int by 'stats socket command'\n\n",
    b"no need to change the addr, can't change <port> to port map by 'stats socket command'\n\n",
    b"Update for the current server address family is only supported through configuration file.\n\n",
    b"No such server.\n\nNo such backend.\n\nInvalid addr 'x'\n\nRequire 'backend/server'.\n\n",
    b"[3]: Permission denied\n\n",
    b"Permission denied\n\n",
    b"Unknown command: 'set', but maybe one of the following ones is a better match:\n  show\n  help\n\n",
    b"set server <b>/<s> fqdn failed because no resolution is configured.\n\n",
    b"could not update b/s FQDN\n\n",
    b"Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.\n\n",
    b"The command is too big for the buffer size. Please change tune.bufsize in the configuration to use it.\n",
    b"> \n> IP changed\n+ \n",
    b"\x00\xff\xfe\n\n",
    b"x" * 100_000,
    *(
        text.encode() + b"\n\n"
        for text in (
            table(row()),
            table(row(backend="web", ip="10.0.0.1", port="80", weight="3", admin="5"), row("s2")),
            table(row(), version="2"),
            table(row(), header=HEADER.replace("srv_name srv_addr", "srv_addr srv_name") + " more"),
            "1\n" + row(),
            table(row(), row()).replace("\n", "\r\n"),
            table(row("s1"), row("s1")),
            table(row(backend="unknown")),
            table(row())[:-7],
            table(row(ip="-", port="0"), row("s2", weight="-1"), row("s3", port="0"), row("s4", ip="-", operation="2")),
            *(table(row(admin=str(admin))) for admin in (0x04, 0x05, 0x0C, 0x20, 0x24, 0x40, 0x60)),
        )
    ),
    b"Name: HAProxy\nUptime_sec: 3\nStopping: 0\n\nadmin\n\n",
    b"Name: HAProxy\nVersion: 2.8.25\nPid: 4\nUptime_sec: 7\nStopping: 0\n\nadmin\n\n",
    b"# pxname,svname,qcur,qmax,scur\nweb,s1,0,0,x\n\n",
    b"# name\nweb\n\napi\n\n",
    b"0x55 a.example/ web\n0x\n\n",
    b"Unknown map identifier. Please use #<id> or <file>.\n\n",
    b"Done.\n\n",
    b"show info;show cli level\n",
]
EDITS = st.tuples(st.integers(0, 400), st.integers(0, 40), st.binary(max_size=4))
ANSWERS = st.one_of(
    st.sampled_from(SAID),
    st.binary(),
    st.builds(lambda said, edit: said[: edit[0]] + edit[2] + said[edit[0] + edit[1] :], st.sampled_from(SAID), EDITS),
    st.builds(lambda first, second: first + second, st.sampled_from(SAID), st.sampled_from(SAID)),
)
VERSIONS = st.sampled_from([(2, 6, 12), (2, 8, 25), (3, 0, 11), (3, 4, 7)])
COMMANDS = [
    *steps("web", "s1 addr 10.0.0.1:80; s1 weight 3; s1 ready; s2 maint"),
    SetFqdn("web", "s1", "db.example"),
    AddSlot("web", "s3", Address("10.0.0.1", 80)),
    DeleteSlot("web", "s3"),
    AddBackend("web"),
    DeleteMapEntry(MapName.PREFIX, "a.example/"),
]
PLAN = Plan((part("s1 addr 10.0.0.1:80; s1 weight 3", "s1 ready; s2 maint", s1="10.0.0.1:80 weight=3"),))
QUESTIONS: list[Callable[[Runtime], object]] = [
    lambda runtime: runtime.identity(),
    lambda runtime: runtime.observe(["web", "api"]),
    lambda runtime: runtime.observe(None),
    lambda runtime: runtime.observe_slots(["web"]),
    lambda runtime: runtime.observe_serving(["web"]),
    lambda runtime: list(runtime.observe_in_portions()),
    lambda runtime: runtime.count(),
    lambda runtime: runtime.unpublished(),
    lambda runtime: runtime.read_map("prefix"),
    lambda runtime: runtime.send(COMMANDS),
    lambda runtime: [runtime.send([command]) for command in COMMANDS],
    lambda runtime: execute(PLAN, runtime, pause=lambda _seconds: None),
]


def answering(version, answers):
    """A Runtime that hears these answers, one after the other, the last one for ever."""
    heard = iter(answers)
    last = answers[-1]
    return Runtime(lambda _line: next(heard, last), capabilities=Capabilities(version), map_folder=MAPS)


@pytest.mark.parametrize("ask", QUESTIONS)
@given(version=VERSIONS, answers=st.lists(ANSWERS, min_size=1, max_size=4))
@example(version=(2, 8, 25), answers=[SAID[0]])
def test_any_answer_gives_values_or_an_error_of_hadyns_own(ask, version, answers):
    with contextlib.suppress(HadynError):
        ask(answering(version, answers))


@pytest.mark.parametrize("ask", QUESTIONS)
@pytest.mark.parametrize("said", SAID, ids=range(len(SAID)))
def test_every_odd_answer_that_is_known_gives_values_or_an_error_of_hadyns_own(ask, said):
    with contextlib.suppress(HadynError):
        ask(answering((2, 8, 25), [said]))


@given(version=VERSIONS, answers=st.lists(ANSWERS, min_size=1, max_size=4))
def test_ready_is_said_only_where_the_slot_was_read_back_with_its_address(version, answers):
    said: list[bytes] = []
    runtime = answering(version, answers)
    converse = runtime._stream

    def listened(line):
        said.append(line)
        return converse(line)

    runtime._stream = listened
    with contextlib.suppress(HadynError):
        execute(PLAN, runtime, pause=lambda _seconds: None)
    heard = b"".join(answers)
    assert b" s1 10.0.0.1 " in heard or not any(b"state ready" in line for line in said)
