"""What the demo shows, live and in plain lines."""

import io

from rich.console import Console

from hadyn.demo.figures import Figures
from hadyn.demo.load import Results
from hadyn.demo.show import Glance, opened, picture, verdict

FIGURES = Figures(Results(sent=10, answered=10), came={"web-2": 1.0}, left={"web-1": 2.0}, haproxy_version="2.8.25")


def entry(slot_state, endpoint=None):
    return {"state": slot_state, "endpoint": endpoint}


BACKEND = {
    "backend": "shop_web_80",
    "service": "shop/web:80",
    "ready": 1,
    "draining": 1,
    "free": 1,
    "slots": 3,
    "entries": [entry("ready", "shop/web-2"), entry("drain", "shop/web-1"), entry("free")],
}


def glance(seconds=1.0, **more):
    return Glance(seconds, total=30.0, rate=500.0, figures=FIGURES, slots=[BACKEND], **more)


def shown(*glances, shortfalls=()):
    """What the plain show prints for these glances and the end."""
    printed = io.StringIO()
    with opened(Console(file=printed, width=200)) as show:
        for each in glances:
            show.glance(each)
        show.end(FIGURES, shortfalls)
    return printed.getvalue().splitlines()


def test_the_picture_names_who_sits_where_and_marks_who_leaves_without_colours():
    printed = io.StringIO()

    Console(file=printed, width=100, no_color=True).print(picture(glance()))

    assert ["web-2", "web-1>", "."] in [line.split() for line in printed.getvalue().splitlines()]
    assert "shop/web:80   1 ready, 1 draining, 1 free of 3" in printed.getvalue()


def test_without_a_terminal_there_are_plain_lines_and_the_summary():
    lines = shown(glance(sentences=[(0.0, "rolling update of web, pod 1 of 5")]))

    assert lines[0] == "  1.0 s  rolling update of web, pod 1 of 5"
    assert "500 requests/s, 10 answered, 0 failed, 2 changes, 0 reloads" in lines[1]
    assert lines[-1] == "Pods came and went, and no request failed."


def test_plain_lines_repeat_neither_sentences_nor_figures_at_every_glance():
    sentences = [(0.0, "api scales up by 4")]

    lines = shown(glance(1.0, sentences=sentences), glance(1.2, sentences=sentences), glance(1.4, sentences=sentences))

    assert sum("api scales up" in line for line in lines) == 1
    assert sum("requests/s" in line for line in lines) == 1


def test_a_terminal_gets_the_summary_in_colour_and_no_screen_is_left():
    printed = io.StringIO()

    with opened(Console(file=printed, width=100, force_terminal=True, _environ={"TERM": "xterm"})) as show:
        show.glance(glance())
        show.end(FIGURES, [])

    assert "\x1b[" in printed.getvalue()
    assert "no request failed" in printed.getvalue()


def test_a_shortfall_is_the_last_thing_said():
    lines = shown(glance(), shortfalls=["1 requests failed: status 503", "nothing changed"])

    assert lines[-1] == "Not as promised: 1 requests failed: status 503; nothing changed."
    assert verdict([]) != lines[-1]
