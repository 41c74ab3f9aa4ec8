"""A site made of annotated manifests: hadyn's own way from objects to files, a real HAProxy, echoing pods.

Rule: what an annotation does is asked of requests and their answers, never of the files.
"""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from hadyn.model.addresses import Address
from hadyn.model.changes import Changes
from hadyn.model.inventory import Inventory
from hadyn.model.names import slot_name
from hadyn.model.policy import Policy
from hadyn.model.route_entries import entries
from hadyn.planner.plan import Seating
from hadyn.render.config import backend_section
from integration.manifests import Document, slice_
from integration.stack import ANSWER_SECONDS, EchoPod, Stack
from tests.given import decoded

SLOTS = 4
OPERATORS = "hadyn/options"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``headers`` and ``seen`` by lower-case name, ``seen`` is {} where no echoing pod answered."""

    status: int
    headers: Mapping[str, str]
    seen: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


class AnnotatedSite:
    """Serves these objects, the ConfigMap OPERATORS among them; each Service named in ``services`` of namespace shop has one pod of its own.

    ``served_by`` are addresses of pods that the test has made itself, by Service.
    """

    def __init__(
        self,
        haproxy: Path,
        *documents: Document,
        services: tuple[str, ...] = ("web",),
        served_by: Mapping[str, Sequence[Address]] = {},
        speaks_tls: bool = False,
        ip: str = "127.0.0.1",
    ) -> None:
        self._haproxy = haproxy
        self._documents = documents
        self._services = services
        self._served_by = served_by
        self._speaks_tls = speaks_tls
        self._ip = ip
        self._open = ExitStack()
        self.inventory = Inventory(Policy(config_map=OPERATORS))
        self.pods: dict[str, EchoPod] = {}
        self.stack: Stack

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self.pods = {name: opened.enter_context(EchoPod()) for name in self._services}
            objects = tuple(decoded(document) for document in (*self._documents, *self._slices()))
            self.inventory.apply(Changes("test", upserts=objects, is_operators_own=True))
            assert not self.inventory.problems(), self.inventory.problems()
            self.stack = opened.enter_context(Stack(self._haproxy, ip=self._ip, speaks_tls=self._speaks_tls))
            self._fill()
            self.stack.start()
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _slices(self) -> Iterator[Document]:
        for name, pod in self.pods.items():
            yield slice_(name, "127.0.0.1", port=pod.address.port)
        for name, addresses in self._served_by.items():
            for number, address in enumerate(addresses, 2):
                yield slice_(name, address.ip, port=address.port, number=number)

    def _fill(self) -> None:
        """Write the files as hadyn would, with every endpoint seated."""
        self.stack.files.put_main(self.stack.main_text(self.inventory.main_wish))
        self.stack.put_credentials(self.inventory.credentials)
        for name in sorted(self.inventory.backend_names()):
            backend = self.inventory.backend(name)
            assert backend is not None
            seats = {slot_name(number): endpoint for number, endpoint in enumerate(backend.endpoints, 1)}
            self.stack.files.sections.put(name, backend_section(backend, Seating(SLOTS, seats)))
        for host in self.inventory.hosts():
            self.stack.files.put_maps(entries(self.inventory.routes(host)))
        self.stack.files.write_maps()

    def request(
        self,
        path: str = "/",
        *,
        host: str = "shop.example",
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        encrypted: bool = False,
        source: str = "",
    ) -> Answer:
        """Send one request on a connection of its own, from a local address; whatever certificate there is is taken."""
        connection = self._connection(encrypted=encrypted, source=source)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": host, **(headers or {})}.items():
                connection.putheader(name, value)
            if body:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body or None)
            response = connection.getresponse()
            text = response.read()
            seen = json.loads(text) if text.startswith(b"{") else {}
            answered = {name.lower(): str(response.getheader(name)) for name, _ in response.getheaders()}
            return Answer(response.status, answered, seen, text.decode(errors="replace"))
        finally:
            connection.close()

    def received(self, service: str, name: str) -> list[str]:
        """Return each value of a header that the pod of a Service saw last."""
        return [value for key, value in self.pods[service].last_headers if key.lower() == name]

    def _connection(self, *, encrypted: bool, source: str) -> http.client.HTTPConnection:
        if not encrypted:
            ip, port = self.stack.address.ip, self.stack.address.port
            # A listener on [::] is reached by IPv4, too.
            target = ("::1" if ":" in source else "127.0.0.1") if ip == "::" else ip
            origin = (source, 0) if source else None
            return http.client.HTTPConnection(target, port, timeout=ANSWER_SECONDS, source_address=origin)
        assert self.stack.encrypted
        ip, port = self.stack.encrypted.ip, self.stack.encrypted.port
        context = ssl._create_unverified_context()  # which certificate is asked elsewhere
        return http.client.HTTPSConnection(ip, port, timeout=ANSWER_SECONDS, context=context)
