"""No value of any annotation breaks HAProxy's configuration, or adds a word of its own to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from hadyn.model.directives import Directive
from hadyn.model.objects import Options
from hadyn.model.options.agents import AGENT_CHECK_PORT, AGENT_CHECK_SEND
from hadyn.model.options.annotations import read_options
from hadyn.model.options.option import Option, Scope
from hadyn.model.options.routing import Said
from hadyn.model.options.table import OPTIONS
from hadyn.model.route_entries import entries
from hadyn.planner.plan import Seating
from hadyn.render.config import SECTION_KEYWORDS, backend_section
from tests import given
from tests.model.looks import inventory

HOSTILE = (
    *("\n", "\r", "\t", " ", ";", "'", '"', "#", "\\", "\x00", "\x1b[31m", "|", "^", ",", "-", "/", "0"),
    *(
        "${PATH}",
        "$PATH",
        "%",
        "%[env(PATH)]",
        "%[nbsrv(zz)]",
        "{ TRUE }",
        " if TRUE",
        " unless FALSE",
        "<<",
        "..",
        "//",
    ),
    *("\u2028", "\uff10", "\u0430", "\u202e", "\ud800", "\xa0", "é"),
    *("\nserver evil 10.9.9.9:80", "\nbackend evil", " ;quit", "x" * 262_144),
)
WORDS_OF_LINES = re.compile(r"""(?:[^ '"\\#]|'[^']*'|\\.)+""")
FORMATS = frozenset({"http-request", "http-response", "http-after-response"})
"""Directives whose last word HAProxy reads as a format."""


def hostile(examples: list[str]) -> st.SearchStrategy[str]:
    """Text that looks like a value, and is something else in places."""
    pieces = st.sampled_from([*HOSTILE, *examples])
    inserted = st.tuples(st.sampled_from(examples), st.sampled_from(HOSTILE), st.floats(0, 1)).map(
        lambda parts: (
            parts[0][: round(len(parts[0]) * parts[2])] + parts[1] + parts[0][round(len(parts[0]) * parts[2]) :]
        )
    )
    return st.one_of(inserted, st.lists(pieces, max_size=4).map("".join), st.text(max_size=30))


def lines_of(option: Option, options: Options) -> Iterator[Directive]:
    """All lines that one option makes, wherever they stand."""
    said = Said(options)
    for _, value in options:
        yield from option.directives(value, said)
        yield from option.server_directives(value, said)


def as_haproxy_reads(line: str) -> list[str]:
    """The words of a line: blanks part them, single quotes and backslashes keep a character as it is."""
    words = WORDS_OF_LINES.findall(line)
    assert " ".join(words) == line, line
    return [re.sub(r"'([^']*)'|\\(.)", lambda found: found[1] or found[2] or "", word) for word in words]


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
@settings(max_examples=30)
@for_all(choice=st.data())
def test_no_value_breaks_a_line_or_adds_a_word_of_its_own(option: Option, choice: st.DataObject) -> None:
    annotation = choice.draw(st.sampled_from([option.annotation, *option.alias_names]))
    text = choice.draw(hostile([option.example, option.spelling(annotation).example]))
    scope = choice.draw(st.sampled_from(sorted(option.scope, key=lambda scope: scope.value)))

    options, faults = read_options({annotation: text}, scope)

    assert (len(options), len(faults)) in {(1, 0), (int(option.when_wrong is not None), 1)}
    assert all(fault.said.isprintable() and len(fault.said) < 1000 for fault in faults)
    for line in lines_of(option, options):
        assert str(line).isascii()
        assert str(line).isprintable()
        assert as_haproxy_reads(str(line))[: len(line.words)] == [*line.words]
        assert not SECTION_KEYWORDS.fullmatch(line.words[0])
        formats = line.words[-1:] if line.words[0] in FORMATS else ()
        assert all("%[nbsrv(zz)]" not in word.replace("%%", "") for word in formats)


@settings(max_examples=30)
@for_all(text=hostile([AGENT_CHECK_SEND.example, "who's well?\n"]))
def test_whatever_an_agent_is_asked_stays_one_word(text: str) -> None:
    said = {AGENT_CHECK_PORT.annotation: "9777", AGENT_CHECK_SEND.annotation: text}
    options, _ = read_options(said, Scope.SERVICE)
    made = AGENT_CHECK_PORT.server_directives(9777, Said(options))
    lines = [str(line) for line in made if line.words[0] == "agent-send"]
    is_taken = len(options) == len(said)

    assert len(lines) == is_taken
    for line in lines:
        assert line.isprintable()
        assert as_haproxy_reads(line.removesuffix(r"\n")) == ["agent-send", text.removesuffix("\n")]


@pytest.mark.parametrize(
    "option",
    [option for option in OPTIONS if option.scope & {Scope.INGRESS, Scope.SERVICE}],
    ids=lambda option: option.name,
)
@settings(max_examples=10)
@for_all(choice=st.data())
def test_no_value_reaches_more_than_its_own_backend(option: Option, choice: st.DataObject) -> None:
    annotation = choice.draw(st.sampled_from([option.annotation, *option.alias_names]))
    text = choice.draw(hostile([option.example, option.spelling(annotation).example]))
    on_service = {annotation: text} if Scope.SERVICE in option.scope else {}
    on_ingress = {annotation: text} if Scope.INGRESS in option.scope else {}

    shown = inventory(
        given.service("shop", "web", annotations=on_service),
        given.slice_("shop", "web", "10.0.0.1"),
        given.ingress("shop", "other", service="web"),
        given.ingress("shop", "web", host="b.example", annotations=on_ingress),
    )
    section = backend_section(shown.backend("shop_web_80"), Seating(2))

    assert len(re.findall(r"^(?!userlist shop_web_80_users_[a-z0-9.-]+$)\S", section, re.MULTILINE)) == 1
    assert "evil" not in re.sub(r"^ +\S.*", "", section, flags=re.MULTILINE)
    assert all(line.isprintable() for line in section.split("\n"))
    for host in shown.hosts():
        assert all(re.fullmatch(r"[!-~]+", value) for value in entries(shown.routes(host)).values() if value)
