"""Every promise in docs/reliability.md names tests, and these exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/reliability.md").read_text()
CITED = re.findall(r"`((?:tests|integration)/[a-z_/]+\.py)::(\w+)`", PAGE)
BARE = re.findall(r"`[^`\s]+::[^`]*`", PAGE)
CHAPTERS = [chapter.split("\n### ") for chapter in PAGE.split("\n## ")[1:]]
PROMISES = [text for first, *others in CHAPTERS for text in others or [first]]


def names_in(path: str) -> set[str]:
    """The tests in a file; those of a state machine have the name that it is given there."""
    tree = ast.parse((ROOT / path).read_text())
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return {name for name in functions | assigned if name.lower().startswith("test")}


@pytest.mark.parametrize("path", sorted({path for path, _ in CITED}))
def test_every_test_that_a_promise_names_exists(path):
    named = {name for cited, name in CITED if cited == path}
    assert named <= names_in(path)


def test_every_promise_names_a_test():
    assert {text.splitlines()[0] for text in PROMISES if "::" not in text} == {"Not promised"}


def test_what_looks_like_a_test_is_read_as_one():
    assert len(BARE) == len(CITED) > 150
