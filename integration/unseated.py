"""Ways in which somebody takes a socket's place away from whoever listens there."""

from __future__ import annotations

import socket
from pathlib import Path


def replace_by_file(path: Path) -> None:
    path.unlink()
    path.write_text("")


def replace_by_socket(path: Path) -> None:
    """Let another program have listened there, and end."""
    path.unlink()
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(path))


REPLACEMENTS = [Path.unlink, replace_by_file, replace_by_socket]
