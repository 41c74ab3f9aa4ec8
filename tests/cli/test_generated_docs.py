"""The docs that the code itself tells."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
GENERATE = runpy.run_path(str(DOCS / "generate.py"))


def test_generated_docs_are_what_the_code_says_now():
    assert {name: (DOCS / name).read_text() for name in GENERATE["documents"]()} == GENERATE["documents"]()


def test_up_to_date_docs_pass_the_check():
    assert GENERATE["main"](["--check"]) == 0
