"""The certificates that HAProxy has, mirrored, and commanded.

Rule: what HAProxy answered is what the mirror has; the sweep reads all of it anew
(docs/decisions/0003-map-entries-are-mirrored.md). Which number a line has that was added
HAProxy alone knows: the list is read before such a one goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec.structs import replace

from hadyn.model.keypairs import fingerprint_of
from hadyn.model.stapling import is_stapled
from hadyn.planner.certificates import (
    AbortCertificate,
    AddLine,
    CommitCertificate,
    DeleteCertificate,
    DeleteLine,
    Line,
    LinePlan,
    NewCertificate,
    SetCertificate,
    plan_lines,
)
from hadyn.render.certificates import NO_HOST, CertificateFiles
from hadyn.runtime.certificates import Answer, CertificateDoor

RENEWED = "is already instantiated with incompatible parameters"
"""What HAProxy says of a line that has OCSP answers fetched. haproxy-facts.md#ocsp-lines"""
PORTION = 100
"""So many certificates are asked about in one step."""


@dataclass(slots=True)
class RunningCertificates:
    """One HAProxy's certificates; one thread owns it. All methods that say something raise what CertificateDoor does.

    ``prints`` are fingerprints by certificate, "" for one that was not committed yet; ``lines`` those of
    the list by host. It ``is_reachable`` once HAProxy has the list.
    """

    door: CertificateDoor
    prints: dict[str, str] = field(default_factory=dict)
    lines: dict[str, tuple[Line, ...]] = field(default_factory=dict)
    is_reachable: bool = False

    def began(self, files: CertificateFiles) -> None:
        """Note that HAProxy has what the files say."""
        self._take(Line(*line) for line in files.lines())
        self.prints = {name: fingerprint_of(files.pem(name) or "") for name in files.names()}
        self.is_reachable = True

    def ended(self) -> None:
        """Note that nobody is there."""
        self.prints, self.lines, self.is_reachable = {}, {}, False

    def read(self) -> Iterator[None]:
        """Read everything, a portion at a time."""
        lines = self.door.lines()
        self.is_reachable = lines is not None
        if lines is None:
            return
        self._take(iter(lines))
        names = sorted(self.door.names())
        self.prints = {name: self.prints.get(name, "") for name in names}
        for start in range(0, len(names), PORTION):
            portion = names[start : start + PORTION]
            found = self.door.fingerprints(portion)
            for name in portion:
                self.prints.pop(name, None)
            self.prints.update(found)
            yield

    def differing(self, files: CertificateFiles, *, but: Collection[str] = ()) -> tuple[set[str], set[str]]:
        """Return the certificates and the hosts that are not as the files say; ``but`` are certificates left out."""
        prints = {name: fingerprint_of(files.pem(name) or "") for name in files.names() if name not in but}
        names = {name for name, fingerprint in prints.items() if self.prints.get(name) != fingerprint}
        hosts = {
            host
            for host in (self.lines.keys() | files.hosts()) - {NO_HOST}
            if sorted((line.certificate, line.parameters) for line in self.lines.get(host, ()))
            != sorted((name, files.parameters_of(host)) for name in files.names_of(host))
        }
        return names, hosts

    def idle(self, files: CertificateFiles) -> set[str]:
        """Return what somebody left off with: certificates without a line and without a file."""
        used = {line.certificate for lines in self.lines.values() for line in lines}
        return self.prints.keys() - files.names() - used

    def plan(self, wanted: Mapping[str, Collection[str]], parameters: Mapping[str, str]) -> LinePlan:
        """Plan lines for hosts; those that go have numbers. Certificates that HAProxy does not have wait."""
        known = {host: [name for name in names if name in self.prints] for host, names in wanted.items()}
        planned = plan_lines(known, self.lines, parameters)
        if any(line.number is None for line in planned.departures):
            self._take(iter(self.door.lines() or ()))
            planned = plan_lines(known, self.lines, parameters)
        return planned

    def hand_over(self, name: str, pem: str) -> Answer:
        """Have HAProxy read a certificate; what it served under this name it goes on serving."""
        is_new = name not in self.prints
        if is_new:
            self.door.send(NewCertificate(name))
        answer = self.door.send(SetCertificate(name, pem))
        if answer.is_done:
            self.prints.setdefault(name, "")
        elif is_new:
            self.door.send(DeleteCertificate(name))
        return answer

    def commit(self, name: str, pem: str) -> Answer:
        """Have HAProxy serve what it was handed over."""
        answer = self.door.send(CommitCertificate(name))
        if answer.is_done:
            self.prints[name] = fingerprint_of(pem)
        else:
            self.door.send(AbortCertificate(name))
        return answer

    def add(self, command: AddLine) -> Answer:
        """Have HAProxy take a line, whether its certificate was renewed meanwhile or not."""
        answer = self.door.send(command)
        if not answer.is_done and is_stapled(command.certificate) and RENEWED in answer.text:
            answer = self.door.send(replace(command, is_renewed=True))
        if answer.is_done:
            self._note(Line(command.certificate, command.hosts, parameters=command.parameters))
        return answer

    def delete(self, line: Line) -> Answer:
        """Take away a line that has a number."""
        assert line.number is not None, line
        answer = self.door.send(DeleteLine(line.certificate, line.number))
        if answer.is_done:
            self._forget(line)
        return answer

    def be_rid_of(self, name: str) -> Answer | None:
        """Have HAProxy forget a certificate that no line has, if it knows it."""
        if not self.is_reachable or name not in self.prints:
            return None
        answer = self.door.send(DeleteCertificate(name))
        if answer.is_done:
            del self.prints[name]
        return answer

    def _take(self, lines: Iterator[Line]) -> None:
        self.lines = {}
        for line in lines:
            self._note(line)

    def _note(self, line: Line) -> None:
        for host in line.hosts:
            self.lines[host] = (*self.lines.get(host, ()), line)

    def _forget(self, line: Line) -> None:
        for host in line.hosts:
            left = tuple(each for each in self.lines.get(host, ()) if each != line)
            if left:
                self.lines[host] = left
            else:
                self.lines.pop(host, None)
