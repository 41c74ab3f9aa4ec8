"""Requests of one client stay with one pod, by cookie, address or header, while that pod is there."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from http.cookies import Morsel, SimpleCookie

import pytest

from hadyn.runtime.connection import unix_conversation
from integration.annotated import AnnotatedSite, Answer
from integration.haproxies import HAProxyBinary
from integration.manifests import Document, ingress, service
from integration.odd_pods import OddPod

CLIENTS = [f"127.0.0.{number}" for number in range(2, 10)]
USERS = [f"user-{number}" for number in range(8)]
PATIENCE_SECONDS = 10.0

OPTIONS: dict[str, dict[str, str]] = {
    "cookie": {"affinity": "cookie"},
    "leaving": {"affinity": "cookie"},
    "dressed": {
        "affinity": "cookie",
        "session_cookie_name": "session",
        "session_cookie_domain": "dressed.example",
        "session_cookie_path": "/shop",
        "session_cookie_max_age": "86400",
        "session_cookie_same_site": "Lax",
        "session_cookie_secure": "true",
        "session_cookie_httponly": "false",
    },
    "worded": {"affinity": "cookie", "session_cookie_keywords": "indirect nocache secure"},
    "preserved": {"affinity": "cookie", "session_cookie_preserve": "true"},
    "keyed": {"affinity": "cookie", "session_cookie_key": "another"},
    "header": {"affinity": "hdr(X-User)"},
    "forgetful": {"affinity": "hdr(X-User)", "affinity_memory": "1s"},
    "faithful": {"affinity": "cookie", "redispatch": "false", "retries": "1"},
    "queued": {"affinity": "cookie", "maxconn_server": "1", "maxqueue_server": "1", "timeout_queue": "5s"},
    "slides": {},
    "others": {},
}
"""Services by name, each the only one of its own host, with what is said of it."""


@dataclass
class Place:
    site: AnnotatedSite
    pods: dict[str, OddPod]

    def ask(self, name: str, *, client: str = "127.0.0.1", **headers: str) -> Answer:
        address = self.site.stack.address
        connection = http.client.HTTPConnection(
            address.ip, address.port, timeout=PATIENCE_SECONDS, source_address=(client, 0)
        )
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", "/", headers={"Host": f"{name}.example", **said})
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, text=body)

    def cookies(self, name: str, requests: int = 9) -> dict[str, Morsel[str]]:
        """The cookies that clients without one get, by the pod that answers."""
        answers = [self.ask(name) for _ in range(requests)]
        return {answer.text: morsel_of(answer) for answer in answers}

    def say(self, line: str) -> str:
        conversation = unix_conversation(self.site.stack.settings.runtime_socket, PATIENCE_SECONDS)
        return conversation(f"{line}\n".encode()).decode()

    def slot_of(self, name: str, pod: OddPod) -> str:
        rows = self.say(f"show servers state shop_{name}_80").splitlines()[2:-1]
        return next(row.split()[3] for row in rows if row.split()[18] == str(pod.address.port))

    def has_queue(self, name: str) -> bool:
        rows = self.say(f"show stat shop_{name}_80 4 -1").splitlines()[1:-1]
        return any(row.split(",")[2] == "1" for row in rows)


def morsel_of(answer: Answer) -> Morsel[str]:
    (morsel,) = SimpleCookie(answer.headers["set-cookie"]).values()
    return morsel


def sent(morsel: Morsel[str]) -> str:
    return f"{morsel.key}={morsel.value}"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def documents() -> Iterator[Document]:
    for name, said in OPTIONS.items():
        yield service(name, **said)
        leading = ingress(name, host=f"{name}.example")
        if name in {"slides", "others"}:
            leading["metadata"]["annotations"]["kubernetes.io/ingress.persistence.sourceip"] = "slides"
        yield leading


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest) -> Iterator[Place]:
    binary: HAProxyBinary = request.param
    with ExitStack() as opened:
        pods = {name: opened.enter_context(OddPod(name)) for name in ("a", "b", "c")}
        addresses = [pod.address for pod in pods.values()]
        served_by = dict.fromkeys(OPTIONS, addresses)
        site = AnnotatedSite(binary.path, *documents(), services=(), served_by=served_by)
        yield Place(opened.enter_context(site), pods)


def test_a_client_with_a_cookie_stays_with_its_pod(site: Place) -> None:
    cookies = site.cookies("cookie")
    assert set(cookies) == {"a", "b", "c"}
    for pod, cookie in cookies.items():
        answers = [site.ask("cookie", Cookie=sent(cookie)) for _ in range(4)]
        assert [answer.text for answer in answers] == [pod] * 4
        assert all("set-cookie" not in answer.headers for answer in answers)


def test_the_cookie_is_no_business_of_pods(site: Place) -> None:
    answer = site.ask("cookie")
    pod = site.pods[answer.text]
    pod.heard.clear()
    site.ask("cookie", Cookie=f"other=1; {sent(morsel_of(answer))}")
    assert "INGRESSCOOKIE" not in pod.heard[0]
    assert "other=1" in pod.heard[0]


def test_a_cookie_wears_what_is_said(site: Place) -> None:
    plain, dressed = morsel_of(site.ask("cookie")), morsel_of(site.ask("dressed"))
    worn = {name: value for name, value in dressed.items() if value}
    assert (plain.key, plain["path"], plain["httponly"], plain["secure"]) == ("INGRESSCOOKIE", "/", True, "")
    assert dressed.key == "session"
    assert worn == {
        "domain": "dressed.example",
        "path": "/shop",
        "max-age": "86400",
        "samesite": "Lax",
        "secure": True,
    }


def test_a_cookie_is_what_haproxys_own_words_say(site: Place) -> None:
    worded = morsel_of(site.ask("worded"))
    assert (worded["secure"], worded["httponly"]) == (True, "")


def test_a_key_of_ones_own_makes_cookies_of_ones_own(site: Place) -> None:
    plain, keyed = site.cookies("cookie"), site.cookies("keyed")
    assert {cookie.value for cookie in plain.values()}.isdisjoint(cookie.value for cookie in keyed.values())


@pytest.mark.parametrize(("name", "is_heard"), [("cookie", False), ("preserved", True)])
def test_a_pod_may_set_the_cookie_itself_where_that_is_said(site: Place, name: str, is_heard: bool) -> None:
    for pod in site.pods.values():
        pod.headers = "Set-Cookie: INGRESSCOOKIE=own; path=/\r\n"
    answer = site.ask(name)
    for pod in site.pods.values():
        pod.headers = ""
    assert (morsel_of(answer).value == "own") == is_heard


def test_a_client_whose_pod_is_gone_gets_another_one_with_its_cookie(site: Place) -> None:
    cookie = site.cookies("leaving")["c"]
    slot = site.slot_of("leaving", site.pods["c"])
    site.say(f"set server shop_leaving_80/{slot} state maint")
    answer = site.ask("leaving", Cookie=sent(cookie))
    site.say(f"set server shop_leaving_80/{slot} state ready")
    assert answer.text in {"a", "b"}
    assert morsel_of(answer).value != cookie.value


def test_a_client_known_by_a_header_stays_with_its_pod(site: Place) -> None:
    first = {user: site.ask("header", X_User=user).text for user in USERS}
    assert [{user: site.ask("header", X_User=user).text for user in USERS} for _ in range(2)] == [first, first]
    assert set(first.values()) == {"a", "b", "c"}


def test_what_nobody_asks_for_is_forgotten_after_the_time_that_is_said(site: Place) -> None:
    site.ask("forgetful", X_User="user")
    site.ask("header", X_User="user")
    forgetful, header = (site.say(f"show table shop_{name}_80") for name in ("forgetful", "header"))
    assert 0 < int(forgetful.partition(" exp=")[2].split()[0]) <= 1000
    assert int(header.partition(" exp=")[2].split()[0]) > 1_000_000


def test_the_annotation_of_the_slides_binds_clients_by_address_for_the_service_it_names(site: Place) -> None:
    first = {client: site.ask("slides", client=client).text for client in CLIENTS}
    assert [{client: site.ask("slides", client=client).text for client in CLIENTS} for _ in range(2)] == [first, first]
    assert set(first.values()) == {"a", "b", "c"}
    assert {site.ask("others").text for _ in range(3)} == {"a", "b", "c"}


def test_requests_of_a_session_beyond_its_pods_queue_go_elsewhere(site: Place) -> None:
    pod, cookie = site.pods["a"], sent(site.cookies("queued")["a"])
    pod.hold()
    with ThreadPoolExecutor() as pool:
        taken = pool.submit(site.ask, "queued", Cookie=cookie)
        pod.has_request.wait(PATIENCE_SECONDS)
        waiting = pool.submit(site.ask, "queued", Cookie=cookie)
        until(lambda: site.has_queue("queued"))
        beyond = site.ask("queued", Cookie=cookie)
        pod.release()
    assert (taken.result().text, waiting.result().text) == ("a", "a")
    assert beyond.text in {"b", "c"}


def test_a_retry_asks_another_pod_unless_it_is_told_not_to(site: Place) -> None:
    sessions = {name: sent(site.cookies(name)["a"]) for name in ("cookie", "faithful")}
    site.pods["a"].vanish()
    answers = {name: site.ask(name, Cookie=cookie).status for name, cookie in sessions.items()}
    assert answers == {"cookie": 200, "faithful": 503}
