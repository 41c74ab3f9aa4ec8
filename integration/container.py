"""Run a program as a container's runtime would: a root of its own, few rights, the network of its pod.

``python -m integration.container SPECIFICATION PROGRAM…`` needs root; SPECIFICATION is the
JSON of a ``Container``. Signals are passed on, the exit status is the program's, and it
does not outlive this process. What the root does not mount is not there for the program.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from integration.namespaces import NEW_MOUNTS, NEW_PIDS, PASSED_ON, PRIVATE_FOR_ALL, SET_DEATH_SIGNAL, libc

NEW_NETWORK = 0x40000000
READ_ONLY, REMOUNT, BIND, WITH_ALL_BELOW = 0x1, 0x20, 0x1000, 0x4000
DROP_FROM_BOUNDING_SET, NO_NEW_PRIVILEGES = 24, 38
LAST_CAPABILITY = 40
CAPABILITIES = {"NET_BIND_SERVICE": 10}
# Folders of the machine that stand for the layers of an image.
LAYERS = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


@dataclass(frozen=True, slots=True)
class Container:
    """What a program gets to see, and may do.

    ``root`` is an empty folder; ``mounts`` are (source, target, whether it is read-only),
    ``network`` is the pid of a process in the network namespace to join.
    """

    root: str
    network: int
    user: int
    mounts: list[tuple[str, str, bool]] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, *program: str) -> list[str]:
        """The words that run a program in it."""
        return [sys.executable, "-m", "integration.container", json.dumps(asdict(self)), *program]


def main(specification: str, *program: str) -> int:
    """Run the program; return its exit status."""
    container = Container(**json.loads(specification))
    with Path(f"/proc/{container.network}/ns/net").open("rb") as network:
        _checked(libc.setns(network.fileno(), NEW_NETWORK))
    _checked(libc.unshare(NEW_MOUNTS | NEW_PIDS))
    child = os.fork()
    if child == 0:
        _become(container, program)
    for number in PASSED_ON:
        signal.signal(number, lambda number, _frame: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) % 256


def _become(container: Container, program: tuple[str, ...]) -> None:
    """Take the place of the first process of the container."""
    _build_root(container)
    os.chroot(container.root)
    os.chdir("/")
    kept = {CAPABILITIES[name] for name in container.capabilities}
    for number in set(range(LAST_CAPABILITY + 1)) - kept:
        _checked(libc.prctl(DROP_FROM_BOUNDING_SET, number))
    os.setgroups([container.user])
    os.setgid(container.user)
    os.setuid(container.user)
    _checked(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))
    # Behind the change of user, which forgets it.
    _checked(libc.prctl(SET_DEATH_SIGNAL, signal.SIGKILL))
    try:
        os.execvpe(program[0], program, container.environment)
    finally:
        os._exit(127)


def _build_root(container: Container) -> None:
    """Mount everything below the root, and let nobody write into what is no volume."""
    root = Path(container.root)
    _mount("none", "/", "", PRIVATE_FOR_ALL)
    _mount("none", container.root, "tmpfs", 0)
    for layer in LAYERS:
        if Path(layer).is_symlink():
            (root / layer[1:]).symlink_to(Path(layer).readlink())
        else:
            _bind(layer, root / layer[1:], is_read_only=True)
    for device in DEVICES:
        _bind(device, root / device[1:], is_read_only=False)
    (root / "proc").mkdir()
    _mount("proc", str(root / "proc"), "proc", 0)
    for source, target, is_read_only in container.mounts:
        _bind(source, root / target.lstrip("/"), is_read_only=is_read_only)
    _mount("none", container.root, "tmpfs", REMOUNT | READ_ONLY)


def _bind(source: str, target: Path, *, is_read_only: bool) -> None:
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    _mount(source, str(target), "", BIND | WITH_ALL_BELOW)
    if is_read_only:
        _mount("none", str(target), "", REMOUNT | BIND | READ_ONLY)


def _mount(source: str, target: str, kind: str, flags: int) -> None:
    _checked(libc.mount(source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), None), target)


def _checked(result: int, what: str = "") -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
