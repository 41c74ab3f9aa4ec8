"""The document of ``hadyn status``."""

import json
from datetime import UTC, datetime

from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.observe.status import (
    HadynStatus,
    HAProxyStatus,
    LastCycle,
    PastReload,
    Reloads,
    SourceStatus,
    Status,
    status_document,
)

START = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)


def test_a_status_names_haproxy_sources_cycle_reloads_and_problems():
    status = Status(
        HadynStatus("0.1.0", 4711, START),
        HAProxyStatus("2.8.25", running=True, pid=4712, workers=1, old_workers=1, uptime_seconds=60),
        sources=(SourceStatus("manifests", 0.0, 12),),
        last_cycle=LastCycle(START, "shop/web: 1 endpoint came", 0.0017),
        cycles=3,
        reloads=Reloads(
            total=1,
            by_reason={"NEW_BACKEND": 1},
            pending=("NO_FREE_SLOT",),
            last=(PastReload(START, ("NEW_BACKEND",), 0.05, "done"),),
        ),
        backends=2,
        routes=3,
        problems=(Problem(ObjectRef("Service", "shop", "api"), "", Reason.NOT_FOUND, "is missing", "create it"),),
    )

    document = status_document(status)

    assert json.loads(json.dumps(document)) == document
    assert document["hadyn"] == {"version": "0.1.0", "pid": 4711, "since": "2026-11-22T10:00:00Z"}
    assert document["haproxy"]["old_workers"] == 1
    assert document["sources"] == [{"name": "manifests", "stale_seconds": 0.0, "objects": 12}]
    assert document["last_cycle"]["sentence"] == "shop/web: 1 endpoint came"
    assert document["reloads"]["by_reason"] == {"NEW_BACKEND": 1}
    assert document["reloads"]["pending"] == ["NO_FREE_SLOT"]
    assert document["reloads"]["last"][0]["result"] == "done"
    assert document["problems"][0]["object"] == "service shop/api"


def test_before_the_first_cycle_there_is_no_last_one():
    status = Status(HadynStatus("0.1.0", 1, START), HAProxyStatus("2.8.25", running=False))

    assert status_document(status)["last_cycle"] is None
