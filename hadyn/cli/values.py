"""Values of flags, judged before anything starts."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from pathlib import Path
from typing import Any

import click

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_OBJECT = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_HOST = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
_HOST_CHARACTERS = 253
_SERVICE = re.compile(r"[a-z0-9][-a-z0-9]*/[a-z0-9][-a-z0-9.]*:[A-Za-z0-9][-A-Za-z0-9]*")
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/+~-]+")
SHORTEST_INTERVAL = 0.1
"""Seconds: who looks more often than this keeps a processor busy, and sees no more."""
_LONGEST_SOCKET = "/master/master.sock"
_SOCKET_PATH_BYTES = 97
"""HAProxy binds a socket under a longer name first, so less than the 107 bytes of the kernel are left."""

Parameter = click.Parameter | None
Context = click.Context | None


class Duration(click.ParamType[float]):
    """A time as ``30s``, ``500ms``, ``5m``, ``1h`` or ``1m30s``; the value is in seconds, at ``least`` so many."""

    name = "duration"

    def __init__(self, *, least: float = 0.0) -> None:
        self._least = least

    def convert(self, value: Any, param: Parameter, ctx: Context) -> float:
        if isinstance(value, float):
            return value
        text = str(value)
        parts = re.findall(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)", text, re.ASCII)
        if text != "0" and (not parts or "".join(number + unit for number, unit in parts) != text):
            self.fail(f"{text!r} is not a time such as 30s, 500ms, 5m or 1m30s", param, ctx)
        seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
        if seconds < self._least:
            self.fail(f"{text!r} is too short, it takes {self._least:g}s or more", param, ctx)
        return seconds


class IPAddress(click.ParamType[str]):
    """An IP address to listen on, in canonical spelling."""

    name = "address"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        try:
            return str(ipaddress.ip_address(str(value)))
        except ValueError:
            self.fail(f"{value!r} is not an IP address such as 192.0.2.7 or ::", param, ctx)


class CertificateName(click.ParamType[str]):
    """A file, as ``/etc/tls.pem`` or ``./tls.pem`` (the value is its whole path), or a Secret, as ``namespace/name``."""

    name = "certificate"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        text = str(value)
        if text.startswith(("/", "./", "../")):
            return str(Path(text).absolute())
        if text and not _OBJECT.fullmatch(text):
            self.fail(f"{text!r} is neither a path that begins with / or ./ nor namespace/name", param, ctx)
        return text


class HostPort(click.ParamType[str]):
    """Host and port as ``127.0.0.1:8404``, ``[::1]:8404`` or ``:8404`` (all addresses), port 0 for any; "" for none."""

    name = "host:port"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        text = str(value)
        host, separator, port = text.rpartition(":")
        is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
        is_host = ":" not in host or (host[0] == "[" and host[-1] == "]")
        if text and not (separator and is_port and is_host):
            self.fail(f"{text!r} is not a host and a port such as 127.0.0.1:8404", param, ctx)
        return text


class DnsDomain(click.ParamType[str]):
    """A DNS domain, in lower case without final dot."""

    name = "domain"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        from hadyn.model.dns_names import checked_dns_name  # noqa: PLC0415 - help shall be fast

        try:
            return checked_dns_name(value).removesuffix(".")
        except ValueError as cause:
            self.fail(f"{value!r} {cause}; say something like cluster.local", param, ctx)


class Namespace(click.ParamType[str]):
    """The name of a Kubernetes namespace."""

    name = "namespace"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        text = str(value)
        if not _NAMESPACE.fullmatch(text):
            self.fail(f"{text!r} is not the name of a namespace such as shop; leave the flag out for all", param, ctx)
        return text


class ServiceName(click.ParamType[str]):
    """The name of an object as ``namespace/name``, or "" for none."""

    name = "namespace/name"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        text = str(value)
        if text and not _OBJECT.fullmatch(text):
            self.fail(f"{text!r} is not a namespace and a name such as hadyn/hadyn", param, ctx)
        return text


class PublishedAddress(click.ParamType[str]):
    """Where clients reach HAProxy: an IP address, in canonical spelling, or a host name."""

    name = "address"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        text = str(value)
        with contextlib.suppress(ValueError):
            return str(ipaddress.ip_address(text))
        if not _HOST.fullmatch(text) or len(text) > _HOST_CHARACTERS or text.replace(".", "").isdigit():
            self.fail(f"{text!r} is neither an IP address nor a host name such as lb.example", param, ctx)
        return text


class ServicePort(click.ParamType[str]):
    """A port of a Service as ``namespace/name:port``, or "" for none."""

    name = "namespace/name:port"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        text = str(value)
        if text and not _SERVICE.fullmatch(text):
            self.fail(f"{text!r} is not a port of a Service such as shop/web:80", param, ctx)
        return text


class StateDir(click.ParamType[Path]):
    """A folder whose path leaves room for the names of sockets in it; the value is absolute."""

    name = "directory"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> Path:
        path = Path(os.fspath(value)).absolute()
        room = _SOCKET_PATH_BYTES - len(_LONGEST_SOCKET)
        if len(os.fsencode(path)) > room:
            self.fail(f"the path has more than {room} bytes, too many for the sockets in it: {path}", param, ctx)
        return path


class SocketPath(click.ParamType[Path]):
    """The path of a socket of HAProxy, which its configuration names; the value is absolute, or ``Path()`` for none."""

    name = "path"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> Path:
        if value == Path():
            return Path()
        path = Path(os.fspath(value)).absolute()
        if len(os.fsencode(path)) > _SOCKET_PATH_BYTES:
            self.fail(f"the path has more than {_SOCKET_PATH_BYTES} bytes, too many for a socket: {path}", param, ctx)
        if not _PLAIN_PATH.fullmatch(str(path)):
            self.fail(f"HAProxy's files cannot name the path {path}: use letters, digits and ._/+~-", param, ctx)
        return path
