"""hadyn resolve, asking a hadyn that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hadyn.observe.http import HttpServer
from tests.cli.invoking import invoke
from tests.observe.shop_view import ShopView

RECORD = {
    "address": "10.0.0.1",
    "port": None,
    "priority": 0,
    "weight": 1,
    "host": "web.example",
    "state": "serving",
    "unseen_seconds": 0.0,
    "slots": ["shop_web/s1"],
}


def name(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": "web.example",
        "type": "A",
        "outcome": "valid",
        "said": "",
        "ttl_seconds": 4.2,
        "stale_seconds": 0.0,
        "asked_in_seconds": 4.0,
        "is_partial": False,
        "backends": ["shop_web"],
        "records": list(records),
        "remarks": [],
        **more,
    }


class Knowing(ShopView):
    """Knows these names, whatever it is asked for."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        super().__init__()
        self.documents = documents
        self.asked: list[Any] = []

    def resolve(self, names, record_type):
        self.asked.append((names, record_type))
        return list(self.documents)


@pytest.fixture
def view(folder: Any) -> Iterator[Knowing]:
    view = Knowing(name(RECORD, RECORD | {"address": "10.0.0.2", "state": "held", "unseen_seconds": 15, "slots": []}))
    with HttpServer(view, bind="", control_socket=Path(folder.path) / "control.sock"):
        yield view


def test_records_are_shown_with_state_and_slot(view, folder):
    lines = invoke("resolve", "web.example", "--state-dir", folder.path).stdout.splitlines()
    assert lines[0] == "web.example A: valid, 2 records, TTL 4s left, used by shop_web"
    assert lines[2].split() == ["10.0.0.1", "serving", "-", "0", "1", "web.example", "shop_web/s1"]
    assert lines[3].split() == ["10.0.0.2", "held", "15s", "0", "1", "web.example", "unused"]


def test_a_type_is_handed_on(view, folder):
    invoke("resolve", "web.example", "api.example", "--type", "SRV", "--state-dir", folder.path)
    assert view.asked == [(["web.example", "api.example"], "SRV")]


def test_trouble_is_told_with_what_is_kept(view, folder):
    view.documents = (
        name(RECORD, outcome="timeout", said="got no answer within 2 s", ttl_seconds=0, stale_seconds=70),
    )
    ended = invoke("resolve", "web.example", "--state-dir", folder.path)
    assert ended.stdout.startswith(
        "web.example A: timeout: got no answer within 2 s, 1 record, not confirmed for 70s, used by shop_web\n"
    )
    assert ended.exit_code == 0


def test_a_name_without_any_record_ends_with_an_error(view, folder):
    view.documents = (name(outcome="nx", said="does not exist", backends=[]), name(type="AAAA", records=None))
    assert invoke("resolve", "web.example", "--state-dir", folder.path).exit_code == 1


def test_one_family_without_records_is_no_error(view, folder):
    view.documents = (name(RECORD), name(type="AAAA", outcome="nx", said="has no records of this type"))
    assert invoke("resolve", "web.example", "--state-dir", folder.path).exit_code == 0


def test_names_are_told_to_programs_as_they_came(view, folder):
    ended = invoke("resolve", "web.example", "--state-dir", folder.path, "-o", "json")
    assert json.loads(ended.stdout) == list(view.documents)
