"""The annotations of one object, read as options.

Rules: a wrong value is left out, so that the default applies. The own name of an option
wins over its aliases. Of unknown names the first few are named and the rest is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hadyn.model.objects import Fault, Options
from hadyn.model.options.option import PREFIX, Option, Scope
from hadyn.model.options.table import BY_ALIAS, BY_NAME, closest_name
from hadyn.model.problems import Reason, annotation_field, shown

NAMED_UNKNOWN = 5


def read_options(annotations: Mapping[str, Any], scope: Scope, namespace: object = None) -> tuple[Options, list[Fault]]:
    """Return the typed options of an object of this namespace and what is wrong with its annotations."""
    faults = list(_unknown(annotations, scope))
    values: dict[str, object] = {}
    for annotation, option in _set_options(annotations, scope, faults):
        value: Any = option.within(str(namespace), annotations[annotation])
        fault = _fault_of(annotation, value, option, scope)
        if fault is None:
            values[option.name] = option.spelling(annotation).parse(value)
        else:
            faults.append(fault)
            if option.when_wrong is not None:
                values[option.name] = option.when_wrong
    return tuple(sorted(values.items())), faults


def read_defaults(values: Mapping[str, str]) -> tuple[Options, list[Fault]]:
    """Return the options that the operator's ConfigMap sets for all, by name without prefix, and what is wrong."""
    return read_options({PREFIX + key: value.rstrip("\n") for key, value in values.items()}, Scope.GLOBAL)


def _set_options(
    annotations: Mapping[str, Any], scope: Scope, faults: list[Fault]
) -> Iterator[tuple[str, Option[Any]]]:
    """Yield each option that is set, with the annotation that sets it; note aliases that say otherwise."""
    own = sorted(name for name in annotations if name.removeprefix(PREFIX) in BY_NAME and name.startswith(PREFIX))
    aliases = sorted(name for name in annotations if name in BY_ALIAS)
    setters: dict[str, str] = {}
    for annotation in [*own, *aliases]:
        option = BY_ALIAS.get(annotation) or BY_NAME[annotation.removeprefix(PREFIX)]
        setter = setters.setdefault(option.name, annotation)
        if setter == annotation:
            yield annotation, option
        elif annotations[annotation] != annotations[setter]:
            said = f"says otherwise than {setter}, which counts"
            faults.append(Fault(_field(annotation, scope), Reason.DUPLICATE, said, "Remove one of the two"))


def _fault_of(annotation: str, value: object, option: Option[Any], scope: Scope) -> Fault | None:
    if scope not in option.scope:
        places = " or ".join(place.value for place in Scope if place in option.scope)
        said = f"means nothing on this kind of object; it belongs on {places}"
        return Fault(_field(annotation, scope), Reason.NOT_SUPPORTED, said, "Move it there")
    spelling = option.spelling(annotation)
    instead = f"the default ({option.default_text}) applies" if option.when_wrong is None else option.wrong_text
    wanted = f"{spelling.accepted} is wanted; {instead}"
    if not isinstance(value, str):
        return Fault(
            _field(annotation, scope), Reason.INVALID_VALUE, f"is not text: {wanted}", "Put the value in quotes"
        )
    try:
        spelling.parse(value)
    except ValueError:
        return Fault(
            _field(annotation, scope),
            Reason.INVALID_VALUE,
            f"{shown(value)}: {wanted}",
            f'For example "{spelling.example}"',
        )
    return None


def _unknown(annotations: Mapping[str, Any], scope: Scope) -> Iterator[Fault]:
    own = (name for name in annotations if name.startswith(PREFIX))
    unknown = sorted(name for name in own if name.removeprefix(PREFIX) not in BY_NAME)
    for annotation in unknown[:NAMED_UNKNOWN]:
        name = annotation.removeprefix(PREFIX)
        closest = closest_name(name)
        remedy = f"Did you mean {PREFIX}{closest}?" if closest else "`hadyn annotations` lists all"
        said = f"hadyn has no annotation {shown(name)}"
        yield Fault(_field(annotation, scope), Reason.UNKNOWN_ANNOTATION, said, remedy)
    if len(unknown) > NAMED_UNKNOWN:
        said = f"{len(unknown) - NAMED_UNKNOWN:,} further annotations of hadyn.io are unknown"
        yield Fault(
            "data" if scope is Scope.GLOBAL else "metadata.annotations",
            Reason.UNKNOWN_ANNOTATION,
            said,
            "`hadyn annotations` lists all",
        )


def _field(annotation: str, scope: Scope) -> str:
    """Where an option stands; a name that no object of Kubernetes can have is escaped."""
    plain = annotation.isascii() and annotation.isprintable() and len(annotation) < 80
    spelled = annotation if plain else shown(annotation)
    return f"data[{spelled.removeprefix(PREFIX)}]" if scope is Scope.GLOBAL else annotation_field(spelled)
