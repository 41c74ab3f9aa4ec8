"""Pods that speak TLS: each says by which names it was asked, and may ask for a certificate itself."""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path

from integration.odd_pods import OddPod
from tests.authorities import Authority
from tests.pairs import Pair

YEARS = (-400, 900)
"""Days before and after the clock of ``tests/pairs``: HAProxy's own clock says whether a pod's certificate is valid."""


class TlsPod(OddPod):
    """A pod with a certificate; ``asked`` are the names for which that was asked.

    One that ``believes`` an authority wants a certificate of it from whoever comes, or takes one where it ``insists`` on none.
    """

    def __init__(
        self,
        pair: Pair,
        *,
        believes: Authority | None = None,
        insists: bool = True,
        version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ) -> None:
        self._believes, self._insists, self._version = believes, insists, version
        self.asked: list[str | None] = []
        super().__init__("secret", tls=self._context(pair))

    def forget(self) -> None:
        for kept in (self.asked, self.protocols, self.heard):
            kept.clear()

    def become(self, pair: Pair) -> None:
        """Have another certificate from the next handshake on."""
        # Another context: one that is loaded anew has no key for a moment, and handshakes may be under way.
        self.tls = self._context(pair)

    def become_with_its_sessions(self, pair: Pair) -> None:
        """Have another certificate, and go on with the sessions of before; for a pod that nobody asks meanwhile."""
        assert self.tls is not None
        _load(self.tls, pair)

    def _context(self, pair: Pair) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _load(context, pair)
        context.maximum_version = self._version
        context.set_alpn_protocols(["h2", "http/1.1"])
        if self._believes is not None:
            context.load_verify_locations(cadata=self._believes.certificate)
            context.verify_mode = ssl.CERT_REQUIRED if self._insists else ssl.CERT_OPTIONAL
        context.sni_callback = lambda _connection, name, _context: self.asked.append(name)
        return context


def _load(context: ssl.SSLContext, pair: Pair) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pod.pem"
        path.write_text(pair.pem)
        context.load_cert_chain(path)
