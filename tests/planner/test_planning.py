"""A plan for all that changed: backends, map entries, and what nobody wants any more."""

from __future__ import annotations

from hadyn.model.desired import MapName
from hadyn.planner.observed import Observed
from hadyn.planner.planning import Desired, hands_on, make_plan
from tests.planner.texts import OLDEST_ONE, backend, lines, slots

PATH = (MapName.PREFIX, "a.example/")


def test_a_backend_goes_out_of_service_after_its_route_is_gone():
    desired = Desired({"web": None}, {PATH: None})
    observed = Observed({"web": slots(s1="10.0.0.1:80 ready")}, {PATH: "web"})
    made = make_plan(desired, observed, loaded={"web"}, drain_seconds=60, capabilities=OLDEST_ONE)
    assert [*map(str, made.commands)] == lines("""
        del map prefix.map a.example/
        set server web/s1 state maint
    """)


def test_a_backend_that_was_removed_and_never_loaded_needs_nothing():
    made = make_plan(Desired({"web": None}), Observed(), loaded=set(), drain_seconds=60, capabilities=OLDEST_ONE)
    assert made.commands == ()
    assert made.reloads == ()


def test_reload_reasons_of_all_backends_stand_together():
    desired = Desired({"web": backend(name="web"), "api": backend(name="api")})
    made = make_plan(desired, Observed(), loaded=set(), drain_seconds=60, capabilities=OLDEST_ONE)
    assert [(str(reload.reason), reload.backend) for reload in made.reloads] == [
        ("NEW_BACKEND", "web"),
        ("NEW_BACKEND", "api"),
    ]


def test_a_backend_that_comes_back_before_any_reload_is_adopted_without_one():
    observed = Observed({"web": slots(s1="10.0.0.1:80 maint")})
    made = make_plan(
        Desired({"web": backend("10.0.0.1:80")}), observed, loaded={"web"}, drain_seconds=60, capabilities=OLDEST_ONE
    )
    assert [*map(str, made.commands)] == ["set server web/s1 state ready"]
    assert made.reloads == ()


def test_sessions_matter_only_where_a_newcomer_gets_the_slot_of_somebody_who_left():
    desired = Desired(
        {
            "web": backend("10.0.0.2:80", "10.0.0.3:80", name="web"),
            "api": backend("10.0.0.4:80", name="api"),
            "new": backend("10.0.0.5:80", name="new"),
        }
    )
    observed = Observed(
        {
            "web": slots("web", s1="10.0.0.1:80 maint", s2="10.0.0.2:80 ready"),
            "api": slots("api", s1="10.0.0.1:80 maint", s2="free"),
        }
    )
    made = make_plan(desired, observed, loaded={"web", "api"}, drain_seconds=60, capabilities=OLDEST_ONE)
    assert hands_on(made, observed) == {"web"}
