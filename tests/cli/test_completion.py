"""hadyn completion: the scripts of three shells."""

from __future__ import annotations

import pytest

from tests.cli.invoking import invoke


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete -o nosort"), ("zsh", "#compdef hadyn"), ("fish", "complete --no-files")]
)
def test_each_shell_gets_its_script(shell: str, word: str):
    ended = invoke("completion", shell)
    assert ended.exit_code == 0
    assert word in ended.stdout
    assert "_HADYN_COMPLETE" in ended.stdout
