"""Map files: one line an entry, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.desired import MapName
from hadyn.render.maps import map_entries, map_file, map_files, map_line


def test_entries_go_to_the_file_of_their_map_sorted_by_key() -> None:
    entries = {
        (MapName.PREFIX, "b.example/"): "shop_web_80",
        (MapName.PREFIX, "a.example/"): "shop_api_80",
        (MapName.HOSTS, "a.example"): "x",
    }
    assert map_files(entries) == {
        MapName.HOSTS: "a.example x\n",
        MapName.EXACT: "",
        MapName.PREFIX: "a.example/ shop_api_80\nb.example/ shop_web_80\n",
        MapName.NETWORKS: "",
        MapName.PASSTHROUGH: "",
        MapName.PORTS: "",
        MapName.EXPRESSED: "",
        MapName.EXPRESSIONS: "",
        MapName.CANARIES: "",
        MapName.CANARY_PATTERNS: "",
        MapName.HEADERS: "",
    }


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "#a", "a\x7f", "ä"])
def test_a_key_that_would_break_the_line_is_our_own_mistake(key: str) -> None:
    with pytest.raises(AssertionError):
        map_line(key, "value")


def test_lines_that_hadyn_would_not_write_are_no_entries() -> None:
    assert map_entries("# comment\n\nkey\n value\na.example x\n") == {"a.example": "x"}


keys = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1).filter(lambda key: key[0] != "#")
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)


@given(st.dictionaries(keys, values))
def test_a_map_file_reads_back_as_the_entries_it_was_written_from(entries: dict[str, str]) -> None:
    assert map_entries(map_file(entries)) == entries
