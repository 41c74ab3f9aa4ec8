"""Regular expressions are spelled so that every engine takes them, or refused with a reason."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hadyn.model.expression_tree import literally
from hadyn.model.expressions import LONGEST, Expression, NotUnderstood, expression

SIGNS = st.text("ab/.[]()|?*+{}$^\\-,0123:dw", max_size=40)


def spelled(text, **how):
    return expression(text, **how).text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("/shop", "/shop"),
        ("^/shop$", "/shop$"),
        ("/a.b", "/a[^|]b"),
        (r"/a\.b", "/a[.]b"),
        (r"/\d+/\w{2}", "/[0-9]+/[0-9A-Z_a-z]{2}"),
        ("/[^/]*/x", "/[^/|]*/x"),
        ("/(list|item)(/|$)(.*)", "/(list|item)(/|$)([^|]*)"),
        ("/(?:list|item)/(.+)", "/(list|item)/([^|]+)"),
        ("/[]a-]", "/[]a-]"),
        ("/x{2,3}y?", "/x{2,3}y?"),
        (r"/[A-z]", "/[]A-Z_-z]"),
    ],
)
def test_an_expression_means_the_same_in_words_that_every_engine_knows(written, text):
    assert spelled(written) == text


def test_an_expression_without_case_names_both_letters():
    assert spelled("/Ab[c-d]", is_caseless=True) == "/[Aa][Bb][CDcd]" == spelled("(?i)/Ab[c-d]")


def test_groups_keep_the_numbers_of_their_author():
    assert expression("/(?:a|b)/(c)(?:d)(e)") == Expression("/(a|b)/(c)(d)(e)", (2, 4))


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("/x(?!a)", "looks around"),
        ("/(?P<name>a)", "looks around"),
        (r"/(a)\1", r"has \1"),
        ("/(a+)+", "repeats a group"),
        ("/(a|b){2}", "repeats a group"),
        ("/a**", "two quantifiers"),
        ("/a+?", "two quantifiers"),
        ("/a{101}", "beyond 100"),
        ("/a{3,2}", "backwards"),
        ("/[[:alpha:]]", "names a class"),
        ("/[^;]", "unusual characters"),
        ("/a|/b", "outside a group"),
        ("/a)", "outside a group"),
        ("/(a", "in the middle"),
        ("/[a", "in the middle"),
        ("/a\\", "in the middle"),
        ("/a b", "means nothing"),
        ("/a;b", "means nothing"),
        ("/a#", "means nothing"),
        ("/ä", "means nothing"),
        ("/" + "(a)" * 10, "more than 9 groups"),
        ("/" + "a" * LONGEST, "longer than"),
        ("/.*x.*y.*z$", "too many ways"),
        ("/" + "a?" * 30 + "a" * 30, "too many ways"),
        ("/(a|a)(a|a)" + "(a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a)" * 7, "too many ways"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_reason(written, reason):
    with pytest.raises(NotUnderstood, match=re.escape(reason)):
        expression(written)


def test_one_after_another_is_understood_where_each_ends_at_a_letter_that_it_does_not_match():
    assert spelled("/[^/]+" * 9)


@given(SIGNS)
def test_whatever_is_understood_is_a_word_of_a_map_and_of_a_command(text):
    try:
        found = expression("/" + text)
    except NotUnderstood:
        return
    assert re.fullmatch(r"[A-Za-z0-9._~!&'*+?,=:@%/|(){}\[\]$^-]+", found.text)
    assert re.compile(found.text).groups >= len(found.groups)


@given(
    st.from_regex(r"/[ab/]{0,3}([.*+?]|[ab]\*|\[ab\]\+|\(a\|b\)\?|\(a\|\)){0,3}\$?", fullmatch=True),
    st.text("ab/", max_size=8),
)
def test_an_expression_matches_what_its_author_would_expect(written, path):
    try:
        found = expression(written)
        meant = re.compile(written)
    except (NotUnderstood, re.error):
        return
    assert bool(re.match(found.text, path)) == bool(meant.match(path))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="^\\;|["), max_size=30))
def test_text_that_stands_for_itself_matches_itself_alone(text):
    assert re.fullmatch(literally(text), text)
    assert not re.fullmatch(literally(text), text + "x")
