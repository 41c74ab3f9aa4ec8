"""What hadyn answers to each path."""

import json

import pytest

from hadyn.observe.answers import answer
from tests.observe.shop_view import ShopView


def asked(target, view=None, *, is_control=False):
    answered = answer(view or ShopView(), target, is_control=is_control)
    return answered.status, json.loads(answered.body)


def test_slots_of_all_backends_come_in_the_order_of_their_names():
    status, documents = asked("/api/slots")

    assert status == 200
    assert [document["backend"] for document in documents] == ["shop_web0000_80", "shop_web0001_80"]


def test_all_backends_come_in_portions_none_left_out():
    answered = answer(ShopView(backends=450), "/api/slots", is_control=False)

    documents = json.loads(answered.body)
    assert [document["backend"] for document in documents] == ShopView(backends=450).backend_names()
    assert answered.headers["Hadyn-Total"] == "450"


def test_backends_are_counted_without_their_slots():
    _, slots = asked("/api/slots")

    status, documents = asked("/api/backends")

    assert status == 200
    assert documents == [{key: document[key] for key in document if key != "entries"} for document in slots]


def test_slots_of_named_backends_are_those_and_no_others():
    _, documents = asked("/api/slots?backend=shop_web0001_80")

    assert [document["backend"] for document in documents] == ["shop_web0001_80"]


def test_a_backend_that_is_not_there_is_named_in_the_answer():
    status, document = asked("/api/slots?backend=nobody%1b[2J")

    assert status == 404
    assert "nobody\\x1b" in document["happened"]
    assert document["remedy"]


@pytest.mark.parametrize("search", ["web0042", "shop/web0042", "SHOP/WEB0042:80", "shop_web0042_80"])
def test_a_search_finds_a_backend_by_either_spelling(search):
    _, documents = asked(f"/api/slots?search={search}", ShopView(backends=100))

    assert [document["backend"] for document in documents] == ["shop_web0042_80"]


def test_a_page_of_backends_tells_how_many_there_are_in_all():
    answered = answer(ShopView(backends=100), "/api/slots?offset=95&limit=10", is_control=False)

    assert len(json.loads(answered.body)) == 5
    assert answered.headers["Hadyn-Total"] == "100"


@pytest.mark.parametrize("query", ["offset=-1", "limit=ten", "offset=9999999999999", "limit=%D9%A1"])
def test_a_page_that_is_no_number_is_refused_with_a_remedy(query):
    status, document = asked(f"/api/slots?{query}")

    assert status == 400
    assert document["remedy"]


def test_health_and_readiness_are_told_apart():
    view = ShopView()
    view.ready = False

    assert asked("/healthz", view) == (200, {"alive": True})
    assert asked("/readyz", view)[0] == 503
    assert asked("/readyz", view)[1]["ready"] is False


def test_a_controller_that_hangs_is_not_healthy():
    view = ShopView()
    view.alive = False

    assert asked("/healthz", view)[0] == 503


def test_a_haproxy_that_does_not_answer_is_a_503_with_the_sentence_of_the_error():
    view = ShopView()
    view.haproxy_answers = False

    status, document = asked("/api/slots", view)

    assert status == 503
    assert "cannot reach HAProxy" in document["happened"]


@pytest.mark.parametrize("path", ["/api/plan", "/api/explain?url=http://a.example/"])
def test_plan_and_explain_are_answered_on_the_control_socket_only(path):
    assert asked(path)[0] == 404
    assert asked(path, is_control=True)[0] == 200


def test_explain_asks_for_a_url_and_says_what_is_wrong_with_one():
    assert asked("/api/explain", is_control=True)[0] == 400
    assert asked("/api/explain?url=a.example", is_control=True) == (
        400,
        {"happened": "no scheme", "remedy": "begin with http://"},
    )


def test_metrics_are_answered_as_prometheus_wants_them():
    answered = answer(ShopView(), "/metrics", is_control=False)

    assert answered.content_type.startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/icon.svg", "image/svg+xml")],
)
def test_the_page_and_its_parts_are_served_with_their_types(path, content_type):
    answered = answer(ShopView(), path, is_control=False)

    assert answered.status == 200
    assert answered.content_type.startswith(content_type)


def test_the_page_names_no_outside_host_and_holds_no_inline_code():
    page = answer(ShopView(), "/", is_control=False).body.decode()
    script = answer(ShopView(), "/page.js", is_control=False).body.decode()

    assert "http" not in page
    assert "style=" not in page
    assert "onclick" not in page
    assert page.count("<script") == page.count("<script src=")
    assert "innerHTML" not in script


@pytest.mark.parametrize("path", ["/nothing", "/../etc/passwd", "/page.css/../page.html", "", "//", "/api/slots/"])
def test_a_path_that_is_not_known_is_a_404_in_json(path):
    status, document = asked(path)

    assert status == 404
    assert document["remedy"]


@pytest.mark.parametrize("target", ["//[", "/api/slots?" + "&".join(["a=1"] * 2000)])
def test_a_target_that_cannot_be_read_is_refused(target):
    assert asked(target)[0] == 400


def test_a_mistake_of_ours_is_one_answer_and_not_the_end():
    view = ShopView()
    view.backends = None

    status, document = asked("/api/slots", view)

    assert status == 500
    assert "mistake" in document["happened"]


def test_names_are_resolved_for_whoever_has_the_control_socket():
    status, documents = asked("/api/resolve?name=web.example&name=api.example&type=SRV", is_control=True)

    assert status == 200
    assert [(document["name"], document["type"]) for document in documents] == [
        ("web.example", "SRV"),
        ("api.example", "SRV"),
    ]
    assert asked("/api/resolve?name=web.example")[0] == 404
    assert asked("/api/resolve", is_control=True)[0] == 400
