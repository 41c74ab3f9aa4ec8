"""Supply what a HAProxy needs to start before hadyn has told it anything.

Rule: what is there already stays, because a HAProxy has run with it: after a power cut it
starts with the backends that it had. Everything else is what hadyn itself would write.
"""

from __future__ import annotations

from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder


def bootstrap(folder: StateFolder, main: str) -> bool:
    """Complete a state folder; return whether its main file is this one now, and not another that was there.

    Raises WrongUsage, AlreadyRunning, FileNotWritten.
    """
    folder.prepare()
    with folder.locked():
        files = StateFiles(folder)
        files.load()
        supply(files, main)
        files.write_all()
        return files.main == main


def supply(files: StateFiles, main: str) -> None:
    """Let files that were loaded have a main file; raises FileNotWritten."""
    if not files.main:
        files.write_main(main)
