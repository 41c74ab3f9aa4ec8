"""The state folder: hadyn's alone, or refused."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.errors import AlreadyRunning, WrongUsage
from hadyn.render.folder import LONGEST_PATH, StateFolder
from hadyn.settings import Settings


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_every_folder_is_private_whatever_the_umask_says(tmp_path: Path, careless_umask: None) -> None:
    folder = StateFolder(tmp_path / "a" / "b")
    folder.prepare()
    inside = [path for path in [tmp_path / "a", folder.path, *folder.path.iterdir()] if path.is_dir()]
    assert len(inside) > 5
    assert {mode(path) for path in inside} == {0o700}
    assert {mode(path) for path in folder.path.iterdir() if path.is_file()} == {0o600}


def test_a_folder_that_was_hadyns_before_is_made_private_again(folder: StateFolder) -> None:
    folder.path.chmod(0o777)
    folder.backends.chmod(0o777)
    folder.prepare()
    assert (mode(folder.path), mode(folder.backends)) == (0o700, 0o700)


def test_the_sockets_of_the_settings_lie_in_folders_that_are_made(folder: StateFolder) -> None:
    settings = Settings(state_dir=folder.path)
    assert settings.runtime_socket.parent.is_dir()
    assert settings.master_socket.parent.is_dir()
    assert settings.control_socket.parent == folder.path


def test_the_longest_path_that_is_allowed_leaves_room_for_the_sockets() -> None:
    settings = Settings(state_dir=Path("/" + "x" * (LONGEST_PATH - 1)))
    assert max(len(str(settings.runtime_socket)), len(str(settings.master_socket))) <= 97


def test_a_folder_with_files_of_somebody_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(WrongUsage, match="not hadyn's"):
        StateFolder(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
    assert mode(tmp_path) == 0o755


def test_a_link_to_a_folder_with_files_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "letter.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with pytest.raises(WrongUsage, match="not hadyn's"):
        StateFolder(tmp_path / "link").prepare()


def test_a_file_in_place_of_the_folder_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongUsage, match="file is not a folder"):
        StateFolder(tmp_path / "file").prepare()


def test_a_folder_below_a_file_is_refused_with_the_reason() -> None:
    with pytest.raises(WrongUsage, match="Not a directory"):
        StateFolder(Path("/dev/null/state")).prepare()


@pytest.mark.parametrize(
    "path",
    ["relative/state", "/tmp/with space", "/tmp/semi;colon", "/tmp/new\nline", "/tmp/../etc", "/tmp/ä", "/tmp/a,b"],
)
def test_a_path_that_the_configuration_could_misread_is_refused(path: str) -> None:
    with pytest.raises(WrongUsage, match="state folder"):
        StateFolder(Path(path)).prepare()


def test_a_path_too_long_for_sockets_is_refused_with_both_lengths(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 80)
    with pytest.raises(WrongUsage, match=rf"{len(str(path))} characters, at most 78"):
        StateFolder(path).prepare()


def test_a_second_hadyn_is_told_who_holds_the_folder(folder: StateFolder) -> None:
    with folder.locked(), pytest.raises(AlreadyRunning, match=f"pid {os.getpid()}"), folder.locked():
        pass


def test_the_folder_can_be_held_again_when_it_was_let_go(folder: StateFolder) -> None:
    with folder.locked():
        pass
    with folder.locked():
        assert (folder.path / "hadyn.lock").read_text() == f"{os.getpid()}\n"
