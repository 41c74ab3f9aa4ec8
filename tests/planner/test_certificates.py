"""Lines of HAProxy's list come before others go, so that nobody who stays is left without."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hadyn.planner.certificates import MAX_HOSTS, AddLine, Line, LinePlan, SetCertificate, plan_lines
from tests.pairs import pair

CERTIFICATES = ("shop_a", "shop_b", "shop_c")
HOSTS = tuple(f"h{number}.example" for number in range(8))
wishes = st.dictionaries(
    st.sampled_from(HOSTS),
    st.tuples(
        st.lists(st.sampled_from(CERTIFICATES), max_size=2, unique=True),
        st.sampled_from(("", "alpn h2", "verify optional ca-file /ca")),
    ),
    max_size=8,
)


def by_host(lines):
    found = {}
    for line in lines:
        for host in line.hosts:
            found.setdefault(host, []).append(line)
    return found


def served(lines):
    return {host: {line.certificate for line in found} for host, found in by_host(lines).items()}


def shaken(lines):
    return {host: {line.parameters for line in found} for host, found in by_host(lines).items()}


def test_what_is_right_needs_nothing():
    lines = [Line("shop_a", ("h1.example", "h2.example"), 2)]

    assert plan_lines({"h1.example": ["shop_a"], "h2.example": ["shop_a"]}, by_host(lines)) == LinePlan()


def test_a_host_that_comes_has_a_line_of_its_own():
    lines = [Line("shop_a", ("h1.example",), 2)]

    assert plan_lines({"h2.example": ["shop_a"]}, by_host(lines)) == LinePlan((AddLine("shop_a", ("h2.example",)),))


def test_a_host_that_leaves_has_its_line_replaced_by_one_without_it():
    line = Line("shop_a", ("h1.example", "h2.example", "h3.example"), 2)

    assert plan_lines({"h2.example": []}, by_host([line])) == LinePlan(
        (AddLine("shop_a", ("h1.example", "h3.example")),), (line,)
    )


def test_a_line_that_stands_there_twice_is_taken_away_once():
    lines = [Line("shop_a", ("h1.example",), 2), Line("shop_a", ("h1.example",), 3)]

    assert plan_lines({"h1.example": ["shop_a"]}, by_host(lines)) == LinePlan((), (lines[1],))


def test_a_host_that_shakes_hands_otherwise_has_a_line_of_its_own_before_it_leaves_the_other():
    line = Line("shop_a", ("h1.example", "h2.example"), 2)
    plan = plan_lines({"h1.example": ["shop_a"]}, by_host([line]), {"h1.example": "alpn h2"})

    assert plan == LinePlan(
        (AddLine("shop_a", ("h1.example",), "alpn h2"), AddLine("shop_a", ("h2.example",))), (line,)
    )


def test_many_hosts_are_divided_among_lines():
    hosts = [f"h{number:03}.example" for number in range(120)]
    plan = plan_lines({host: ["shop_a"] for host in hosts}, {})

    assert [len(addition.hosts) for addition in plan.additions] == [MAX_HOSTS, MAX_HOSTS, 20]
    assert sorted(host for addition in plan.additions for host in addition.hosts) == hosts


def test_a_command_does_not_show_the_key_it_carries():
    command = SetCertificate("shop_a", pair("a.example").pem)

    assert (str(command), repr(command)) == ("set ssl cert shop_a", "set ssl cert shop_a")


@given(st.lists(wishes, min_size=1, max_size=6))
def test_any_wishes_in_a_row_come_true_and_nobody_who_stays_is_ever_without(steps):
    lines, number, wanted = [], 1, {}
    for step in steps:
        before = served(lines)
        touched = {host: step.get(host, ([], ""))[0] for host in HOSTS}
        said = {host: parameters for host, (_, parameters) in step.items() if parameters}
        plan = plan_lines(touched, by_host(lines), said)
        moments = []
        for addition in plan.additions:
            number += 1
            lines.append(Line(addition.certificate, addition.hosts, number, addition.parameters))
            moments.append(served(lines))
        for line in plan.departures:
            lines.remove(line)
            moments.append(served(lines))
        wanted = {host: set(names) for host, names in touched.items() if names}
        staying = {host: names & wanted.get(host, set()) for host, names in before.items()}

        assert served(lines) == wanted
        assert shaken(lines) == {host: {said.get(host, "")} for host in wanted}
        assert all(names <= moment.get(host, set()) for moment in moments for host, names in staying.items())
        assert plan_lines(touched, by_host(lines), said) == LinePlan()
