"""Lines of docs/haproxy-facts.md about OCSP answers that HAProxy fetches, on every HAProxy that can."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from hadyn.errors import HadynError
from hadyn.model.stapling import is_sound
from integration.haproxies import DidNotStart, HAProxyBinary, RunningHAProxy
from integration.responders import SECONDS, Responder, stapled
from integration.scripted_dns import Asked, ScriptedDns
from tests.pairs import Pair, pair
from tests.responding import Authority, serial

FRONT = "frontend front\n  bind unix@{folder}/tls.sock ssl crt-list {folder}/list\n  http-request return status 200\n"
ON = "[ocsp-update on] "
RENEWALS = 300
ATTEMPTS = 5
"""So often a HAProxy is given the chance to die that does so nearly always."""


class Fetching:
    """A HAProxy with a list that grows by command, beside the responder of an authority."""

    def __init__(self, running: RunningHAProxy, authority: Authority, responder: Responder) -> None:
        self.running = running
        self.authority = authority
        self.responder = responder

    @property
    def front(self) -> Path:
        return self.running.folder / "tls.sock"

    def issue(self, host: str, url: str = "") -> Pair:
        return self.authority.issue(host, url or self.responder.url)

    def set(self, name: str, found: Pair) -> str:
        """Make a certificate known or change it; return what was said at last."""
        self.running.say(f"new ssl cert {{folder}}/{name}.pem")
        self.running.say(f"set ssl cert {{folder}}/{name}.pem <<\n{found.pem}")
        said = self.running.say(f"commit ssl cert {{folder}}/{name}.pem").strip()
        self.running.say(f"abort ssl cert {{folder}}/{name}.pem")
        return said

    def add(self, name: str, host: str, brackets: str = ON) -> str:
        return self.running.say(
            f"add ssl crt-list {{folder}}/list <<\n{{folder}}/{name}.pem {brackets}{host}\n"
        ).strip()

    def serve(self, name: str, host: str, url: str = "") -> tuple[str, int]:
        """Serve a certificate with answers; return what will be stapled."""
        found = self.issue(host, url)
        self.set(name, found)
        assert self.add(name, host).endswith("Success!")
        return "good", serial(found)

    @property
    def at_start(self) -> tuple[str, int]:
        """What will be stapled for a.example."""
        return "good", next(iter(self.authority.issued))

    def until_stapled(self, host: str, what: tuple[str, int]) -> None:
        self.until(lambda: stapled(self.front, host) == what)

    def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + SECONDS
        while not is_so():
            assert time.monotonic() < deadline, self.running.say("show ssl ocsp-updates")
            time.sleep(0.01)

    def updates(self, name: str) -> str:
        """What HAProxy tells of its questions about a certificate, "" for one that it does not ask about."""
        rows = self.running.say("show ssl ocsp-updates").splitlines()
        return next((row for row in rows if f"/{name}.pem " in row), "")

    def rows(self, name: str) -> list[str]:
        """The lines of a certificate, as HAProxy shows them, without its path."""
        rows = self.running.say("show ssl crt-list {folder}/list").replace("\0", "").splitlines()
        return [row.partition(f"/{name}.pem ")[2] for row in rows if f"/{name}.pem " in row]


@contextmanager
def fetcher(haproxy: HAProxyBinary, configuration: str = "") -> Iterator[Fetching]:
    """Start a HAProxy that has a.example in its file, with answers."""
    authority = Authority()
    with Responder(authority) as responder:
        files = {
            "default.pem": pair("default.example").pem,
            "a.pem": authority.issue("a.example", responder.url).pem,
            "list": f"{{folder}}/default.pem !*\n{{folder}}/a.pem {ON}a.example\n",
        }
        with RunningHAProxy(haproxy, configuration + FRONT, files, is_master=True) as running:
            yield Fetching(running, authority, responder)


@pytest.fixture
def sound(haproxy: HAProxyBinary) -> HAProxyBinary:
    """Each that does it without faults."""
    if not is_sound(haproxy.version):
        pytest.skip("it cannot, or dies of it")
    return haproxy


@pytest.fixture
def fetching(sound: HAProxyBinary) -> Iterator[Fetching]:
    with fetcher(sound) as found:
        yield found


@pytest.mark.fact("ocsp-answers")
def test_answers_are_fetched_at_once_for_what_starts_comes_or_is_renewed(fetching):
    fetching.until_stapled("a.example", fetching.at_start)
    fetching.until_stapled("b.example", fetching.serve("b", "b.example"))
    renewed = fetching.issue("b.example")
    fetching.set("b", renewed)
    fetching.until_stapled("b.example", ("good", serial(renewed)))

    fetching.authority.revoked.add(serial(renewed))
    fetching.running.say("update ssl ocsp-response {folder}/b.pem")
    fetching.until_stapled("b.example", ("revoked", serial(renewed)))
    fetching.running.say("del ssl crt-list {folder}/list {folder}/b.pem", "del ssl cert {folder}/b.pem")

    assert fetching.updates("a")
    assert not fetching.updates("b")


@pytest.mark.fact("ocsp-answers")
def test_an_answer_is_stapled_no_more_in_its_last_five_minutes(fetching):
    fetching.until_stapled("a.example", fetching.at_start)
    fetching.authority.fresh = timedelta(seconds=290)
    _, number = fetching.serve("b", "b.example")
    fetching.until(lambda: "| 0 | 0 | 0 | Unknown" not in fetching.updates("b"))

    assert "Update successful" in fetching.updates("b") or "no longer valid" in fetching.updates("b")
    assert stapled(fetching.front, "b.example") is None
    assert fetching.responder.asked[number] > 0
    assert stapled(fetching.front, "a.example") == fetching.at_start


@pytest.mark.fact("ocsp-lines")
def test_all_lines_of_a_certificate_say_the_same_until_it_is_renewed(fetching, haproxy):
    first = fetching.serve("b", "b.example")
    without = fetching.add("b", "other.example", "")
    second = fetching.add("b", "c.example", "[alpn http/1.1 ocsp-update on] ")
    shown = fetching.rows("b")
    fetching.until_stapled("c.example", first)

    renewed = fetching.issue("b.example")
    fetching.set("b", renewed)
    with_words, bare = fetching.add("b", "d.example"), fetching.add("b", "e.example", "")
    host = "d.example" if with_words.endswith("Success!") else "e.example"
    fetching.until_stapled(host, ("good", serial(renewed)))

    assert "Can't edit the crt-list" in without
    assert second.endswith("Success!")
    assert shown == ["[ocsp-update on] b.example", "[alpn http/1.1 ocsp-update on] c.example"]
    assert with_words.endswith("Success!") != haproxy.is_at_least(3, 0)
    assert bare.endswith("Success!") == haproxy.is_at_least(3, 0)
    assert ("is already instantiated with incompatible parameters" in with_words) == haproxy.is_at_least(3, 0)


@pytest.mark.fact("ocsp-lines")
def test_a_certificate_of_two_names_is_asked_for_in_one_of_them(fetching):
    found = fetching.issue("b.example")
    fetching.set("plain", found)
    fetching.set("fetching", found)
    fetching.add("plain", "plain.example", "")
    fetching.add("fetching", "fetching.example")
    fetching.until_stapled("fetching.example", ("good", serial(found)))

    assert stapled(fetching.front, "plain.example") is None


@pytest.mark.fact("ocsp-lines")
def test_a_certificate_without_issuer_or_responder_gets_no_such_line(fetching, haproxy):
    authority, url = fetching.authority, fetching.responder.url
    fetching.set("alone", authority.issue("b.example", url, has_issuer=False))
    fetching.set("mute", authority.issue("b.example"))
    fetching.serve("c", "c.example")
    alone, mute = fetching.add("alone", "b.example"), fetching.add("mute", "b.example")

    assert "maybe the OCSP URI or the issuer could not be found" in alone
    assert mute.endswith("Success!") == haproxy.is_at_least(3, 0)
    assert "Failed!" in fetching.set("c", authority.issue("c.example", url, has_issuer=False))


@pytest.mark.fact("ocsp-servers-that-are-silent")
def test_a_server_that_never_answers_keeps_haproxy_from_asking_others(fetching):
    fetching.until_stapled("a.example", fetching.at_start)
    with Responder(fetching.authority) as silent:
        silent.open.clear()
        _, number = fetching.serve("b", "b.example", silent.url)
        fetching.until(lambda: silent.asked[number] > 0)
        other = fetching.serve("c", "c.example")
        fetching.running.say("del ssl crt-list {folder}/list {folder}/b.pem", "del ssl cert {folder}/b.pem")
        meanwhile = stapled(fetching.front, "a.example"), stapled(fetching.front, "c.example")
        asked = fetching.responder.asked[other[1]]
        silent.open.set()
        fetching.until_stapled("c.example", other)

    assert meanwhile == (fetching.at_start, None)
    assert asked == 0


@pytest.mark.fact("ocsp-answers")
def test_a_reload_begins_without_answers(fetching):
    fetching.until_stapled("a.example", fetching.at_start)
    fetching.responder.open.clear()
    fetching.running.reload()

    assert stapled(fetching.front, "a.example") is None
    fetching.responder.open.set()
    fetching.until_stapled("a.example", fetching.at_start)


@pytest.mark.fact("ocsp-servers-by-name")
def test_names_are_asked_of_the_default_resolvers_and_any_scheme_means_http(sound):
    def script(asked: Asked) -> list[bytes]:
        return [asked.framed(asked.answer(*(["A 127.0.0.1"] if asked.type == "A" else [])))]

    with (
        ScriptedDns(script) as dns,
        fetcher(sound, f"resolvers default\n  nameserver dns {dns.address}\n") as fetching,
    ):
        port = fetching.responder.port
        named = fetching.serve("b", "b.example", f"http://inside:{port}/")
        other = fetching.serve("c", "c.example", f"ftp://127.0.0.1:{port}/")
        fetching.until_stapled("b.example", named)
        fetching.until_stapled("c.example", other)

    assert f"inside:{port}" in fetching.responder.hosts
    assert "udp inside A" in dns.asked_names()


@pytest.mark.fact("ocsp-crashes")
def test_a_certificate_of_many_lines_is_renewed_without_a_crash_by_those_that_hadyn_lets(haproxy):
    attempts = 1 if is_sound(haproxy.version) else ATTEMPTS

    assert starts(haproxy) == haproxy.is_at_least(2, 8)
    assert all(starts(haproxy) and survives(haproxy) for _ in range(attempts)) == is_sound(haproxy.version)


def starts(haproxy: HAProxyBinary) -> bool:
    try:
        with fetcher(haproxy):
            return True
    except DidNotStart as said:
        return "unknown ssl keyword ocsp-update" not in str(said)


def survives(haproxy: HAProxyBinary) -> bool:
    with fetcher(haproxy) as fetching:
        worker = fetching.running.pid()
        fetching.serve("b", "b.example")
        for number in range(20):
            fetching.add("b", f"h{number}.example")
        try:
            for _ in range(RENEWALS):
                fetching.set("b", fetching.issue("b.example"))
        except HadynError:
            return False
        return fetching.running.pid() == worker
