"""Supply what a HAProxy needs to start before hadyn has told it anything.

Rule: what is there already stays, because a HAProxy has run with it: after a power cut it
starts with the backends that it had. Everything else is what hadyn itself would write.
"""

from __future__ import annotations

from hadyn.errors import FileNotWritten
from hadyn.render.atomic import replace_files
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder


def supply(folder: StateFolder, main: str) -> bool:
    """Complete a state folder; return whether its main file is this one now, and not another that was there.

    Raises WrongUsage, AlreadyRunning, FileNotWritten.
    """
    folder.prepare()
    with folder.locked():
        return supply_locked(StateFiles(folder), main)


def supply_locked(files: StateFiles, main: str) -> bool:
    """As ``supply``, for a folder that is held already; the files are loaded then."""
    files.load()
    files.write_all()
    path = files.folder.main_config
    try:
        if path.exists():
            return path.read_bytes() == main.encode()
    except OSError as cause:
        raise FileNotWritten(str(path), cause) from cause
    failed = replace_files({path: main.encode()}, durable=True)
    if failed:
        raise FileNotWritten(str(path), failed[path]) from failed[path]
    files.load()
    return True
