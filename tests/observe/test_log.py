"""The log: what a line looks like, and that it never makes anybody wait."""

import json
import logging
import os

import pytest

from hadyn.errors import WrongUsage
from hadyn.observe.log import QUEUED_LINES, LogWriter, as_json, as_text, configure

PIPE_BYTES = 65536


@pytest.fixture
def stalled():
    """A log whose lines nobody reads yet: the end to read from, and the writer."""
    reading, writing = os.pipe()
    writer = configure("info", "text", stream=writing)
    yield reading, writer
    os.close(reading)
    writer.close()
    logging.getLogger().removeHandler(writer)
    os.close(writing)


def record(sentence, *values, level=logging.INFO, exc_info=None, **fields):
    return logging.makeLogRecord(
        {"name": "hadyn", "msg": sentence, "args": values, "levelno": level, "created": 1795600000.25}
        | {"levelname": logging.getLevelName(level), "exc_info": exc_info}
        | fields
    )


def test_a_line_of_text_has_the_time_the_sentence_and_the_pairs():
    line = as_text(record("%s: 2 endpoints came", "shop/web", backend="shop_web_80", seconds=0.25))

    assert line == "2026-11-25T09:46:40.250Z shop/web: 2 endpoints came backend=shop_web_80 seconds=0.25"


def test_a_warning_says_that_it_is_one():
    assert "Z warning: the folder is gone" in as_text(record("the folder is gone", level=logging.WARNING))


@pytest.mark.parametrize("hostile", ["a\nb", "\x1b[2Ja", "a\u202eb", "a\x9bb", "a\rb", "a\u2028b"])
def test_a_foreign_value_can_neither_steer_a_terminal_nor_forge_a_line(hostile):
    text = as_text(record("host %s", hostile, path=hostile))
    message = json.loads(as_json(record("host %s", hostile, path=hostile)))

    assert text.isprintable()
    assert message["message"].isprintable()
    assert message["path"].isprintable()


def test_a_value_with_blanks_is_quoted_so_that_pairs_stay_apart():
    assert as_text(record("done", path='/a b" x=1')).endswith(r' path="/a b\" x=1"')


def test_a_line_of_json_keeps_numbers_as_numbers():
    line = json.loads(as_json(record("done", slots=3, ready=True, backend=None)))

    assert line == {
        "time": "2026-11-25T09:46:40.250Z",
        "level": "info",
        "logger": "hadyn",
        "message": "done",
        "slots": 3,
        "ready": True,
        "backend": None,
    }


def test_a_traceback_is_indented_so_that_no_line_of_it_looks_like_a_log_line():
    mistake = ValueError("x\n2026-11-25T09:46:40.250Z forged")

    lines = as_text(record("failed", exc_info=(ValueError, mistake, None))).splitlines()

    assert all(line.startswith("    ") for line in lines[1:])
    assert lines[-1].startswith("    2026")


def test_a_line_of_a_million_characters_is_cut_short():
    assert len(as_text(record("x" * 1_000_000))) <= 8000


def test_what_is_logged_arrives_at_the_stream_in_order(stalled):
    reading, writer = stalled

    logging.getLogger("hadyn.test").info("first")
    logging.getLogger("hadyn.test").debug("unheard")
    logging.getLogger("hadyn.test").info("second")
    writer.close()

    lines = os.read(reading, PIPE_BYTES).decode().splitlines()
    assert [line.split()[-1] for line in lines] == ["first", "second"]


def test_a_reader_that_stalls_costs_lines_and_holds_nobody_up(stalled):
    reading, writer = stalled

    for _ in range(3 * QUEUED_LINES):
        logging.getLogger("hadyn.test").info("x" * 200)

    assert writer.dropped > 0
    assert os.read(reading, PIPE_BYTES)


def test_lines_that_were_dropped_are_owned_up_to_once_somebody_reads_again(stalled):
    reading, writer = stalled
    for _ in range(3 * QUEUED_LINES):
        logging.getLogger("hadyn.test").info("x" * 200)

    read = b""
    while b"log lines were dropped because nobody read them" not in read:
        read = read[-100:] + os.read(reading, PIPE_BYTES)

    assert writer.dropped > 0


def test_a_stream_that_breaks_counts_as_dropped_lines():
    reading, writing = os.pipe()
    writer = LogWriter(writing, as_text)
    os.close(reading)

    writer.emit(record("unheard"))
    writer.close()

    assert writer.dropped == 1
    os.close(writing)


def test_a_record_that_does_not_fit_its_values_is_still_a_line(stalled):
    reading, writer = stalled

    writer.emit(record("%d slots", "many"))
    writer.close()

    assert b"cannot be spelled" in os.read(reading, PIPE_BYTES)


def test_an_unknown_level_or_format_is_wrong_usage():
    with pytest.raises(WrongUsage, match="log level"):
        configure("loud")
    with pytest.raises(WrongUsage, match="log format"):
        configure("info", "xml")
