"""Say once what many meet at the same time.

Rule: a failure is a line in the log when it begins and one when it is over, not at every
try and not by everybody who meets it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from hadyn.errors import HadynError

log = logging.getLogger(__name__)


class Outages:
    """Which failures last, and who meets them; from any thread. ``clock`` is monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._met_by: dict[str, set[str]] = {}
        self._since: float | None = None

    def began(self, who: str, failure: HadynError) -> None:
        """Note that somebody meets a failure, instead of any other."""
        sentence = str(failure)
        with self._lock:
            self._since = self._clock() if self._since is None else self._since
            self._leave(who, but=sentence)
            is_news = sentence not in self._met_by
            self._met_by.setdefault(sentence, set()).add(who)
        if is_news:
            log.warning("%s", sentence)

    def ended(self, who: str) -> None:
        """Note that somebody is well again."""
        with self._lock:
            self._leave(who)
            if self._met_by or self._since is None:
                return
            seconds, self._since = self._clock() - self._since, None
        log.info("in touch with the apiserver again after %.0f s", seconds)

    def sentences(self) -> tuple[str, ...]:
        """What goes wrong now."""
        with self._lock:
            return tuple(self._met_by)

    def _leave(self, who: str, but: str = "") -> None:
        for sentence in [sentence for sentence in self._met_by if sentence != but]:
            self._met_by[sentence].discard(who)
            if not self._met_by[sentence]:
                del self._met_by[sentence]
