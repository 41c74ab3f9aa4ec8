"""What several lookups ask goes out once a second."""

from __future__ import annotations

import pytest

from hadyn.model.addresses import Address
from hadyn.model.resolved import RecordType
from hadyn.resolver.answers import Answer
from hadyn.resolver.exchanges import Exchange, Reply
from hadyn.resolver.queries import Query
from hadyn.resolver.sharing import Sharing, Take

SERVER, OTHER = Address("10.0.0.2", 53), Address("10.0.0.3", 53)
FIRST, SECOND = Answer(0, addresses=("10.1.0.1",), ttl=5), Answer(0, addresses=("10.1.0.2",), ttl=5)


class Servers:
    """Servers that a test lets answer, at a time that it says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked: list[tuple[Exchange, Take]] = []
        self.sharing = Sharing(lambda exchange, take: self.asked.append((exchange, take)), lambda: self.now)
        self.got: list[Reply] = []

    def ask(self, name: str = "web-0.example", server: Address = SERVER, **more: bool) -> None:
        is_tcp, has_edns = more.get("is_tcp", False), more.get("has_edns", True)
        query = Query(name, more.get("type", RecordType.A), len(self.asked), has_edns)
        self.sharing.ask(Exchange(server, query, is_tcp), self.got.append)

    def answer(self, reply: Reply) -> None:
        """Answer the last query."""
        self.asked[-1][1](reply)


@pytest.fixture
def servers() -> Servers:
    return Servers()


def test_who_asks_what_is_under_way_waits_for_its_reply(servers):
    servers.ask()
    servers.ask()
    assert (len(servers.asked), servers.got) == (1, [])
    servers.answer(FIRST)
    assert servers.got == [FIRST, FIRST]


def test_who_asks_within_a_second_gets_the_same_reply_at_once(servers):
    servers.ask()
    servers.answer(FIRST)
    servers.now = 0.9
    servers.ask()
    assert (len(servers.asked), servers.got) == (1, [FIRST, FIRST])


def test_after_a_second_it_is_asked_again(servers):
    servers.ask()
    servers.answer(FIRST)
    servers.now = 1.0
    servers.ask()
    assert len(servers.asked) == 2
    servers.answer(SECOND)
    assert servers.got == [FIRST, SECOND]


def test_a_slow_query_keeps_no_old_reply_of_others(servers):
    servers.ask("slow.example")
    servers.ask()
    servers.answer(FIRST)
    servers.now = 1.5
    servers.ask("slow.example")
    servers.ask()
    assert [exchange.query.name for exchange, _ in servers.asked] == ["slow.example", "web-0.example", "web-0.example"]


@pytest.mark.parametrize(
    "otherwise",
    [
        {"name": "web-1.example"},
        {"server": OTHER},
        {"is_tcp": True},
        {"has_edns": False},
        {"type": RecordType.AAAA},
    ],
)
def test_another_query_is_another_query(servers, otherwise):
    servers.ask()
    servers.ask(**otherwise)
    assert len(servers.asked) == 2


def test_replies_that_nobody_may_have_any_more_are_forgotten(servers):
    for number in range(1000):
        servers.now = number / 10
        servers.ask(f"web-{number}.example")
        servers.answer(FIRST)
    assert len(servers.sharing) <= 11
