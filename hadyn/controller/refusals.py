"""What is left out of files that HAProxy does not load.

Rules: whom HAProxy complains of is left out, and the rest is loaded. Where it complains of nothing that
is new, the live files are doubted once; where it does not say why, that is found by trying.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from hadyn.controller.reconciler import Reconciler
from hadyn.controller.suspects import Suspects
from hadyn.errors import ConfigurationRefused, HadynError, ReloadUnexplained
from hadyn.render.candidate import Candidate
from hadyn.render.files import StateFiles

WORDLESS = "no word of why, but it reloads without it and not with it"
"""What is told of whom HAProxy refuses, where it does not say so itself."""

log = logging.getLogger(__name__)


def culprits_of(candidate: Candidate, failure: HadynError) -> dict[str, str]:
    """Return the backends that HAProxy complains of, with its words."""
    alerts = failure.alerts if isinstance(failure, ConfigurationRefused) else ()
    named = {candidate.backend_at(alert): alert.text for alert in alerts}
    return {name: said for name, said in named.items() if name is not None}


class Refusals:
    """Leaves out what one HAProxy refuses; one thread owns it."""

    def __init__(self, files: StateFiles, reconciler: Reconciler) -> None:
        self._files = files
        self._reconciler = reconciler
        self._suspects = Suspects()
        self._has_doubted = False

    @property
    def is_searching(self) -> bool:
        """Whether it is being tried who is refused."""
        return self._suspects.tried is not None

    def tried_of(self, pending: Collection[str]) -> frozenset[str] | None:
        """Return what the next reload loads of what is new and ``pending``, None for all of it.

        A main file of which nothing can be left out always is.
        """
        self._suspects.keep_to(pending)
        tried = self._suspects.tried
        return tried if tried is None or self._reconciler.filing.main.is_refusable else tried | {""}

    def accepted(self) -> frozenset[str] | None:
        """Note that a reload came off; return what of the new was tried with it, None for all."""
        tried = self._suspects.tried
        self._suspects.accepted()
        self._has_doubted = False
        return tried

    def give_up(self) -> None:
        """Note that nothing is left to try; the live files may be doubted again."""
        self._has_doubted = False

    def blamed(self, candidate: Candidate, failure: HadynError) -> dict[str, str]:
        """Return whom a reload without a word shows to be refused, "" for the operator's ConfigMap; mostly nobody yet."""
        if not isinstance(failure, ReloadUnexplained):
            return {}
        is_suspect = candidate.main is not None and self._reconciler.filing.main.is_refusable
        blamed = self._suspects.refused([*candidate.sections, *([""] if is_suspect else [])])
        return {} if blamed is None else {blamed: WORDLESS}

    def go_on(self, culprits: Mapping[str, str], failure: HadynError) -> bool:
        """Leave the culprits out; return whether there is anything else to try.

        Where there are none, the live files are doubted once: somebody may have edited one.
        """
        self.leave_out(culprits)
        if culprits or not isinstance(failure, ConfigurationRefused):
            return bool(culprits)
        certificates = self._reconciler.tls.certificates
        if certificates and certificates.leave_out(alert.text for alert in failure.alerts):
            return True
        if self._refuse_main(failure.happened):
            return True
        if self._has_doubted:
            return False
        self._has_doubted = True
        log.warning("%s; all files are written again", failure.happened)
        self._files.doubt()
        return True

    def leave_out(self, culprits: Mapping[str, str]) -> None:
        """Go on without these, "" for what the operator's ConfigMap changes, each with HAProxy's words."""
        for name, said in culprits.items():
            if not name:
                self._refuse_main(said)
                continue
            log.error("backend %s is left out, HAProxy says: %s", name, said)
            self._reconciler.filing.refuse(name, said, is_running=name in self._reconciler.served())

    def _refuse_main(self, said: str) -> bool:
        if not self._reconciler.filing.main.refuse(said):
            return False
        log.error("the operator's ConfigMap is left out: %s", said)
        return True
