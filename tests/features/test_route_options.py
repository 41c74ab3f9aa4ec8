"""What Ingresses say of their requests: live where a map carries it, else with a reload that has a name."""

from tests.given import ingress, service, slice_

WEB = [service("shop", "web"), slice_("shop", "web", "10.0.0.1")]


def said(name, host="a.example", **annotations):
    spelled = {f"hadyn.io/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return ingress("shop", name, host=host, service="web", annotations=spelled)


def lines(house):
    backend = house.wheel.inventory.backend("shop_web_80")
    return list(map(str, backend.directives))


def test_an_app_root_comes_and_goes_by_one_command_each_and_no_reload(house):
    house.begin(*WEB, said("web"))
    house.sent()
    house.change(said("web", app_root="/shop"))
    house.change(said("web"))
    assert house.sent() == [
        "set map prefix.map a.example/ shop_web_80|shop/web|^r302^/shop",
        "set map prefix.map a.example/ shop_web_80",
    ]
    assert house.reloads() == {}


def test_one_ingress_for_a_backend_needs_no_condition(house):
    house.begin(*WEB, said("web", set_host="pods.example"))
    assert lines(house) == ["http-request set-header Host pods.example"]


def test_ingresses_of_one_mind_need_no_condition(house):
    house.begin(*WEB, said("web", set_host="pods.example"), said("other", host="b.example", set_host="pods.example"))
    assert lines(house) == ["http-request set-header Host pods.example"]


def test_an_ingress_that_says_nothing_is_not_spoken_for(house):
    house.begin(*WEB, said("web", set_host="pods.example"), said("silent", host="b.example"))
    assert lines(house) == [
        "acl ingress_1 var(txn.ingress) -m str shop/web",
        "http-request set-header Host pods.example if ingress_1",
    ]


def test_ingresses_of_two_minds_have_their_own_lines(house):
    house.begin(*WEB, said("web", set_host="pods.one"), said("other", host="b.example", set_host="pods.two"))
    assert lines(house) == [
        "acl ingress_1 var(txn.ingress) -m str shop/other",
        "http-request set-header Host pods.two if ingress_1",
        "acl ingress_2 var(txn.ingress) -m str shop/web",
        "http-request set-header Host pods.one if ingress_2",
    ]


def test_the_word_of_the_service_counts_for_all_of_its_ingresses(house):
    of_service = {"hadyn.io/set-host": "pods.service"}
    house.begin(
        service("shop", "web", annotations=of_service),
        WEB[1],
        said("web", set_host="pods.one"),
        said("other", "b.example"),
    )
    assert lines(house) == ["http-request set-header Host pods.service"]


def test_a_line_in_the_backend_comes_with_a_reload_that_says_so(house):
    house.begin(*WEB, said("web"))
    house.change(said("web", timeout_server="5m"))
    house.wait(1)
    assert lines(house) == ["timeout server 300000ms"]
    assert house.reloads() == {"BACKEND_CHANGED": 1}
