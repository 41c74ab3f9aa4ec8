"""Backends that DNS fills, with a server that answers as badly as it is told to.

Its records are those that are wanted, whatever it says at the moment: a calm moment begins with ``heal``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

import dns.flags
from dns.rcode import Rcode

from integration import manifests, named_pods
from integration.running import Ground
from integration.scripted_dns import Asked, ScriptedDns

BACKENDS = HEADLESS = 3
ADDRESSES = 14
LEAST_RECORDS, MOST_RECORDS = 7, 12
"""Half of all at least: of a server that once named others each time, a smaller answer is believed after minutes."""
LEFT_BY_CUTTING = 3
PORT = 9000
HELD_SECONDS = 2
HOLDS = ("obsolete", "nx")
"""Short, so that a fault of a few seconds takes records away, and a calm moment need not wait for long."""

Records = tuple[str, ...]
Answer = Callable[[Asked, Records], Iterable[bytes]]


class Names:
    """A ``kind: Backend`` for the first few names, a headless Service for the rest; nobody has to answer there."""

    def __init__(self, ground: Ground, chances: random.Random) -> None:
        self._ground = ground
        self._chances = chances
        self._answer: Answer = whole
        self._ips = {name: ips_of(number)[:LEAST_RECORDS] for number, name in enumerate(NAMES)}
        # It answers over UDP alone: what is cut cannot be had whole.
        self._server = ScriptedDns(self._script, has_tcp=False)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def flags(self) -> tuple[str, ...]:
        """How hadyn is told of the server."""
        return named_pods.dns_flags(self._server.address, *(f"--dns-hold={name}={HELD_SECONDS}s" for name in HOLDS))

    @property
    def entries(self) -> dict[str, str]:
        """The map entries that lead to these backends."""
        return {f"{name}.example/": backend_of(name) for name in NAMES}

    @property
    def wanted(self) -> dict[str, list[str]]:
        """Who shall take requests, by backend."""
        return {backend_of(name): sorted(f"{ip}:{PORT}" for ip in ips) for name, ips in self._ips.items()}

    def begin(self) -> None:
        for name in NAMES:
            self._ground.write(f"{name}.yaml", *documents(name))

    def change(self) -> None:
        """Let the records of some name be others; a server that names none is one of the faults."""
        number = self._chances.randrange(len(NAMES))
        self._ips[NAMES[number]] = self._chances.sample(
            ips_of(number), self._chances.randint(LEAST_RECORDS, MOST_RECORDS)
        )

    @property
    def faults(self) -> Mapping[str, Callable[[], object]]:
        """What the server can be told to do from now on, by name."""
        return {f"DNS {name}": lambda answer=answer: self._be(answer) for name, answer in ANSWERS.items()}

    def heal(self) -> None:
        """Answer well, and forget who asked: half an hour has many questions."""
        self._be(whole)
        self._server.asked.clear()

    def _be(self, answer: Answer) -> None:
        self._answer = answer

    def _script(self, asked: Asked) -> Iterable[bytes]:
        name = asked.name.split(".")[0]
        records = tuple(f"A {ip}" for ip in self._ips.get(name, ())) if asked.type == "A" else ()
        return self._answer(asked, records)


def whole(asked: Asked, records: Records) -> Iterable[bytes]:
    return [asked.answer(*records)]


def silent(_asked: Asked, _records: Records) -> Iterable[bytes]:
    return []


def rotating(asked: Asked, records: Records) -> Iterable[bytes]:
    """Half of them, and another half each time."""
    begin = len(asked.server.asked)
    return [asked.answer(*(records[(begin + more) % len(records)] for more in range((len(records) + 1) // 2)))]


def cut(asked: Asked, records: Records) -> Iterable[bytes]:
    message = asked.built(*records[:LEFT_BY_CUTTING])
    message.flags |= dns.flags.TC
    return [message.to_wire()]


def garbled(asked: Asked, records: Records) -> Iterable[bytes]:
    return [asked.answer(*records)[:-1]]


def failing(rcode: Rcode) -> Answer:
    return lambda asked, _records: [asked.answer(rcode=rcode)]


ANSWERS: Mapping[str, Answer] = {
    "answers well": whole,
    "answers are cut": cut,
    "answers are garbled": garbled,
    "is silent": silent,
    "names half each time": rotating,
    "says NXDOMAIN": failing(Rcode.NXDOMAIN),
    "says REFUSED": failing(Rcode.REFUSED),
    "says SERVFAIL": failing(Rcode.SERVFAIL),
}
KINDS = ("backend",) * BACKENDS + ("headless",) * HEADLESS
NAMES = tuple(f"{kind}-{number}" for number, kind in enumerate(KINDS))


def documents(name: str) -> Iterable[dict[str, Any]]:
    host = f"{name}.example"
    if name.startswith("backend"):
        return named_pods.backend(f"{host}.", PORT, name=name), named_pods.ingress(name, host=host)
    headless = manifests.service(name, target=PORT, discovery="dns")
    headless["spec"]["clusterIP"] = "None"
    return headless, manifests.ingress(name, host=host)


def backend_of(name: str) -> str:
    return f"shop_{name}" if name.startswith("backend") else f"shop_{name}_80"


def ips_of(number: int) -> list[str]:
    return [f"10.99.{number}.{last}" for last in range(1, ADDRESSES + 1)]
