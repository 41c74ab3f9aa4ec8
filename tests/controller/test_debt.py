"""A reload that is owed is known to the next hadyn, as long as HAProxy has not read the files."""

import pytest

from hadyn.controller.debt import Debt
from hadyn.errors import FileNotWritten
from hadyn.planner.reasons import Reload, ReloadReason

CHANGED = (Reload(ReloadReason.BACKEND_CHANGED, "web"), Reload(ReloadReason.GLOBAL_CHANGED))


@pytest.fixture
def debt(tmp_path):
    return Debt(tmp_path / "debt.json")


def test_what_was_noted_is_owed_by_the_workers_of_that_time(debt):
    debt.note(CHANGED, [7, 8])
    assert debt.of([8]) == CHANGED
    assert debt.of([9]) == ()


def test_what_was_settled_is_owed_by_nobody(debt):
    debt.note(CHANGED, [7])
    debt.settle()
    debt.settle()
    assert debt.of([7]) == ()


@pytest.mark.parametrize("text", ["", "[]", '{"workers": [7]}', '{"workers": [7], "reasons": [["LATER", "web", ""]]}'])
def test_a_note_that_makes_no_sense_owes_nothing(debt, text):
    debt.path.write_text(text)
    assert debt.of([7]) == ()


def test_a_note_that_cannot_be_written_is_an_error_of_ours(tmp_path):
    with pytest.raises(FileNotWritten):
        Debt(tmp_path / "away" / "debt.json").note(CHANGED, [7])
