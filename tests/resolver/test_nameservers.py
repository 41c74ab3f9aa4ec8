"""Which servers there are, as /etc/resolv.conf changes on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from hadyn.model.addresses import Address
from hadyn.resolver.exchanges import Failure
from hadyn.resolver.nameservers import Nameservers, named_servers
from hadyn.resolver.resolution import Outcome
from hadyn.resolver.resolver_settings import ResolverSettings

FIRST, SECOND = Address("10.0.0.2", 53), Address("10.0.0.3", 53)
SILENT = Failure(Outcome.TIMEOUT, "got no answer within 2 s")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.0.0.2\nsearch shop.example\n")
    return file


def test_a_changed_file_is_read_again(file):
    nameservers = Nameservers(ResolverSettings(resolv_conf=file))
    assert list(nameservers.servers) == [FIRST]
    file.write_text("nameserver 10.0.0.3\nnameserver 10.0.0.2\nsearch other.example\n")
    assert nameservers.has_changed(1.0)
    assert (list(nameservers.servers), nameservers.candidates("web")) == ([SECOND, FIRST], ["web.other.example", "web"])
    assert not nameservers.has_changed(2.0)


def test_a_file_that_another_takes_the_place_of_is_read_again(file):
    nameservers = Nameservers(ResolverSettings(resolv_conf=file))
    other = file.with_name("new")
    other.write_text("nameserver 10.0.0.3\nsearch shop.example\n")
    other.rename(file)
    assert nameservers.has_changed(1.0)
    assert list(nameservers.servers) == [SECOND]


def test_the_file_is_looked_at_no_more_often_than_set(file):
    nameservers = Nameservers(ResolverSettings(resolv_conf=file, reread_seconds=5.0))
    assert not nameservers.has_changed(100.0)
    file.write_text("nameserver 10.0.0.3\n")
    assert not nameservers.has_changed(104.0)
    assert nameservers.has_changed(105.0)


@pytest.mark.parametrize("broken", ["", "nameserver", "nameserver ns.example\n", "\0\0\0", "search x.example\n"])
def test_a_file_that_names_no_server_leaves_those_that_were_there(file, broken, caplog):
    nameservers = Nameservers(ResolverSettings(resolv_conf=file))
    file.write_text(broken)
    nameservers.has_changed(1.0)
    assert list(nameservers.servers) == [FIRST]
    (said,) = caplog.messages
    assert said == f"{file} names no DNS server any more that can be asked; those that it named are asked on"


def test_a_file_that_cannot_be_read_any_more_leaves_those_that_were_there(file, caplog):
    nameservers = Nameservers(ResolverSettings(resolv_conf=file))
    file.unlink()
    file.mkdir()
    nameservers.has_changed(1.0)
    assert list(nameservers.servers) == [FIRST]
    assert caplog.messages == [f"cannot read {file}: Is a directory; the DNS servers it named are asked on"]


@pytest.mark.parametrize(
    ("text", "flags", "servers"),
    [
        ("nameserver 10.0.0.3\n", (), (SECOND,)),
        ("nameserver 10.0.0.3\n", (FIRST,), (FIRST,)),
        ("search shop.example\n", (), ()),
    ],
)
def test_the_servers_of_a_start_can_be_told_without_a_word(file, text, flags, servers, caplog):
    file.write_text(text)
    assert named_servers(ResolverSettings(servers=flags, resolv_conf=file)) == servers
    assert caplog.messages == []


def test_where_there_is_no_file_there_are_no_servers_to_start_with(tmp_path):
    assert named_servers(ResolverSettings(resolv_conf=tmp_path / "none")) == ()


def test_a_file_that_is_gone_leaves_what_it_said(file):
    nameservers = Nameservers(ResolverSettings(resolv_conf=file))
    file.unlink()
    assert not nameservers.has_changed(1.0)
    assert (list(nameservers.servers), nameservers.candidates("web")) == ([FIRST], ["web.shop.example", "web"])


def test_no_server_at_all_is_said_once_with_what_to_do_when_somebody_has_to_be_asked(tmp_path, caplog):
    nameservers = Nameservers(ResolverSettings(resolv_conf=tmp_path / "none"))
    assert caplog.messages == []
    assert [nameservers.order(name, 1.0) for name in ("a", "b")] == [(), ()]
    (said,) = caplog.messages
    assert said == f"no DNS server is known: {tmp_path}/none names none; say --dns-server ADDR"


def test_servers_by_flag_win_and_the_file_still_says_domains(file):
    nameservers = Nameservers(ResolverSettings(servers=(SECOND,), resolv_conf=file))
    assert (list(nameservers.servers), nameservers.candidates("web")) == ([SECOND], ["web.shop.example", "web"])
    file.write_text("nameserver 10.0.0.9\nsearch other.example\n")
    assert nameservers.has_changed(1.0)
    assert (list(nameservers.servers), nameservers.candidates("web")[0]) == ([SECOND], "web.other.example")


def test_a_server_that_falls_silent_and_answers_again_is_said_once_each_time(file, caplog):
    caplog.set_level("INFO")
    nameservers = Nameservers(ResolverSettings(resolv_conf=file))
    for now in (2.0, 4.0):
        nameservers.note(FIRST, SILENT, asked_at=now - 2, now=now)
    (fell,) = caplog.messages
    assert "10.0.0.2:53 does not answer (got no answer within 2 s)" in fell
    for now in (5.0, 6.0):
        nameservers.note(FIRST, Failure(Outcome.REFUSED, "got REFUSED"), asked_at=now, now=now)
    assert caplog.messages == [fell, "DNS server 10.0.0.2:53 answers again"]
