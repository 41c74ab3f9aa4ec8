"""What ``hadyn status`` says where HAProxy runs and no hadyn does."""

from __future__ import annotations

from integration.stack import Stack
from tests.cli.invoking import invoke


def test_a_haproxy_that_was_left_running_is_asked_itself(haproxy):
    with Stack(haproxy.path) as stack:
        stack.start()
        found = invoke("status", "--state-dir", stack.folder.path)
    version = ".".join(map(str, stack.process.binary.capabilities.version))
    assert found.exit_code == 0, found.stderr
    assert "no hadyn runs" in found.stderr
    assert f"HAProxy   {version}" in found.stdout
    assert "frontend  _http: OPEN, 0 requests" in found.stdout
    assert "of 200 connections" in found.stdout
