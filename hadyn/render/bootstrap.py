"""Supply what a HAProxy needs to start before hadyn has told it anything.

Rule: what is there already stays, because a HAProxy has run with it: after a power cut it
starts with the backends that it had. Everything else is what hadyn itself would write.
"""

from __future__ import annotations

from hadyn.render.certificates import DEFAULT
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.render.self_made import make_certificate


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
    """Let files that were loaded have a main file, and a certificate if that one asks for some.

    Raises FileNotWritten, WrongUsage.
    """
    if str(files.certificates.listing) in main and files.certificates.pem(DEFAULT) is None:
        files.certificates.put(DEFAULT, make_certificate())
    if not files.main:
        files.write_main(main)
