"""Agents of pods: what HAProxy asks beside a check."""

from __future__ import annotations

import socketserver
import threading


class Agent(socketserver.ThreadingTCPServer):
    """Says one word to whoever connects, and keeps what it heard; by default on all addresses that pods have here."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, word: str, *, hears_first: bool = False) -> None:
        """One that ``hears_first`` says its word only to who says a line."""
        super().__init__(("0.0.0.0", 0), _Word)
        self.word = word
        self.hears_first = hears_first
        self.heard: set[bytes] = set()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, *_: object) -> None:
        """Say nothing: who stops asking before the word has come is HAProxy."""

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Word(socketserver.BaseRequestHandler):
    server: Agent

    def handle(self) -> None:
        if self.server.hears_first:
            self.server.heard.add(self.request.makefile("rb").readline())
        self.request.sendall(f"{self.server.word}\n".encode())
