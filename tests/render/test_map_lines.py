"""Lines that are spelled in chunks are those that would be spelled at once."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hadyn.render.map_lines import CHUNK, MapLines
from hadyn.render.maps import map_file

KEYS = st.integers(0, 999).map(lambda number: f"h{number}.example/")
CHANGES = st.lists(st.tuples(KEYS, st.sampled_from(["shop_web_80", "shop_api_80", None])), max_size=30)


def change(lines: MapLines, key: str, value: str | None) -> None:
    """Set an entry, or remove it if it is there."""
    if value is not None:
        lines.put(key, value)
    elif key in lines.entries:
        lines.remove(key)


@settings(max_examples=50)
@given(st.integers(0, 4 * CHUNK), st.lists(CHANGES, max_size=5))
def test_lines_after_any_changes_are_those_of_the_whole_map(count, rounds):
    entries = {f"h{number}.example/": "shop_web_80" for number in range(count)}
    lines = MapLines(entries)

    for changes in rounds:
        for key, value in changes:
            change(lines, key, value)
            entries = {**entries, key: value}
        entries = {key: value for key, value in entries.items() if value is not None}
        assert lines.entries == entries
        assert lines.content() == map_file(entries).encode()


def test_chunks_grow_and_shrink_with_the_map():
    lines = MapLines({})
    keys = [f"{number:04}.example/" for number in range(10 * CHUNK)]

    for key in keys:
        lines.put(key, "shop_web_80")
    assert lines.content() == map_file(dict.fromkeys(keys, "shop_web_80")).encode()

    for key in keys[1:]:
        lines.remove(key)
    assert lines.content() == b"0000.example/ shop_web_80\n"
