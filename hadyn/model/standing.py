"""What the operator's ConfigMap says for all objects.

Rule: a value that is wrong is left out and a problem of the ConfigMap; without a ConfigMap
every option has its own default.
"""

from __future__ import annotations

from hadyn.model.objects import ConfigMap, KubernetesObject, Options
from hadyn.model.options.annotations import read_defaults
from hadyn.model.options.stapling import OCSP_RESPONDERS
from hadyn.model.options.table import BY_NAME
from hadyn.model.policy import Policy
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.stapling import OFF, Stapling, stapling_of


class Standing:
    """The options that stand for all; ``of_objects`` are those that an object may say otherwise.

    ``stapling`` is what those about OCSP come to.
    """

    def __init__(self, policy: Policy) -> None:
        self.ref = ObjectRef.titled(ConfigMap.kind, policy.config_map)
        self.options: Options = ()
        self.of_objects: Options = ()
        self.stapling: Stapling = OFF
        self._policy = policy

    def take(self, config_map: KubernetesObject | None) -> list[Problem]:
        """Take the ConfigMap as it is now, None where there is none; return what is wrong with it."""
        values = dict(config_map.values) if isinstance(config_map, ConfigMap) else {}
        self.options, faults = read_defaults(values)
        self.of_objects = tuple((name, value) for name, value in self.options if BY_NAME[name].main is None)
        self.stapling, hindrance = stapling_of(self.options, self._policy)
        return [*(fault.problem_of(self.ref) for fault in faults), *self._hindered(hindrance)]

    def _hindered(self, hindrance: str) -> list[Problem]:
        field, remedy = f"data[{OCSP_RESPONDERS.name}]", "Let hadyn have another HAProxy; nothing is stapled until then"
        return [Problem(self.ref, field, Reason.NOT_SUPPORTED, hindrance, remedy)] if hindrance else []
