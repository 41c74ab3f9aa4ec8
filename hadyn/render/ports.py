"""Where HAProxy listens for connections that it passes on as they are.

Rule: where they go stands in a map, so that a port leads elsewhere without a reload; only the
listener needs one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from hadyn.model.addresses import Address
from hadyn.model.desired import UNAVAILABLE, MapName, port_key
from hadyn.model.directives import Directive
from hadyn.model.names import DEFAULTS
from hadyn.model.ports import Port

FRONTEND = "_tcp_"
_LISTENING = re.compile(rf"^frontend {FRONTEND}([0-9]+) from .*\n(?:    .*\n)+", re.MULTILINE)


def ports_map(maps: str) -> str:
    """Return the path of the map of ports."""
    return f"{maps}/{MapName.PORTS}.map"


def port_sections(
    ports: Iterable[Port], ips: Iterable[str], listener: Callable[[Address], str], maps: str, *, is_logged: bool
) -> Iterator[str]:
    """Yield a section for each port, on all of these IPs; ``listener`` spells an address."""
    addresses = tuple(ips)
    for port in ports:
        header = " accept-proxy" if port.takes_header else ""
        binds = "".join(f"    bind {listener(Address(ip, port.number))}{header}\n" for ip in addresses)
        form = Directive("log-format", port.log_format) if port.log_format else Directive("option", "tcplog")
        log = f"    {form}\n" if is_logged else ""
        key = f"str({port_key(port.number)}),map_str({ports_map(maps)},{UNAVAILABLE})"
        yield f"""\
frontend {FRONTEND}{port.number} from {DEFAULTS}
    mode tcp
{binds}{log}    no option idle-close-on-response
    tcp-request connection reject if {{ {key} -m str {UNAVAILABLE} }}
    use_backend %[{key}]
"""


def listening_in(main: str) -> dict[int, str]:
    """Return the section of each port in a main file."""
    return {int(found[1]): found[0] for found in _LISTENING.finditer(main)}
