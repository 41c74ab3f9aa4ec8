"""A pod that a person drains gets no new request, on a real HAProxy, over a reload and a restart of hadyn."""

from __future__ import annotations

import json

from integration.deployments import started
from integration.manifests import ingress, service
from tests.cli.invoking import invoke


def test_a_drained_pod_gets_no_request_until_it_is_undone(ground, pods):
    web = started(ground, pods, "web", 2, path="/")
    hadyn = ground.run()
    first, second = web.names

    drained = invoke("drain", web.backend, web.addresses[0], "--state-dir", ground.folder.path, "-o", "json")

    assert [each["address"] for each in json.loads(drained.stdout)["drained"]] == web.addresses[:1]
    ground.until(lambda: list(ground.ready(web.backend).values()) == web.addresses[1:])
    assert {ground.get() for _ in range(20)} == {(200, second)}

    # a new backend: before 3.4 a reload
    ground.write("api.yaml", service("api"), ingress("api", "/api"))
    ground.until(lambda: ground.get("/api")[0] == 503)
    assert {ground.get() for _ in range(20)} == {(200, second)}

    hadyn.kill()
    ground.run()
    assert {ground.get() for _ in range(20)} == {(200, second)}

    undone = invoke("undrain", web.backend, "--state-dir", ground.folder.path)
    assert (undone.exit_code, undone.stdout) == (0, "")
    ground.until(lambda: {ground.get() for _ in range(20)} == {(200, first), (200, second)})
