"""How certificates, with the hosts that they are for, get into a running HAProxy: values in, values out.

Rules: a line of HAProxy's list is a certificate with hosts; it is added or taken away
whole. So a host leaves by a line without it that comes first, and nobody who asks for one
of the others notices. haproxy-facts.md#certificate-lines
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from hadyn.model.stapling import is_stapled
from hadyn.planner.authorities import AuthorityCommand

MAX_HOSTS = 50
"""Of one line: HAProxy takes 14 to 17 kB for a line, half a kB for a host. haproxy-facts.md#certificate-memory"""
FETCHES = "ocsp-update on"
"""Between the brackets of every line of a certificate that is stapled."""
_FETCHES = re.compile(rf"(?:^| ){FETCHES}(?= |$)")


class Line(NamedTuple):
    """A line of HAProxy's list. ``number`` is None for one that was added since the list was read last.

    ``parameters`` are those of its handshakes, as HAProxy spells them between brackets, "" for
    those of the listener; that OCSP answers are fetched its certificate's name says.
    """

    certificate: str
    hosts: tuple[str, ...]
    number: int | None = None
    parameters: str = ""


class NewCertificate(Struct, frozen=True, gc=False):
    """Have HAProxy know a certificate by name, which it has still to be given."""

    certificate: str

    def __str__(self) -> str:
        return f"new ssl cert {self.certificate}"


class SetCertificate(Struct, frozen=True, gc=False):
    """Hand a certificate with its key over; HAProxy reads it, and serves it once it is committed."""

    certificate: str
    pem: str

    def __str__(self) -> str:
        return f"set ssl cert {self.certificate}"

    def __repr__(self) -> str:
        """Never show the key."""
        return str(self)


class CommitCertificate(Struct, frozen=True, gc=False):
    """Have HAProxy serve what it was handed over."""

    certificate: str

    def __str__(self) -> str:
        return f"commit ssl cert {self.certificate}"


class AbortCertificate(Struct, frozen=True, gc=False):
    """Have HAProxy forget what it was handed over."""

    certificate: str

    def __str__(self) -> str:
        return f"abort ssl cert {self.certificate}"


class DeleteCertificate(Struct, frozen=True, gc=False):
    """Have HAProxy forget a certificate that no line has."""

    certificate: str

    def __str__(self) -> str:
        return f"del ssl cert {self.certificate}"


class AddLine(Struct, frozen=True, gc=False):
    """Have HAProxy serve a certificate to those who ask for these hosts, with these ``parameters`` of a ``Line``.

    One that ``is_renewed`` was stapled before it changed. haproxy-facts.md#ocsp-lines
    """

    certificate: str
    hosts: tuple[str, ...]
    parameters: str = ""
    is_renewed: bool = False

    def __str__(self) -> str:
        return f"add ssl crt-list {self.certificate} {' '.join(self.hosts)}"


class DeleteLine(Struct, frozen=True, gc=False):
    """Take a line away."""

    certificate: str
    number: int

    def __str__(self) -> str:
        return f"del ssl crt-list {self.certificate}:{self.number}"


CertificateCommand = (
    NewCertificate
    | SetCertificate
    | CommitCertificate
    | AbortCertificate
    | DeleteCertificate
    | AddLine
    | DeleteLine
    | AuthorityCommand
)


class LinePlan(NamedTuple):
    """Lines that come, then those that go."""

    additions: tuple[AddLine, ...] = ()
    departures: tuple[Line, ...] = ()


def plan_lines(
    wanted: Mapping[str, Collection[str]],
    running: Mapping[str, Sequence[Line]],
    parameters: Mapping[str, str] = MappingProxyType({}),
) -> LinePlan:
    """Plan for some hosts: the certificates that each shall have, the lines where each stands now, parameters of some."""
    lacking: dict[tuple[str, str], list[str]] = {}
    leaving: dict[Line, set[str]] = {}
    for host, certificates in wanted.items():
        said = parameters.get(host, "")
        kept: set[str] = set()
        for line in running.get(host, ()):
            if line.certificate in certificates and line.parameters == said and line.certificate not in kept:
                kept.add(line.certificate)
            else:
                leaving.setdefault(line, set()).add(host)
        for certificate in certificates:
            if certificate not in kept:
                lacking.setdefault((certificate, said), []).append(host)
    for line, hosts in leaving.items():
        staying = [host for host in line.hosts if host not in hosts]
        if staying:
            lacking.setdefault((line.certificate, line.parameters), []).extend(staying)
    additions = (
        AddLine(certificate, hosts, said)
        for (certificate, said), lacked in lacking.items()
        for hosts in grouped(sorted(set(lacked)))
    )
    return LinePlan(tuple(additions), tuple(leaving))


def bracketed(certificate: str, parameters: str) -> str:
    """Spell what stands between the brackets of a line, "" where it has none."""
    return " ".join(filter(None, (parameters, FETCHES if is_stapled(certificate) else "")))


def parameters_in(brackets: str) -> str:
    """Return the parameters of handshakes out of what stands between brackets."""
    return _FETCHES.sub("", brackets).strip(" ")


def grouped(hosts: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Divide the hosts of a certificate among lines."""
    group: list[str] = []
    for host in hosts:
        group.append(host)
        if len(group) == MAX_HOSTS:
            yield tuple(group)
            group = []
    if group:
        yield tuple(group)
