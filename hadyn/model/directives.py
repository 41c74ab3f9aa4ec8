"""One line of HAProxy's configuration, as words that cannot break out of it.

Rule: every text that comes from a user reaches the configuration as a word of a
``Directive``. A word is printable ASCII; what HAProxy's parser would act on (blank,
quotes, ``#``, ``$``, backslash) is put in single quotes, which HAProxy takes
literally. haproxy-facts.md#single-quotes
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PLAIN = re.compile(r"[A-Za-z0-9_./:,@%()\[\]{}+*=<>!?&|~^-]+")
PRINTABLE = re.compile(r"[ -~]{0,1024}")
MAX_WORDS = 64


class UsersOf(str):
    """A condition's word: whether the client is one of the users of the Secret of this name.

    Their list is the backend's own, so only ``Directive.of`` says how HAProxy calls it.
    """

    __slots__ = ()

    def list_of(self, backend: str) -> str:
        """HAProxy's name for the list, injective as names of backends are."""
        return f"{backend}_users_{self}"


NOBODY = "-"
"""Stands for a Secret, and is the name of none."""


class AuthoritiesOf(str):
    """A word: the file of the authorities in a Secret, "name" or "namespace/name".

    Only ``credentials.py`` says how it is called.
    """

    __slots__ = ()


class PairOf(str):
    """A word: the file of the certificate with its key in a Secret, named as for ``AuthoritiesOf``."""

    __slots__ = ()


class PairIfAny(PairOf):
    """The same, of a Secret that may hold neither."""

    __slots__ = ()


class Shared(str):
    """A whole number that replicas share; ``among`` says how much of it each has."""

    __slots__ = ()

    def among(self, replicas: int) -> str:
        """Rounded up, so that nobody has none."""
        return str(-(-int(self) // max(1, replicas)))


class Line(str):
    """A word with a line end behind it, as some arguments may have. haproxy-facts.md#line-ends-in-words"""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive and its arguments, one word each: ``Directive("timeout", "server", "30s")``.

    A word that means something in a log-format string (%[...]) means it still: callers
    double the % of a user's text where HAProxy expects a format. ``conditions`` are the
    words behind ``if``, all of which must hold: names of ACLs, or ACLs in braces.
    """

    words: tuple[str, ...]
    conditions: tuple[str, ...] = ()

    def __init__(self, *words: str, conditions: tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "conditions", conditions)
        assert words, words
        assert len(words) + len(conditions) < MAX_WORDS, words
        for word in (*words, *conditions):
            assert PRINTABLE.fullmatch(word), word

    def only_if(self, *conditions: str) -> Directive:
        """Return the same directive under these conditions, too."""
        return Directive(*self.words, conditions=(*self.conditions, *conditions))

    def among(self, replicas: int) -> Directive:
        """Return the directive as one of so many replicas has it."""
        words = (word.among(replicas) if isinstance(word, Shared) else word for word in self.words)
        return Directive(*words, conditions=self.conditions)

    @property
    def is_shared(self) -> bool:
        """Whether the number of replicas counts."""
        return any(isinstance(word, Shared) for word in self.words)

    def of(self, backend: str) -> Directive:
        """Return the directive as it stands in the section of this backend."""
        conditions = (
            f"http_auth({word.list_of(backend)})" if isinstance(word, UsersOf) else word for word in self.conditions
        )
        return Directive(*self.words, conditions=tuple(conditions))

    def __str__(self) -> str:
        """The line as HAProxy reads it, without indent and line end."""
        spelled = self.words if not self.conditions else (*self.words, "if", *self.conditions)
        return " ".join(map(quoted, spelled))


def literal(text: str) -> str:
    """Spell a user's text so that it stands for itself where HAProxy expects a log-format string."""
    return text.replace("%", "%%")


def quoted(word: str) -> str:
    """Spell one word so that HAProxy's parser reads exactly it."""
    if isinstance(word, Line):
        return quoted(str(word)) + r"\n"
    if PLAIN.fullmatch(word):
        return word
    return "'" + word.replace("'", r"'\''") + "'"
