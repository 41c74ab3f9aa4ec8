"""Which options hold for a backend, out of all that objects say.

Rules: a Service's own value wins over that of any Ingress. Of a setting that a backend
has once, the oldest Ingress that says something is heard. What Ingresses say of their
routes holds for each by itself: where they differ, their lines ask whose request it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from hadyn.model.claims import Voice
from hadyn.model.directives import Directive
from hadyn.model.objects import Options
from hadyn.model.options.option import Option
from hadyn.model.options.routing import Said, speaks_of_routes
from hadyn.model.options.table import BY_NAME, OPTIONS
from hadyn.model.problems import ObjectRef, Problem, Reason

Value = TypeVar("Value")

Lines = tuple[Directive, ...]


class Choices:
    """The value of each option, and who said it."""

    def __init__(
        self,
        source: ObjectRef,
        own: Options,
        voices: Iterable[Voice],
        standing: Options = (),
        haproxy: tuple[int, ...] = (),
    ) -> None:
        """``source`` is the Service (or Backend) with the options ``own``; ``voices`` may come in any order.

        ``standing`` options hold where nobody says otherwise; they have no setter. What the version
        ``haproxy`` cannot do is left out, () can all.
        """
        self._own = own
        self._standing = standing
        self._voices = sorted(voices, key=lambda voice: voice.age)
        self._values: dict[str, tuple[object, ObjectRef]] = {name: (value, source) for name, value in own}
        self._outvoiced: list[tuple[str, ObjectRef]] = []
        for voice in self._voices:
            for name, value in voice.options:
                option = BY_NAME[name]
                if option.per_route or not option.is_of_backends or not option.concerns(value, source.name):
                    continue
                chosen, setter = self._values.setdefault(name, (value, voice.ref))
                if chosen != value and setter != source:
                    self._outvoiced.append((name, voice.ref))
        self._version = haproxy
        self._beyond = [(name, setter) for name, (_, setter) in self._values.items() if self._is_beyond(name)]
        said = tuple((name, value) for name, (value, _) in self._values.items() if not self._is_beyond(name))
        self._chosen = Said(said, tuple(each for each in standing if not self._is_beyond(each[0])))

    def value(self, option: Option[Value], /) -> Value | None:
        """The typed value, the option's default where nobody says anything."""
        return self._chosen.value(option)

    def setter(self, option: Option[Value]) -> ObjectRef | None:
        """The object that says so, None for the default."""
        return self._values[option.name][1] if option.name in self._values else None

    def directives(self) -> Lines:
        """What the options add to the backend's section."""
        once = [
            line
            for option in OPTIONS
            if option.name in self._chosen.values and not option.per_route
            for line in option.directives(self._chosen.values[option.name], self)
        ]
        return (*once, *self._lines_of_routes())

    def server_directives(self) -> Lines:
        """What the options add to the backend's default-server line."""
        return tuple(
            line
            for option in OPTIONS
            if option.name in self._chosen.values
            for line in option.server_directives(self._chosen.values[option.name], self)
        )

    @property
    def are_for_all(self) -> bool:
        """Whether the lines about requests are for every Ingress that leads here, and for any that says the same."""
        return not any(line.words[0] == "acl" for line in self._lines_of_routes())

    def problems(self, backend: str) -> Iterator[Problem]:
        """Each Ingress that is not heard."""
        for name, ref in self._outvoiced:
            said = f"backend {backend} has another value from {self._values[name][1]}, which is older"
            remedy = "Annotate the Service, whose word counts"
            yield Problem(ref, BY_NAME[name].field, Reason.CLAIMED, said, remedy)
        for name, ref in self._beyond:
            option = BY_NAME[name]
            said = f"HAProxy can do this from {_spelled(option.since)} on, and this one is {_spelled(self._version)}"
            field = option.field
            yield Problem(
                ref, field, Reason.NOT_SUPPORTED, said, "Let hadyn have a newer HAProxy; it is left out until then"
            )

    def _is_beyond(self, name: str) -> bool:
        """Whether this HAProxy cannot do what an option says."""
        return bool(self._version) and self._version < BY_NAME[name].since

    def _lines_of_routes(self) -> Lines:
        """Return the lines about requests; those that are not for all Ingresses ask for the Ingress."""
        speakers = [voice for voice in self._voices if speaks_of_routes(voice.options)]
        others = _lines_about_requests(Said(self._own, self._standing))
        if not speakers:
            return others
        by_lines: dict[Lines, list[str]] = {}
        for voice in speakers:
            by_lines.setdefault(_lines_about_requests(Said(self._own, voice.options, self._standing)), []).append(
                voice.title
            )
        if len(speakers) < len(self._voices):
            by_lines.setdefault(others, [])
        if len(by_lines) == 1:
            return next(iter(by_lines))
        titles = [voice.title for voice in speakers if voice.title not in by_lines.get(others, ())]
        return tuple(_conditional(by_lines, others, titles))


def _spelled(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _lines_about_requests(said: Said) -> Lines:
    return tuple(
        line
        for option in OPTIONS
        if option.per_route and option.name in said.values
        for line in option.directives(said.values[option.name], said)
    )


def _conditional(
    by_lines: Mapping[Lines, Sequence[str]], others: Lines, differing: Sequence[str]
) -> Iterator[Directive]:
    """Yield each group's lines for its Ingresses alone; ``others`` are for all but those that differ."""
    for number, (lines, titles) in enumerate(by_lines.items(), start=1):
        is_others = lines == others
        name = f"ingress_{number}"
        named = differing if is_others else titles
        if lines:
            yield from (Directive("acl", name, "var(txn.ingress)", "-m", "str", title) for title in named)
        yield from (line.only_if(f"!{name}" if is_others else name) for line in lines)
