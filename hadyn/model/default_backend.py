"""The flag --default-backend-service as what it is: the youngest Ingress of all, without rules."""

from __future__ import annotations

import re

from hadyn.errors import WrongUsage
from hadyn.model.addresses import MAX_PORT
from hadyn.model.objects import Ingress, PathRule, ServiceTarget

FLAG = "--default-backend-service"
_VALUE = re.compile(r"(?P<namespace>[a-z0-9-]{1,63})/(?P<name>[a-z0-9-]{1,63}):(?P<port>[1-9][0-9]{0,4})")


def default_backend_ingress(value: str) -> Ingress | None:
    """Return the Ingress that "namespace/name:port" stands for, None for "". Raises WrongUsage."""
    if not value:
        return None
    found = _VALUE.fullmatch(value)
    if found is None or int(found["port"]) > MAX_PORT:
        raise WrongUsage(f"{FLAG} {value!a} is no Service", remedy="Write namespace/name:port")
    target = ServiceTarget(found["name"], int(found["port"]))
    # as a default it yields to the catch-all of any Ingress, silently
    rule = PathRule(path="/", is_exact=False, target=target, field="", is_default=True)
    return Ingress(namespace=found["namespace"], name=FLAG, catch_all=rule)
