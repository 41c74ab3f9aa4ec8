"""How HAProxy shakes hands with the clients of each host, out of all that Ingresses ask for.

Rules: of each thing the oldest Ingress with a rule for the host is heard, of the namespace
that the host belongs to; a host without rules of its own has what its wildcard has. That
others want it otherwise is a problem of theirs, and whoever asks for certificates of
another authority gets no request: nobody would have judged them (``is_believed``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from hadyn.model.authorities import CA, CRL, Authorities, AuthoritiesVerdict, judge_authorities
from hadyn.model.claims import Claim, Claims
from hadyn.model.desired import is_nameless, wildcard_of
from hadyn.model.index import Index
from hadyn.model.objects import Ingress, KubernetesObject, Secret
from hadyn.model.options.client_certificates import AUTH_TLS_SECRET, asks_for_certificates, demanded
from hadyn.model.options.listening import (
    CIPHERS,
    SSL_CIPHER_SUITES,
    SSL_CIPHERS,
    SSL_MIN_VERSION,
    SUITES,
    TLS_ALPN,
    TlsVersion,
    unknown_of_hosts,
)
from hadyn.model.options.option import Option
from hadyn.model.problems import ObjectRef, Problem, Reason, shown

PRINT_DIGITS = 16
_MISSING = AuthoritiesVerdict(None)
_SAID: tuple[Option[Any], ...] = (TLS_ALPN, SSL_CIPHERS, SSL_CIPHER_SUITES, SSL_MIN_VERSION)
_KNOWN: Mapping[str, frozenset[str]] = {SSL_CIPHERS.name: CIPHERS, SSL_CIPHER_SUITES.name: SUITES}


class Handshake(Struct, frozen=True, gc=False):
    """What is said in handshakes for one host; "" where it is as for all others.

    ``secret`` has the authorities that clients' certificates are judged by, None where no certificate is asked
    for; ``authorities`` tells those apart that it holds, "" where it holds none that can be used.
    """

    secret: ObjectRef | None = None
    authorities: str = ""
    has_revoked: bool = False
    alpn: str = ""
    ciphers: str = ""
    suites: str = ""
    version: str = ""


USUAL = Handshake()


def believed(host: str, claims: Sequence[Claim], *, shared_hosts: bool) -> ObjectRef | None:
    """Return the Secret whose authorities judge the clients of a host; ``claims`` come oldest first."""
    if is_nameless(host):
        return None
    heard = _heard(claims, shared_hosts=shared_hosts)
    return next((secret for claim in heard if (secret := demanded(claim.ingress))), None)


class Handshakes:
    """All hosts for which something is said, by host and by Secret; the objects are asked of their store."""

    def __init__(
        self, claims: Claims, holding: Callable[[ObjectRef], KubernetesObject | None], *, shared_hosts: bool
    ) -> None:
        self._claims = claims
        self._holding = holding
        self._shared_hosts = shared_hosts
        self._hosts: dict[str, Handshake] = {}
        self._hosts_of: Index[ObjectRef, str] = Index()
        self._secrets: set[ObjectRef] = set()
        self._other_use: set[ObjectRef] = set()
        self._verdicts: dict[ObjectRef, AuthoritiesVerdict] = {}

    def of(self, host: str) -> Handshake:
        """Return what is said in handshakes for a host."""
        return self._hosts.get(host, USUAL)

    def hosts_of(self, secret: ObjectRef) -> tuple[str, ...]:
        """Return the hosts whose clients are judged by a Secret, sorted."""
        return tuple(sorted(self._hosts_of.of(secret)))

    def authorities(self, secret: ObjectRef) -> Authorities | None:
        """Return what a Secret holds now; None where it is missing or cannot be used."""
        return self._verdict(secret).authorities

    def secrets(self) -> frozenset[ObjectRef]:
        """Return the Secrets that clients are judged by."""
        return frozenset(self._secrets)

    def hosts(self) -> frozenset[str]:
        """Return the hosts for which something is said."""
        return frozenset(self._hosts)

    def is_missing(self, secret: ObjectRef) -> bool:
        """Whether there is no Secret (any more)."""
        return self._holding(secret) is None

    def faults(self, secret: ObjectRef) -> list[Problem]:
        """Return what is wrong with a Secret that clients are judged by."""
        if secret not in self._hosts_of:
            return []
        return [fault.problem_of(secret) for fault in self._verdict(secret).faults]

    def untimely(self, now: float) -> list[Problem]:
        """Return what the time (seconds since 1970) makes of authorities, where it lets nobody in."""
        judging = ((secret, self.authorities(secret)) for secret in sorted(self._secrets))
        return [problem for secret, found in judging if found and (problem := untimely(secret, found, now))]

    def changed(self, secrets: Iterable[ObjectRef]) -> set[str]:
        """Forget what was known of Secrets; return the hosts that are to be settled anew."""
        hosts: set[str] = set()
        for secret in secrets:
            self._verdicts.pop(secret, None)
            hosts.update(self._hosts_of.of(secret))
        return hosts

    def taken_other_use(self) -> set[ObjectRef]:
        """Return the Secrets that clients began, or ceased, to be judged by since this was asked last."""
        taken, self._other_use = self._other_use, set()
        return taken

    def settle(self, host: str, *, is_named: bool) -> tuple[bool, list[Problem]]:
        """Look at a host anew; return whether its handshakes differ now, and what is wrong.

        One that is not named (any more) is a name like others below its wildcard: nothing is said for it alone.
        """
        claims = self._claims.of(host) or (self._claims.of(wildcard_of(host)) if is_named else ())
        heard = list(_heard(claims, shared_hosts=self._shared_hosts))
        problems: list[Problem] = []
        secret = believed(host, heard, shared_hosts=True)
        alpn, ciphers, suites, version = (_first(option, host, heard, problems) for option in _SAID)
        verdict = self._verdict(secret) if secret else _MISSING
        problems += self._demands(host, heard, secret, verdict)
        found = verdict.authorities
        after = Handshake(
            secret,
            found.fingerprint[:PRINT_DIGITS] if found else "",
            bool(found and found.revoked),
            alpn,
            ciphers,
            suites,
            # All hosts have the older one, or what the operator says.
            version if version == TlsVersion.TLS_1_3 else "",
        )
        before = self._hosts.pop(host, USUAL)
        if after != USUAL:
            self._hosts[host] = after
        self._hosts_of.move(host, _filled(before.secret), _filled(secret))
        if secret and secret not in self._secrets:
            self._secrets.add(secret)
            self._other_use.add(secret)
        if before.secret and before.secret not in self._hosts_of:
            self._secrets.discard(before.secret)
            self._other_use.add(before.secret)
            self._verdicts.pop(before.secret, None)
        return before != after, problems

    def _demands(
        self, host: str, heard: Sequence[Claim], secret: ObjectRef | None, verdict: AuthoritiesVerdict
    ) -> Iterator[Problem]:
        """Yield what keeps Ingresses from the certificates that they ask for."""
        for claim in heard:
            wanted = demanded(claim.ingress)
            if wanted is None:
                if asks_for_certificates(claim.ingress) and dict(claim.ingress.options)[AUTH_TLS_SECRET.name]:
                    said = "no Secret of this namespace is named: all get a 403"
                    remedy = f"Name one of namespace {claim.ingress.namespace}"
                    yield _problem(claim.ingress, AUTH_TLS_SECRET, said, remedy, Reason.NOT_ALLOWED)
            elif wanted != secret:
                said = f"clients of {host} are judged by {secret}, which an older Ingress names: all get a 403 here"
                yield _problem(claim.ingress, AUTH_TLS_SECRET, said, "Name one Secret for a host")
            elif verdict.authorities is None:
                for fault in verdict.faults:
                    said = f"{secret} cannot be used, {fault.field}: {fault.said}"
                    remedy = "What it held before stays, else nobody is believed"
                    yield _problem(claim.ingress, AUTH_TLS_SECRET, said, remedy, fault.reason)

    def _verdict(self, secret: ObjectRef) -> AuthoritiesVerdict:
        known = self._verdicts.get(secret)
        if known is None:
            found = self._holding(secret)
            known = judge_authorities(found.values) if isinstance(found, Secret) else _MISSING
            self._verdicts[secret] = known
        return known


def untimely(secret: ObjectRef, authorities: Authorities, now: float) -> Problem | None:
    """Return what the time (seconds since 1970) makes of authorities, if it lets nobody in."""
    if now >= authorities.ends:
        said = "no certificate in it is valid any more, so no client's is"
        return Problem(secret, f"data[{CA}]", Reason.INVALID_VALUE, said, "Put the authority's present one there")
    if authorities.lists_end and now >= authorities.lists_end:
        said = "a list in it is out of date, so clients of its authority are refused"
        return Problem(secret, f"data[{CRL}]", Reason.INVALID_VALUE, said, "Put the authority's present list there")
    return None


def _heard(claims: Sequence[Claim], *, shared_hosts: bool) -> Iterator[Claim]:
    """Yield the claims of the host's own namespace, canaries left out."""
    owner = next((claim.ingress.namespace for claim in claims if not claim.is_canary), "")
    for claim in claims:
        if not claim.is_canary and (shared_hosts or claim.ingress.namespace == owner):
            yield claim


def _first(option: Option[Any], host: str, heard: Sequence[Claim], problems: list[Problem]) -> str:
    """Return the word of the oldest that says something; note who says otherwise, or what is not to be had."""
    found, winner = "", None
    for claim in heard:
        value = str(dict(claim.ingress.options).get(option.name, ""))
        unknown = unknown_of_hosts(value, _KNOWN[option.name]) if value and option.name in _KNOWN else []
        if unknown:
            said = f"{shown(unknown[0])} is none that an Ingress may name, so {host} has what all hosts have"
            remedy = f"Name some of {', '.join(sorted(_KNOWN[option.name]))}"
            problems.append(_problem(claim.ingress, option, said, remedy, Reason.NOT_SUPPORTED))
        elif value and winner is None:
            found, winner = value, claim.ingress
        elif value and winner is not None and value != found:
            said = f"{host} has another value from {winner.ref}, which is older"
            problems.append(_problem(claim.ingress, option, said, "Say it on one Ingress of the host"))
    return found


def _problem(ingress: Ingress, option: Option[Any], said: str, remedy: str, reason: Reason = Reason.CLAIMED) -> Problem:
    return Problem(ingress.ref, option.field, reason, said, remedy)


def _filled(secret: ObjectRef | None) -> tuple[ObjectRef, ...]:
    return (secret,) if secret else ()
