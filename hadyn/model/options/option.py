"""What an option is: the annotation's name, its values, and what it does to HAProxy.

Rules: an option is parsed once, when its object is decoded; from then on it is a typed
value. ``parse`` takes exactly what ``accepted`` says and raises ValueError for the rest.
What an option does to HAProxy stands in its entry, nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, Protocol, TypeVar

from hadyn.model.directives import Directive
from hadyn.model.extras import Extra
from hadyn.model.problems import annotation_field

PREFIX = "hadyn.io/"

Value = TypeVar("Value")


class Scope(Enum):
    """The kind of object an option may stand on; the value is the word people see.

    In the operator's ConfigMap it stands without prefix, and is the default for all objects.
    """

    INGRESS = "Ingress"
    SERVICE = "Service"
    BACKEND = "Backend"
    GLOBAL = "ConfigMap"


EVERYWHERE = frozenset(Scope)
OPERATOR = frozenset({Scope.GLOBAL})
"""Of options about all of HAProxy, which nobody else may set."""


class Effect(Enum):
    """How a changed value reaches HAProxy; the value is the sentence people see."""

    LIVE = "at once, over the socket"
    RELOAD = "with a reload"
    LIVE_FOR_HOSTS = "on an Ingress at once, over the socket; in the ConfigMap with a reload"
    LIVE_BEHIND_FIRST = "at once, over the socket, once some Ingress has brought it to the backend with a reload"
    WHEN_GROWING = "at once where slots suffice, else with one reload"


class Chosen(Protocol):
    """The values that hold where an option takes effect, for options that go together."""

    def value(self, option: Option[Value], /) -> Value | None:
        """The typed value, the option's default where nobody says anything."""


def everybody(_value: object, _service: str) -> bool:
    return True


def no_directives(_value: object, _chosen: Chosen) -> tuple[Directive, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class Alias(Generic[Value]):
    """Another controller's annotation for the same, spelled otherwise: ``parse`` reads what it ``accepted``."""

    name: str
    parse: Callable[[str], Value]
    accepted: str
    example: str


def of_haproxy_ingress(name: str) -> tuple[str, str]:
    """Return haproxy-ingress' annotations of this name, the old prefix included."""
    return f"haproxy-ingress.github.io/{name}", f"ingress.kubernetes.io/{name}"


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What a route is, for fields that depend on it; ``has_tls`` where an Ingress names its host in spec.tls.

    ``rest`` is the number of the group that holds what follows the path, where the path was
    written as a regular expression; else 0. ``groups`` are the numbers of its groups where HAProxy
    matches it as one, else None. ``moved_to`` is where all requests go, "" where they stay,
    ``stand_in`` the backend that is asked where nobody serves. It ``is_believed`` what
    certificates of clients say, where those of the host are judged by the authorities that the Ingress names.
    """

    host: str
    path: str
    is_exact: bool
    has_tls: bool = False
    rest: int = 0
    moved_to: str = ""
    is_believed: bool = False
    stand_in: str = ""
    groups: tuple[int, ...] | None = None


def like_all(_chosen: Chosen, _route: RouteFacts) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class RouteField:
    """What options add to a route's entry in the maps, so that they change without a reload.

    ``spell`` returns "" where there is nothing to say, else printable ASCII without blank, ``|``,
    ``;`` and backslash. It is ``var(txn.NAME)`` in ``rules``, lines of the frontend that come right
    behind the choice of the backend, {maps} the folder of the maps; ``tls_rules`` follow where
    HAProxy speaks TLS. Without rules the lines of backends read the field; rules of an ``extra``
    are there only while a route wants it. ``unlike`` says what is wrong with the wish for this
    route, "" where nothing is. ``number`` is never given to another field, since a HAProxy that
    runs on counts as it did when it began.
    """

    number: int
    name: str
    spell: Callable[[Chosen, RouteFacts], str]
    rules: tuple[str, ...] = ()
    tls_rules: tuple[str, ...] = ()
    unlike: Callable[[Chosen, RouteFacts], str] = like_all
    extra: Extra | None = None


class Section(Enum):
    """A place in the main file for lines of the operator's options; the value is what stands there."""

    GLOBAL = "global"
    DEFAULTS = "defaults"
    FRONTEND = "frontend"
    FORWARDED = "X-Forwarded- headers"
    """In the frontend, instead of the lines that say these headers afresh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option(Generic[Value]):
    """One annotation.

    ``default`` is None where the operator's flags decide or nothing is set; ``default_text`` says
    it to people. ``directives`` and ``server_directives`` turn a value that somebody set into lines
    of the backend's section and of its default-server lines; they may ask for the values of other
    options. An option ``per_route`` may differ between Ingresses that lead to the same backend: its
    directives take conditions, or fields of its routes (``routing.py``) carry it. ``main`` is the
    section of the main file where the directives of the operator's value stand; without it that
    value stands in for objects that say nothing. ``concerns`` says whether a value is for the
    Service of this name. ``when_wrong`` holds where somebody wrote what cannot be read, for options
    that must not fail open; ``wrong_text`` says it to people. A route of an Ingress that says an
    option that ``is_guard`` waits until HAProxy has its lines. ``aliases`` are whole annotation
    names of other controllers that mean the same. ``since`` is the version of HAProxy that an
    option about a backend as a whole needs, () where all supported ones do. One that
    ``names_secret`` may have the object's own namespace in front of it.
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
    aliases: tuple[str | Alias[Value], ...] = ()
    directives: Callable[[Value, Chosen], tuple[Directive, ...]] = no_directives
    server_directives: Callable[[Value, Chosen], tuple[Directive, ...]] = no_directives
    per_route: bool = False
    when_wrong: Value | None = None
    wrong_text: str = "until then all get a 403"
    is_guard: bool = False
    main: Section | None = None
    concerns: Callable[[Value, str], bool] = everybody
    since: tuple[int, ...] = ()
    names_secret: bool = False

    def within(self, namespace: str, text: object) -> object:
        """Return what an object of this namespace says, without that namespace in front of the name of a Secret."""
        return text.removeprefix(f"{namespace}/") if self.names_secret and isinstance(text, str) else text

    @property
    def is_of_backends(self) -> bool:
        """Whether it is about a backend as a whole, on whatever object it stands."""
        is_for_some = self.main in (None, Section.DEFAULTS)
        return is_for_some and (Scope.SERVICE in self.scope or self.directives is not no_directives)

    @property
    def annotation(self) -> str:
        """The whole name: ``hadyn.io/slots``."""
        return PREFIX + self.name

    @property
    def field(self) -> str:
        """Where it stands in an object, for problems."""
        return annotation_field(self.annotation)

    @property
    def title(self) -> str:
        """As people write it: the annotation, or the key of the operator's ConfigMap where it stands nowhere else."""
        return self.name if self.scope == OPERATOR else self.annotation

    @property
    def alias_names(self) -> tuple[str, ...]:
        """The whole names of the aliases."""
        return tuple(alias if isinstance(alias, str) else alias.name for alias in self.aliases)

    def spelling(self, annotation: str) -> Alias[Value]:
        """How this annotation spells the values: the option's own name, or one of its aliases."""
        own = Alias(self.annotation, self.parse, self.accepted, self.example)
        return next((alias for alias in self.aliases if isinstance(alias, Alias) and alias.name == annotation), own)
