"""Which things belong to a key: small while few, quick when many.

Most keys have one (the Ingress of a Service), a few have thousands (a shared default
backend); a set for each would cost 216 bytes, a tuple 48.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Thing = TypeVar("Thing")

FEW = 4


class Index(Generic[Key, Thing]):
    """Many things to a key, each once, in the order of arrival."""

    def __init__(self) -> None:
        self._one: dict[Key, Thing] = {}
        self._few: dict[Key, tuple[Thing, ...]] = {}
        self._many: dict[Key, dict[Thing, None]] = {}

    def add(self, key: Key, thing: Thing) -> None:
        many = self._many.get(key)
        if many is not None:
            many[thing] = None
            return
        if key in self._one:
            if self._one[key] != thing:
                self._few[key] = (self._one.pop(key), thing)
            return
        few = self._few.get(key)
        if few is None:
            self._one[key] = thing
        elif thing not in few:
            if len(few) < FEW:
                self._few[key] = (*few, thing)
            else:
                self._many[key] = dict.fromkeys((*self._few.pop(key), thing))

    def discard(self, key: Key, thing: Thing) -> None:
        """Take a thing away, if it is there; the key goes with its last one."""
        many = self._many.get(key)
        if many is not None:
            many.pop(thing, None)
            if not many:
                del self._many[key]
            return
        if key in self._one:
            if self._one[key] == thing:
                del self._one[key]
            return
        few = self._few.get(key, ())
        left = tuple(each for each in few if each != thing)
        if len(left) == 1:
            del self._few[key]
            (self._one[key],) = left
        elif few:
            self._few[key] = left

    def move(self, thing: Thing, before: Iterable[Key], after: Iterable[Key]) -> None:
        """Let a thing belong to the keys ``after`` instead of ``before``."""
        gone, come = set(before), set(after)
        for key in gone - come:
            self.discard(key, thing)
        for key in come - gone:
            self.add(key, thing)

    def of(self, key: Key) -> Collection[Thing]:
        """Everything that belongs to key; do not change the index while going through it."""
        return (self._one[key],) if key in self._one else self._many.get(key) or self._few.get(key, ())

    def __contains__(self, key: object) -> bool:
        return key in self._one or key in self._few or key in self._many
