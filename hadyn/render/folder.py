"""The state folder, which is hadyn's alone: what lies where in it.

Rules: the folder belongs to the user who runs hadyn and nobody else may enter it, for
whoever can write to HAProxy's sockets can do all that HAProxy can. hadyn makes it its own
only if it is new or empty. One hadyn at a time holds it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hadyn.errors import AlreadyRunning, FileNotWritten, WrongUsage
from hadyn.render.config import PLAIN_PATH

PRIVATE_FOLDER = 0o700
LOCK = "hadyn.lock"
"""Holds the pid of the hadyn that runs; its presence says that the folder is hadyn's."""
LONGEST_PATH = 78
"""HAProxy takes sockets of 97 characters at most; /master/master.sock is 19 of them.
haproxy-facts.md#socket-paths-are-short"""
REMEDY = "Give a folder of your own with --state-dir, new or empty"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The paths in a state folder; ``prepare`` makes it, ``locked`` holds it."""

    path: Path

    @property
    def main_config(self) -> Path:
        return self.path / "haproxy.cfg"

    @property
    def backends(self) -> Path:
        return self.path / "backends"

    @property
    def candidate(self) -> Path:
        """Files that HAProxy shall judge before they replace those that it runs with."""
        return self.path / "candidate"

    @property
    def maps(self) -> Path:
        return self.path / "maps"

    @property
    def certificates(self) -> Path:
        """Certificates with their keys, and the list of them."""
        return self.path / "certificates"

    @property
    def credentials(self) -> Path:
        """Whom HAProxy believes among pods, and as whom it shows itself to them."""
        return self.path / "credentials"

    @property
    def errors(self) -> Path:
        return self.path / "errors"

    @property
    def empty(self) -> Path:
        """All that a worker started by root can see (``chroot``)."""
        return self.path / "empty"

    @property
    def drains(self) -> Path:
        """Who was taken out of service by hand."""
        return self.path / "drains.json"

    @property
    def debt(self) -> Path:
        """Why HAProxy shall be reloaded for files that are live already."""
        return self.path / "debt.json"

    @property
    def log(self) -> Path:
        """What HAProxy says on its standard output and error."""
        return self.path / "haproxy.log"

    @property
    def configuration(self) -> tuple[Path, ...]:
        """What HAProxy is started with; it reads the folder anew at each reload."""
        return self.main_config, self.backends

    def prepare(self) -> None:
        """Make the folder and those in it; raises WrongUsage where it cannot or must not be hadyn's."""
        self._check_name()
        try:
            for missing in reversed([folder for folder in (self.path, *self.path.parents) if not folder.exists()]):
                missing.mkdir(PRIVATE_FOLDER)
            self._check_owner()
            self._check_content()
            self.make_folders()
            (self.path / LOCK).touch(0o600)
        except OSError as cause:
            raise WrongUsage(
                f"cannot use the state folder {self.path}: {cause.strerror or cause}", remedy=REMEDY
            ) from cause

    def make_folders(self) -> None:
        """Make what is missing inside, 0700 whatever the umask; raises OSError."""
        sockets = self.path / "run", self.path / "master"
        inside = self.backends, self.candidate, self.maps, self.certificates, self.credentials, self.errors, self.empty
        for folder in (self.path, *inside, *sockets):
            folder.mkdir(PRIVATE_FOLDER, exist_ok=True)
            folder.chmod(PRIVATE_FOLDER)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; raises AlreadyRunning while another hadyn does. A crash lets go of it."""
        try:
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as cause:
            raise FileNotWritten(str(self.path / LOCK), cause) from cause
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunning(str(self.path), _pid_in(descriptor)) from None
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
            yield
        finally:
            os.close(descriptor)

    def _check_name(self) -> None:
        if not self.path.is_absolute() or ".." in self.path.parts or not PLAIN_PATH.fullmatch(str(self.path)):
            raise WrongUsage(
                f"the state folder {str(self.path)!a} is no absolute path of letters, digits and . _ + ~ - /",
                remedy="HAProxy's configuration names it in places where other characters mean something",
            )
        if len(str(self.path)) > LONGEST_PATH:
            raise WrongUsage(
                f"the state folder {self.path} has {len(str(self.path))} characters, at most {LONGEST_PATH} can be",
                remedy="HAProxy's sockets lie in it, and their paths are limited; give a shorter --state-dir",
            )

    def _check_owner(self) -> None:
        """A link of somebody else's, or a folder of theirs, could be turned to another place at any time."""
        for about in (self.path.lstat(), self.path.stat()):
            if about.st_uid != os.geteuid():
                raise WrongUsage(
                    f"the state folder {self.path} belongs to user {about.st_uid}, hadyn runs as {os.geteuid()}",
                    remedy=REMEDY,
                )
        if not stat.S_ISDIR(self.path.stat().st_mode):
            raise WrongUsage(f"the state folder {self.path} is not a folder", remedy=REMEDY)

    def _check_content(self) -> None:
        lock = self.path / LOCK
        is_marked = lock.exists() and lock.lstat().st_uid == os.geteuid()
        if not is_marked and any(self.path.iterdir()):
            raise WrongUsage(f"the state folder {self.path} holds files that are not hadyn's", remedy=REMEDY)


def _pid_in(descriptor: int) -> int | None:
    """Return the pid in a lock file; None where its holder has not written it yet."""
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
