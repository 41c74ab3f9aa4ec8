"""What Ingresses say of their requests: live where a map carries it, else with a reload that has a name."""

import pytest

from hadyn.model.desired import MapName
from tests.given import ingress, path_of, secret, service, slice_, tls

BCRYPT = "$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW"
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


def test_networks_of_a_list_come_and_go_by_commands_and_no_reload(house):
    house.begin(*WEB, said("web"))
    house.sent()
    house.change(said("web", allow_source_range="10.0.0.0/8"))
    house.change(said("web", allow_source_range="10.0.0.0/8, 192.0.2.0/24"))
    house.change(said("web"))
    key = "networks.map a.example/shop/web|"
    assert house.sent() == [
        f"add map {key} -",
        f"add map {key}8:0A +",
        "set map prefix.map a.example/ shop_web_80|shop/web|||a.example",
        f"add map {key}8:C00002 +",
        "set map prefix.map a.example/ shop_web_80",
        f"del map {key}",
        f"del map {key}8:0A",
        f"del map {key}8:C00002",
    ]
    assert house.reloads() == {}


def test_a_list_that_somebody_else_changed_is_mended_by_the_sweep(house):
    house.begin(*WEB, said("web", allow_source_range="10.0.0.0/8"))
    wanted = dict(house.routes(MapName.NETWORKS))
    house.routes(MapName.NETWORKS)["a.example/shop/web|"] = "+"
    house.wait(3601)
    assert house.routes(MapName.NETWORKS) == wanted
    assert house.reloads() == {}


def test_a_redirect_needs_no_service_that_is_there(house):
    house.begin(said("web", redirect_to="https://new.example/"))
    assert house.routes()["a.example/"] == "_503|shop/web|^a302^https://new.example/"


def test_plain_requests_for_a_host_of_spec_tls_are_sent_to_https_unless_told_otherwise(house):
    secured = ingress("shop", "web", tls=[tls("", "a.example")])
    off = {"hadyn.io/ssl-redirect": "false"}
    house.begin(*WEB, secured)
    assert house.routes() == {"a.example/": "shop_web_80||s302"}
    house.change(ingress("shop", "web", tls=[tls("", "a.example")], annotations=off))
    assert house.routes() == {"a.example/": "shop_web_80|shop/web"}
    assert house.reloads() == {}


def test_another_rewrite_of_the_same_backend_needs_no_reload(house):
    house.begin(*WEB, said("web", rewrite_target="/"))
    before = lines(house)
    house.sent()
    house.change(said("web", rewrite_target="/v2"))
    assert house.sent() == ["set map prefix.map a.example/ shop_web_80|shop/web||0/v2"]
    assert (lines(house), house.reloads()) == (before, {})


def test_a_rewrite_by_groups_needs_a_path_that_has_them(house):
    nginx = {"nginx.ingress.kubernetes.io/rewrite-target": "/$2"}
    paths = [path_of("/app(/|$)(.*)", path_type="ImplementationSpecific"), path_of("/plain")]
    house.begin(
        *WEB, ingress("shop", "web", rules=[{"host": "a.example", "http": {"paths": paths}}], annotations=nginx)
    )
    assert house.routes() == {"a.example/app/": "shop_web_80|shop/web||1", "a.example/plain/": "shop_web_80|shop/web"}
    assert house.problems() == ["ingress shop/web: NotSupported"]


def test_another_password_comes_with_a_reload_and_stands_before_its_backend(house):
    users = secret("shop", "users", auth=f"anna:{BCRYPT}")
    house.begin(*WEB, users, said("web", auth_secret="users"))
    assert house.reloads() == {}
    house.change(secret("shop", "users", auth=f"bert:{BCRYPT}"))
    house.wait(1)
    assert house.reloads() == {"BACKEND_CHANGED": 1}
    section = house.wheel.reconciler.filing.files.sections.of("shop_web_80")
    assert section.startswith(
        f"userlist shop_web_80_users_users\n    user bert password '{BCRYPT}'\nbackend shop_web_80 "
    )
    house.change(slice_("shop", "web", "10.0.0.2"))
    assert house.ready() == ["10.0.0.2:80"]
    house.restart(*WEB[:1], slice_("shop", "web", "10.0.0.2"), users, said("web", auth_secret="users"))
    assert house.filed() == house.seats()


def test_further_hosts_come_and_go_by_commands_and_no_reload(house):
    house.begin(*WEB, said("web"))
    house.sent()
    house.change(said("web", server_alias="b.example", redirect_from="old.example", from_to_www_redirect="true"))
    assert house.routes() == {
        "a.example/": "shop_web_80",
        "b.example/": "shop_web_80",
        "old.example/": "shop_web_80||^p302^a.example",
        "www.a.example/": "shop_web_80||^p302^a.example",
    }
    house.change(said("web"))
    assert house.routes() == {"a.example/": "shop_web_80"}
    assert house.reloads() == {}


def test_an_alias_of_somebody_elses_host_is_refused_there_alone(house):
    neighbour = ingress("other", "web", host="b.example", created="2026-01-01T00:00:00Z")
    house.begin(*WEB, neighbour, service("other", "web"), said("web", server_alias="b.example c.example"))
    assert {key: value.partition("|")[0] for key, value in house.routes().items()} == {
        "a.example/": "shop_web_80",
        "b.example/": "other_web_80",
        "c.example/": "shop_web_80",
    }
    assert house.problems() == ["ingress shop/web: Claimed"]


@pytest.fixture
def guarded(house):
    """A house where an Ingress without password leads to a Service."""
    house.begin(*WEB, secret("shop", "users", auth=f"anna:{BCRYPT}"), said("web"))
    house.sent()
    return house


def test_no_route_is_open_before_the_lines_that_ask_for_the_password(guarded):
    guarded.deliver(said("admin", host="admin.example", auth_secret="users"))
    guarded.wheel.turn(guarded._queued())
    assert guarded.sent() == []
    assert list(guarded.routes()) == ["a.example/"]
    guarded.wait(1)
    assert guarded.reloads() == {"BACKEND_CHANGED": 1}
    assert sorted(guarded.routes()) == ["a.example/", "admin.example/"]
    assert guarded.routes()["admin.example/"].startswith("shop_web_80|shop/admin||||")
    assert guarded.routes(MapName.HOSTS)["admin.example"]
    assert "http-request auth realm 'Protected Content' if !{ http_auth(shop_web_80_users_users) } ingress_1" in lines(
        guarded
    )


@pytest.mark.parametrize("before", [{}, {"set_host": "pods.example"}])
def test_no_route_is_open_because_another_ingress_asks_for_the_same_password(guarded, before):
    guarded.change(
        said("admin", host="admin.example", auth_secret="users"), said("more", host="more.example", **before)
    )
    guarded.wait(1)
    guarded.sent()
    guarded.deliver(said("more", host="late.example", auth_secret="users"))
    guarded.wheel.turn(guarded._queued())
    assert not [command for command in guarded.sent() if command.startswith("add map prefix.map late.example/")]
    guarded.settle()
    assert "late.example/" in guarded.routes()


def test_another_host_of_the_same_mind_needs_no_reload(guarded):
    guarded.change(said("web", auth_secret="users"))
    guarded.wait(1)
    guarded.change(said("more", host="more.example", auth_secret="users"))
    assert sorted(guarded.routes()) == ["a.example/", "more.example/"]
    assert guarded.reloads() == {"BACKEND_CHANGED": 1}


def test_no_route_is_open_where_haproxy_refuses_to_ask_for_the_password(guarded):
    guarded.door.dislikes.add("auth")
    guarded.change(said("admin", host="admin.example", auth_secret="users"))
    guarded.wait(1)
    guarded.compare_everything()
    assert guarded.routes()["a.example/"] == "shop_web_80"
    assert guarded.routes()["admin.example/"].startswith("_503|shop/admin|")
    guarded.crash_haproxy()
    guarded.wait(10)
    assert guarded.routes()["admin.example/"].startswith("_503|shop/admin|")
