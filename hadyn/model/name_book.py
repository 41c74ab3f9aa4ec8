"""Which backends use which names, and what DNS said of them last.

Rule: only names in use stand here; who asked for a change of names gets it once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from hadyn.model.index import Index
from hadyn.model.resolved import DnsQuestion, ResolvedName


class NameChanges(NamedTuple):
    """Questions that came into use, and those that went."""

    added: frozenset[DnsQuestion]
    dropped: frozenset[DnsQuestion]


class NameBook:
    """Questions by backend, with their answers."""

    def __init__(self) -> None:
        self._users: Index[DnsQuestion, str] = Index()
        self._answers: dict[DnsQuestion, ResolvedName] = {}
        self._used = 0
        self._added: set[DnsQuestion] = set()
        self._dropped: set[DnsQuestion] = set()

    def replace(self, backend: str, before: Collection[DnsQuestion], after: Collection[DnsQuestion]) -> None:
        """Let a backend use the questions ``after`` instead of ``before``."""
        for question in after:
            if question not in before:
                self._begin_use(question, backend)
        for question in before:
            if question not in after:
                self._end_use(question, backend)

    def take(self, names: Iterable[ResolvedName]) -> set[str]:
        """Note what DNS says now; return the backends concerned."""
        concerned: set[str] = set()
        for name in names:
            if name.question in self._users:
                self._answers[name.question] = name
                concerned.update(self._users.of(name.question))
        return concerned

    def answers(self, questions: Iterable[DnsQuestion]) -> list[ResolvedName]:
        """Return what DNS says of each question, in order; nothing is known of one that was not answered yet."""
        return [self._answers.get(question) or ResolvedName(question) for question in questions]

    def taken_changes(self) -> NameChanges:
        """Return which questions came into use and went out of use since this was asked last."""
        changes = NameChanges(frozenset(self._added), frozenset(self._dropped))
        self._added, self._dropped = set(), set()
        return changes

    def users(self, question: DnsQuestion) -> Collection[str]:
        return self._users.of(question)

    def spelled(self, question: DnsQuestion) -> DnsQuestion:
        """Return a question as it is in use: people leave the final dot out."""
        absolute = DnsQuestion(f"{question.name}.", question.type)
        return absolute if question not in self._users and absolute in self._users else question

    @property
    def awaits_answers(self) -> bool:
        """Whether there is a question of which nothing was said yet, not even that nobody answers."""
        return len(self._answers) < self._used

    def _begin_use(self, question: DnsQuestion, backend: str) -> None:
        if question not in self._users:
            self._added.add(question)
            self._used += 1
        self._users.add(question, backend)

    def _end_use(self, question: DnsQuestion, backend: str) -> None:
        self._users.discard(question, backend)
        if question not in self._users:
            self._answers.pop(question, None)
            self._used -= 1
            # Added and dropped again before anybody heard of it: whoever hears of both forgets first.
            self._added.discard(question)
            self._dropped.add(question)
