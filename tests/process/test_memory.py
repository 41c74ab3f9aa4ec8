"""Memory that nobody uses any more goes back."""

import re
from pathlib import Path

from hadyn.process.memory import give_back

BLOCKS, BLOCK_BYTES = 4000, 8000


def resident_kilobytes():
    return int(re.search(r"^VmRSS:\s+(\d+)", Path("/proc/self/status").read_text(), re.MULTILINE)[1])


def test_what_was_freed_between_what_is_still_used_goes_back():
    blocks = [bytes([number % 256]) * BLOCK_BYTES for number in range(BLOCKS)]
    kept = blocks[::4]
    blocks.clear()
    before = resident_kilobytes()
    give_back()
    assert resident_kilobytes() < before - BLOCKS * BLOCK_BYTES / 1000 / 4
    assert len(kept) == BLOCKS / 4
