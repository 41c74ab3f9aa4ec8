"""Somebody may write anything into the files of the state folder: hadyn reads them, and makes them what they shall be."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from hadyn.model.desired import MapName
from hadyn.render.files import StateFiles
from hadyn.render.folder import StateFolder
from hadyn.render.map_lines import MapLines
from hadyn.render.maps import map_entries, map_file
from hadyn.render.shards import shard_of

NAME = "shop_web_80"
SECTION = "backend shop_web_80\n    balance roundrobin\n    server s1 10.0.0.1:80 weight 1\n    server s2 127.0.0.1:1 disabled\n"
SHARD = f"{SECTION}\n{SECTION.replace('web', 'api')}".encode()
MAP = b"a.example/ shop_web_80\nb.example/cart shop_api_80\n"
PIECES = st.one_of(
    st.binary(max_size=4),
    st.sampled_from(
        [b"\n", b" ", b"#", b"\r\n", b"\t", b'"', b"\xc3\xa9", b"\xff", b"\x00", b"backend ", b"\nbackend"]
    ),
)


def damaged(sample):
    edits = st.tuples(st.integers(0, len(sample)), st.integers(0, 20), PIECES)
    return st.one_of(st.binary(), edits.map(lambda edit: sample[: edit[0]] + edit[2] + sample[edit[0] + edit[1] :]))


@given(damaged(MAP))
@example(b"a.example/ shop web 80\n")
@example(b"a.example/ shop\xff\n")
@example(b"a.example/\tb c\n")
@example(b"\x1c x\n")
def test_what_is_read_of_a_damaged_map_can_be_written(content):
    entries = map_entries(content.decode("ascii", "replace"))
    assert map_entries(map_file(entries)) == entries
    assert MapLines(entries).content().decode() == map_file(entries)


@given(damaged(SHARD), damaged(MAP), damaged(b"global\n    master-worker\n"))
@example(b"backend shop_web_80\n    server s1 \xff:80\n", b"", b"")
@example(b"", b"a.example/ b c\n", b"\xff")
def test_damaged_files_are_read_and_then_written_as_they_shall_be(shard, entries, main):
    with tempfile.TemporaryDirectory(prefix="hadyn-") as parent:
        folder = StateFolder(Path(parent) / "state")
        folder.prepare()
        path = folder.backends / f"{shard_of(NAME):03}.cfg"
        path.write_bytes(shard)
        (folder.maps / "prefix.map").write_bytes(entries)
        folder.main_config.write_bytes(main)
        files = StateFiles(folder)
        files.load()
        found = [files.sections.of(name) for name in files.sections.names()]
        files.sections.put(NAME, SECTION)
        files.put_maps(dict.fromkeys(files.entries()) | {(MapName.PREFIX, "a.example/"): NAME})
        files.put_main("global\n")
        files.install(files.stage())
        assert all(found)
        assert path.read_text() == SECTION
        assert (folder.maps / "prefix.map").read_text() == "a.example/ shop_web_80\n"
        assert (files.main, folder.main_config.read_text()) == ("global\n", "global\n")
