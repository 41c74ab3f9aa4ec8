"""The server that says what became of an authority's certificates, and clients that ask a handshake for it."""

from __future__ import annotations

import base64
import re
import subprocess
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import unquote

from cryptography.x509 import ocsp

from tests.responding import Authority

SECONDS = 30.0
_STAPLED = re.compile(r"Serial Number: ([0-9A-F]+)\s+Cert Status: (\w+)")


class Responder:
    """Answers over HTTP while it is entered; ``asked`` counts the questions by serial number. One that is not ``open`` is silent."""

    def __init__(self, authority: Authority) -> None:
        self.asked: Counter[int] = Counter()
        self.hosts: list[str] = []
        self.open = threading.Event()
        self.open.set()
        responder = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                question = base64.b64decode(unquote(self.path.lstrip("/")))
                responder.hosts.append(self.headers["Host"])
                responder.asked[ocsp.load_der_ocsp_request(question).serial_number] += 1
                responder.open.wait()
                said = authority.answer(question)
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # whoever hung up needs no answer
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.open.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def stapled(where: Path | int, host: str) -> tuple[str, int] | None:
    """Shake hands over a unix socket or a port; return what is stapled: what became of a certificate, its number. None for nothing."""
    place = ["-connect", f"127.0.0.1:{where}"] if isinstance(where, int) else ["-unix", str(where)]
    asking = ["openssl", "s_client", *place, "-servername", host, "-status"]
    said = subprocess.run(asking, input="", capture_output=True, text=True, check=False, timeout=SECONDS).stdout
    found = _STAPLED.search(said)
    return (found[2], int(found[1], 16)) if found else None
