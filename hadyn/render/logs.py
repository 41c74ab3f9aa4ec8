"""Spell the ring in HAProxy's memory that keeps the log of the last requests."""

from __future__ import annotations

from hadyn.model.options.logs import LONGEST_LINE, REQUESTS

BYTES = 1 << 20
"""Some five thousand requests."""


def ring_section() -> str:
    """Return the section. haproxy-facts.md#log-ring"""
    return f"""\
# The last requests: `show events {REQUESTS}` on the runtime socket tells them.
ring {REQUESTS}
    format raw
    maxlen {LONGEST_LINE}
    size {BYTES}
"""
