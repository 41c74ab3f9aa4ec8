"""A Service that is asked while another has no pod: its name is in the routes' entries, its lines come with the first."""

from hadyn.model.desired import MapName
from tests.given import ingress, service, slice_

WEB = [
    service("shop", "web"),
    slice_("shop", "web", "10.0.0.1"),
    service("shop", "sorry"),
    slice_("shop", "sorry", "10.0.0.9"),
]


def said(name="web", host="a.example", **annotations):
    spelled = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return ingress("shop", name, host=host, service="web", annotations=spelled)


def test_the_first_stand_in_reloads_for_its_backend_and_its_lines_and_the_next_for_neither(house):
    house.begin(*WEB, said())
    house.change(said(default_backend="sorry"))
    assert house.reloads() == {"NEW_BACKEND": 1, "ROUTING_BEGAN": 1}
    assert house.ready("shop_sorry_80") == ["10.0.0.9:80"]
    before = house.reloads()
    house.change(said("other", "b.example", default_backend="sorry:80"))
    assert house.reloads() == before
    assert house.routes()["b.example/"] == "shop_web_80|shop/other|||||||||shop_sorry_80"


def test_a_stand_in_comes_and_goes_with_its_service(house):
    house.begin(*WEB, said(default_backend="sorry"))
    house.change(deletes=(WEB[2].ref, WEB[3].ref))
    assert house.routes() == {"a.example/": "shop_web_80|shop/web"}
    assert house.problems() == ["ingress shop/web: NotFound"]
    house.change(*WEB)
    assert house.routes()["a.example/"].endswith("|shop_sorry_80")
    assert house.problems() == []


def test_nothing_stands_in_for_another_namespace_nor_for_a_port_that_is_not_there(house):
    house.begin(*WEB, said(default_backend="sorry:81"), service("other", "elsewhere"))
    assert house.problems() == ["ingress shop/web: NotFound"]
    house.change(said(default_backend="elsewhere"))
    assert house.problems() == ["ingress shop/web: NotFound"]
    assert house.routes(MapName.PREFIX) == {"a.example/": "shop_web_80|shop/web"}


def test_a_stand_in_and_a_canary_that_is_asked_for_have_each_their_fields(house):
    canary = {"hadyn.io/canary": "true", "hadyn.io/canary-by-header": "X-Canary"}
    house.begin(*WEB, said(default_backend="sorry"), ingress("shop", "new", service="sorry", annotations=canary))
    fields = house.routes()["a.example/"].split("|")
    assert (fields[0], fields[8], fields[10]) == ("shop_web_80", "x-canary", "shop_sorry_80")
