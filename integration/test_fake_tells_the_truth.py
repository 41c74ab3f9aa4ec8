"""The fake HAProxy says and does what every real one at hand does.

The same scripts go to both, from the same configuration; replies are compared word for
word where a command's outcome hangs on them, tables as the values hadyn reads.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hadyn.model.addresses import PLACEHOLDER, Address
from hadyn.model.desired import MapName
from hadyn.planner.commands import (
    AddBackend,
    AddMapEntry,
    AddSlot,
    Command,
    DeleteBackend,
    DeleteMapEntry,
    DeleteSlot,
    EnableAgent,
    EnableChecks,
    PublishBackend,
    SetAddress,
    SetFqdn,
    SetMapEntry,
    SetState,
    SetWeight,
    UnpublishBackend,
)
from hadyn.planner.observed import ObservedBackend, SlotState
from hadyn.runtime.client import Runtime
from hadyn.runtime.fake import CutRequest, FakeHAProxy
from hadyn.runtime.wire import Outcome
from integration.conftest import Start
from integration.haproxies import HAProxyBinary, RunningHAProxy
from tests.runtime.given import without_age

CONFIGURATION = """
defaults hadyn
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s

frontend front
  bind unix@{folder}/front.sock
  http-request set-header x %[req.hdr(host),map({folder}/hosts.map)]
  default_backend web

backend web
  server s1 10.0.0.1:80 weight 5
  server s2 [fd00::2]:8080
  server-template s 3-5 127.0.0.1:1 disabled

backend hashed
  balance source
  server-template s 1-2 127.0.0.1:1 weight 2 disabled

backend named
  default-server resolvers dns resolve-prefer ipv4 resolve-opts prevent-dup-ip init-addr none
  server-template s 1-2 web.example:80

resolvers dns
  nameserver nobody 127.0.0.1:9

backend _503
"""
HOSTS = {"a.example": "web", "b.example": "_503"}


@dataclass
class Pair:
    """A real HAProxy beside the fake of its version, both from CONFIGURATION."""

    real: RunningHAProxy
    fake: FakeHAProxy

    def runtimes(self) -> tuple[Runtime, Runtime]:
        folder = str(self.real.folder)
        on_fake = Runtime(self.fake.converse, capabilities=self.fake.capabilities, map_folder=folder)
        return self.real.runtime(), on_fake

    def said(self, text: str) -> tuple[str, str]:
        return self.real.say(text), self.fake.converse(f"{text}\n".encode()).decode()

    def replies(self, *commands: Command) -> tuple[list[Outcome], list[Outcome]]:
        real, fake = self.runtimes()
        return list(real.send(commands)), list(fake.send(commands))

    def tables(self) -> tuple[dict[str, ObservedBackend], dict[str, ObservedBackend]]:
        real, fake = (without_age(runtime.observe(None)) for runtime in self.runtimes())
        return real, fake


@pytest.fixture
def pair(haproxy: HAProxyBinary, start: Start) -> Pair:
    real = start(CONFIGURATION, files={"hosts.map": "".join(f"{key} {value}\n" for key, value in HOSTS.items())})
    version = ".".join(map(str, haproxy.version))
    maps = {f"{real.folder}/hosts.map": dict(HOSTS)}
    return Pair(real, FakeHAProxy(CONFIGURATION, version=version, maps=maps))


def address(slot: str, ip: str, port: int, backend: str = "web") -> SetAddress:
    return SetAddress(backend, slot, Address(ip, port))


def state(slot: str, wanted: str, backend: str = "web") -> SetState:
    return SetState(backend, slot, SlotState(wanted))


SCRIPTS = {
    "a newcomer": [address("s3", "10.0.0.3", 80), SetWeight("web", "s3", 7), state("s3", "ready")],
    "an IPv6 newcomer": [address("s3", "fd00::3", 80), state("s3", "ready")],
    "only another port": [address("s1", "10.0.0.1", 81)],
    "only another address": [address("s1", "10.0.0.9", 80)],
    "the same address": [address("s1", "10.0.0.1", 80)],
    "back to the placeholder": [state("s1", "maint"), address("s1", "127.0.0.1", 1)],
    "all states": [state("s1", "drain"), state("s1", "ready"), state("s1", "maint"), state("s3", "drain")],
    "a drained slot in maint": [state("s1", "drain"), state("s1", "maint"), state("s1", "maint")],
    "names": [SetFqdn("named", "s1", "api.example"), SetFqdn("named", "s1", "api.example")],
    "a name where addresses are set": [SetFqdn("web", "s1", "api.example")],
    "states of a slot without address": [state("s1", "maint", "named"), state("s2", "ready", "named")],
    "weights": [SetWeight("web", "s1", 0), SetWeight("web", "s2", 256), SetWeight("web", "s3", 257)],
    "weights of a static algorithm": [
        SetWeight("hashed", "s1", 1),
        SetWeight("hashed", "s1", 0),
        SetWeight("hashed", "s2", 2),
    ],
    "things that are not there": [
        state("s9", "ready"),
        state("s1", "ready", "gone"),
        address("s1", "10.0.0.1", 80, "_503"),
        SetWeight("gone", "s1", 3),
    ],
    "map entries": [
        AddMapEntry(MapName.HOSTS, "c.example", "web"),
        SetMapEntry(MapName.HOSTS, "a.example", "_503"),
        DeleteMapEntry(MapName.HOSTS, "b.example"),
    ],
    "map entries that are not there": [
        SetMapEntry(MapName.HOSTS, "z.example", "web"),
        DeleteMapEntry(MapName.HOSTS, "z.example"),
        DeleteMapEntry(MapName.EXACT, "a.example"),
    ],
}
SLOTS_COME_AND_GO = [
    AddSlot("web", "s6", Address("10.0.0.6", 80), 3),
    AddSlot("web", "s7", PLACEHOLDER),
    AddSlot("web", "s8", Address("fd00::8", 80)),
    state("s6", "ready"),
    AddSlot("web", "s6", PLACEHOLDER),
    AddSlot("hashed", "s3", PLACEHOLDER),
    AddSlot("gone", "s1", PLACEHOLDER),
    DeleteSlot("web", "s3"),
    DeleteSlot("web", "s6"),
    DeleteSlot("web", "s9"),
    DeleteSlot("gone", "s1"),
    AddSlot("web", "s9", Address("10.0.0.9", 80), words=("check", "inter", "1h")),
    AddSlot("web", "s10", Address("10.0.0.10", 80), words=("check", "inter", "1h")),
    EnableChecks("web", "s9"),
    EnableChecks("web", "s9"),
    EnableChecks("web", "s1"),
    EnableChecks("web", "s11"),
    AddSlot("web", "s12", Address("10.0.0.12", 80), words=("agent-check", "agent-port", "1", "agent-inter", "1h")),
    EnableAgent("web", "s12"),
    EnableAgent("web", "s12"),
    EnableAgent("web", "s9"),
    EnableAgent("web", "s11"),
]
BACKENDS_COME_AND_GO = [
    AddBackend("api"),
    AddBackend("api"),
    AddBackend("web"),
    *(AddSlot("api", f"s{number}", Address("10.0.0.1", 80 + number)) for number in (1, 2, 3)),
    PublishBackend("api"),
    PublishBackend("gone"),
    state("s2", "ready", "api"),
    DeleteBackend("hashed"),
    UnpublishBackend("hashed"),
    DeleteBackend("hashed"),
    DeleteSlot("hashed", "s2"),
    DeleteSlot("hashed", "s1"),
    DeleteBackend("hashed"),
    DeleteBackend("web"),
    UnpublishBackend("gone"),
]


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_the_fake_answers_and_becomes_what_haproxy_does(pair, script):
    real, fake = pair.replies(*script)
    pair.said("show info")  # on another connection, the addresses of this one are applied
    pair.real.wait_until(lambda: pair.tables()[0] == pair.tables()[1])

    assert fake == real
    assert pair.runtimes()[1].read_map("hosts") == pair.runtimes()[0].read_map("hosts")


@pytest.mark.parametrize("script", [SLOTS_COME_AND_GO, BACKENDS_COME_AND_GO], ids=["slots", "backends"])
def test_what_comes_and_goes_by_command_does_so_in_the_fake(haproxy, pair, script):
    is_told = haproxy.capabilities.has_dynamic_backends or (
        haproxy.capabilities.has_dynamic_servers and script is SLOTS_COME_AND_GO
    )
    real, fake = pair.replies(*script) if is_told else ([], [])

    assert [(str(outcome.command), outcome.verdict) for outcome in fake] == [
        (str(outcome.command), outcome.verdict) for outcome in real
    ]
    assert [outcome.text.splitlines()[-1:] for outcome in fake] == [outcome.text.splitlines()[-1:] for outcome in real]
    assert pair.tables()[1] == pair.tables()[0]


def test_the_fake_starts_as_haproxy_does(pair):
    real, fake = pair.tables()

    assert fake == real
    assert list(fake) == ["web", "hashed", "named", "_503"]


@pytest.mark.parametrize(
    "question",
    [
        "show backend",
        "show cli level",
        "show servers state gone",
        "show stat gone 4 -1",
        "show map {folder}/other.map",
        "set server web addr 10.0.0.1 port 1",
        "set server web/s1 state up",
        "set server web/s1 addr example.org port 80",
        "set server web/s1 addr 10.0.0.7 port 70000",
        "set server web/s1 weight 300",
        "set server named/s1 addr 10.0.0.1 port 80",
        "set server named/s9 fqdn api.example",
        "set map {folder}/hosts.map z x",
        "del map {folder}/hosts.map z",
    ],
)
def test_the_fake_uses_the_words_of_haproxy(pair, question):
    real, fake = pair.said(question.replace("{folder}", str(pair.real.folder)))

    assert fake == real


def test_the_fake_knows_the_barrier_where_haproxy_does(pair):
    real, fake = pair.said("wait 1ms")

    assert fake[: len("Unknown command")] == real[: len("Unknown command")]


def test_the_fake_prints_the_columns_of_haproxy(pair):
    real, fake = pair.said("show servers state web")

    assert fake.splitlines()[:2] == real.splitlines()[:2]


def test_the_fake_loses_an_address_that_haproxy_loses(pair):
    pair.real.runtime().send([state("s1", "maint")])
    pair.fake.converse(b"set server web/s1 state maint\n")
    trap = "set server web/s1 addr 10.0.0.8 port 80;set server web/s1 addr 10.0.0.1 port 80"

    real, fake = pair.said(trap)
    pair.real.wait_until(lambda: pair.tables()[0] == pair.tables()[1])

    assert fake == real


@pytest.mark.parametrize("cut", [0, 20, 27, 28, 40, 55, 56])
def test_a_request_cut_short_does_to_the_fake_what_it_does_to_haproxy(pair, cut):
    line = b"set server web/s1 weight 11;set server web/s2 weight 12\n"
    cut_line = pair.real.cut_request(line, cut)
    pair.fake.faults = [CutRequest(cut)]

    assert pair.fake.converse(line) == cut_line
    assert pair.tables()[1] == pair.tables()[0]


def test_lines_behind_the_first_do_to_the_fake_what_they_do_to_haproxy(pair):
    lines = ["set server web/s1 weight 11", "set server web/s2 weight 12"]

    real = pair.real.say(*lines)
    fake = pair.fake.converse("".join(f"{line}\n" for line in lines).encode()).decode()

    assert fake == real
    assert pair.tables()[1] == pair.tables()[0]


@pytest.mark.parametrize("level", ["user", "operator"])
def test_the_fake_forbids_what_haproxy_forbids(haproxy, start, level):
    real = start(CONFIGURATION, files={"hosts.map": "a b\n"}, level=level)
    fake = FakeHAProxy(CONFIGURATION, level=level)
    question = "set server web/s1 weight 3;show cli level;show servers state _503"

    assert fake.converse(f"{question}\n".encode()).decode() == real.say(question)


def test_the_fake_is_another_process_after_a_reload_as_haproxy_is(haproxy, start):
    real = start("backend web\n  server-template s 1-2 127.0.0.1:1 disabled\n", is_master=True)
    fake = FakeHAProxy(real.configuration)
    for runtime in real.runtime(), Runtime(fake.converse, capabilities=fake.capabilities, map_folder="/maps"):
        runtime.send([address("s1", "10.0.0.1", 80)])
    before = real.pid(), fake.pid

    after = "backend web\n  server s1 10.0.0.2:80\n  server-template s 2-3 127.0.0.1:1 disabled\n"
    real.reload(after)
    fake.reload(after)

    assert before[0] != real.pid()
    assert before[1] != fake.pid
    assert without_age(real.runtime().observe(None)) == without_age(
        Runtime(fake.converse, capabilities=fake.capabilities, map_folder="/maps").observe(None)
    )
