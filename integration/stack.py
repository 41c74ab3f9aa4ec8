"""Files and process as ``hadyn run`` puts them together, without a controller; pods that echo."""

from __future__ import annotations

import http.client
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from hadyn.controller.intent import NO_WISH
from hadyn.model.addresses import Address
from hadyn.model.credentials import Credentials
from hadyn.model.desired import Backend, Endpoint, MapKey
from hadyn.model.directives import Directive
from hadyn.model.main_wish import MainWish
from hadyn.model.names import slot_name
from hadyn.planner.plan import Seating
from hadyn.process.haproxy import HAProxyProcess
from hadyn.process.privileges import NOBODY as NOBODYS_ID
from hadyn.process.privileges import can_confine
from hadyn.process.versions import examined
from hadyn.render.certificates import DEFAULT, LISTING
from hadyn.render.config import ConfigSettings, Jail, backend_section, main_config
from hadyn.render.credentials import nobodys
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.render.replicas import alone
from hadyn.render.resolvers import Resolvers
from hadyn.render.self_made import NOBODY, made_here, make_certificate
from hadyn.render.tls import TlsSettings
from hadyn.settings import Settings
from integration.haproxies import free_port

ANSWER_SECONDS = 10.0


class Stack:
    """One state folder with its files and its HAProxy; leave it as a context manager and it is gone."""

    def __init__(
        self,
        haproxy: Path,
        *,
        state_dir: Path | None = None,
        port: int | None = None,
        ip: str = "127.0.0.1",
        speaks_tls: bool = False,
    ) -> None:
        self._parent = tempfile.TemporaryDirectory(prefix="hadyn-")
        self.settings = Settings(state_dir=state_dir or Path(self._parent.name) / "state")
        self.address = Address(ip, port or free_port())
        self.encrypted = Address("127.0.0.1", free_port()) if speaks_tls else None
        self.folder = StateFolder(self.settings.state_dir)
        self.folder.prepare()
        self.files = StateFiles(self.folder)
        self.files.load()
        self.process = HAProxyProcess(
            examined(haproxy),
            configuration=self.folder.configuration,
            runtime_socket=self.settings.runtime_socket,
            master_socket=self.settings.master_socket,
            log=self.folder.log,
        )
        if self.encrypted:
            self.files.certificates.put(DEFAULT, make_certificate())
            self.files.certificates.write()
        self.files.put_main(self.main_text())

    def main_text(self, wish: MainWish = NO_WISH) -> str:
        """The main file as objects want it."""
        replicas = alone(str(self.settings.runtime_socket)) if wish.remembers_clients else None
        settings = replace(self.config_settings(), options=wish.options, replicas=replicas, extras=wish.extras)
        return main_config(settings, self.process.binary.capabilities)

    def config_settings(self) -> ConfigSettings:
        return ConfigSettings(
            bind=(self.address,),
            runtime_socket=str(self.settings.runtime_socket),
            maps=str(self.folder.maps),
            credentials=str(self.folder.credentials),
            errors=str(self.folder.errors),
            maxconn=200,
            jail=Jail(str(self.folder.empty), NOBODYS_ID, NOBODYS_ID) if can_confine() else None,
            tls=TlsSettings((self.encrypted,), str(self.folder.certificates / LISTING)) if self.encrypted else None,
            resolvers=Resolvers((Address("127.0.0.1", 9),)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.adopt()
        self.process.stop(0.0)
        self._parent.cleanup()

    def put(self, name: str, *endpoints: Endpoint, slots: int = 4, directives: Iterable[Directive] = ()) -> None:
        """Set a backend whose requests carry its name as X-Backend."""
        named = Directive("http-request", "set-header", "X-Backend", name)
        backend = Backend(name, f"test/{name}", directives=(named, *directives))
        seats = {slot_name(number): endpoint for number, endpoint in enumerate(endpoints, 1)}
        self.files.sections.put(name, backend_section(backend, Seating(slots, seats)))

    def put_credentials(self, book: Credentials) -> None:
        """Write the files that server lines name; what no Secret holds is nobody's."""
        for file in book.files():
            self.files.credentials.put(file, book.content(file).pem or nobodys(file, made_here(NOBODY)))
        self.files.credentials.write()

    def route(self, entries: Mapping[MapKey, str | None]) -> None:
        self.files.put_maps(entries)
        self.files.write_maps()

    def install(self) -> None:
        """Have HAProxy judge the files, then let them be live."""
        candidate = self.files.stage()
        self.process.check(candidate.files)
        self.files.install(candidate)

    def start(self) -> int:
        self.install()
        return self.process.start([self.address])

    def get(self, path: str = "/", *, host: str = "a.example", **headers: str) -> tuple[int, dict[str, str]]:
        """Return the status and what the pod saw of the request ({} where no pod answered)."""
        connection = http.client.HTTPConnection(self.address.ip, self.address.port, timeout=ANSWER_SECONDS)
        try:
            connection.putrequest("GET", path, skip_host=True)
            for name, value in {"Host": host, **headers}.items():
                connection.putheader(name.replace("__", "_"), value)
            connection.endheaders()
            response = connection.getresponse()
            body = response.read()
            return response.status, json.loads(body) if body.startswith(b"{") else {}
        finally:
            connection.close()


class EchoPod(ThreadingHTTPServer):
    """Answers with the headers it sees, lower case, and the path as ":path". /slow waits for ``go_on``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), EchoHandler)
        self.seen = 0
        self.last_headers: list[tuple[str, str]] = []
        self.go_on = Event()
        self.has_slow_request = Event()
        self._thread = Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.server_address[1])

    def handle_error(self, *_: object) -> None:
        """A connection that HAProxy broke is no news."""

    def __exit__(self, *_: object) -> None:
        self.go_on.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class EchoHandler(BaseHTTPRequestHandler):
    """See EchoPod."""

    protocol_version = "HTTP/1.1"
    server: EchoPod

    def do_GET(self) -> None:
        if self.path == "/slow":
            self.server.has_slow_request.set()
            self.server.go_on.wait(ANSWER_SECONDS)
        self.server.seen += 1
        self.server.last_headers = self.headers.items()
        self.rfile.read(int(self.headers.get("content-length", "0")))
        body = json.dumps(
            {name.lower(): value for name, value in self.headers.items()} | {":path": self.requestline.split(" ")[1]}
        ).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
