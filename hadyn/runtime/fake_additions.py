"""What a fake HAProxy adds or takes away by command: slots, whole backends."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hadyn.runtime.fake_slots import ADMIN_MAINT, STATIC_ALGORITHMS, FakeSlot

Backends = dict[str, dict[str, FakeSlot]]
ADDRESS = re.compile(r"(?:\[([^]]+)\]|([^:]+)):([0-9]+)")
REFUSAL = "Backend must use a dynamic load balancing to support dynamic servers."
WORDY_REFUSAL = "Backend does not support dynamic servers : backend '{}' uses a non dynamic load balancing method."
NO_BACKEND = "No such backend."
CHECK_CONFIGURED, CHECK_ENABLED = 2, 6


@dataclass(slots=True)
class Traits:
    """What backends are besides their slots: names of those with an algorithm that is a table, and so on.

    ``refusal`` is what HAProxy says where a slot is to be added to one of those.
    """

    refusal: str = ""
    static: set[str] = field(default_factory=set)
    added: set[str] = field(default_factory=set)
    unpublished: set[str] = field(default_factory=set)
    pointed_to: set[str] = field(default_factory=set)
    defaults: set[str] = field(default_factory=set)


def traits_of(configuration: str, *, is_wordy: bool) -> Traits:
    """Read them from a configuration; ``is_wordy`` is HAProxy 3.4."""
    traits = Traits(refusal=WORDY_REFUSAL if is_wordy else REFUSAL)
    section = ""
    for line in configuration.splitlines():
        match line.split():
            case ["backend", name, *_]:
                section = name
            case ["defaults", name, *_]:
                section = ""
                traits.defaults.add(name)
            case ["balance", algorithm, *_] if algorithm in STATIC_ALGORITHMS and section:
                traits.static.add(section)
            case ["default_backend", name]:
                traits.pointed_to.add(name)
    return traits


def change_slots(backends: Backends, traits: Traits, verb: str, target: str, words: list[str]) -> str:
    """Answer to ``add server`` and ``del server``; haproxy-facts.md#added-slots."""
    backend, _, name = target.partition("/")
    slots = backends.get(backend)
    if slots is None:
        return NO_BACKEND
    if verb == "add":
        if backend in traits.static:
            return traits.refusal.format(backend)
        return _add_slot(slots, name, words, is_first=backend in traits.added)
    slot = slots.get(name)
    if slot is None:
        return "No such server."
    if not slot.is_in_maint:
        return "Only servers in maintenance mode can be deleted."
    if slot.sessions:
        return "Server still has connections attached to it, cannot remove it."
    del slots[name]
    return "Server deleted."


def enable_checks(backends: Backends, kind: str, target: str) -> str:
    """Answer to ``enable health`` and ``enable agent``; haproxy-facts.md#checks-of-added-slots, #agents-of-added-slots."""
    backend, _, name = target.partition("/")
    slot = backends.get(backend, {}).get(name)
    if slot is None:
        return "No such server."
    if kind == "agent":
        if not slot.agent_state:
            return "Agent was not configured on this server, cannot enable."
        slot.agent_state = CHECK_ENABLED
        return ""
    if not slot.check_state:
        return "Health check was not configured on this server, cannot enable."
    slot.check_state = CHECK_ENABLED
    return ""


def change_backends(backends: Backends, traits: Traits, verb: str, name: str, words: list[str]) -> str:
    """Answer to ``add``, ``publish``, ``unpublish`` and ``del backend``; haproxy-facts.md#removed-backends."""
    if verb == "add":
        return _add_backend(backends, traits, name, words)
    if name not in backends:
        return NO_BACKEND
    match verb:
        case "publish":
            traits.unpublished.discard(name)
            return "Backend published."
        case "unpublish":
            traits.unpublished.add(name)
            return "Backend unpublished."
    if name in traits.pointed_to:
        return "This proxy cannot be removed at runtime due to other configuration elements pointing to it."
    if name not in traits.unpublished:
        return "Backend must be unpublished prior to its deletion."
    if backends[name]:
        return "Only a backend without server can be deleted."
    del backends[name]
    return "Backend deleted."


def _add_backend(backends: Backends, traits: Traits, name: str, words: list[str]) -> str:
    match words:
        case ["from", defaults]:
            if defaults not in traits.defaults:
                return f"Cannot find default proxy '{defaults}'."
            if name in backends:
                return f"Error during backend creation : name is already used by other proxy 'backend {name}'."
            backends[name] = {}
            traits.added.add(name)
            traits.unpublished.add(name)
            return "New backend registered."
    return "Usage: add backend <name> from <defproxy>."


def _add_slot(slots: dict[str, FakeSlot], name: str, words: list[str], *, is_first: bool) -> str:
    if name in slots:
        return "Already exists a server with the same name in backend."
    address = ADDRESS.fullmatch(words[0]) if words else None
    if address is None:
        return "'server' expects <name> and <addr>[:<port>] as arguments."
    weight = int(words[words.index("weight") + 1]) if "weight" in words else 1
    ip, port = address[1] or address[2], int(address[3])
    others = dict(slots)
    slot = FakeSlot(name, ip, port, weight=weight, initial_weight=weight, admin=ADMIN_MAINT)
    slot.check_state = CHECK_CONFIGURED if "check" in words else 0
    slot.agent_state = CHECK_CONFIGURED if "agent-check" in words else 0
    slots.clear()
    slots.update({name: slot, **others} if is_first else {**others, name: slot})
    return "New server registered."
