"""What a reflector asks next, after which answer."""

from __future__ import annotations

import pytest

from hadyn.cluster.errors import (
    AnswerNotUnderstood,
    ApiBusy,
    ApiFailed,
    ApiSilent,
    ApiUnreachable,
    NotAllowed,
    VersionGone,
)
from hadyn.cluster.requests import ApiRequest
from hadyn.errors import HadynError
from hadyn.sources.kube_progress import (
    LONGEST_PAUSE_SECONDS,
    PAGE,
    REFUSALS,
    UNREACHABLE_PAUSE_SECONDS,
    WHOLE,
    ListPage,
    Progress,
    WatchFrom,
)

WATCH = ApiRequest("watch", "services", "/api/v1/services")
UNREACHABLE = ApiUnreachable("https://10.0.0.1", "Connection refused")


def watching(resource_version: str = "7", count: int = 20) -> Progress:
    """A reflector that has listed and watches from there."""
    progress = Progress()
    assert progress.listed(count, resource_version, now=0.0) is None
    return progress


def test_it_lists_first_and_watches_from_where_the_list_stood():
    progress = Progress()
    assert progress.step == ListPage("", PAGE)
    progress.paged("page-2")
    assert progress.step == ListPage("page-2", PAGE)
    assert progress.listed(700, "41", now=0.0) is None
    assert progress.step == WatchFrom("41")


def test_it_resumes_behind_the_last_event():
    progress = watching("41")
    progress.moved("43", gained=0)
    progress.failed(UNREACHABLE)
    assert progress.step == WatchFrom("43")


def test_events_without_a_version_leave_the_place_to_resume_at():
    progress = watching("41")
    progress.moved("", gained=0)
    assert progress.step == WatchFrom("41")


def test_a_watch_that_the_server_ends_in_order_goes_on_at_once():
    progress = watching("41")
    progress.watched(300.0)
    assert progress.ended() == 0.0
    assert progress.step == WatchFrom("41")


def test_a_watch_that_ends_at_once_again_and_again_is_asked_for_ever_more_rarely():
    progress = watching()
    pauses = [progress.ended() for _ in range(20)]
    assert pauses[0] == 0.0
    assert all(0.1 <= pause <= LONGEST_PAUSE_SECONDS for pause in pauses[1:])


@pytest.mark.parametrize("failure", [VersionGone(WATCH), ApiSilent(WATCH, 75.0)])
def test_a_place_that_is_lost_makes_it_list_anew(failure: HadynError):
    progress = watching()
    progress.failed(failure)
    assert progress.step == ListPage()


def test_the_first_lost_place_costs_no_pause_and_a_storm_of_them_does():
    progress = watching()
    assert progress.failed(VersionGone(WATCH)) == 0.0
    progress.listed(20, "8", now=0.0)
    assert progress.failed(VersionGone(WATCH)) >= 0.1


def test_a_token_that_expires_between_pages_makes_it_list_in_one_piece():
    progress = Progress()
    progress.paged("page-2")
    progress.failed(VersionGone(WATCH))
    assert progress.step == ListPage("", WHOLE)


def test_a_page_that_fails_is_asked_for_again():
    progress = Progress()
    progress.paged("page-2")
    progress.failed(UNREACHABLE)
    assert progress.step == ListPage("page-2")


@pytest.mark.parametrize(
    "failure", [ApiFailed(WATCH, "504 Too large resource version"), AnswerNotUnderstood(WATCH, "x")]
)
def test_a_place_refused_repeatedly_is_given_up(failure: HadynError):
    progress = watching()
    steps = []
    for _ in range(REFUSALS):
        progress.failed(failure)
        steps.append(progress.step)
    assert steps == [WatchFrom("7")] * (REFUSALS - 1) + [ListPage()]


def test_an_apiserver_that_is_away_for_long_costs_no_list():
    progress = watching()
    for _ in range(50):
        progress.failed(UNREACHABLE)
    assert progress.step == WatchFrom("7")


def test_pauses_grow_with_jitter_up_to_a_limit():
    progress = watching()
    pauses = [progress.failed(UNREACHABLE) for _ in range(200)]
    assert max(pauses[:1]) <= 0.5
    assert all(0.1 <= pause <= UNREACHABLE_PAUSE_SECONDS for pause in pauses)
    assert len(set(pauses[10:])) > 100


def test_another_sort_of_failure_starts_with_a_short_pause():
    progress = watching()
    for _ in range(20):
        progress.failed(UNREACHABLE)
    assert progress.failed(NotAllowed(WATCH, "")) <= 1.0


def test_a_watch_that_went_well_makes_the_next_pause_short():
    progress = watching()
    for _ in range(20):
        progress.failed(UNREACHABLE)
    progress.watched(60.0)
    assert progress.failed(UNREACHABLE) <= 0.5


def test_a_busy_apiserver_is_left_alone_for_as_long_as_it_asks():
    progress = watching()
    assert 7.1 <= progress.failed(ApiBusy(WATCH, 429, "slow down", 7.0)) <= 8.0


def test_many_objects_that_vanish_by_one_list_are_not_believed():
    progress = watching(count=10)
    progress.failed(VersionGone(WATCH))
    pause = progress.listed(0, "1", now=100.0)
    assert pause is not None
    assert progress.step == ListPage()


def test_many_objects_that_stay_away_for_half_a_minute_are_gone():
    progress = watching(count=10)
    progress.failed(VersionGone(WATCH))
    assert progress.listed(0, "1", now=100.0) is not None
    assert progress.listed(0, "1", now=115.0) is not None
    assert progress.listed(0, "2", now=130.0) is None
    assert progress.step == WatchFrom("2")


def test_objects_that_come_back_in_time_end_the_suspicion():
    progress = watching(count=10)
    progress.failed(VersionGone(WATCH))
    assert progress.listed(0, "1", now=100.0) is not None
    assert progress.listed(10, "2", now=115.0) is None
    progress.failed(VersionGone(WATCH))
    assert progress.listed(0, "3", now=140.0) is not None


def test_a_cluster_that_kept_only_its_own_service_is_not_believed():
    progress = watching(count=12)
    assert progress.listed(1, "1", now=100.0) is not None


def test_a_tenth_of_the_objects_may_stay_and_more_are_believed():
    assert watching(count=100).listed(10, "9", now=1.0) is not None
    assert watching(count=100).listed(11, "9", now=1.0) is None


def test_a_handful_of_objects_may_vanish_at_once():
    progress = watching(count=9)
    assert progress.listed(0, "9", now=1.0) is None


def test_objects_deleted_one_by_one_are_not_missed_by_a_list():
    progress = watching(count=12)
    progress.moved("20", gained=-12)
    progress.failed(VersionGone(WATCH))
    assert progress.listed(0, "21", now=1.0) is None


def test_objects_that_came_by_events_are_missed_by_an_empty_list():
    progress = watching(count=0)
    progress.moved("20", gained=12)
    progress.failed(VersionGone(WATCH))
    assert progress.listed(0, "21", now=1.0) is not None
