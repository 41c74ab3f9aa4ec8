"""A judgement on files is what HAProxy says, not that it could not say anything."""

import pytest

from hadyn.errors import ConfigurationRefused, HAProxyUnusable, ReloadFailed
from hadyn.planner.capabilities import Capabilities
from hadyn.process.checking import check
from hadyn.process.versions import HAProxyBinary


@pytest.fixture
def judge(tmp_path):
    """What stands in for HAProxy, to be written as a script."""
    path = tmp_path / "haproxy"

    def written(script):
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return HAProxyBinary(path, Capabilities((2, 8, 25)), "2.8.25")

    return written


def test_a_check_that_is_killed_refuses_nothing(judge):
    with pytest.raises(ReloadFailed, match="its check of the files was ended by signal 9"):
        check(judge("kill -9 $$"), [])


def test_a_check_that_ends_with_alerts_refuses_whatever_ended_it(judge):
    with pytest.raises(ConfigurationRefused, match="unknown keyword"):
        check(judge("echo \"[ALERT] (1) : config : parsing [/x.cfg:3] : unknown keyword 'y'\"; kill -9 $$"), [])


def test_a_check_that_finds_nothing_is_no_error(judge):
    check(judge("exit 0"), [])


def test_a_judge_that_is_gone_is_named(judge):
    binary = judge("exit 0")
    binary.path.unlink()
    with pytest.raises(HAProxyUnusable, match="cannot judge files: No such file or directory"):
        check(binary, [])
