"""Manifests as read by somebody to whom no kernel tells anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hadyn.sources.reading import Manifests
from tests.sources.folder_of_manifests import service_text

GRACE_SECONDS = 60.0


@pytest.fixture
def web(tmp_path: Path) -> Path:
    file = tmp_path / "web.yaml"
    file.write_text(service_text("web"))
    return file


def test_what_somebody_wrote_while_it_was_read_is_read_again_at_the_next_look(web: Path):
    answers: Iterator[bool] = iter([False, True])
    manifests = Manifests([web], is_whole=lambda _file: next(answers))
    manifests.look_everywhere(0.0)
    at_first = manifests.changes(0.0)
    manifests.look_everywhere(1.0)
    then = manifests.changes(1.0)
    assert at_first is None
    assert then is not None
    assert [upsert.title for upsert in then.upserts] == ["shop/web"]


def test_a_file_that_is_away_and_back_between_two_looks_is_waited_for_no_longer(web: Path):
    manifests = Manifests([web.parent], grace=GRACE_SECONDS)
    manifests.look_everywhere(0.0)
    manifests.changes(0.0)
    web.rename(web.with_name("away"))
    manifests.look_everywhere(1.0)
    waiting = manifests.seconds_to_leave(1.0)
    web.with_name("away").rename(web)
    manifests.look_everywhere(2.0)
    assert (waiting, manifests.seconds_to_leave(2.0)) == (GRACE_SECONDS, None)
    assert manifests.changes(2.0) is None


def test_a_file_that_came_back_before_anybody_missed_it_does_not_leave(web: Path):
    manifests = Manifests([web.parent], grace=GRACE_SECONDS)
    manifests.look_everywhere(0.0)
    manifests.miss([web], 1.0)
    assert manifests.seconds_to_leave(1.0) is None
