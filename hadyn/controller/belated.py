"""A source that may come later than hadyn: a folder on a disk that is not mounted yet.

Rule: this is for a hadyn whose HAProxy has something to serve meanwhile. Without that, a
source where nothing is to be found is a mistake of usage, which ends hadyn at once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Sequence

from hadyn.errors import WrongUsage
from hadyn.model.problems import ObjectRef
from hadyn.sources import Emit, Part, Source

RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class BelatedSource:
    """Starts another source as soon as that can be; ``clock`` is monotonic seconds."""

    name = "sources"

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self._source = source
        self.brings_secrets = source.brings_secrets
        self._clock = clock
        self._has_begun = threading.Event()
        self._is_stopping = threading.Event()
        self._missed_since: float | None = None
        self._thread: threading.Thread | None = None

    def start(self, emit: Emit) -> None:
        """Start the source; where nothing is to be found, say so and try again in a thread of its own."""
        try:
            self._source.start(emit)
        except WrongUsage as failure:
            log.error("%s; until then HAProxy serves what it did before", failure)  # noqa: TRY400 - the sentence says it
            self._missed_since = self._clock()
            self._thread = threading.Thread(target=self._try, args=(emit, str(failure)), name="belated", daemon=True)
            self._thread.start()
            return
        self._has_begun.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether everything has been emitted; at once where the source could not be started yet."""
        return self._has_begun.is_set() and self._source.wait(seconds)

    def want_secrets(self, added: Collection[ObjectRef], dropped: Collection[ObjectRef]) -> None:
        self._source.want_secrets(added, dropped)

    def stop(self) -> None:
        self._is_stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._source.stop()

    def parts(self) -> Sequence[Part]:
        return self._source.parts() if self._has_begun.is_set() else (self,)

    def staleness_seconds(self, now: float) -> float:
        return now - self._missed_since if self._missed_since is not None else 0.0

    def place_of(self, ref: ObjectRef) -> str:
        return self._source.place_of(ref)

    def _try(self, emit: Emit, said: str) -> None:
        while not self._is_stopping.wait(RETRY_SECONDS):
            try:
                self._source.start(emit)
            except WrongUsage as failure:
                if said != str(failure):
                    said = str(failure)
                    log.error("%s", failure)  # noqa: TRY400 - the sentence says it
                continue
            log.info("the sources are there now")
            self._has_begun.set()
            return
