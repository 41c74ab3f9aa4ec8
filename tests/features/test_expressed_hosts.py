"""Hosts by regular expression: the lines that tell them come by a reload, their paths live."""

from tests.given import ingress, path_of, rule, service, slice_

WEB = [service("shop", "web"), slice_("shop", "web", "10.0.0.1")]


def said(*paths, name="web", namespace="shop", expression="[a-z]+.shop.test", created=None):
    rules = [{"host": f"{name}.example", "http": {"paths": [path_of(path) for path in paths or ("/",)]}}]
    annotations = {"hadyn.io/server-alias-regex": expression}
    return ingress(namespace, name, rules=rules, annotations=annotations, created=created)


def paths(house):
    return sorted(key for key in house.routes() if key.startswith("~"))


def test_the_first_expression_of_hosts_reloads_and_paths_of_its_hosts_need_none(house):
    house.begin(*WEB, ingress("shop", "web"))
    house.change(said())
    assert house.reloads() == {"ROUTING_BEGAN": 1}
    house.change(said("/", "/more"))
    assert house.reloads() == {"ROUTING_BEGAN": 1}
    assert [key.partition("/")[2] for key in paths(house)] == ["", "more/"]


def test_an_expression_that_goes_takes_its_paths_along(house):
    house.begin(*WEB, said())
    house.change(ingress("shop", "web", rules=[rule("web.example")]))
    assert paths(house) == []
    assert "shop.test" not in house.wheel.reconciler.filing.files.main.replace("[^|]", ".")


def test_equal_expressions_belong_to_the_namespace_that_came_first(house):
    other = [service("other", "web"), slice_("other", "web", "10.0.0.2")]
    late = said("/more", namespace="other", created="2026-02-02T00:00:00Z")
    house.begin(*WEB, *other, said(created="2026-01-01T00:00:00Z"), late)
    assert len(paths(house)) == 1
    assert house.problems() == ["ingress other/web: Claimed", "ingress other/web: Claimed"]
