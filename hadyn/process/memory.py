"""Memory that was freed, given back to the kernel.

Rule: glibc keeps what was freed amid what is still used. A start leaves a twentieth of
hadyn's memory so, beside 10,000 Services; other C libraries have nothing to ask for.
"""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Have the C library return every page that nobody uses."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
