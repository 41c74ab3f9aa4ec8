"""The demo's figures, and when it may call itself a success."""

from collections import Counter

import pytest

from hadyn.demo.figures import Figures, shortfalls, summary
from hadyn.demo.load import Results
from hadyn.demo.stage import merged


def results(**more):
    everything = {"sent": 2, "answered": 2, "seconds": [0.004, 0.006], "first_answers": {"web-2": 10.025}}
    return Results(**everything | more)


def figures(**more):
    everything = {"results": results(), "came": {"web-2": 10.0}, "left": {"web-1": 11.0}}
    return Figures(**everything | more)


def test_requests_that_all_came_back_while_pods_changed_are_a_success():
    assert shortfalls(figures()) == []


@pytest.mark.parametrize(
    ("unlucky", "said"),
    [
        (figures(results=results(sent=3, failures=Counter({"status 503": 1}))), "1 requests failed: status 503"),
        (figures(results=results(sent=3)), "1 requests have no known end"),
        (figures(came={}, left={}), "nothing changed while the requests ran"),
        (figures(came={"web-2": 10.0, "web-3": 10.0}), "no request reached web-3"),
        (figures(results=Results(), came={}, left={}), "no request was answered"),
    ],
)
def test_whatever_fell_short_is_named(unlucky, said):
    assert said in shortfalls(unlucky)


def test_the_time_to_traffic_runs_from_the_file_to_the_first_answer():
    assert figures().change_to_traffic == [pytest.approx(0.025)]


def test_the_summary_has_every_figure_that_was_promised():
    lines = {name: (figure, detail) for name, figure, detail in summary(figures(reloads=1, ready_seconds=0.002))}

    assert lines["requests"][0] == "2"
    assert lines["failed"][0] == "0"
    assert lines["changes"] == ("2", "1 pods came, 1 left")
    assert lines["reloads"][0] == "1"
    assert lines["change to traffic"][0] == "25.0 ms"
    assert lines["change to slot"][0] == "2.0 ms"


def test_a_summary_without_anything_measured_says_so():
    lines = {name: figure for name, figure, _ in summary(Figures(Results()))}

    assert lines["change to traffic"] == "-"
    assert lines["requests"] == "0"


def test_results_of_two_loads_are_added_and_the_earlier_first_answer_counts():
    one = results(failures=Counter({"status 503": 1}), by_pod=Counter({"web-2": 2}))
    another = results(failures=Counter({"status 503": 2}), first_answers={"web-2": 9.0, "cart-1": 12.0})

    both = merged([one, another])

    assert both.sent == 4
    assert both.failures == {"status 503": 3}
    assert both.first_answers == {"web-2": 9.0, "cart-1": 12.0}
    assert len(both.seconds) == 4


def test_a_quantile_is_a_time_that_was_measured():
    assert Results(seconds=[0.003, 0.001, 0.002]).quantile(0.5) == 0.002
    assert Results(seconds=[0.003, 0.001, 0.002]).quantile(0.99) == 0.003
    assert Results().quantile(0.5) is None
