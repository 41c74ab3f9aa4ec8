"""Which HAProxy the settings mean: one that hadyn starts, or one that somebody else starts."""

from __future__ import annotations

from hadyn.errors import HAProxyUnusable
from hadyn.process.door import Door
from hadyn.process.haproxy import HAProxyProcess
from hadyn.process.sidecar import Sidecar
from hadyn.process.versions import HAProxyBinary, find_haproxy
from hadyn.render.folder import StateFolder
from hadyn.runtime.client import identify
from hadyn.runtime.connection import unix_conversation
from hadyn.settings import Settings


def door(settings: Settings, folder: StateFolder) -> Door:
    """Return the door to HAProxy; raises HAProxyUnusable, WrongUsage."""
    if not settings.sidecar:
        return HAProxyProcess(
            find_haproxy(settings.haproxy),
            configuration=folder.configuration,
            runtime_socket=settings.runtime_socket,
            master_socket=settings.master_socket,
            log=folder.log,
        )
    converse = unix_conversation(settings.runtime_socket)
    return Sidecar(
        runtime_socket=settings.runtime_socket,
        master_socket=settings.master_socket,
        judge=_judge(settings),
        identify=lambda: identify(converse, str(settings.runtime_socket)).version,
    )


def _judge(settings: Settings) -> HAProxyBinary | None:
    """Return a HAProxy that can judge files for the one beside; None where none is at hand."""
    try:
        return find_haproxy(settings.haproxy)
    except HAProxyUnusable:
        if settings.haproxy is not None:
            raise
        return None
