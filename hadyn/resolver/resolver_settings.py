"""How names are resolved, as one value: the flags that begin with --dns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hadyn.model.addresses import Address
from hadyn.model.resolved import ADDRESS_TYPES, RecordType
from hadyn.resolver.admission import Network
from hadyn.resolver.resolution import Holds

RESOLV_CONF = Path("/etc/resolv.conf")


@dataclass(frozen=True, slots=True)
class ResolverSettings:
    """``servers`` are asked instead of those of ``resolv_conf``; addresses have to be in ``networks``, if there are any.

    ``address_types`` are asked for where SRV targets have no address yet. ``resolv_conf`` is looked at
    every ``reread_seconds``.
    """

    servers: Sequence[Address] = ()
    resolv_conf: Path = RESOLV_CONF
    networks: Sequence[Network] = ()
    address_types: Sequence[RecordType] = ADDRESS_TYPES["both"]
    holds: Holds = Holds()
    cluster_domain: str = "cluster.local"
    reread_seconds: float = 1.0
