"""What many meet at the same time, said once."""

from __future__ import annotations

import pytest

from hadyn.cluster.errors import ApiUnreachable
from hadyn.sources.outages import Outages

REFUSED = ApiUnreachable("https://10.0.0.1", "Connection refused")
SILENT = ApiUnreachable("https://10.0.0.1", "it does not answer in time")


@pytest.fixture
def outages(caplog: pytest.LogCaptureFixture) -> Outages:
    caplog.set_level("INFO")
    times = iter(range(100, 200))
    return Outages(lambda: float(next(times)))


def test_a_failure_that_all_meet_is_one_line(outages: Outages, caplog: pytest.LogCaptureFixture):
    for who in ("services", "ingresses", "services"):
        outages.began(who, REFUSED)
    assert caplog.messages == [str(REFUSED)]


def test_the_end_is_said_when_the_last_one_is_well(outages: Outages, caplog: pytest.LogCaptureFixture):
    outages.began("services", REFUSED)
    outages.began("ingresses", REFUSED)
    outages.ended("services")
    assert caplog.messages == [str(REFUSED)]
    outages.ended("ingresses")
    assert caplog.messages[1:] == ["in touch with the apiserver again after 1 s"]


def test_another_failure_instead_is_another_line(outages: Outages, caplog: pytest.LogCaptureFixture):
    outages.began("services", REFUSED)
    outages.began("services", SILENT)
    assert caplog.messages == [str(REFUSED), str(SILENT)]
    assert outages.sentences() == (str(SILENT),)


def test_whoever_was_always_well_says_nothing(outages: Outages, caplog: pytest.LogCaptureFixture):
    outages.ended("services")
    assert caplog.messages == []
