"""How HAProxy's own resolver is set, for backends whose slots it fills.

Rules: the servers are named one by one (``parse-resolv-conf`` keeps HAProxy from starting
where the file is missing); hold times are hadyn's own. haproxy-facts.md#slots-by-name
Where no server is known the section is there without one, or HAProxy would refuse every
backend that is left to it. haproxy-facts.md#no-nameserver
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hadyn.model.addresses import Address

RESOLVERS = "hadyn"
HOLDS = ("valid", "obsolete", "nx", "timeout", "refused", "other")
FOREVER = "24d"
_LONGEST_SECONDS = 24 * 24 * 3600
NO_SERVER = "# no DNS server is known: slots keep the addresses they start with"
"""HAProxy counts milliseconds in 31 bits: this is as long as it can hold anything."""
ANSWER_GUARD = (
    "http-response deny deny_status 502 if { bc_dst -m ip"
    " 0.0.0.0/8 127.0.0.0/8 169.254.0.0/16 224.0.0.0/4 255.255.255.255 ::/127 fe80::/10 ff00::/8 }"
)
"""HAProxy takes whatever address a name leads to; until hadyn has seen it, too, no answer from a forbidden one is passed on.
haproxy-facts.md#who-answered"""

FAMILIES = (
    "# else an address of IPv6 is taken only where IPv6 has a default route, which pods often have not",
    ".if version_atleast(3.3)",
    "    dns-accept-family ipv4,ipv6",
    ".endif",
)
"""Lines of ``global``. Not by the version at hand: a sidecar may be started anew with an older one. haproxy-facts.md#families"""


@dataclass(frozen=True, slots=True)
class Resolvers:
    """DNS servers to ask, and for how many seconds to hold what they said, None for ever."""

    servers: tuple[Address, ...]
    holds: Mapping[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.holds.keys() <= set(HOLDS), self


def resolvers_section(resolvers: Resolvers) -> str:
    """Return the section."""
    lines = [
        f"resolvers {RESOLVERS}",
        *(f"nameserver dns{number} {server}" for number, server in enumerate(resolvers.servers, start=1)),
        *(() if resolvers.servers else (NO_SERVER,)),
        "# HAProxy does not ask again over TCP what does not fit",
        "accepted_payload_size 8192",
        "resolve_retries 3",
        "timeout resolve 1s",
        "timeout retry 1s",
        *(f"hold {name} {_time(resolvers.holds[name])}" for name in HOLDS if name in resolvers.holds),
    ]
    return "\n    ".join(lines) + "\n"


def slot_words(*, prefers_ipv6: bool = False) -> str:
    """Return what each slot of such a backend has: an address has one slot, and a name that nobody knows yet stops nothing."""
    family = "ipv6" if prefers_ipv6 else "ipv4"
    return f"resolvers {RESOLVERS} resolve-prefer {family} resolve-opts prevent-dup-ip init-addr none"


def _time(seconds: float | None) -> str:
    return FOREVER if seconds is None or seconds >= _LONGEST_SECONDS else f"{round(seconds * 1000)}ms"
