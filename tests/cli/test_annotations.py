"""hadyn annotations: the reference from the table of options."""

from __future__ import annotations

import json

import pytest

from hadyn.model.options.slots import SLOTS
from hadyn.model.options.table import OPTIONS
from tests.cli.invoking import invoke


@pytest.mark.parametrize("form", [(), ("-o", "wide")])
def test_every_option_is_a_row_of_the_reference(form: tuple[str, ...]):
    rows = invoke("annotations", *form).stdout.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [option.title for option in OPTIONS]


def test_values_and_defaults_are_for_wide_screens_or_one_annotation():
    narrow, wide = (invoke("annotations", *form).stdout for form in ((), ("-o", "wide")))
    assert SLOTS.sentence in narrow
    assert SLOTS.accepted not in narrow
    assert SLOTS.accepted in wide
    assert SLOTS.accepted in invoke("annotations", "slots", "-o", "wide").stdout


@pytest.mark.parametrize(
    "name", ["canary-weight", "hadyn.io/canary-weight", "nginx.ingress.kubernetes.io/canary-weight"]
)
def test_an_annotation_is_found_by_each_of_its_names(name: str):
    shown = invoke("annotations", name).stdout
    assert "name      hadyn.io/canary-weight\n" in shown
    assert 'example   hadyn.io/canary-weight: "10"\n' in shown


def test_an_unknown_annotation_gets_the_closest_as_a_hint():
    ended = invoke("annotations", "slots-maximum")
    assert (ended.exit_code, ended.stderr) == (
        2,
        "hadyn: hadyn has no annotation 'slots-maximum'. Did you mean slots-max?\n",
    )


def test_the_reference_is_told_to_programs_as_json():
    documents = json.loads(invoke("annotations", "-o", "json").stdout)
    assert [document["annotation"] for document in documents] == invoke("annotations", "-o", "name").stdout.split()
