"""Which requests of a route go to a canary, or past it, because they ask for it.

Rules: what is asked for stands in maps, so it changes without a reload. A route's entry names
the headers and cookies that its requests are asked for, and its own key in the maps, which
lead from a value to a backend: that of a canary alone, or that of the stable Service alone.
The key is a digest of all there is to ask, so a route goes from one set of questions to the
next at once. All headers come before all cookies, the oldest canary's first.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from msgspec import Struct

from hadyn.model.canary import Share
from hadyn.model.desired import RANK_END, MapKey, MapName, Route, with_fields
from hadyn.model.expression_tree import literally
from hadyn.model.names import canary_name, group_name, stable_name
from hadyn.model.options.asking import (
    COOKIE_MARK,
    COOKIES_FIELD,
    HEADERS_FIELD,
    KEY_FIELD,
    MOST_NAMES,
    NAME_SEPARATOR,
)
from hadyn.model.options.canary import (
    CANARY_BY_COOKIE,
    CANARY_BY_HEADER,
    CANARY_BY_HEADER_PATTERN,
    CANARY_BY_HEADER_VALUE,
    CANARY_WEIGHT,
)
from hadyn.model.options.routing import Said
from hadyn.model.problems import Problem, Reason
from hadyn.model.services import PodChoice

ALWAYS, NEVER = "always", "never"


class Question(Struct, frozen=True, gc=False):
    """A value of a header, or a cookie (``name`` begins with COOKIE_MARK), that leads to ``backend``."""

    name: str
    value: str
    backend: str
    is_pattern: bool = False


def is_asked_for(share: Share) -> bool:
    """Whether requests can ask for this canary."""
    said = Said(share.options)
    return said.value(CANARY_BY_HEADER) is not None or said.value(CANARY_BY_COOKIE) is not None


def asking(route: Route, shares: Iterable[Share], choices: Iterable[PodChoice] = ()) -> Route:
    """Return the route with what its requests are asked for; ``shares`` are its canaries, the oldest first.

    Without canaries requests may choose among the pods of its Service.
    """
    questions = _heard([question for share in shares for question in _questions(share)])
    if not questions and route.backend:
        questions = _heard([_question_of_pods(route.backend, choice) for choice in choices])
    if not questions or route.passes_tls:
        return route
    key = f"{route.host}/{zlib.crc32(repr(questions).encode()):08x}"
    names = list(dict.fromkeys(question.name for question in questions))
    headers = NAME_SEPARATOR.join(name for name in names if not name.startswith(COOKIE_MARK))
    cookies = NAME_SEPARATOR.join(name[1:] for name in names if name.startswith(COOKIE_MARK))
    own = {KEY_FIELD: key, HEADERS_FIELD: headers, COOKIES_FIELD: cookies}
    return replace(with_fields(route, own), asked=tuple(_entries(key, questions)))


def asking_problems(share: Share) -> Iterator[Problem]:
    """What is wrong with how requests ask for a canary, or with its weight."""
    said = Said(share.options)
    header, value, pattern = map(said.value, (CANARY_BY_HEADER, CANARY_BY_HEADER_VALUE, CANARY_BY_HEADER_PATTERN))
    for option, text in ((CANARY_BY_HEADER_VALUE, value), (CANARY_BY_HEADER_PATTERN, pattern)):
        if text and not header:
            told = "says nothing without the header that requests are to have it in"
            yield share.problem_of(option, Reason.INVALID_VALUE, told, f"Add {CANARY_BY_HEADER.annotation}")
    if header and value and pattern:
        told = f"is not asked where {CANARY_BY_HEADER_VALUE.annotation} says the value"
        remedy = "Remove one of the two"
        yield share.problem_of(CANARY_BY_HEADER_PATTERN, Reason.INVALID_VALUE, told, remedy)
    weight = said.value(CANARY_WEIGHT) or 0
    if weight > share.total:
        told = f"{weight} is more than all, which is {share.total}; the canary gets no share"
        yield share.problem_of(CANARY_WEIGHT, Reason.INVALID_VALUE, told, "Say a smaller one, or a larger total")


def unheard(shares: Sequence[Share]) -> Iterator[Problem]:
    """What cannot be asked of the requests of one route, with these canaries, the oldest first."""
    heard = {question.name for question in _heard([each for share in shares for each in _questions(share)])}
    for share in shares:
        if {question.name for question in _questions(share)} - heard:
            said = f"a route's requests are asked for {MOST_NAMES} headers and {MOST_NAMES} cookies, which older canaries have taken"
            yield share.problem(Reason.TOO_MANY, said, "Share a header, with a value for each canary")


def _questions(share: Share) -> Iterator[Question]:
    said = Said(share.options)
    canary, stable = canary_name(share.backend, share.found.backend), stable_name(share.backend)
    header, value, pattern = map(said.value, (CANARY_BY_HEADER, CANARY_BY_HEADER_VALUE, CANARY_BY_HEADER_PATTERN))
    cookie = said.value(CANARY_BY_COOKIE)
    if header and value:
        yield Question(header, value, canary)
    elif header and pattern:
        yield Question(header, pattern, canary, is_pattern=True)
    elif header:
        yield Question(header, ALWAYS, canary)
        yield Question(header, NEVER, stable)
    if cookie:
        yield Question(COOKIE_MARK + cookie, ALWAYS, canary)
        yield Question(COOKIE_MARK + cookie, NEVER, stable)


def _question_of_pods(backend: str, choice: PodChoice) -> Question:
    name = COOKIE_MARK + choice.name if choice.is_cookie else choice.name
    return Question(name, choice.group.value, group_name(backend, choice.group.value))


def _heard(questions: Sequence[Question]) -> list[Question]:
    """Return the questions about as many headers and cookies as there is room for."""
    names = list(dict.fromkeys(question.name for question in questions))
    headers = [name for name in names if not name.startswith(COOKIE_MARK)][:MOST_NAMES]
    cookies = [name for name in names if name.startswith(COOKIE_MARK)][:MOST_NAMES]
    return [question for name in (*headers, *cookies) for question in questions if question.name == name]


def _entries(key: str, questions: Iterable[Question]) -> Iterator[tuple[MapKey, str]]:
    """Yield each entry once; of equal questions the first counts, as HAProxy takes it of patterns."""
    values: dict[MapKey, str] = {}
    for number, question in enumerate(questions):
        asked = f"{key}:{question.name}="
        if question.is_pattern:
            # Sorts as it shall be tried, and matches nothing, as in ``expressed_routes.py``.
            spelled = f"^={number:03}{RANK_END}{literally(asked)}{question.value}"
            values[MapName.CANARY_PATTERNS, spelled] = question.backend
        else:
            values.setdefault((MapName.CANARIES, asked + question.value), question.backend)
    yield from values.items()
