"""Tell whether the HAProxy that hadyn starts can give up the rights of root.

Rule: it does wherever it can (``chroot``, ``uid``, ``gid`` in the configuration), but a
container may keep root from doing so, and then HAProxy would not start.
"""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

NOBODY = 65534
CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT = 6, 7, 18
EFFECTIVE = re.compile(r"^CapEff:\s*([0-9a-f]+)$", re.MULTILINE)


def can_confine() -> bool:
    """Return whether hadyn is root, with the capabilities needed, where the user ``NOBODY`` exists."""
    return os.geteuid() == 0 and has_capabilities(_text("/proc/self/status")) and is_mapped(_text("/proc/self/uid_map"))


def has_capabilities(status: str) -> bool:
    """Read the effective capabilities in the text of /proc/PID/status."""
    found = EFFECTIVE.search(status)
    effective = int(found[1], 16) if found else 0
    return all(effective >> number & 1 for number in (CAP_SETGID, CAP_SETUID, CAP_SYS_CHROOT))


def is_mapped(uid_map: str) -> bool:
    """Tell whether a user namespace (the text of /proc/PID/uid_map: first, outside, count) knows ``NOBODY``."""
    ranges = [line.split() for line in uid_map.splitlines()]
    return any(int(first) <= NOBODY < int(first) + int(count) for first, _, count in ranges)


def _text(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text("ascii")
    return ""
