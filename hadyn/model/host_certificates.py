"""Which certificates one host has, out of what Ingresses ask for one after the other.

Rule: of each kind of key (ECDSA, RSA) the first is used; one that cannot be served stays what it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hadyn.model.desired import wildcard_of
from hadyn.model.keypairs import Verdict
from hadyn.model.objects import Ingress, Secret, TlsRule
from hadyn.model.problems import ObjectRef, Problem, Reason, shown


class HostCertificates:
    """Gathers the certificates of one host.

    ``secrets`` are whose it has, ``passed_over`` those that stand behind another of the same kind: they count again
    when their kind changes.
    """

    def __init__(self, host: str, verdict: Callable[[ObjectRef], Verdict]) -> None:
        self._host = host
        self._verdict = verdict
        self._kinds: dict[str, ObjectRef] = {}
        self._problems: dict[Problem, None] = {}
        self.secrets: list[ObjectRef] = []
        self.passed_over: dict[ObjectRef, None] = {}

    def ask(self, ingress: Ingress, rule: TlsRule, owner: str) -> None:
        """Let an Ingress have its way with the host, if it may."""
        if not rule.secret:
            return
        if ingress.namespace != owner:
            said = f"{self._host} belongs to namespace {owner}, which has certificates of its own"
            self._add(ingress, f"{rule.field}.hosts", Reason.CLAIMED, said, "Use another host, or --shared-hosts")
            return
        secret = ObjectRef(Secret.kind, ingress.namespace, rule.secret)
        if secret in self.secrets:
            return
        verdict = self._verdict(secret)
        field = f"{rule.field}.secretName"
        if verdict.pair is None:
            for fault in verdict.faults:
                said = f"{secret} cannot be served, {fault.field}: {fault.said}"
                self._add(ingress, field, fault.reason, said, "What it held before stays, else the default certificate")
            self.secrets.append(secret)
            return
        first = self._kinds.setdefault(verdict.pair.algorithm, secret)
        if first != secret:
            self.passed_over[secret] = None
            said = f"{self._host} has the {verdict.pair.algorithm} certificate of {first} already"
            self._add(ingress, field, Reason.CLAIMED, said, "Name one Secret for a host, or one ECDSA and one RSA")
            return
        if not verdict.pair.covers(self._host):
            names = ", ".join(map(shown, verdict.pair.names[:3])) or "no host"
            said = f"the certificate of {secret} is for {names}, not for {self._host}; it is served all the same"
            self._add(ingress, field, Reason.INVALID_VALUE, said, "Clients refuse it: have one issued for the host")
        self.secrets.append(secret)

    def problems(self) -> Iterator[Problem]:
        return iter(self._problems)

    def _add(self, ingress: Ingress, field: str, reason: Reason, said: str, remedy: str) -> None:
        self._problems[Problem(ingress.ref, field, reason, said, remedy)] = None


def rules_for(host: str, ingress: Ingress) -> Iterator[TlsRule]:
    """Yield what an Ingress says of a host: by name, by wildcard, or by naming no host at all."""
    for wanted in (host, wildcard_of(host)):
        yield from (rule for rule in ingress.tls if wanted in rule.hosts)
    yield from (rule for rule in ingress.tls if not rule.hosts)
