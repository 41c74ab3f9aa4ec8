"""What annotations say of pods reaches HAProxy: by command where one does, else with a reload that has a name."""

from tests.given import ingress, service, slice_


def web(*addresses, **said):
    annotations = {f"hadyn.io/{name.replace('_', '-')}": value for name, value in said.items()}
    return [service("shop", "web", annotations=annotations), slice_("shop", "web", *addresses), ingress("shop", "web")]


def test_another_weight_of_all_pods_is_set_by_command(house):
    house.begin(*web("10.0.0.1", "10.0.0.2"))
    house.sent()
    house.change(*web("10.0.0.1", "10.0.0.2", initial_weight="16"))
    assert house.sent() == ["set server shop_web_80/s1 weight 16", "set server shop_web_80/s2 weight 16"]
    assert house.reloads() == {}


def test_a_pod_that_comes_has_the_weight_of_the_others(house):
    house.begin(*web("10.0.0.1", initial_weight="16"))
    house.sent()
    house.change(*web("10.0.0.1", "10.0.0.2", initial_weight="16"))
    assert "set server shop_web_80/s2 weight 16" in house.sent()
    assert house.reloads() == {}


def test_another_algorithm_comes_with_a_reload_that_says_so(house, caplog):
    caplog.set_level("INFO")
    house.begin(*web("10.0.0.1"))
    house.change(*web("10.0.0.1", load_balance="leastconn", timeout_server="9s"))
    house.wait(1)
    named = "BACKEND_CHANGED (shop_web_80: hadyn.io/load-balance, hadyn.io/timeout-server)"
    assert caplog.messages[-1] == f"reloaded because {named}"
    assert house.reloads() == {"BACKEND_CHANGED": 1}
