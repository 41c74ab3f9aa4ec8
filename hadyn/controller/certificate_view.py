"""What there is to know of certificates, for people who ask; nothing is changed.

Rule: of a certificate its names and dates are shown, of a Secret its name; never a key.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime

from hadyn.controller.certificates import CertificateKeeper
from hadyn.model.certificates import DEFAULT, Certificates
from hadyn.model.desired import wildcard_of
from hadyn.observe.documents import Document, moment
from hadyn.planner.certificates import (
    CertificateCommand,
    CommitCertificate,
    DeleteLine,
    NewCertificate,
    SetCertificate,
    plan_lines,
)

NamesOf = Callable[[str], Collection[str]]


def serving(host: str, names_of: NamesOf) -> Collection[str]:
    """Return the certificates of which a client gets one that asks for this host, as HAProxy looks for them."""
    return names_of(host) or names_of(wildcard_of(host)) or (DEFAULT,)


def described(book: Certificates, names: Iterable[str]) -> list[Document]:
    """Return what is known of certificates; kind and end are null where there is only what a Secret held before."""
    documents: list[Document] = []
    for name in names:
        secret, pair = book.secret(name), book.pair(name)
        documents.append(
            {
                "secret": f"{secret.namespace}/{secret.name}" if secret else None,
                "default": name == DEFAULT,
                "key": pair.algorithm if pair else None,
                "expires": _moment(pair.ends) if pair else None,
            }
        )
    return documents


def expiries(book: Certificates) -> dict[str, int]:
    """Return until when certificates are valid, in seconds since 1970, each by the first of its hosts."""
    found: dict[str, int] = {}
    for name in book.names():
        pair, label = book.pair(name), book.first_host(name)
        if pair and label:
            found[label] = min(found.get(label, pair.ends), pair.ends)
    return found


def certificates_document(book: Certificates) -> Document:
    """Return how many certificates there are, and which one expires first."""
    ends = expiries(book)
    first = min(ends, key=lambda host: ends[host], default=None)
    return {
        "count": len({book.secret(name) for name in book.names()}),
        "first_to_expire": {"host": first, "expires": _moment(ends[first])} if first else None,
    }


def planned(keeper: CertificateKeeper) -> list[CertificateCommand]:
    """Return what a cycle would tell HAProxy now."""
    book, files = keeper.book, keeper.files
    commands: list[CertificateCommand] = list(keeper.authorities.planned())
    for name in sorted(book.names()):
        pair = book.pair(name)
        if pair and files.pem(name) != pair.pem:
            commands += [] if name in keeper.running.prints else [NewCertificate(name)]
            commands += [SetCertificate(name, pair.pem), CommitCertificate(name)]
    hosts = book.hosts() | files.hosts()
    parameters = {host: keeper.authorities.parameters(host) for host in hosts}
    plan = plan_lines({host: keeper.names_for(host) for host in hosts}, keeper.running.lines, parameters)
    departures = (DeleteLine(line.certificate, line.number or 0) for line in plan.departures)
    return [*commands, *plan.additions, *departures]


def _moment(seconds: int) -> str | None:
    return moment(datetime.fromtimestamp(seconds, UTC))
