"""The resolver as a test sees it: what it delivered, and what it knows."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hadyn.model.addresses import Address
from hadyn.model.resolved import DnsQuestion, RecordType, Resolved, ResolvedName
from hadyn.resolver.report import QuestionReport
from hadyn.resolver.resolution import Holds
from hadyn.resolver.resolver import Resolver
from hadyn.resolver.resolver_settings import ResolverSettings

WAIT_SECONDS = 30.0
LOOK_EVERY_SECONDS = 0.005


class Resolving:
    """A resolver that runs; ``results`` counts its queries by result."""

    def __init__(self, settings: ResolverSettings) -> None:
        self.results: Counter[str] = Counter()
        self.delivered: list[Resolved] = []
        self.resolver = Resolver(settings, time.monotonic, lambda result: self.results.update([result]))

    def want(self, *names: str) -> None:
        """Have names resolved: "web.example" for A, "web.example AAAA"."""
        self.resolver.want(map(question, names))

    def told(self, name: str) -> ResolvedName | None:
        """What was delivered last about a name."""
        wanted = question(name)
        told = [each for resolved in list(self.delivered) for each in resolved.names if each.question == wanted]
        return told[-1] if told else None

    def ips(self, name: str) -> list[str] | None:
        """The addresses delivered last; None where nothing is known."""
        told = self.told(name)
        return None if told is None or told.records is None else [record.ip for record in told.records]

    def report(self, name: str) -> QuestionReport:
        answers: queue.SimpleQueue[QuestionReport] = queue.SimpleQueue()
        self.resolver.ask(question(name), answers.put)
        return answers.get(timeout=WAIT_SECONDS)

    def until(self, is_so: Callable[[], object], seconds: float = WAIT_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, f"waited {seconds:g} s in vain: {self.delivered} {self.results}"
            time.sleep(LOOK_EVERY_SECONDS)

    def stays(self, is_so: Callable[[], object], seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert is_so(), f"{self.delivered} {self.results}"
            time.sleep(LOOK_EVERY_SECONDS)


def question(name: str) -> DnsQuestion:
    host, _, record_type = name.partition(" ")
    return DnsQuestion(host, RecordType(record_type or "A"))


@contextmanager
def resolving(*servers: Address, holds: Holds | None = None, **settings: object) -> Iterator[Resolving]:
    """Run a resolver that asks these servers."""
    made = Resolving(ResolverSettings(servers=servers, holds=holds or Holds(), **settings))  # type: ignore[arg-type]
    made.resolver.start(made.delivered.append)
    try:
        yield made
    finally:
        made.resolver.stop()
