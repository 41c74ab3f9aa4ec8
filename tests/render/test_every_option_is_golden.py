"""Each option that stands in HAProxy's files is seen in a golden one: without it the file would be another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hadyn.model.options.option import OPERATOR, Option, Section, no_directives
from hadyn.model.options.table import BY_NAME, OPTIONS
from hadyn.render.config import main_config
from tests.render import test_sections_of_options as of_backends
from tests.render import test_sections_of_request_options as of_requests
from tests.render.test_config import CAPABILITIES, MAIN_CASES, OPTIONS_OF_MAIN


def has_lines(option: Option[Any]) -> bool:
    """Whether it stands in files itself; others act through certificates, slots or maps."""
    return (option.directives, option.server_directives) != (no_directives, no_directives)


IN_MAIN = [option.name for option in OPTIONS_OF_MAIN if has_lines(option)]
IN_SECTIONS = [
    option.name
    for option in OPTIONS
    if has_lines(option) and option.main in (None, Section.DEFAULTS) and option.scope != OPERATOR
]


@pytest.mark.parametrize("name", IN_MAIN)
def test_the_golden_main_file_is_another_without_an_option_of_the_operator(name: str) -> None:
    whole = MAIN_CASES["every_option"]
    lacking = replace(whole, options=tuple(said for said in whole.options if said[0] != name))
    assert main_config(whole, CAPABILITIES) != main_config(lacking, CAPABILITIES)


@pytest.mark.parametrize("name", IN_SECTIONS)
def test_some_golden_section_is_another_without_an_option(name: str) -> None:
    assert any(
        module.section_of(said) != module.section_of({other: value for other, value in said.items() if other != name})
        for module in (of_backends, of_requests)
        for said in module.FAMILIES.values()
        if name in said
    )


def test_both_lists_hold_what_there_is() -> None:
    assert {"timeout-server", "error-page-503", "nbthread"} <= set(IN_MAIN)
    assert {"timeout-server", "auth-secret", "limit-rate"} <= set(IN_SECTIONS)
    assert all(isinstance(BY_NAME[name], Option) for name in (*IN_MAIN, *IN_SECTIONS))
