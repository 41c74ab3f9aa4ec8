"""Unix sockets on which a fake HAProxy, or nothing sensible, answers."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Converse = Callable[[bytes], bytes]


@contextmanager
def answering(path: Path, converse: Converse) -> Iterator[None]:
    """Answer each connection to the socket with what ``converse`` makes of its first line."""

    class Exchange(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(converse(self.rfile.readline()))

    path.parent.mkdir(parents=True, exist_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Exchange) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
