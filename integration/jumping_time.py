"""hadyn with another time of day: ``python -m integration.jumping_time FILE run …``; FILE says by how many seconds.

Only this process is told it. libfaketime does the same and lets every sleep of Python 3.11 fail.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from pathlib import Path

_real_time = time.time
_RealDatetime = dt.datetime


def jump_as_told_by(path: Path) -> None:
    """From now on be so many seconds early or late as the file says; for who imports after this call."""

    def jumping_time() -> float:
        return _real_time() + float(path.read_text())

    class JumpingDatetime(_RealDatetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            return _RealDatetime.fromtimestamp(jumping_time(), tz)

    time.time = jumping_time
    dt.datetime = JumpingDatetime  # type: ignore[misc]


if __name__ == "__main__":
    jump_as_told_by(Path(sys.argv.pop(1)))
    from hadyn.cli import main

    main()
