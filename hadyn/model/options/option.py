"""What an option is: the annotation's name, its values, and what it does to HAProxy.

Rule: an option is parsed once, when its object is decoded; from then on it is a typed
value. ``parse`` takes exactly what ``accepted`` says and raises ValueError for the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from hadyn.model.directives import Directive

PREFIX = "hadyn.io/"

Value = TypeVar("Value")


class Scope(Enum):
    """The kind of object an annotation may stand on; the value is the word people see."""

    INGRESS = "Ingress"
    SERVICE = "Service"
    BACKEND = "Backend"


EVERYWHERE = frozenset(Scope)


class Effect(Enum):
    """How a changed value reaches HAProxy; the value is the sentence people see."""

    LIVE = "at once, over the socket"
    RELOAD = "with a reload"
    WHEN_GROWING = "at once where slots suffice, else with one reload"


def no_directives(_: object) -> tuple[Directive, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Generic[Value]):
    """One annotation.

    ``default`` is None where the operator's flags decide or nothing is set; ``default_text``
    says it to people. ``directives`` and ``server_directives`` turn a value into lines of
    the backend's section and words of its default-server line. ``aliases`` are whole
    annotation names of other controllers that mean the same.
    """

    name: str
    scope: frozenset[Scope]
    parse: Callable[[str], Value]
    accepted: str
    default: Value | None
    default_text: str
    sentence: str
    example: str
    effect: Effect
    aliases: tuple[str, ...] = ()
    directives: Callable[[Value], tuple[Directive, ...]] = no_directives
    server_directives: Callable[[Value], tuple[Directive, ...]] = no_directives

    @property
    def annotation(self) -> str:
        """The whole name: ``hadyn.io/slots``."""
        return PREFIX + self.name
