"""Files that HAProxy shall judge before they replace those that it runs with."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hadyn.errors import ConfigurationAlert
from hadyn.render.config import section_at

NAMED_IN_ALERT = re.compile(r"(?:backend|proxy|server) '([^'/]+)['/]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What ``haproxy -c`` is given.

    ``files`` are in the order in which HAProxy reads them: staged ones where something
    differs, live ones elsewhere. ``main`` (None where it stays) and ``sections`` are what
    has not been judged yet. ``is_live`` says that HAProxy would start from them already.
    """

    files: tuple[Path, ...]
    main: bytes | None
    sections: Mapping[str, bytes]
    is_live: bool = False

    def backend_at(self, alert: ConfigurationAlert) -> str | None:
        """Return the backend whose unjudged section an alert is about; None where it is about anything else."""
        return next((name for name in self._named_by(alert) if name in self.sections), None)

    def _named_by(self, alert: ConfigurationAlert) -> list[str]:
        """Alerts of the parser have a place, those of the later checks a name.

        The place is in a staged file, or in the live one where HAProxy judged by loading it.
        """
        path = Path(alert.file)
        if path.name in {file.name for file in self.files}:
            with contextlib.suppress(OSError):
                name = section_at(path.read_text("ascii", "replace"), alert.line)
                return [name] if name else []
        return NAMED_IN_ALERT.findall(alert.text)
