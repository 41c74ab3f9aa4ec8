"""Ingress of three API versions to one shape.

Rules: a wrong path or host is left out alone. A path whose backend is unusable stays, and
gets a 503. Of more than MAX_PATHS paths the first are used.
"""

from __future__ import annotations

import sys
from typing import Any

from hadyn.model.decoding.hosts import Refused, canonical_host
from hadyn.model.decoding.leaves import MAX_NAME, Findings, is_dns_name, spelled
from hadyn.model.decoding.metadata import Identity, Metadata, Wire, options_of
from hadyn.model.decoding.paths import ReadPath, checked_path, free_path, looks_like_a_pattern
from hadyn.model.decoding.port_rules import rule_of_port
from hadyn.model.decoding.targets import WireBackend, read_target
from hadyn.model.desired import ANY_HOST
from hadyn.model.further_hosts import with_further_hosts
from hadyn.model.objects import HostRules, Ingress, PathRule, TlsRule
from hadyn.model.options.option import Scope
from hadyn.model.options.path_expressions import Matching, matching_of
from hadyn.model.problems import Reason, annotation_field

MAX_PATHS = 1_000
MAX_TLS = 1_000
MAX_PUBLISHED = 100
"""So many addresses of a status are looked at."""
CLASS_ANNOTATION = "kubernetes.io/ingress.class"
EXACT = "Exact"
PATH_TYPES = (EXACT, "Prefix", "ImplementationSpecific")
FREE = "ImplementationSpecific"


class WirePath(Wire):
    path: Any = None
    path_type: Any = None
    backend: WireBackend | None = None


class WireHttp(Wire):
    paths: list[WirePath] | None = None


class WireRule(Wire):
    host: Any = None
    http: WireHttp | None = None


class WireTls(Wire):
    hosts: list[Any] | None = None
    secret_name: Any = None


class WireIngressSpec(Wire):
    ingress_class_name: Any = None
    tls: list[WireTls] | None = None
    default_backend: WireBackend | None = None
    backend: WireBackend | None = None
    rules: list[WireRule] | None = None


class WireIngress(Wire):
    metadata: Metadata
    spec: WireIngressSpec | None = None
    status: Any = None


def read_ingress(wire: WireIngress, identity: Identity, findings: Findings, *, is_beta: bool) -> Ingress:
    """Return the Ingress; ``is_beta`` for the versions with serviceName and optional pathType."""
    spec = wire.spec or WireIngressSpec()
    options = options_of(wire.metadata, Scope.INGRESS, findings)
    rules = _Rules(findings, matching_of(options), is_beta=is_beta)
    rules.read(spec.rules or [])
    default = _default_rule(spec, findings, is_beta=is_beta)
    hosts = rules.by_host(default)
    catch_all = default if not spec.rules else None
    if not hosts and catch_all is None and not findings.faults():
        findings.add("spec", "there is nothing to serve: no path and no defaultBackend", "Add a rule with a path")
    legacy_class = (wire.metadata.annotations or {}).get(CLASS_ANNOTATION)
    tls = _tls(spec.tls or [], findings)
    own = rule_of_port(hosts, catch_all, tls, options, findings)
    return Ingress(
        namespace=identity.namespace,
        name=identity.name,
        created=identity.created,
        options=options,
        class_name=_class_name(legacy_class, spec.ingress_class_name, findings),
        has_legacy_class=legacy_class is not None,
        hosts=(own,) if own else with_further_hosts(hosts, options),
        catch_all=None if own else catch_all,
        tls=() if own else tls,
        published=_published(wire.status),
        faults=findings.faults(),
    )


def _tls(wires: list[WireTls], findings: Findings) -> tuple[TlsRule, ...]:
    """Read MAX_TLS entries at most; a host that cannot be is left out alone."""
    if len(wires) > MAX_TLS:
        said = f"{len(wires):,} entries are over the cap of {MAX_TLS:,}: the first {MAX_TLS:,} count"
        findings.add("spec.tls", said, "Split the Ingress", Reason.TOO_MANY)
    return tuple(_tls_rule(wire, f"spec.tls[{number}]", findings) for number, wire in enumerate(wires[:MAX_TLS]))


def _tls_rule(wire: WireTls, field: str, findings: Findings) -> TlsRule:
    hosts: dict[str, None] = {}
    for number, host in enumerate((wire.hosts or [])[:MAX_PATHS]):
        try:
            hosts[sys.intern(canonical_host(host))] = None
        except Refused as refused:
            findings.add(f"{field}.hosts[{number}]", str(refused), refused.remedy)
    secret = wire.secret_name
    if secret not in (None, "") and not is_dns_name(secret):
        findings.add(f"{field}.secretName", f"{spelled(secret)} is not the name of a Secret", "Name a Secret")
    hosts.pop(ANY_HOST, None)
    return TlsRule(tuple(hosts), sys.intern(secret) if is_dns_name(secret) else "", sys.intern(field))


def _published(status: Any) -> tuple[str, ...]:
    """The addresses of status.loadBalancer; what is not as it should be is no address, and nobody's problem."""
    try:
        entries = status["loadBalancer"]["ingress"]
        found = [entry.get("ip") or entry.get("hostname") for entry in entries[:MAX_PUBLISHED]]
    except (TypeError, KeyError, AttributeError):
        return ()
    return tuple(sys.intern(each) for each in found if isinstance(each, str) and len(each) <= MAX_NAME)


def _class_name(legacy: object, named: object, findings: Findings) -> str | None:
    """The annotation counts where both are set, as it does for the other controllers."""
    for value, field in ((legacy, annotation_field(CLASS_ANNOTATION)), (named, "spec.ingressClassName")):
        if value is not None:
            if not isinstance(value, str):
                findings.add(field, f"{spelled(value)} is not text", "Put the name of the class in quotes")
            return sys.intern(value) if isinstance(value, str) and is_dns_name(value) else ""
    return None


def _default_rule(spec: WireIngressSpec, findings: Findings, *, is_beta: bool) -> PathRule | None:
    backend, field = (spec.backend, "spec.backend") if is_beta else (spec.default_backend, "spec.defaultBackend")
    if backend is None:
        return None
    target = read_target(backend, field, findings, is_beta=is_beta)
    return PathRule(path="/", is_exact=False, target=target, field=field, is_default=bool(spec.rules))


class _Rules:
    """Gathers the paths of one Ingress by host."""

    def __init__(self, findings: Findings, matching: Matching, *, is_beta: bool) -> None:
        self._findings = findings
        self._matching = matching
        self._is_beta = is_beta
        self._hosts: dict[str, dict[tuple[bool, str], PathRule]] = {}

    def read(self, rules: list[WireRule]) -> None:
        """Read rule by rule, MAX_PATHS paths at most; a rule without paths counts as one."""
        count = 0
        total = sum(max(1, len(_paths(rule))) for rule in rules)
        if total > MAX_PATHS:
            said = f"{total:,} paths are over the cap of {MAX_PATHS:,}: the first {MAX_PATHS:,} are served"
            self._findings.add("spec.rules", said, "Split the Ingress", Reason.TOO_MANY)
        for number, rule in enumerate(rules):
            field = f"spec.rules[{number}]"
            allowed = MAX_PATHS - count
            count += max(1, len(_paths(rule)))
            if allowed <= 0:
                return
            try:
                host = canonical_host(rule.host)
            except Refused as refused:
                self._findings.add(f"{field}.host", str(refused), refused.remedy)
                continue
            paths = self._hosts.setdefault(sys.intern(host), {})
            for position, wire in enumerate(_paths(rule)[:allowed]):
                path_rule = self._path_rule(wire, sys.intern(f"{field}.http.paths[{position}]"))
                if path_rule is not None:
                    self._add(paths, path_rule)

    def by_host(self, default: PathRule | None) -> tuple[HostRules, ...]:
        """All hosts, sorted, with their paths, a defaultBackend being the last path of each."""
        added = () if default is None else (default,)
        hosts = ((host, (*paths.values(), *added)) for host, paths in sorted(self._hosts.items()))
        return tuple(HostRules(host, paths) for host, paths in hosts if paths)

    def _path_rule(self, wire: WirePath, place: str) -> PathRule | None:
        path_type = FREE if self._is_beta and wire.path_type is None else wire.path_type
        if path_type not in PATH_TYPES:
            said = f"{spelled(path_type)} is an unknown pathType"
            self._findings.add(f"{place}.pathType", said, f"Use {', '.join(PATH_TYPES)}")
            return None
        is_free = path_type == FREE
        try:
            read = free_path(wire.path, self._matching) if is_free else ReadPath(checked_path(wire.path))
        except Refused as refused:
            self._findings.add(f"{place}.path", str(refused), refused.remedy)
            return None
        if is_free and not read.expression and looks_like_a_pattern(read.path):
            said = f"{spelled(read.path)} looks like a pattern, but is taken as a prefix, literally"
            self._findings.add(f"{place}.path", said, "Say hadyn.io/use-regex, or use a prefix", Reason.NOT_SUPPORTED)
        target = read_target(wire.backend, f"{place}.backend", self._findings, is_beta=self._is_beta)
        return PathRule(
            path=read.path,
            is_exact=path_type == EXACT,
            target=target,
            field=place,
            rest=read.rest,
            expression=read.expression,
            groups=read.groups,
        )

    def _add(self, paths: dict[tuple[bool, str], PathRule], rule: PathRule) -> None:
        """Keep the first of equal paths; the other one is a fault if it leads elsewhere."""
        key = (rule.is_exact, rule.path if rule.is_exact else rule.path.rstrip("/"))
        first = paths.setdefault(key, rule)
        if first.target != rule.target:
            said = f"the same path is at {first.field}, which counts"
            self._findings.add(f"{rule.field}.path", said, "Remove one of the two", Reason.DUPLICATE)


def _paths(rule: WireRule) -> list[WirePath]:
    return (rule.http.paths if rule.http else None) or []
