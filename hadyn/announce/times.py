"""Times as Kubernetes spells them."""

from __future__ import annotations

from datetime import datetime


def micro_time(now: datetime) -> str:
    """Spell a time, in UTC, as a MicroTime."""
    return now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
