"""Ask a running hadyn over its control socket."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from click.core import ParameterSource

from hadyn.errors import HadynError, PermanentError, WrongUsage
from hadyn.settings import Settings

TIMEOUT_SECONDS = 15.0
"""Longer than hadyn itself waits for its owner thread, so that its own words arrive."""


class NotRunning(PermanentError):
    """No hadyn answers in a state folder."""

    def __init__(self, state_dir: Path, why: str) -> None:
        super().__init__(
            f"no hadyn runs with the state folder {state_dir}: {why}",
            remedy="Start one with `hadyn run`, or say with --state-dir where its folder is",
        )


class ControlFailed(PermanentError):
    """hadyn answered that it cannot tell, or not in time."""


def ask(
    state_dir: Path,
    path: str,
    query: Mapping[str, Any] | None = None,
    *,
    method: str = "GET",
    timeout: float = TIMEOUT_SECONDS,
) -> Any:
    """Return the JSON that hadyn answers to GET ``path``, or does to POST; values of ``query`` may be lists.

    Raises NotRunning where nobody listens, WrongUsage where it does not know what was
    asked for, ControlFailed otherwise.
    """
    connection = _ControlConnection(Settings(state_dir=state_dir).control_socket, timeout)
    try:
        connection.request(method, f"{path}?{urlencode(query, doseq=True)}" if query else path)
        response = connection.getresponse()
        body = response.read()
    except TimeoutError as cause:
        raise ControlFailed(
            f"hadyn in {state_dir} does not answer within {timeout:g} s",
            remedy="It may be stopped or overloaded; see its log",
        ) from cause
    except http.client.RemoteDisconnected as cause:
        raise ControlFailed(f"the hadyn in {state_dir} hung up", remedy="It may just be stopping; ask again") from cause
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as cause:
        raise NotRunning(state_dir, "it has no control socket that answers") from cause
    except OSError as cause:
        raise NotRunning(state_dir, cause.strerror or str(cause)) from cause
    except http.client.HTTPException as cause:
        raise ControlFailed(f"what answers in {state_dir} is no hadyn", remedy="See who owns control.sock") from cause
    finally:
        connection.close()
    return _judged(response.status, body, state_dir)


def ask_unless_given(
    manifests: Collection[Path], state_dir: Path, path: str, query: Mapping[str, Any] | None = None
) -> Any:
    """Ask a running hadyn; None where the manifests are to be judged instead.

    That is so where they stand on the command line, or come from elsewhere
    (HADYN_MANIFESTS, --config) and no hadyn runs.
    """
    context = click.get_current_context()
    if manifests and context.get_parameter_source("manifests") is ParameterSource.COMMANDLINE:
        return None
    try:
        return ask(state_dir, path, query)
    except NotRunning:
        if manifests:
            return None
        raise


def _judged(status: int, body: bytes, state_dir: Path) -> Any:
    try:
        document = json.loads(body)
    except ValueError as cause:
        raise ControlFailed(f"what answers in {state_dir} is no hadyn", remedy="See who owns control.sock") from cause
    if status == http.client.OK:
        return document
    happened = str(document.get("happened", f"hadyn answered {status}"))
    remedy = str(document.get("remedy", "See its log"))
    failure: type[HadynError] = WrongUsage if status in (400, 404) else ControlFailed
    raise failure(happened, remedy=remedy)


class _ControlConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
