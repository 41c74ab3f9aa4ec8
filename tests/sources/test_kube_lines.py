"""Lines out of chunks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.sources.kube_lines import Lines, LineTooLong


def test_a_line_in_one_chunk_comes_at_once():
    assert Lines().take(b'{"a": 1}\n') == [b'{"a": 1}']


def test_a_line_broken_in_two_comes_with_its_end():
    lines = Lines()
    assert lines.take(b'{"a":') == []
    assert lines.has_part
    assert lines.take(b" 1}\n") == [b'{"a": 1}']
    assert not lines.has_part


def test_a_character_broken_in_two_comes_whole():
    lines = Lines()
    snow = "snow ☃\n".encode()
    assert lines.take(snow[:6]) == []
    assert lines.take(snow[6:]) == [snow.rstrip()]


def test_empty_lines_are_no_lines():
    assert Lines().take(b"\n\r\n  \na\n") == [b"a"]


def test_a_line_without_end_is_given_up():
    lines = Lines(longest=10)
    lines.take(b"123456")
    with pytest.raises(LineTooLong):
        lines.take(b"78901")


@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line and line.strip() != b"")), st.data())
def test_chunks_may_fall_anywhere_in_the_stream(wanted: list[bytes], data: st.DataObject):
    stream = b"".join(line + b"\n" for line in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    lines = Lines()
    found = [
        line
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        for line in lines.take(stream[start:end])
    ]
    assert found == wanted
