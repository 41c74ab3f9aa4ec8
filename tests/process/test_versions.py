"""Programs that are, or are not, a HAProxy that hadyn can use: small scripts say what real ones would."""

from pathlib import Path

import pytest

from hadyn.errors import HAProxyUnusable
from hadyn.process.versions import bare_environment, examined, find_haproxy


def program(folder: Path, script: str, *, name: str = "haproxy") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "version", "text"),
    [
        ("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", (2, 6, 12), "2.6.12-1+deb12u4"),
        ("HAProxy version 3.4.7-1 2026/10/14 - https://haproxy.org/", (3, 4, 7), "3.4.7-1"),
        ("HAProxy version 3.5-dev5-1a2b3c 2026/08/21 - https://haproxy.org/", (3, 5, 0), "3.5-dev5-1a2b3c"),
    ],
)
def test_the_version_is_what_the_program_says(tmp_path: Path, said: str, version: tuple[int, ...], text: str) -> None:
    path = program(tmp_path, f"echo '{said}'; echo 'Status: long-term supported branch'")
    binary = examined(path)
    assert (binary.path, binary.capabilities.version, binary.version_text) == (path, version, text)


def test_a_haproxy_that_is_too_old_is_refused_with_both_versions(tmp_path: Path) -> None:
    path = program(tmp_path, "echo 'HA-Proxy version 1.7.14 2021/03/18'")
    with pytest.raises(HAProxyUnusable, match=r"is HAProxy 1\.7\.14, which is too old\. hadyn needs HAProxy 2\.6"):
        find_haproxy(path)


def test_another_program_is_refused_with_what_it_says(tmp_path: Path) -> None:
    path = program(tmp_path, r"printf 'nginx version: \033[31mnginx/1.22\n'")
    with pytest.raises(HAProxyUnusable, match=r"is not HAProxy: to -v it says 'nginx version: \\x1b\[31mnginx/1\.22'"):
        find_haproxy(path)


def test_a_program_that_says_nothing_and_fails_is_not_haproxy() -> None:
    with pytest.raises(HAProxyUnusable, match="/bin/false is not HAProxy"):
        find_haproxy(Path("/bin/false"))


def test_a_path_where_nothing_is_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(HAProxyUnusable, match=r"does not exist\. .*pip install 'hadyn\[haproxy\]'"):
        find_haproxy(tmp_path / "haproxy")


def test_a_file_that_may_not_be_executed_is_told_from_a_missing_one(tmp_path: Path) -> None:
    path = program(tmp_path, "echo")
    path.chmod(0o644)
    with pytest.raises(HAProxyUnusable, match="cannot be executed"):
        find_haproxy(path)


def test_a_folder_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(HAProxyUnusable, match="cannot be executed"):
        find_haproxy(tmp_path)


def test_a_file_of_another_machine_cannot_be_executed(tmp_path: Path) -> None:
    path = tmp_path / "haproxy"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o755)
    with pytest.raises(HAProxyUnusable, match="cannot be executed: Exec format error"):
        find_haproxy(path)


def test_haproxy_gets_nothing_of_the_environment_but_the_path() -> None:
    assert bare_environment().keys() == {"PATH"}
