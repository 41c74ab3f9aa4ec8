"""Which records of a name count, as answers come and go.

Rules:

1. The order of an answer says nothing; a record that stays keeps its value, so a rotated
   answer changes nothing at all.
2. A record that answers stop naming is drained after two of them, and leaves after
   ``hold obsolete``. Its slot then goes to a record that no slot uses (``planner/slots.py``
   lets those that sit stay).
3. Some servers name a few of many records, others each time. Such a name shows by records
   that come back; its records are neither drained nor let go before their absence means
   something: so many answers in a row that chance explains it once in a million.
4. Before any came back, answers that hardly agree with one another may be such parts: the
   second absence counts once two answers in a row agree on more than half.
5. An answer that was cut says nothing about records it does not name.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from enum import Enum

from msgspec import Struct

MOST_RECORDS = 1024
"""So many records of one name are kept; those that are known go before newcomers."""
MISSES = 2
"""One answer without a record is not enough to do anything about it."""
LONGEST_HOLDS = 120
"""A record leaves after so many hold times at the latest, whatever its server names each time."""
CHANCE = 1e-6

Key = tuple[str, int]


class Record(Struct, frozen=True, gc=False, order=True):
    """An address that an answer names: canonical ``ip``; of SRV also ``port``, ``priority``, ``weight``.

    ``name`` is the host it belongs to: the target of SRV, else the name that was asked.
    """

    ip: str
    port: int = 0
    priority: int = 0
    weight: int = 1
    name: str = ""


class Known(Struct, frozen=True, gc=False):
    """A record and how it was seen: ``missed`` answers that count since it was last named, the first at ``gone_at``."""

    record: Record
    missed: int = 0
    gone_at: float | None = None

    @property
    def key(self) -> Key:
        return self.record.ip, self.record.port


class Extent(Enum):
    """What the records that an answer does not name mean."""

    WHOLE = "they are not there any more, unless the server names only some each time"
    REPEATED = "the same, but it may come out of the same cache as the answer before: not missed once more"
    CUT = "nothing"


class Records(Struct, frozen=True, gc=False):
    """All records of a name by (ip, port). ``is_partial`` where its server names only some each time.

    ``left_out`` is how many of the last answer were too many.
    """

    known: tuple[Known, ...] = ()
    is_partial: bool = False
    left_out: int = 0

    @property
    def serving(self) -> tuple[Known, ...]:
        """Those that get requests: not drained, of the best priority."""
        present = [known for known in self.known if not self._is_leaving(known)] or list(self.known)
        best = min((known.record.priority for known in present), default=0)
        return tuple(known for known in present if known.record.priority == best)

    @property
    def standby(self) -> tuple[Known, ...]:
        """Those of a worse priority than the ones that get requests."""
        priorities = {known.record.priority for known in self.known}
        if len(priorities) < 2:
            return ()
        others = {known.key for known in (*self.serving, *self.draining)}
        return tuple(known for known in self.known if known.key not in others)

    @property
    def draining(self) -> tuple[Known, ...]:
        """Those that answers do not name any more and that are kept for now."""
        leaving = tuple(known for known in self.known if self._is_leaving(known))
        return leaving if len(leaving) < len(self.known) else ()

    def _is_leaving(self, known: Known) -> bool:
        return known.missed >= MISSES and not self.is_partial


def accumulated(
    records: Records, answered: Sequence[Record], now: float, *, hold_obsolete: float, extent: Extent = Extent.WHOLE
) -> Records:
    """Return what is known with one more answer; ``now`` and ``hold_obsolete`` are seconds."""
    named = {(record.ip, record.port): record for record in answered}
    if len(named) == len(records.known) and all(_is_unchanged(known, named) for known in records.known):
        return records if not records.left_out else Records(records.known)
    hosts = {(record.name, record.port) for record in answered if record.name and record.port}
    counts = extent is Extent.WHOLE and (records.is_partial or _agrees(records.known, named))
    kept: list[Known] = []
    has_returned = False
    for known in records.known:
        record = named.pop(known.key, None)
        if record is not None:
            has_returned = has_returned or known.missed > 0
            kept.append(known if _is_same(known, record) else Known(record))
        elif extent is Extent.CUT:
            kept.append(known)
        elif not _is_replaced(known, records.known, hosts):
            kept.append(_missed(known, now, extent, counts=counts))
    is_partial = (records.is_partial or has_returned) and any(known.gone_at is not None for known in kept)
    needed = _misses_needed(len(answered), len(kept) + len(named)) if is_partial else MISSES
    kept = [known for known in kept if not _is_over(known, now, hold_obsolete, needed)]
    room = max(0, MOST_RECORDS - len(kept))
    newcomers = sorted(named.values())
    kept += [Known(record) for record in newcomers[:room]]
    kept.sort(key=lambda known: known.record)
    return Records(tuple(kept), is_partial, len(newcomers[room:]))


def let_go(records: Records) -> Records:
    """Return what is left after one step of letting go a name that is not there any more: a quarter goes, no less than one."""
    number = math.ceil(len(records.known) / 4)
    in_order = sorted(records.known, key=lambda known: (known.missed == 0, known.record))
    return Records(tuple(sorted(in_order[number:], key=lambda known: known.record)), records.is_partial)


def weights(serving: Iterable[Known]) -> list[int]:
    """Return a weight from 0 to 256 for each record, in order; the smallest numbers of the same ratio.

    A weight that is not 0 stays so; where all are 0 all count the same, as RFC 2782 has it.
    """
    given = [known.record.weight for known in serving]
    divisor = math.gcd(*given)
    if divisor == 0:
        return [1] * len(given)
    reduced = [weight // divisor for weight in given]
    largest = max(reduced)
    if largest <= 256:
        return reduced
    return [math.ceil(weight * 256 / largest) for weight in reduced]


def _is_unchanged(known: Known, named: dict[Key, Record]) -> bool:
    record = named.get(known.key)
    return record is not None and _is_same(known, record)


def _is_same(known: Known, record: Record) -> bool:
    return known.gone_at is None and known.record == record


def _agrees(known: Iterable[Known], named: Collection[Key]) -> bool:
    """Whether an answer names more than half of what the answer before it named, or the other way round."""
    before = {each.key for each in known if each.gone_at is None}
    return not before or 2 * len(before & set(named)) > min(len(before), len(named))


def _missed(known: Known, now: float, extent: Extent, *, counts: bool) -> Known:
    """Note that an answer does not name a record; ``counts``: also where others did not before."""
    missed = known.missed + 1 if counts else max(known.missed, int(extent is Extent.WHOLE))
    return Known(known.record, missed, now if known.gone_at is None else known.gone_at)


def _is_replaced(known: Known, everyone: Iterable[Known], hosts: set[tuple[str, int]]) -> bool:
    """Whether the one address of an SRV target went because the target has another one now."""
    host = known.record.name, known.record.port
    if host not in hosts:
        return False
    return sum((other.record.name, other.record.port) == host for other in everyone) == 1


def _misses_needed(shown: int, pool: int) -> int:
    """Return how many answers in a row leave one record of a pool out by chance once in a million times."""
    if shown >= pool:
        return MISSES
    return max(MISSES, math.ceil(math.log(CHANCE / pool) / math.log(1 - shown / pool))) if shown else MISSES


def _is_over(known: Known, now: float, hold_obsolete: float, needed: int) -> bool:
    if known.gone_at is None or not hold_obsolete:
        return known.gone_at is not None
    away = now - known.gone_at
    return away >= hold_obsolete and (known.missed >= needed or away >= LONGEST_HOLDS * hold_obsolete)
