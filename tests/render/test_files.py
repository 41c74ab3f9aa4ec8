"""The files follow the seats at once, and what came from users after HAProxy has judged it."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hadyn.errors import ConfigurationAlert, FileNotWritten
from hadyn.model.desired import MapName
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.render.shards import SHARDS, shard_of


def section(name: str, *addresses: str, directive: str = "timeout server 1s") -> str:
    slots = [f"    server s{number} {address} weight 1" for number, address in enumerate(addresses, 1)]
    return "\n".join([f"backend {name} from hadyn", f"    {directive}", *slots]) + "\n"


@pytest.fixture
def files(folder: StateFolder) -> StateFiles:
    return loaded(folder)


def loaded(folder: StateFolder) -> StateFiles:
    state_files = StateFiles(folder)
    state_files.load()
    state_files.put_main("global\n")
    state_files.install(state_files.stage())
    return state_files


def installed(files: StateFiles, *sections: str) -> None:
    for text in sections:
        files.sections.put(text.split()[1], text)
    files.install(files.stage())


def shard_file(files: StateFiles, name: str) -> Path:
    return files.folder.backends / f"{shard_of(name):03}.cfg"


def identities(folder: Path) -> dict[str, int]:
    """A file that was replaced has another inode."""
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


def test_a_new_backend_waits_for_haproxys_judgement_before_it_is_live(files: StateFiles) -> None:
    files.sections.put("web", section("web", "10.0.0.1:80"))
    files.write_shards()
    assert not shard_file(files, "web").exists()
    assert files.is_unjudged("web")
    candidate = files.stage()
    assert section("web", "10.0.0.1:80") in [path.read_text() for path in candidate.files]
    files.install(candidate)
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80")
    assert not files.is_unjudged("web")


def test_changed_seats_of_a_judged_backend_are_written_at_once(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", "10.0.0.1:80", "10.0.0.2:80"))
    files.write_shards()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80", "10.0.0.2:80")
    assert not files.is_due


def test_a_changed_directive_waits_while_the_live_file_keeps_the_judged_one(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", "10.0.0.1:80", directive="timeout server 2s"))
    files.write_shards()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80")
    assert files.sections.of("web") == section("web", "10.0.0.1:80", directive="timeout server 2s")


def test_what_haproxy_refused_is_forgotten_and_the_judged_section_stays(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", "10.0.0.1:80", directive="nonsense"))
    files.sections.forget_unjudged("web")
    assert files.sections.of("web") == section("web", "10.0.0.1:80")
    assert not files.is_unjudged("web")


def test_seats_of_a_backend_that_haproxy_refused_are_written_into_the_section_it_accepted(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put_seats("web", section("web", "10.0.0.2:80", directive="nonsense"))
    files.write_shards()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.2:80")
    files.sections.put_seats("web", section("web", directive="nonsense"))
    assert files.sections.of("web") == section("web")


def test_what_changed_while_haproxy_judged_is_judged_next_time(files: StateFiles) -> None:
    files.sections.put("web", section("web", directive="timeout server 2s"))
    files.sections.put("api", section("api"))
    candidate = files.stage()
    files.sections.put("web", section("web", directive="timeout server 3s"))
    files.sections.remove("api")
    files.install(candidate)
    assert files.sections.names() == {"web"}
    assert files.is_unjudged("web")
    assert shard_file(files, "web").read_text() == section("web", directive="timeout server 2s")


def test_seats_that_changed_while_haproxy_judged_a_new_backend_go_live_with_it(files: StateFiles) -> None:
    files.sections.put("web", section("web", "10.0.0.1:80"))
    candidate = files.stage()
    latest = section("web", "10.0.0.1:80", "10.0.0.2:80")
    files.sections.put("web", latest)
    files.install(candidate)
    assert shard_file(files, "web").read_text() == latest
    assert not files.is_unjudged("web")


def test_one_changed_backend_rewrites_only_its_own_shard(files: StateFiles) -> None:
    installed(files, *(section(f"web{number}", "10.0.0.1:80") for number in range(600)))
    before = identities(files.folder.backends)
    files.sections.put("web7", section("web7", "10.0.0.2:80"))
    files.write_shards()
    after = identities(files.folder.backends)
    changed = {name for name, identity in after.items() if before[name] != identity}
    assert changed == {shard_file(files, "web7").name}


def test_unchanged_bytes_are_not_written_again(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    before = identities(files.folder.backends)
    files.sections.put("web", section("web", "10.0.0.1:80"))
    files.put_maps({(MapName.HOSTS, "unknown.example"): None})
    assert not files.is_due
    files.write_all()
    assert identities(files.folder.backends) == before


def test_the_files_do_not_depend_on_the_order_of_events(folder: StateFolder) -> None:
    other_folder = StateFolder(folder.path.with_name("other"))
    other_folder.prepare()
    names = [f"web{number}" for number in range(600)]
    installed(one := loaded(folder), *(section(name) for name in names))
    installed(other := loaded(other_folder), *(section(name) for name in reversed(names)))
    assert contents(one.folder.backends) == contents(other.folder.backends)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_candidate_names_live_files_where_nothing_differs(files: StateFiles) -> None:
    installed(files, section("web"), section("api"))
    files.sections.put("web", section("web", directive="timeout server 2s"))
    candidate = files.stage()
    assert [path.parent.name for path in candidate.files] == in_order(
        {"api": "backends", "web": "candidate"}, before="candidate"
    )


def in_order(parents: dict[str, str], *, before: str) -> list[str]:
    return [before, *(parents[name] for name in sorted(parents, key=shard_of))]


def test_a_removed_backend_leaves_its_file_and_no_trace_in_the_next_candidate(files: StateFiles) -> None:
    installed(files, section("web"))
    files.sections.remove("web")
    files.write_shards()
    assert shard_file(files, "web").read_bytes() == b""
    assert len(files.stage().files) == 1


def test_a_removed_backend_that_comes_back_before_a_reload_need_not_be_judged_again(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.remove("web")
    files.write_shards()
    files.sections.put("web", section("web", "10.0.0.2:80"))
    files.write_shards()
    assert not files.is_unjudged("web")
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.2:80")


def test_a_removed_backend_that_comes_back_after_a_reload_is_judged_again(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.remove("web")
    files.install(files.stage())
    files.sections.put("web", section("web", "10.0.0.1:80"))
    assert files.is_unjudged("web")


def test_a_hadyn_that_starts_again_finds_what_the_files_say(folder: StateFolder) -> None:
    first = loaded(folder)
    first.put_maps({(MapName.PREFIX, "a.example/"): "web"})
    installed(first, section("web", "10.0.0.1:80"), section("api"))
    second = StateFiles(folder)
    second.load()
    second.put_main("global\n")
    assert second.sections.names() == {"web", "api"}
    assert second.sections.of("web") == section("web", "10.0.0.1:80")
    assert second.entries() == {(MapName.PREFIX, "a.example/"): "web"}
    assert not second.has_unjudged_main
    assert not second.is_due


def test_a_shard_edited_by_hand_is_put_right_again(folder: StateFolder) -> None:
    installed(first := loaded(folder), section("web", "10.0.0.1:80"))
    shard_file(first, "web").write_text("nonsense\n" + section("web", "10.0.0.1:80") + "backend stray from hadyn\n")
    second = loaded(folder)
    second.write_shards()
    assert shard_file(second, "web").read_text() == section("web", "10.0.0.1:80")


def test_a_strangers_file_among_the_shards_is_set_aside_not_deleted(folder: StateFolder) -> None:
    (folder.backends / "mine.cfg").write_text("listen mine\n")
    loaded(folder)
    assert (folder.backends / "mine.cfg.set-aside").read_text() == "listen mine\n"
    assert not (folder.backends / "mine.cfg").exists()


def test_maps_exist_from_the_start_since_haproxy_refuses_missing_ones(files: StateFiles) -> None:
    assert contents(files.folder.maps) == {f"{name}.map": b"" for name in MapName}


def test_a_map_is_written_when_its_owner_says_so(files: StateFiles) -> None:
    files.put_maps({(MapName.EXACT, "a.example/x"): "web", (MapName.EXACT, "a.example/y"): "web"})
    files.put_maps({(MapName.EXACT, "a.example/y"): None})
    assert files.is_due
    assert (files.folder.maps / "exact.map").read_text() == ""
    files.write_maps()
    assert (files.folder.maps / "exact.map").read_text() == "a.example/x web\n"
    assert not files.is_due


def test_error_pages_of_haproxy_are_in_the_folder(files: StateFiles) -> None:
    pages = contents(files.folder.errors)
    assert {name: page.split(b"\n")[0].strip() for name, page in pages.items()} == {
        "404.http": b"HTTP/1.1 404 Not Found",
        "503.http": b"HTTP/1.1 503 Service Unavailable",
    }


@contextmanager
def no_space_for(octets: int) -> Iterator[None]:
    """No file grows beyond so many bytes: the kernel takes the first ones, then says no, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_live_file_whole_and_the_new_one_due(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", *(f"10.0.0.{number}:80" for number in range(1, 50))))
    with no_space_for(100), pytest.raises(FileNotWritten, match="File too large"):
        files.write_shards()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80")
    assert [path.name for path in files.folder.backends.iterdir()] == [shard_file(files, "web").name]
    assert files.is_due
    files.write_shards()
    assert shard_file(files, "web").read_text() == files.sections.of("web")


def test_one_file_that_cannot_be_written_does_not_hold_up_the_others(files: StateFiles) -> None:
    installed(files, section("web"), section("api"))
    obstacle = shard_file(files, "web").with_name(f".{shard_file(files, 'web').name}.tmp")
    obstacle.mkdir()
    files.sections.put("web", section("web", "10.0.0.1:80"))
    files.sections.put("api", section("api", "10.0.0.2:80"))
    with pytest.raises(FileNotWritten, match="Is a directory"):
        files.write_shards()
    assert shard_file(files, "api").read_text() == section("api", "10.0.0.2:80")
    obstacle.rmdir()
    files.write_shards()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80")


def test_a_candidate_that_cannot_be_installed_is_installed_later(files: StateFiles) -> None:
    files.put_main("global\n    maxconn 10\n")
    files.sections.put("web", section("web"))
    candidate = files.stage()
    with no_space_for(0), pytest.raises(FileNotWritten):
        files.install(candidate)
    assert files.is_due
    files.write_all()
    assert files.folder.main_config.read_text() == "global\n    maxconn 10\n"
    assert shard_file(files, "web").read_text() == section("web")


def test_a_folder_that_was_removed_is_made_again_with_all_its_files(files: StateFiles) -> None:
    installed(files, section("web"), section("api"))
    for path in [*files.folder.backends.iterdir(), *files.folder.errors.iterdir()]:
        path.unlink()
    files.folder.backends.rmdir()
    files.sections.put("web", section("web", "10.0.0.1:80"))
    with pytest.raises(FileNotWritten, match="No such file"):
        files.write_shards()
    files.write_all()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80")
    assert shard_file(files, "api").read_text() == section("api")
    assert len(list(files.folder.errors.iterdir())) == 2


def test_files_are_private_whatever_the_umask_says(files: StateFiles) -> None:
    before = os.umask(0)
    installed(files, section("web"))
    os.umask(before)
    written = [path for path in files.folder.path.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


def test_an_alert_with_a_place_names_the_backend_that_stands_there(files: StateFiles) -> None:
    files.sections.put("web", section("web", directive="nonsense"))
    candidate = files.stage()
    alert = ConfigurationAlert(str(candidate.files[-1]), 2, "unknown keyword 'nonsense' in 'backend' section")
    assert candidate.backend_at(alert) == "web"


def test_an_alert_without_a_place_names_the_backend_in_its_words(files: StateFiles) -> None:
    files.sections.put("web", section("web"))
    alert = ConfigurationAlert("", 0, "backend 'web' has no such thing as 'x'")
    assert files.stage().backend_at(alert) == "web"


def test_an_alert_about_what_was_judged_before_blames_nobody(files: StateFiles) -> None:
    installed(files, section("web"))
    files.sections.put("api", section("api"))
    candidate = files.stage()
    live = str(shard_file(files, "web"))
    assert candidate.backend_at(ConfigurationAlert(live, 2, "whatever")) is None


def test_every_shard_number_has_three_digits_as_haproxy_sorts_them() -> None:
    assert max(shard_of(f"web{number}") for number in range(5000)) == SHARDS - 1 == 255
