"""The verdict on one annotation of another controller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from hadyn.model.options.table import BY_ALIAS

SNIPPET = "hadyn takes no text for HAProxy's configuration; docs/snippets.md has the annotation for what snippets are used for"
"""Said of every annotation that holds configuration."""


class Verdict(StrEnum):
    """What hadyn makes of a foreign annotation; the value is the word people see."""

    UNDERSTOOD = "understood"
    DIFFERS = "differs"
    NOT_NEEDED = "not needed"
    NO_EQUAL = "no equal"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and what is to be said: what differs, why nothing is needed, what to write instead."""

    verdict: Verdict
    said: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another controller: ``prefixes`` of its annotations, and what is to be said of them.

    ``listed`` are the names without prefix that its documentation has, with blanks between;
    ``differing``, ``not_needed`` and ``no_equal`` say something of some of them.
    """

    title: str
    prefixes: tuple[str, ...]
    listed: str
    differing: Mapping[str, str]
    not_needed: Mapping[str, str]
    no_equal: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that its documentation has, without prefix."""
        return tuple(self.listed.split())

    def judge(self, annotation: str) -> Judgement | None:
        """Judge a whole annotation name; None where it is none of this controller's."""
        prefix = next((prefix for prefix in self.prefixes if annotation.startswith(prefix)), None)
        if prefix is None:
            return None
        name = annotation.removeprefix(prefix)
        option = BY_ALIAS.get(annotation)
        if option is not None:
            said = self.differing.get(name)
            return Judgement(Verdict.DIFFERS if said else Verdict.UNDERSTOOD, said or f"as {option.annotation}")
        if name in self.not_needed:
            return Judgement(Verdict.NOT_NEEDED, self.not_needed[name])
        if name in self.no_equal:
            return Judgement(Verdict.NO_EQUAL, self.no_equal[name])
        return Judgement(Verdict.UNKNOWN, f"{self.title} documents no such annotation")
