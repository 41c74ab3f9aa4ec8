"""A folder of manifests, as it changes under a running source."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hadyn.errors import WrongUsage
from hadyn.model.problems import ObjectRef
from tests.sources.folder_of_manifests import (
    INGRESS,
    Watched,
    addresses,
    deleted,
    said,
    service_text,
    slice_text,
    upserted,
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "web.yaml").write_text(service_text("web") + "---\n" + slice_text("web-1", "127.0.0.11", "127.0.0.12"))
    return folder


def test_the_first_delivery_is_everything_in_the_folder(shop: Path):
    (shop / "more").mkdir()
    (shop / "more" / "cart.yml").write_text(service_text("cart"))
    (shop / "more" / ".hidden.yaml").write_text(service_text("hidden"))
    (shop / "notes.txt").write_text("no manifest")
    with Watched(shop) as watched:
        assert upserted(watched.first) == ["EndpointSlice shop/web-1", "Service shop/cart", "Service shop/web"]
        assert (watched.first.is_complete, watched.first.is_operators_own) == (True, True)
        assert watched.first.problems == ()


def test_a_file_written_anew_delivers_only_what_differs(shop: Path):
    with Watched(shop) as watched:
        before = time.monotonic()
        (shop / "web.yaml").write_text(service_text("web") + "---\n" + slice_text("web-1", "127.0.0.13"))
        changes = watched.next()
    assert upserted(changes) == ["EndpointSlice shop/web-1"]
    assert (addresses(changes), changes.is_complete, changes.problems) == (["127.0.0.13"], False, None)
    assert before <= changes.received <= time.monotonic()


def test_a_file_renamed_over_another_takes_its_place(shop: Path):
    with Watched(shop) as watched:
        (shop / "web.tmp").write_text(service_text("web") + "---\n" + slice_text("web-1", "127.0.0.14"))
        (shop / "web.tmp").rename(shop / "web.yaml")
        changes = watched.next()
    assert (upserted(changes), addresses(changes)) == (["EndpointSlice shop/web-1"], ["127.0.0.14"])


def test_a_file_that_is_still_being_written_is_not_read(shop: Path):
    with Watched(shop) as watched:
        with (shop / "web.yaml").open("w") as written:
            written.write(service_text("web") + "---\n" + slice_text("web-1", "127.0.0.15"))
            written.flush()
            (shop / "cart.yaml").write_text(service_text("cart"))
            meanwhile = watched.next()
            written.write("  - addresses: [127.0.0.16]\n")
        at_the_end = watched.next()
    assert (upserted(meanwhile), deleted(meanwhile)) == (["Service shop/cart"], [])
    assert addresses(at_the_end) == ["127.0.0.15", "127.0.0.16"]


def test_a_file_being_written_is_not_read_even_when_a_folder_appears(shop: Path):
    with Watched(shop) as watched:
        with (shop / "web.yaml").open("w") as written:
            written.write(service_text("web"))
            written.flush()
            (shop / "more").mkdir()
            (shop / "more" / "cart.yaml").write_text(service_text("cart"))
            meanwhile = watched.next()
            written.write("---\n" + slice_text("web-1", "127.0.0.17"))
        at_the_end = watched.next()
    assert (upserted(meanwhile), deleted(meanwhile)) == (["Service shop/cart"], [])
    assert addresses(at_the_end) == ["127.0.0.17"]


HALF = service_text("web") + "---\n" + slice_text("web-1", "127.0.0.18")


def moved_away(file: Path) -> None:
    file.rename(file.with_name("web.yaml~"))


def written_and_closed(file: Path) -> None:
    file.write_text(HALF)


@pytest.mark.parametrize("cause", [moved_away, Path.unlink, written_and_closed])
@pytest.mark.parametrize("begin", ["", HALF], ids=["nothing", "half"])
def test_a_file_that_somebody_writes_again_before_anybody_looked_is_not_read(
    shop: Path, cause: Callable[[Path], None], begin: str
):
    with Watched(shop) as watched:
        with watched.held(by=shop / "cart.yaml"):
            cause(shop / "web.yaml")
            written = (shop / "web.yaml").open("w")
            written.write(begin)
            written.flush()
        with written:
            (shop / "other.yaml").write_text(service_text("other"))
            meanwhile = watched.next()
            written.write(HALF[len(begin) :] + "  - addresses: [127.0.0.19]\n")
        at_the_end = watched.next()
    assert (upserted(meanwhile), deleted(meanwhile)) == (["Service shop/other"], [])
    assert (upserted(at_the_end), deleted(at_the_end)) == (["EndpointSlice shop/web-1"], [])
    assert addresses(at_the_end) == ["127.0.0.18", "127.0.0.19"]


def test_a_file_written_in_halves_again_and_again_is_only_read_whole(shop: Path):
    with Watched(shop) as watched:
        for number in range(200):
            with (shop / "web.yaml").open("w") as written:
                written.write(service_text("web") + "---\n" + slice_text("web-1", f"127.0.1.{number}"))
                written.flush()
                written.write(f"  - addresses: [127.0.2.{number}]\n")
        seen = [watched.next()]
        while addresses(seen[-1]) != ["127.0.1.199", "127.0.2.199"]:
            seen.append(watched.next())
    assert [name for changes in seen for name in deleted(changes)] == []
    assert {len(addresses(changes)) for changes in seen} == {2}


def test_a_file_that_does_not_parse_keeps_its_last_good_content(shop: Path):
    with Watched(shop) as watched:
        (shop / "web.yaml").write_text("kind: Service\nspec: [80\n")
        broken = watched.next()
        (shop / "web.yaml").write_text(service_text("web") + "---\n" + slice_text("web-1", "127.0.0.18"))
        mended = watched.next()
    assert (broken.upserts, broken.deletes) == ((), ())
    assert [problem.file for problem in broken.problems or ()] == [f"{shop / 'web.yaml'}:3:1"]
    assert said(broken) == ["Unreadable does not parse: did not find expected ',' or ']'"]
    assert (addresses(mended), mended.problems) == (["127.0.0.18"], ())


def test_a_deleted_file_takes_its_objects_away(shop: Path):
    (shop / "cart.yaml").write_text(service_text("cart"))
    with Watched(shop) as watched:
        (shop / "cart.yaml").unlink()
        assert deleted(watched.next()) == ["service shop/cart"]


def test_a_file_that_comes_back_at_once_never_was_away(shop: Path):
    with Watched(shop, grace_seconds=60) as watched:
        (shop / "web.yaml").rename(shop / "web.yaml~")
        (shop / "web.yaml").write_text(service_text("web") + "---\n" + slice_text("web-1", "127.0.0.19"))
        changes = watched.next()
    assert (upserted(changes), deleted(changes)) == (["EndpointSlice shop/web-1"], [])


def test_a_renamed_file_moves_its_objects_without_a_gap(shop: Path):
    with Watched(shop) as watched:
        (shop / "web.yaml").rename(shop / "a.yaml")
        (shop / "cart.yaml").write_text(service_text("cart"))
        changes = watched.next()
        (shop / "cart.yaml").unlink()
        later = watched.until_deleted("cart")
    assert (upserted(changes), deleted(changes), changes.problems) == (["Service shop/cart"], [], None)
    assert [deleted(change) for change in later] == [["service shop/cart"]]


def test_of_two_files_the_first_has_the_object_until_it_goes(shop: Path):
    (shop / "a.yaml").write_text(slice_text("web-1", "127.0.0.21"))
    with Watched(shop) as watched:
        assert addresses(watched.first) == ["127.0.0.21"]
        assert said(watched.first) == [f"Duplicate is also in {shop / 'a.yaml'}:1, which counts"]
        assert [problem.file for problem in watched.first.problems or ()] == [f"{shop / 'web.yaml'}:6"]
        (shop / "a.yaml").unlink()
        changes = watched.next()
    assert (addresses(changes), changes.problems) == (["127.0.0.11", "127.0.0.12"], ())


def test_an_object_named_twice_in_one_file_counts_once(shop: Path):
    (shop / "twice.yaml").write_text(service_text("cart") + "---\n" + service_text("cart"))
    with Watched(shop) as watched:
        assert said(watched.first) == ["Duplicate is also in line 1, which counts"]


def config_map(folder: Path, name: str, text: str) -> None:
    """Write files as the kubelet does: a new folder, then one rename of the link ``..data``."""
    target = folder / name
    target.mkdir()
    (target / "web.yaml").write_text(text)
    (folder / "..data_tmp").symlink_to(name)
    (folder / "..data_tmp").rename(folder / "..data")


def test_a_config_map_that_swaps_its_link_delivers_what_differs(tmp_path: Path):
    config_map(tmp_path, "..first", slice_text("web-1", "127.0.0.31"))
    (tmp_path / "web.yaml").symlink_to("..data/web.yaml")
    with Watched(tmp_path) as watched:
        assert addresses(watched.first) == ["127.0.0.31"]
        config_map(tmp_path, "..second", slice_text("web-1", "127.0.0.32"))
        changes = watched.next()
        shutil.rmtree(tmp_path / "..first")
        config_map(tmp_path, "..third", slice_text("web-1", "127.0.0.33"))
        later = watched.next()
    assert (addresses(changes), addresses(later)) == (["127.0.0.32"], ["127.0.0.33"])


def test_a_link_to_a_file_elsewhere_is_followed(shop: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "cart.yaml").write_text(service_text("cart"))
    with Watched(shop) as watched:
        (shop / "cart.yaml").symlink_to(tmp_path / "elsewhere" / "cart.yaml")
        assert upserted(watched.next()) == ["Service shop/cart"]
        (tmp_path / "elsewhere" / "cart.yaml").write_text(slice_text("cart-1", "127.0.0.34"))
        assert addresses(watched.next()) == ["127.0.0.34"]


def test_a_root_that_is_a_link_follows_where_it_leads(tmp_path: Path):
    for name, address in (("one", "127.0.0.35"), ("two", "127.0.0.36")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "web.yaml").write_text(slice_text("web-1", address))
    (tmp_path / "current").symlink_to("one")
    with Watched(tmp_path / "current") as watched:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").rename(tmp_path / "current")
        assert addresses(watched.next()) == ["127.0.0.36"]
        (tmp_path / "two" / "web.yaml").write_text(slice_text("web-1", "127.0.0.37"))
        assert addresses(watched.next()) == ["127.0.0.37"]


def test_a_folder_that_is_gone_empties_nothing(shop: Path):
    with Watched(shop) as watched:
        shutil.rmtree(shop)
        gone = watched.next()
        staleness = watched.source.staleness_seconds(gone.received + 60)
        shop.mkdir()
        (shop / "cart.yaml").write_text(service_text("cart"))
        back = watched.until_deleted("web")
        assert watched.source.staleness_seconds(time.monotonic()) == 0
    assert (gone.upserts, gone.deletes) == ((), ())
    assert said(gone) == ["Unreadable cannot be read: No such file or directory"]
    assert staleness == pytest.approx(60)
    assert [name for changes in back for name in upserted(changes)] == ["Service shop/cart"]


def test_a_folder_that_comes_back_empty_is_not_believed_yet(shop: Path):
    with Watched(shop) as watched:
        shop.rename(shop.with_name("away"))
        gone = watched.next()
        shop.mkdir()
        empty = watched.next()
        (shop / "web.yaml").write_text(slice_text("web-1", "127.0.0.38"))
        filled = watched.next()
    assert said(gone) == ["Unreadable cannot be read: No such file or directory"]
    assert (said(empty), empty.deletes) == (
        ["Unreadable cannot be read: it is there again, but without a manifest"],
        (),
    )
    assert addresses(filled) == ["127.0.0.38"]


def test_a_folder_that_moves_away_is_not_watched_any_more(shop: Path, tmp_path: Path):
    (shop / "more").mkdir()
    (shop / "more" / "cart.yaml").write_text(service_text("cart"))
    with Watched(shop) as watched:
        (shop / "more").rename(tmp_path / "away")
        assert deleted(watched.next()) == ["service shop/cart"]
        (tmp_path / "away" / "cart.yaml").write_text(service_text("stranger"))
        (shop / "last.yaml").write_text(service_text("last"))
        assert upserted(watched.next()) == ["Service shop/last"]


def test_a_single_file_is_watched_by_its_name_alone(tmp_path: Path):
    (tmp_path / "one.conf").write_text(slice_text("web-1", "127.0.0.41"))
    with Watched(tmp_path / "one.conf") as watched:
        (tmp_path / "other.yaml").write_text(service_text("other"))
        (tmp_path / "one.conf").write_text(slice_text("web-1", "127.0.0.42"))
        assert addresses(watched.next()) == ["127.0.0.42"]
        (tmp_path / "new").write_text(slice_text("web-1", "127.0.0.43"))
        (tmp_path / "new").rename(tmp_path / "one.conf")
        assert addresses(watched.next()) == ["127.0.0.43"]


def test_a_single_file_that_is_gone_keeps_its_objects(tmp_path: Path):
    file = tmp_path / "one.yaml"
    file.write_text(slice_text("web-1", "127.0.0.44"))
    with Watched(file) as watched:
        file.unlink()
        gone = watched.next()
        file.write_text(slice_text("web-1", "127.0.0.45"))
        back = watched.next()
    assert (said(gone), gone.deletes) == (["Unreadable cannot be read: No such file or directory"], ())
    assert (addresses(back), back.problems) == (["127.0.0.45"], ())


def test_a_file_in_a_place_that_becomes_a_file_is_gone(shop: Path):
    (shop / "more").mkdir()
    (shop / "more" / "cart.yaml").write_text(service_text("cart"))
    with Watched(shop) as watched:
        with watched.held(by=shop / "other.yaml"):
            shutil.rmtree(shop / "more")
            (shop / "more").touch()
        gone = watched.next()
    assert (deleted(gone), said(gone)) == (["service shop/cart"], [])


def test_a_hard_link_is_read_though_nobody_closes_it(shop: Path, tmp_path: Path):
    (tmp_path / "cart").write_text(service_text("cart"))
    with Watched(shop) as watched:
        (shop / "cart.yaml").hardlink_to(tmp_path / "cart")
        assert upserted(watched.next()) == ["Service shop/cart"]


def test_a_file_inside_a_watched_folder_is_no_second_source(shop: Path):
    with Watched(shop, shop / "web.yaml", shop / ".." / "shop") as watched:
        assert watched.first.problems == ()


def test_a_place_tells_file_and_line_of_an_object(shop: Path):
    with Watched(shop) as watched:
        place = watched.source.place_of(ObjectRef("EndpointSlice", "shop", "web-1"))
        nowhere = watched.source.place_of(ObjectRef("Service", "shop", "unknown"))
    assert (place, nowhere) == (f"{shop / 'web.yaml'}:6", "")


def test_a_start_without_any_ingress_is_refused(shop: Path):
    with pytest.raises(WrongUsage, match=r"no Ingress is in .*shop\. Put one into a file"):
        Watched(shop, needs_ingress=True).__enter__()


def test_a_start_without_ingress_names_the_file_that_does_not_parse(shop: Path):
    (shop / "ingress.yaml").write_text("kind: [Ingress\n")
    with pytest.raises(WrongUsage, match=r"no Ingress is in .*ingress\.yaml:2:1: .*does not parse"):
        Watched(shop, needs_ingress=True).__enter__()


def test_a_start_with_an_ingress_is_fine(shop: Path):
    (shop / "ingress.yaml").write_text(INGRESS)
    with Watched(shop, needs_ingress=True) as watched:
        assert "Ingress shop/shop" in upserted(watched.first)


def test_a_start_with_a_path_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(WrongUsage, match=r"cannot read .*nowhere: No such file or directory"):
        Watched(tmp_path / "nowhere").__enter__()


def test_nothing_is_delivered_after_the_stop(shop: Path):
    with Watched(shop) as watched:
        pass
    (shop / "cart.yaml").write_text(service_text("cart"))
    assert watched.deliveries.empty()


def open_descriptors() -> set[tuple[str, str]]:
    """Each number with what it is open for; others may end at any time, as a thread of the test before does."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add((each.name, str(each.readlink())))
    return {each for each in found if not each[1].startswith("/proc/")}


def test_file_descriptors_are_given_back_at_the_stop(shop: Path):
    before = open_descriptors()
    with Watched(shop):
        assert open_descriptors() - before
    assert open_descriptors() <= before
