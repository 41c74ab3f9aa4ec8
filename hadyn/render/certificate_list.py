"""The list of certificates with their hosts, of which only lines near a change are spelled anew.

Rule: a line holds a certificate with at most MAX_HOSTS of its hosts, sorted. How hosts are divided
depends on the order in which they came; which hosts a certificate has does not.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterator
from pathlib import Path

from hadyn.planner.certificates import MAX_HOSTS, bracketed


class _Lines:
    """The lines of one certificate; a text is None until it is spelled."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.texts: list[str | None] = []

    def add(self, host: str) -> None:
        number = max(0, bisect_right(self.groups, host, key=lambda group: group[0]) - 1)
        if not self.groups or (number == len(self.groups) - 1 and self._is_behind(number, host)):
            self.groups.append([host])
            self.texts.append(None)
            return
        group = self.groups[number]
        insort(group, host)
        self.texts[number] = None
        if len(group) > MAX_HOSTS:
            half = len(group) // 2
            self.groups[number : number + 1] = [group[:half], group[half:]]
            self.texts[number : number + 1] = [None, None]

    def discard(self, host: str) -> None:
        number = max(0, bisect_right(self.groups, host, key=lambda group: group[0]) - 1)
        self.groups[number].remove(host)
        self.texts[number] = None
        if not self.groups[number]:
            del self.groups[number], self.texts[number]

    def _is_behind(self, number: int, host: str) -> bool:
        """Whether a host opens another group, so that hosts that come in order fill theirs."""
        group = self.groups[number]
        return len(group) == MAX_HOSTS and host > group[-1]


class CertificateList:
    """Which hosts each certificate has, with which parameters; ``path_of`` says where a certificate is."""

    def __init__(self, path_of: Callable[[str], Path]) -> None:
        self._path_of = path_of
        self._lines: dict[str, dict[str, _Lines]] = {}

    def __contains__(self, certificate: object) -> bool:
        return certificate in self._lines

    def add(self, certificate: str, host: str, parameters: str = "") -> None:
        """Give a certificate a host that it does not have."""
        self._lines.setdefault(certificate, {}).setdefault(parameters, _Lines()).add(host)

    def discard(self, certificate: str, host: str, parameters: str = "") -> None:
        """Take from a certificate a host that it has with these parameters."""
        lines = self._lines[certificate][parameters]
        lines.discard(host)
        if not lines.groups:
            del self._lines[certificate][parameters]
        if not self._lines[certificate]:
            del self._lines[certificate]

    def hosts(self, certificate: str) -> list[str]:
        """Return the hosts of a certificate, sorted."""
        every = self._lines.get(certificate, {}).values()
        return sorted(host for lines in every for group in lines.groups for host in group)

    def texts(self) -> Iterator[str]:
        """Yield the lines, those of one certificate together."""
        for certificate, by_parameters in self._lines.items():
            for parameters, lines in by_parameters.items():
                brackets = bracketed(certificate, parameters)
                head = f"{self._path_of(certificate)} [{brackets}]" if brackets else self._path_of(certificate)
                for number, text in enumerate(lines.texts):
                    spelled = text or f"{head} {' '.join(lines.groups[number])}\n"
                    lines.texts[number] = spelled
                    yield spelled
