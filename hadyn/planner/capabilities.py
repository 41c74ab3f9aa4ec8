"""What the HAProxy at hand can do, as a value.

Rule: a version is compared here and nowhere else; everybody else asks by name.
``process/versions.py`` finds the version out, once.
"""

from __future__ import annotations

from dataclasses import dataclass

OLDEST = (2, 6)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The version of one HAProxy, as numbers: (2, 6, 12)."""

    version: tuple[int, ...]

    @property
    def is_supported(self) -> bool:
        return self.version[:2] >= OLDEST

    @property
    def has_asynchronous_addresses(self) -> bool:
        """``set server addr`` is applied after its reply. haproxy-facts.md#addr-is-asynchronous"""
        return self.version[:2] >= (2, 9)

    @property
    def has_wait(self) -> bool:
        """``wait 1ms`` is a barrier behind address changes. haproxy-facts.md#wait-is-a-barrier"""
        return self.version[:2] >= (3, 0)

    @property
    def has_dynamic_servers(self) -> bool:
        """``add server`` may be used: all versions know it, before 3.0.4 it has faults.

        haproxy-facts.md#added-slots (docs/decisions/0011-what-comes-by-command.md)
        """
        return self.version >= (3, 0, 4)

    @property
    def has_dynamic_backends(self) -> bool:
        """``add backend`` and ``del backend`` need no reload. haproxy-facts.md#added-backends"""
        return self.version[:2] >= (3, 4)

    @property
    def has_dynamic_agents(self) -> bool:
        """An added slot is up while its agent is not asked yet, as one of the files is. haproxy-facts.md#agents-of-added-slots"""
        return self.version[:2] >= (3, 4)

    @property
    def longest_certificate(self) -> int:
        """How many bytes of certificates and key are taken by command. haproxy-facts.md#certificate-payloads"""
        return 120_000 if self.version[:2] >= (3, 4) else 15_500

    @property
    def commits_authorities_soundly(self) -> bool:
        """After ``commit ssl ca-file`` certificates of the same lines can be committed, too; others lose or crash.

        haproxy-facts.md#authorities-then-certificates, measured on 2.8.25, 3.2.26 and 3.4.7
        """
        return (2, 8, 25) <= self.version < (2, 9) or (3, 2, 26) <= self.version < (3, 3) or self.version >= (3, 4)

    def __str__(self) -> str:
        return ".".join(map(str, self.version))
