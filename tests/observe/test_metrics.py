"""The metrics, read as Prometheus reads them."""

from prometheus_client.parser import text_string_to_metric_families

from hadyn.errors import SocketUnreachable
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.observe.metrics import TABLE, Metrics
from hadyn.planner.reasons import ReloadReason


class Quiet:
    """Sees a hadyn where all is well."""

    def slot_counts(self):
        return {"shop_web_80": {"ready": 3, "drain": 1, "maint": 0, "free": 6}}

    def problems(self):
        return [Problem(ObjectRef("Ingress", "shop", name), "", Reason.CLAIMED, "", "") for name in ("a", "b")]

    def stale_seconds(self):
        return {"manifests": 0.5}

    def certificate_expiries(self):
        return {"shop.example": 1795341600}

    def dropped_lines(self):
        return 7


class WithoutHAProxy(Quiet):
    """Sees a hadyn whose HAProxy is gone."""

    def slot_counts(self):
        raise SocketUnreachable("/run/x.sock", ConnectionRefusedError(111, "Connection refused"))


def samples(metrics):
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_what_happens_is_counted_under_its_labels():
    metrics = Metrics(Quiet())

    metrics.reloaded("NEW_BACKEND")
    metrics.commanded("set server addr", "done", 12)
    metrics.changed("manifests", 3)
    metrics.repaired(2)

    seen = samples(metrics)
    assert seen["hadyn_reloads_total", "NEW_BACKEND"] == 1
    assert seen["hadyn_commands_total", "set server addr", "done"] == 12
    assert seen["hadyn_changes_total", "manifests"] == 3
    assert seen["hadyn_drift_repaired_total",] == 2


def test_durations_land_in_the_buckets_of_their_size():
    metrics = Metrics(Quiet())

    metrics.became_ready(0.0015)
    metrics.cycled(0.3)

    seen = samples(metrics)
    assert seen["hadyn_change_to_ready_seconds_bucket", "0.001"] == 0
    assert seen["hadyn_change_to_ready_seconds_bucket", "0.002"] == 1
    assert seen["hadyn_cycle_seconds_sum",] == 0.3


def test_slots_problems_and_staleness_are_looked_up_at_the_scrape():
    seen = samples(Metrics(Quiet()))

    assert seen["hadyn_slots", "shop_web_80", "free"] == 6
    assert seen["hadyn_problems", "Ingress", "Claimed"] == 2
    assert seen["hadyn_source_stale_seconds", "manifests"] == 0.5
    assert seen["hadyn_log_dropped_total",] == 7
    assert seen["hadyn_haproxy_up",] == 1


def test_a_scrape_works_while_haproxy_does_not_answer():
    seen = samples(Metrics(WithoutHAProxy()))

    assert seen["hadyn_haproxy_up",] == 0
    assert seen["hadyn_source_stale_seconds", "manifests"] == 0.5


def test_every_reload_reason_is_there_from_the_start_so_that_rates_see_the_first():
    seen = samples(Metrics(Quiet()))

    assert all(seen["hadyn_reloads_total", str(reason)] == 0 for reason in ReloadReason)


def test_the_table_names_every_metric_that_is_exposed():
    metrics = Metrics(Quiet())
    metrics.commanded("set map", "done")
    metrics.changed("manifests")

    described = {
        line.split()[2]: line.split(maxsplit=3)[3]
        for line in metrics.exposition().decode().splitlines()
        if line.startswith("# HELP")
    }

    assert described == {name: metric.sentence for name, metric in TABLE.items()}


def test_two_hadyns_in_one_process_count_apart():
    one, another = Metrics(Quiet()), Metrics(Quiet())

    one.reloaded("NEW_BACKEND")

    assert samples(another)["hadyn_reloads_total", "NEW_BACKEND"] == 0
