"""Which hosts get which certificates, out of all that Ingresses of ours ask for in ``spec.tls``.

Rules: a host's certificates come from Ingresses of the namespace that the host belongs to,
as its routes do, those of the oldest first; of each kind of key (ECDSA, RSA) one is used.
A host that nobody routes belongs to whom its wildcard does, else to whoever asked first.
A wildcard's certificate is not for a neighbour's host below it: that one gets the default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from hadyn.model.claims import Claims
from hadyn.model.desired import is_nameless, wildcard_of
from hadyn.model.handshakes import USUAL, Handshakes
from hadyn.model.host_certificates import HostCertificates, rules_for
from hadyn.model.index import Index
from hadyn.model.keypairs import CRT, KeyPair, Verdict, judge
from hadyn.model.objects import Fault, Ingress, KubernetesObject, Secret
from hadyn.model.options.passthrough import passes_tls
from hadyn.model.problem_book import Judge, ProblemBook
from hadyn.model.problems import ObjectRef, Problem, Reason, shown
from hadyn.model.stapling import OFF, Stapling, stapled

DEFAULT = "default"
"""The name of the certificate for all other hosts; those of Secrets hold ``_``."""
TLS_TYPE = "kubernetes.io/tls"
DEFAULT_SETTING = ObjectRef("Setting", "", "--default-certificate")
"""Refers to the Secret of the default, as an object does to others."""
LONGEST_NAME = 200
"""Of a file; a name and its ending have 255 at most."""
_MISSING = Verdict(None)


def certificate_name(secret: ObjectRef) -> str:
    """Return what the certificate of a Secret is called in files and in HAProxy; no two are called the same.

    The default, which is no Secret's, has no namespace.
    """
    if not secret.namespace:
        return secret.name
    name = f"{secret.namespace}_{secret.name}"
    return name if len(name) <= LONGEST_NAME else f"_{hashlib.sha256(name.encode()).hexdigest()}"


def certificate_names(secret: ObjectRef) -> tuple[str, str]:
    """Return what the certificate of a Secret is called where nothing is stapled to it, and where something is."""
    name = certificate_name(secret)
    return name, stapled(name)


def default_secret(setting: str) -> ObjectRef | None:
    """Return the Secret that --default-certificate names ("namespace/name"); None for a file's path, or nothing."""
    namespace, separator, name = setting.partition("/")
    return (
        ObjectRef(Secret.kind, namespace, name) if separator and namespace and not namespace.startswith(".") else None
    )


class Certificates:
    """All hosts with certificates, by host and by certificate; the objects are asked of their store."""

    def __init__(
        self,
        claims: Claims,
        holding: Callable[[ObjectRef], KubernetesObject | None],
        *,
        shared_hosts: bool = False,
        default: ObjectRef | None = None,
    ) -> None:
        self._claims = claims
        self._holding = holding
        self._shared_hosts = shared_hosts
        self._default = default
        self._stapling = OFF
        self._asking: dict[ObjectRef, Ingress] = {}
        self._passing: set[ObjectRef] = set()
        self._askers: Index[str, ObjectRef] = Index()
        self._below: Index[str, str] = Index()
        self._hosts: dict[str, tuple[str, ...]] = {}
        self._hosts_of: Index[str, str] = Index()
        self._other_use: set[ObjectRef] = set()
        self._passed_over: dict[str, tuple[ObjectRef, ...]] = {}
        self._passed_over_for: Index[ObjectRef, str] = Index()
        self._secrets: dict[str, ObjectRef] = {DEFAULT: default} if default else {}
        self._verdicts: dict[ObjectRef, Verdict] = {}
        self.handshakes = Handshakes(claims, holding, shared_hosts=shared_hosts)

    @property
    def has_passthrough(self) -> bool:
        """Whether some Ingress leaves TLS to its pods."""
        return bool(self._passing)

    def names_of(self, host: str) -> tuple[str, ...]:
        """Return the certificates of a host by name, () where it gets whatever matches, else the default."""
        return self._hosts.get(host, ())

    def hosts(self) -> frozenset[str]:
        """Every host that has certificates of its own."""
        return frozenset(self._hosts)

    def hosts_of(self, name: str) -> tuple[str, ...]:
        """Return the hosts of a certificate, sorted."""
        return tuple(sorted(self._hosts_of.of(name)))

    def first_host(self, name: str) -> str:
        """Return the first host of a certificate, "" where it has none; the default is its own."""
        return DEFAULT if name == DEFAULT else min(self._hosts_of.of(name), default="")

    def names(self) -> frozenset[str]:
        """Return the certificates that are asked for."""
        return frozenset(self._secrets)

    def secret(self, name: str) -> ObjectRef | None:
        """Return the Secret that a certificate is of; None where it is nobody's (any more)."""
        return self._secrets.get(name)

    def pair(self, name: str) -> KeyPair | None:
        """Return a certificate as its Secret has it now; None where that is missing or cannot be served."""
        secret = self._secrets.get(name)
        return self._verdict(secret).pair if secret else None

    def untimely(self, name: str, now: float) -> Problem | None:
        """Return what the time (seconds since 1970) makes of a certificate, if it is not valid then."""
        secret, pair = self._secrets.get(name), self.pair(name)
        if secret is None or pair is None or pair.begins <= now < pair.ends:
            return None
        is_over = now >= pair.ends
        said = "the certificate has expired" if is_over else "the certificate is not valid yet"
        remedy = "Have it issued anew" if is_over else "Look at the clocks, or wait"
        return Problem(secret, CRT, Reason.INVALID_VALUE, f"{said}; it is served all the same", remedy)

    def is_missing(self, name: str) -> bool:
        """Whether there is no Secret (any more)."""
        secret = self._secrets.get(name)
        return secret is None or self._holding(secret) is None

    def replace(self, ref: ObjectRef, after: Ingress | None) -> set[str]:
        """Take an Ingress as it is now (None: gone, or not ours); return the hosts that it names in spec.tls."""
        self._passing.discard(ref)
        if after is not None and passes_tls(after.options):
            self._passing.add(ref)
        before = self._asking.pop(ref, None)
        if after is not None and after.tls:
            self._asking[ref] = after
        hosts_before, hosts_after = _named(before), _named(after)
        self._askers.move(ref, hosts_before, hosts_after)
        return hosts_before | hosts_after

    def settle(
        self, hosts: Iterable[str], secrets: Iterable[ObjectRef], book: ProblemBook, *, stapling: Stapling = OFF
    ) -> frozenset[str]:
        """Look at hosts anew, and at those of Secrets that changed; return those whose certificates or handshakes differ.

        What is wrong goes into the book.
        """
        dirty = {host for host in hosts if not is_nameless(host)}
        for host in [host for host in dirty if host.startswith("*.")]:
            dirty.update(self._below.of(host))
        changed = frozenset(secrets)
        dirty |= self.handshakes.changed(changed)
        for secret in changed:
            before = self._verdicts.pop(secret, _MISSING)
            if self._is_asked_for(secret) and _as_seen(before) != _as_seen(self._verdict(secret)):
                dirty.update(self._passed_over_for.of(secret), *map(self._hosts_of.of, certificate_names(secret)))
        if self._stapling != stapling:
            self._stapling = stapling
            dirty.update(self._hosts)
            changed = changed.union(self._secrets.values())
        differing = frozenset(host for host in dirty if self._has_others(host, book))
        other_use, self._other_use = self._other_use | self.handshakes.taken_other_use(), set()
        for secret in changed | other_use:
            book.put(Judge.CERTIFICATE, secret, [fault.problem_of(secret) for fault in self._faults(secret)])
            book.put(Judge.HANDSHAKE, secret, self.handshakes.faults(secret))
        return differing

    def _faults(self, secret: ObjectRef) -> Iterator[Fault]:
        """Yield what is wrong with a Secret that somebody gets a certificate of."""
        is_hosts = self._is_hosts(secret)
        if is_hosts or secret == self._default:
            verdict = self._verdict(secret)
            yield from verdict.faults
            if is_hosts and verdict.pair and (fault := self._stapling.fault(verdict.pair)):
                yield fault

    def _names(self, secret: ObjectRef) -> tuple[str, ...]:
        """Return what a certificate is called; of one that cannot be served HAProxy may have either from before."""
        plain, with_answers = certificate_names(secret)
        pair = self._verdict(secret).pair
        if pair is None:
            return (plain, with_answers) if self._stapling.is_on else (plain,)
        return (with_answers if self._stapling.staples(pair) else plain,)

    def _has_others(self, host: str, book: ProblemBook) -> bool:
        """Resolve a host anew; return whether it has other certificates, or handshakes, than before."""
        before = self._hosts.pop(host, ())
        voices = self._voices(host)
        shakes_otherwise, problems = self.handshakes.settle(host, is_named=bool(voices))
        book.put(Judge.HANDSHAKE, host, problems)
        resolving = HostCertificates(host, self._verdict)
        owner = self._owner(host)
        for ingress in voices:
            for rule in rules_for(host, ingress):
                resolving.ask(ingress, rule, owner if not self._shared_hosts else ingress.namespace)
        named = {name: secret for secret in resolving.secrets for name in self._names(secret)}
        after = tuple(named)
        if not after and (self.handshakes.of(host) != USUAL or self._is_under_a_stranger(host, owner)):
            after = (DEFAULT,)
        if after:
            self._hosts[host] = after
        self._pass_over(host, resolving.passed_over)
        self._note(host, before, after, named)
        if voices and not host.startswith("*."):
            self._below.add(wildcard_of(host), host)
        else:
            self._below.discard(wildcard_of(host), host)
        book.put(Judge.CERTIFICATE, host, resolving.problems())
        return before != after or shakes_otherwise

    def _note(self, host: str, before: Iterable[str], after: Iterable[str], secrets: Mapping[str, ObjectRef]) -> None:
        """Let a host belong to these certificates; those that have no host any more are forgotten."""
        self._other_use.update(secret for name, secret in secrets.items() if name not in self._secrets)
        self._secrets.update(secrets)
        self._hosts_of.move(host, before, after)
        for name in before:
            if name not in self._hosts_of and name != DEFAULT:
                secret = self._secrets.pop(name)
                self._other_use.add(secret)
                self._forget(secret)

    def _pass_over(self, host: str, secrets: Collection[ObjectRef]) -> None:
        """Note whose certificates a host does not have because it has others of their kind."""
        before = self._passed_over.pop(host, ())
        if secrets:
            self._passed_over[host] = tuple(secrets)
        self._passed_over_for.move(host, before, secrets)
        for secret in before:
            self._forget(secret)

    def _forget(self, secret: ObjectRef) -> None:
        """Forget what a Secret holds, unless somebody asks for it."""
        if not self._is_asked_for(secret):
            self._verdicts.pop(secret, None)

    def _is_hosts(self, secret: ObjectRef) -> bool:
        """Whether some host has a certificate of this Secret."""
        return any(name in self._secrets for name in certificate_names(secret))

    def _is_asked_for(self, secret: ObjectRef) -> bool:
        return self._is_hosts(secret) or secret in self._passed_over_for

    def _voices(self, host: str) -> list[Ingress]:
        """The Ingresses that have a rule for a host, or name it in spec.tls, the oldest first."""
        found = {claim.ingress.ref: claim.ingress for claim in self._claims.of(host)}
        found.update((ref, self._asking[ref]) for ref in self._askers.of(host))
        return sorted(found.values(), key=lambda ingress: ingress.age)

    def _owner(self, host: str) -> str:
        """The namespace that a host belongs to."""
        for each in (host, wildcard_of(host)):
            owner = next((claim.ingress.namespace for claim in self._claims.of(each) if not claim.is_canary), "")
            if owner:
                return owner
        return next((ingress.namespace for ingress in self._voices(host)), "")

    def _is_under_a_stranger(self, host: str, owner: str) -> bool:
        wildcard = wildcard_of(host)
        if self._shared_hosts or host == wildcard or not owner:
            return False
        return self._owner(wildcard) not in ("", owner)

    def _verdict(self, secret: ObjectRef) -> Verdict:
        known = self._verdicts.get(secret)
        if known is None:
            found = self._holding(secret)
            known = _judged(found) if isinstance(found, Secret) else _MISSING
            self._verdicts[secret] = known
        return known


def _judged(secret: Secret) -> Verdict:
    if secret.type != TLS_TYPE:
        said = f"{shown(secret.type)} is not {TLS_TYPE}"
        return Verdict(None, (Fault("type", Reason.INVALID_VALUE, said, f"Make it anew with type {TLS_TYPE}"),))
    return judge(secret.values.get("tls.crt", b""), secret.values.get("tls.key", b""))


def _as_seen(verdict: Verdict) -> tuple[object, ...]:
    """What of a verdict the hosts of a certificate depend on: not the certificate itself, which is rotated often."""
    pair = verdict.pair
    return verdict.faults, (pair.algorithm, pair.names, pair.responders, pair.has_issuer) if pair else None


def _named(ingress: Ingress | None) -> set[str]:
    return {host for rule in ingress.tls for host in rule.hosts} if ingress else set()
