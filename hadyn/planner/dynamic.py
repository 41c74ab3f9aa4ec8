"""What a backend is given by command where another HAProxy, or another backend, needs a reload.

Rules: a slot that is added inherits nothing from its backend's file, so all that the file
says of slots is said again, which not every word allows. haproxy-facts.md#added-slots
Directives stand in files only, so a backend that has some comes with a reload.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import count, islice

from hadyn.model.addresses import PLACEHOLDER
from hadyn.model.desired import Backend, Endpoint
from hadyn.model.directives import Directive
from hadyn.model.names import slot_name
from hadyn.planner.capabilities import Capabilities
from hadyn.planner.commands import AddSlot, EnableAgent, EnableChecks

DYNAMIC_ALGORITHMS = frozenset({"roundrobin", "leastconn", "first", "random"})
"""Others have a table of all slots, which HAProxy makes once. haproxy-facts.md#added-slots"""
_OF_TLS = {"alpn", "ca-file", "check-sni", "ciphers", "ciphersuites", "crt", "sni", "ssl", "verify", "verifyhost"}
SLOT_KEYWORDS = frozenset(
    _OF_TLS
    | {"check", "fall", "inter", "port", "rise"}
    | {"maxconn", "maxqueue", "minconn", "on-marked-down", "pool-max-conn", "pool-purge-delay", "proto", "send-proxy"}
    | {"send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "slowstart", "ssl-max-ver", "ssl-min-ver", "tfo"}
    | {"ws"}
)
"""First words of those server directives that mean the same behind ``add server``, once checks are enabled."""
AGENT_CHECK = "agent-check"
AGENT_KEYWORDS = frozenset({AGENT_CHECK, "agent-inter", "agent-port", "agent-send"})
PLAIN_WORD = re.compile(r"[!-:<-\[\]-~]+(?<!<<)")
"""On the runtime socket no quotes help: a blank, ``;`` or ``\\`` cannot be said."""


def can_add_slots(backend: Backend, capabilities: Capabilities) -> bool:
    """Whether the backend can have more slots without a reload."""
    return (
        capabilities.has_dynamic_servers
        and backend.by_name is None
        and _is_dynamic(backend.directives)
        and all(_can_be_said(directive, capabilities) for directive in backend.server_directives)
    )


def can_add_backend(backend: Backend, capabilities: Capabilities) -> bool:
    """Whether the backend can come without a reload."""
    return capabilities.has_dynamic_backends and not backend.directives and can_add_slots(backend, capabilities)


def enabling(backend: Backend, name: str) -> tuple[EnableChecks | EnableAgent, ...]:
    """Return what has an added slot checked, and its agent asked, where the backend's are; it comes before the slot is ready."""
    said = {directive.words[0] for directive in backend.server_directives}
    checks = (EnableChecks(backend.name, name),) if "check" in said else ()
    return (*checks, EnableAgent(backend.name, name)) if AGENT_CHECK in said else checks


def is_weighed_by_agents(backend: Backend) -> bool:
    """Whether the weights of pods in service are their agents' word: where hadyn says one for all, and nobody's share."""
    has_agents = any(directive.words[0] == AGENT_CHECK for directive in backend.server_directives)
    return has_agents and len({endpoint.weight for endpoint in backend.endpoints}) <= 1


def has_settings(backend: Backend) -> bool:
    """Whether the backend's section holds more than slots with addresses."""
    return bool(backend.directives or backend.server_directives or backend.by_name)


def added_names(present: Collection[str], size: int) -> list[str]:
    """Return the names of the slots that are to be added to those present, so that there are ``size``."""
    lacking = (name for name in map(slot_name, count(1)) if name not in present)
    return list(islice(lacking, max(0, size - len(present))))


def added_slot(backend: Backend, name: str, endpoint: Endpoint | None) -> AddSlot:
    """Return the command for one more slot: a free one, or one for an endpoint."""
    words = tuple(word for directive in backend.server_directives for word in directive.words)
    if endpoint is None:
        return AddSlot(backend.name, name, PLACEHOLDER, words=words)
    return AddSlot(backend.name, name, endpoint.address, endpoint.weight, words)


def _is_dynamic(directives: Sequence[Directive]) -> bool:
    """Whether HAProxy chooses slots without a table of all. haproxy-facts.md#consistent-hashes"""
    algorithms = [directive.words[1].partition("(")[0] for directive in directives if directive.words[0] == "balance"]
    return DYNAMIC_ALGORITHMS.issuperset(algorithms) or any(
        directive.words[:2] == ("hash-type", "consistent") for directive in directives
    )


def _can_be_said(directive: Directive, capabilities: Capabilities) -> bool:
    keywords = SLOT_KEYWORDS | AGENT_KEYWORDS if capabilities.has_dynamic_agents else SLOT_KEYWORDS
    return directive.words[0] in keywords and all(map(PLAIN_WORD.fullmatch, directive.words))
