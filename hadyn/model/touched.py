"""What a delivery of objects may have changed."""

from __future__ import annotations

from dataclasses import dataclass, field

from hadyn.model.problems import ObjectRef


@dataclass(frozen=True, slots=True)
class Touched:
    """What may differ after a delivery: names of backends (also those that are gone) and hosts.

    ``secrets`` that are referred to changed, came or went, or began or ceased to be
    referred to; whoever refers to them is among backends and hosts. ``tls_hosts`` may have
    other certificates; ``main_file`` where the main file may differ.
    """

    backends: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    secrets: frozenset[ObjectRef] = frozenset()
    main_file: bool = False
    tls_hosts: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.backends or self.hosts or self.secrets or self.main_file or self.tls_hosts)

    def __or__(self, other: Touched) -> Touched:
        return Touched(
            self.backends | other.backends,
            self.hosts | other.hosts,
            self.secrets | other.secrets,
            self.main_file or other.main_file,
            self.tls_hosts | other.tls_hosts,
        )


@dataclass(slots=True)
class Dirty:
    """What one delivery makes us look at again."""

    ingresses: set[ObjectRef] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    endpoints: set[str] = field(default_factory=set)
    secrets: set[ObjectRef] = field(default_factory=set)
    referred: set[ObjectRef] = field(default_factory=set)
    users: set[ObjectRef] = field(default_factory=set)
    main_file: bool = False
