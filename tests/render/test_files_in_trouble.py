"""Files that HAProxy refused only when it was to load them, and files that somebody else wrote."""

import pytest

from hadyn.errors import ConfigurationAlert
from hadyn.render.bootstrap import bootstrap
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.render.shards import shard_of
from tests.render.test_files import contents, files, installed, loaded, section, shard_file

__all__ = ["files"]


def test_seats_go_live_at_once_in_a_backend_whose_directive_waits_for_its_judgement(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", "10.0.0.2:80", directive="timeout server 2s"))
    files.write_shards()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.2:80")
    assert files.sections.of("web") == section("web", "10.0.0.2:80", directive="timeout server 2s")


def test_what_haproxy_refused_to_load_is_taken_back_and_stays_unjudged(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    before = contents(files.folder.backends) | {"main": files.folder.main_config.read_bytes()}
    files.put_main("global\n    nonsense\n")
    files.sections.put("web", section("web", "10.0.0.1:80", directive="nonsense"))
    files.sections.put("api", section("api"))
    files.install(files.stage())

    files.revert()

    after = contents(files.folder.backends) | {"main": files.folder.main_config.read_bytes()}
    assert {name: text for name, text in after.items() if text} == before
    assert files.has_unjudged_main
    assert (files.is_unjudged("web"), files.is_unjudged("api")) == (True, True)
    assert files.sections.of("web") == section("web", "10.0.0.1:80", directive="nonsense")


def test_what_is_taken_back_keeps_the_present_seats(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", "10.0.0.1:80", directive="nonsense"))
    candidate = files.stage()
    files.sections.put("web", section("web", "10.0.0.2:80", directive="nonsense"))
    files.install(candidate)
    files.revert()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.2:80")


def test_a_removed_backend_is_still_known_as_judged_when_a_reload_was_refused(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.remove("web")
    files.sections.put("api", section("api", directive="nonsense"))
    files.install(files.stage())
    files.revert()
    files.sections.put("web", section("web", "10.0.0.1:80"))
    assert not files.is_unjudged("web")


def test_nothing_is_taken_back_twice(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", "10.0.0.1:80", directive="timeout server 2s"))
    files.install(files.stage())
    files.revert()
    files.revert()
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80")
    files.install(files.stage())
    assert shard_file(files, "web").read_text() == section("web", "10.0.0.1:80", directive="timeout server 2s")


def test_an_alert_about_the_live_file_names_the_backend_that_waited_for_its_judgement(files: StateFiles) -> None:
    files.sections.put("web", section("web", directive="nonsense"))
    candidate = files.stage()
    files.install(candidate)
    live = str(shard_file(files, "web"))
    assert candidate.backend_at(ConfigurationAlert(live, 2, "unknown keyword")) == "web"


def test_files_that_hadyn_wrote_itself_were_changed_by_nobody_else(files: StateFiles) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    files.sections.put("web", section("web", "10.0.0.2:80"))
    files.write_all()
    assert files.doubt_changed() == []
    assert not files.is_due


@pytest.mark.parametrize("name", ["backends/{shard}.cfg", "haproxy.cfg", "maps/prefix.map", "errors/503.http"])
def test_a_file_that_somebody_else_changed_or_removed_is_written_again(files: StateFiles, name: str) -> None:
    installed(files, section("web", "10.0.0.1:80"))
    path = files.folder.path / name.format(shard=f"{shard_of('web'):03}")
    before = path.read_bytes()

    path.write_text("nonsense\n")
    assert files.doubt_changed() == [path]
    files.write_all()
    assert path.read_bytes() == before

    path.unlink()
    assert files.doubt_changed() == [path]
    files.write_all()
    assert path.read_bytes() == before
    assert files.doubt_changed() == []


def test_a_file_that_somebody_put_among_the_shards_is_set_aside_or_emptied(files: StateFiles) -> None:
    installed(files, section("web"))
    empty = files.folder.backends / f"{(shard_of('web') + 1) % 256:03}.cfg"
    strange = files.folder.backends / "mine.cfg"
    for path in (empty, strange):
        path.write_text("nonsense\n")
    assert sorted(files.doubt_changed()) == sorted([empty, strange])
    files.write_all()
    assert empty.read_bytes() == b""
    assert not strange.exists()
    assert strange.with_name("mine.cfg.set-aside").exists()


def test_a_candidate_holds_all_that_is_doubted_so_that_no_edited_file_is_judged(files: StateFiles) -> None:
    installed(files, section("web"))
    shard_file(files, "web").write_text("nonsense\n")
    files.doubt()
    assert b"nonsense" not in b"".join(path.read_bytes() for path in files.stage().files)


def test_a_bootstrap_is_all_that_haproxy_needs_to_start(folder: StateFolder) -> None:
    assert bootstrap(folder, "global\n")
    found = {str(path.relative_to(folder.path)) for path in folder.path.rglob("*")}
    assert found >= {"haproxy.cfg", "backends", "errors/503.http", "errors/404.http", "run", "master", "hadyn.lock"}
    assert {path.read_bytes() for path in folder.maps.iterdir()} == {b""}


def test_a_bootstrap_leaves_what_haproxy_has_run_with_as_it_is(folder: StateFolder) -> None:
    state_files = loaded(folder)
    installed(state_files, section("web", "10.0.0.1:80"))
    before = contents(folder.backends)
    assert not bootstrap(folder, "global\n    maxconn 10\n")
    assert contents(folder.backends) == before
    assert folder.main_config.read_text() == "global\n"
