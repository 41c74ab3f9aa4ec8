"""The flags that say how names are resolved, for every command that does."""

from __future__ import annotations

import ipaddress
from typing import Any

import click

from hadyn.cli.flags import together
from hadyn.cli.values import Context, Duration, Parameter
from hadyn.settings import Settings

DNS_PORT = 53
HOLDS = ("valid", "obsolete", "nx", "timeout", "refused", "other")
FOREVER = "forever"
_ALWAYS_END = ("valid", "obsolete")


class DnsServer(click.ParamType[str]):
    """The address of a DNS server as ``10.96.0.10``, ``127.0.0.1:8600`` or ``[fd00::a]:53``; the value has a port."""

    name = "server"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        text = str(value)
        host, _, port = text.rpartition(":") if text.count(":") == 1 or "]:" in text else (text, "", str(DNS_PORT))
        try:
            ip = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            self.fail(f"{text!r} is not the address of a DNS server such as 10.96.0.10 or 127.0.0.1:8600", param, ctx)
        if "%" in host:
            self.fail(f"{text!r} is a server of one link alone, which HAProxy could not ask; name another", param, ctx)
        if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
            self.fail(f"{text!r} has no port from 1 to 65535", param, ctx)
        return f"[{ip}]:{int(port)}" if ip.version == 6 else f"{ip}:{int(port)}"


class NetworkRange(click.ParamType[str]):
    """A network as ``10.0.0.0/8`` or ``fd00::/8``."""

    name = "network"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> str:
        try:
            return str(ipaddress.ip_network(str(value)))
        except ValueError as cause:
            self.fail(f"{str(value)!r} is not a network such as 10.0.0.0/8: {cause}", param, ctx)


class Hold(click.ParamType[tuple[str, float | None]]):
    """One hold time as ``nx=30s`` or ``timeout=forever``; the value is its name and seconds, None for ever."""

    name = "name=time"

    def convert(self, value: Any, param: Parameter, ctx: Context) -> tuple[str, float | None]:
        if isinstance(value, tuple):
            return value
        name, _, time = str(value).partition("=")
        if name not in HOLDS:
            self.fail(f"{str(value)!r} is none of {', '.join(f'{each}=TIME' for each in HOLDS)}", param, ctx)
        if time == FOREVER:
            if name in _ALWAYS_END:
                self.fail(f"{name} cannot be for ever", param, ctx)
            return name, None
        return name, Duration().convert(time, param, ctx)


dns_flags = together(
    click.option(
        "--dns-server",
        type=DnsServer(),
        multiple=True,
        metavar="ADDR[:PORT]",
        help="DNS server to ask, the first that answers; repeatable; default: those of /etc/resolv.conf.",
    ),
    click.option(
        "--dns-family",
        type=click.Choice(["both", "ipv4", "ipv6"]),
        default=Settings().dns_family,
        help="Ask for addresses of this family alone; HAProxy's own resolver prefers it.",
    ),
    click.option(
        "--dns-allow-network",
        type=NetworkRange(),
        multiple=True,
        metavar="NETWORK",
        help="Take addresses from DNS only if they are in it; repeatable; default: any.",
    ),
    click.option(
        "--dns-hold",
        type=Hold(),
        multiple=True,
        metavar="NAME=TIME",
        help="How long to keep what DNS said: valid, obsolete, nx, timeout, refused or other, as in nx=30s.",
    ),
    click.option(
        "--dns-min-ttl",
        type=Duration(),
        default=Settings().dns_min_ttl,
        show_default="1s",
        help="A name is not asked for again sooner, whatever its TTL.",
    ),
)
