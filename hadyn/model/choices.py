"""Which options hold for a backend, out of all that objects say.

Rules: a Service's own value wins over that of any Ingress; of several Ingresses the
oldest that says something is heard. An option that no Service may have is about routes,
not about the backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from hadyn.model.claims import Voice
from hadyn.model.directives import Directive
from hadyn.model.objects import Options
from hadyn.model.options.option import Option, Scope
from hadyn.model.options.table import BY_NAME, OPTIONS
from hadyn.model.problems import ObjectRef, Problem, Reason

Value = TypeVar("Value")


class Choices:
    """The value of each option, and who said it."""

    def __init__(self, source: ObjectRef, own: Options, voices: Iterable[Voice]) -> None:
        """``source`` is the Service (or Backend) with the options ``own``; ``voices`` may come in any order."""
        self._values: dict[str, tuple[object, ObjectRef]] = {name: (value, source) for name, value in own}
        self._outvoiced: list[tuple[str, ObjectRef]] = []
        for voice in sorted(voices, key=lambda voice: voice.age):
            for name, value in voice.options:
                if Scope.SERVICE not in BY_NAME[name].scope:
                    continue
                chosen, setter = self._values.setdefault(name, (value, voice.ref))
                if chosen != value and setter != source:
                    self._outvoiced.append((name, voice.ref))

    def value(self, option: Option[Value]) -> Value | None:
        """The typed value, the option's default where nobody says anything."""
        if option.name not in self._values:
            return option.default
        value: Value = self._values[option.name][0]  # type: ignore[assignment]  # its own parser made it
        return value

    def setter(self, option: Option[Value]) -> ObjectRef | None:
        """The object that says so, None for the default."""
        return self._values[option.name][1] if option.name in self._values else None

    def directives(self) -> tuple[Directive, ...]:
        """What the options add to the backend's section."""
        return tuple(line for option, value in self._said() for line in option.directives(value))

    def server_directives(self) -> tuple[Directive, ...]:
        """What the options add to the backend's default-server line."""
        return tuple(line for option, value in self._said() for line in option.server_directives(value))

    def problems(self, backend: str) -> Iterator[Problem]:
        """Each Ingress that is not heard."""
        for name, ref in self._outvoiced:
            annotation = BY_NAME[name].annotation
            said = f"backend {backend} has another value from {self._values[name][1]}, which is older"
            remedy = "Annotate the Service, whose word counts"
            yield Problem(ref, f"metadata.annotations[{annotation}]", Reason.CLAIMED, said, remedy)

    def _said(self) -> Iterator[tuple[Option[object], object]]:
        return ((option, self._values[option.name][0]) for option in OPTIONS if option.name in self._values)
