"""What stands in front of the frontend where some hosts leave TLS to their pods.

Rule: this is there only while it is needed, for it costs every TLS connection a hop inside
HAProxy. Which hosts these are stands in a map. haproxy-facts.md#tls-passes-through
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hadyn.model.addresses import Address
from hadyn.model.desired import MapName
from hadyn.render.tls import TlsSettings

FRONTEND = "_sni"
BACKEND = "_https"


def passthrough_map(maps: str) -> str:
    """Return the path of the map of hosts."""
    return f"{maps}/{MapName.PASSTHROUGH}.map"


def asks_for_header(line: str) -> bool:
    """Whether a line of the operator's has balancers say who their client is (PROXY protocol)."""
    return line.startswith("tcp-request connection expect-proxy ")


def passthrough_sections(
    settings: TlsSettings, listener: Callable[[Address], str], *, defaults: str, maps: str, operators: Iterable[str]
) -> str:
    """Return the sections; ``listener`` spells an address, ``operators`` are the operator's lines for frontends."""
    headers = "".join(f"    {line}\n" for line in operators if asks_for_header(line))
    listeners = "".join(f"    bind {listener(address)}\n" for address in settings.bind)
    table = f"map_str({passthrough_map(maps)})"
    exact, wildcard = f"req.ssl_sni,lower,{table}", f"req.ssl_sni,lower,regsub(^[^.]*,*),{table}"
    return f"""\
frontend {FRONTEND} from {defaults}
    mode tcp
{listeners}{headers}    no option idle-close-on-response
    # the name of the host is in the first bytes that a client sends
    tcp-request inspect-delay 5s
    tcp-request content accept if {{ req.ssl_hello_type 1 }}
    use_backend %[{exact}] if {{ {exact} -m found }}
    use_backend %[{wildcard}] if {{ {wildcard} -m found }}
    default_backend {BACKEND}

backend {BACKEND} from {defaults}
    mode tcp
    # a socket without a file: the worker may see no folder
    server https abns@{settings.passes_on} send-proxy-v2
"""
