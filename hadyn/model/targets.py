"""Where the rules of an Ingress lead: to a Service, or beside it, or instead of it.

Rule: what leads nowhere is a problem of the Ingress, in the field that names it, and nothing else of it is touched.
"""

from __future__ import annotations

from hadyn.model.claims import stand_in_of
from hadyn.model.objects import Ingress, PathRule, ServiceTarget
from hadyn.model.options.passthrough import SSL_PASSTHROUGH_HTTP_PORT, passes_tls, plain_port
from hadyn.model.options.stand_ins import DEFAULT_BACKEND
from hadyn.model.problems import Problem, Reason
from hadyn.model.services import Find, Found, Missing


class Targets:
    """Looks backends up for one host; what is wrong is added to ``problems``, each once."""

    def __init__(self, find: Find, problems: dict[Problem, None]) -> None:
        self._find = find
        self._problems = problems

    def of(self, ingress: Ingress, rule: PathRule) -> Found | None:
        """The backend of a rule, None where it has none yet."""
        if rule.target is None:
            return None
        found = self._find(ingress.namespace, rule.target)
        if isinstance(found, Missing):
            field = f"{rule.field}.backend" if rule.field.endswith("]") else rule.field
            self._problems[Problem(ingress.ref, field, found.reason, found.said, found.remedy)] = None
            return None
        return found

    def plain(self, ingress: Ingress, rule: PathRule, passing: Found | None) -> Found | None:
        """Where requests without TLS go, beside connections that pass."""
        wanted = plain_port(ingress.options)
        if wanted is None or passing is None or not isinstance(rule.target, ServiceTarget):
            return None
        found = self._find(ingress.namespace, ServiceTarget(rule.target.name, wanted))
        said = "is where TLS goes" if found == passing else found.said if isinstance(found, Missing) else ""
        if said:
            field = SSL_PASSTHROUGH_HTTP_PORT.field
            remedy = "Name another port of the Service; requests without TLS get a 503 until then"
            self._problems[Problem(ingress.ref, field, Reason.NOT_FOUND, f"port {wanted}: {said}", remedy)] = None
            return None
        assert isinstance(found, Found)
        return found

    def stand_in(self, ingress: Ingress, rule: PathRule) -> Found | None:
        """What is asked where nobody serves; that it leads nowhere is a problem of the annotation."""
        wanted = stand_in_of(ingress)
        found = (
            self._find(ingress.namespace, wanted)
            if wanted and not (rule.moved_to or passes_tls(ingress.options))
            else None
        )
        if isinstance(found, Missing):
            field = DEFAULT_BACKEND.field
            self._problems[Problem(ingress.ref, field, found.reason, found.said, found.remedy)] = None
            return None
        return found
