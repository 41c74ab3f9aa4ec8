"""Lines of docs/haproxy-facts.md about TLS towards pods, shown on every HAProxy at hand."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from hadyn.render.self_made import NOBODY, made_here
from integration.haproxies import RunningHAProxy
from integration.tls_pods import YEARS, TlsPod
from tests.authorities import Authority, root

NAME = "pods.internal"
OURS, THEIRS = root("ours"), root("theirs")
GOOD = OURS.issue(NAME, days=YEARS)
CLIENT, STRANGER = OURS.issue("client", days=YEARS), THEIRS.issue("client", days=YEARS)
FRONT = """
frontend front
  bind unix@{{folder}}/front.sock
  log stdout format raw local0
  log-format "ended %ts because %[bc_err_str]"
  default_backend pods
backend pods
  retries 0
  default-server ssl alpn http/1.1 {words}
  server s1 {address}
"""


class Answered(NamedTuple):
    """A status, and how HAProxy says that it ended."""

    status: int
    ended: str


@pytest.fixture
def pod() -> Iterator[TlsPod]:
    with TlsPod(GOOD) as pod:
        yield pod


@pytest.fixture
def begun(start, pod):
    """Start HAProxy in front of a pod; ``words`` stand on its server lines."""

    def began(words: str, *, to: TlsPod = pod) -> RunningHAProxy:
        files = {"ours.ca": OURS.certificate, "client.pem": CLIENT.pem, "nobody.pem": made_here(NOBODY)}
        located = words.replace("-file ", "-file {folder}/").replace("crt ", "crt {folder}/")
        return start(FRONT.format(words=f"{located} pool-max-conn 0", address=to.address), files=files)

    return began


def ask(running: RunningHAProxy, host: str = "shop.example") -> Answered:
    before = running.output.count("ended ")
    connection = http.client.HTTPConnection("any")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(10)
    connection.sock.connect(running.front)
    connection.putrequest("GET", "/", skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    running.wait_until(lambda: running.output.count("ended ") > before)
    return Answered(status, running.output.rpartition("ended ")[2].strip())


def believe(running: RunningHAProxy, *authorities: Authority) -> str:
    pem = "".join(each.certificate for each in authorities)
    running.say(f"set ssl ca-file {{folder}}/ours.ca <<\n{pem}")
    return running.say("commit ssl ca-file {folder}/ours.ca").strip().replace("\n", " ").rpartition("ours.ca")[2]


def show(running: RunningHAProxy, pem: str) -> str:
    running.say(f"set ssl cert {{folder}}/client.pem <<\n{pem}")
    return running.say("commit ssl cert {folder}/client.pem").strip().replace("\n", " ").rpartition("client.pem")[2]


@pytest.mark.fact("authorities-of-servers")
def test_other_authorities_are_believed_at_once_where_the_line_shows_a_certificate(begun):
    running = begun("verify required ca-file ours.ca crt nobody.pem sni var(txn.unnamed)")
    before = ask(running).status
    said = believe(running, THEIRS)
    after = ask(running).status
    believe(running, THEIRS, OURS)

    assert (before, said, after) == (200, ". Success!", 503)
    assert ask(running).status == 200


@pytest.mark.fact("authorities-of-servers")
def test_other_authorities_change_nothing_where_the_line_shows_none(begun):
    running = begun("verify required ca-file ours.ca sni var(txn.unnamed)")

    assert believe(running, THEIRS).endswith("Success!")
    assert ask(running).status == 200


@pytest.mark.fact("authorities-then-certificates")
def test_a_certificate_after_authorities_is_lost_by_some(begun, haproxy):
    with TlsPod(GOOD, believes=OURS) as strict:
        running = begun("verify required ca-file ours.ca crt client.pem sni var(txn.unnamed)", to=strict)
        first = show(running, STRANGER.pem), ask(running).status
        show(running, CLIENT.pem)
        between = ask(running).status
        believe(running, OURS, THEIRS)
        then = show(running, STRANGER.pem), ask(running).status

    assert first[0] == ". Success!"
    assert first[1] in (502, 503)
    assert between == 200
    is_sound = haproxy.capabilities.commits_authorities_soundly
    assert (then[0] == ". Success!", then[1] in (502, 503)) == (is_sound, is_sound)


@pytest.mark.fact("wrong-certificates-of-pods")
def test_a_pod_with_a_wrong_certificate_gets_no_request_and_the_log_says_why(begun, pod):
    running = begun(
        "verify required ca-file ours.ca crt nobody.pem sni str(pods.internal) verifyhost pods.internal no-ssl-reuse"
    )
    good = ask(running)
    answers = []
    for wrong in (
        THEIRS.issue(NAME, days=YEARS),
        OURS.issue("other.internal", days=YEARS),
        OURS.issue(NAME, days=(-9, -8)),
    ):
        pod.become(wrong)
        pod.forget()
        answers.append((ask(running), list(pod.heard)))

    assert good.status == 200
    assert [(answer.status, heard) for answer, heard in answers] == [(503, [])] * 3
    assert [answer.ended for answer, _ in answers] == [
        "SC because SSL handshake failure",
        "SC because Server presented an SSL certificate different from the expected one",
        "SC because SSL handshake failure",
    ]


@pytest.mark.fact("names-of-servers")
@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("sni str(pods.internal)", 200),
        ("sni str(other.internal)", 503),
        ("sni str(other.internal) verifyhost pods.internal", 503),
        ("sni var(txn.unnamed) verifyhost other.internal", 503),
        ("sni var(txn.unnamed)", 200),
    ],
)
def test_the_name_by_which_haproxy_asks_is_verified_before_any_other(begun, words, status):
    assert ask(begun(f"verify required ca-file ours.ca {words}")).status == status


@pytest.mark.fact("names-of-servers")
def test_from_three_three_on_the_host_of_the_request_is_verified_where_no_name_is_said(begun, haproxy):
    running = begun("verify required ca-file ours.ca")

    assert ask(running, NAME).status == 200
    assert ask(running, "shop.example").status == (503 if haproxy.is_at_least(3, 3) else 200)


@pytest.mark.fact("names-of-servers")
def test_checks_ask_by_a_name_of_their_own(begun, pod):
    words = "verify required ca-file ours.ca sni str(pods.internal) verifyhost pods.internal check inter 100ms"
    running = begun(f"{words} check-sni pods.internal")
    running.wait_until(lambda: pod.asked.count(NAME) > 1)

    assert ask(running).status == 200


@pytest.mark.fact("nobodys-certificate")
def test_a_certificate_of_a_curve_unknown_to_tls_is_shown_only_to_pods_that_insist(begun):
    with TlsPod(GOOD, believes=OURS, insists=False) as lenient, TlsPod(GOOD, believes=OURS) as strict:
        statuses = [ask(begun("verify none crt nobody.pem", to=pod)).status for pod in (lenient, strict)]

    assert statuses[0] == 200
    assert statuses[1] in (502, 503)


@pytest.mark.fact("authorities-of-servers")
def test_a_slot_is_added_with_files_that_haproxy_was_given_and_with_no_others(begun, pod):
    running = begun("verify required ca-file ours.ca")
    running.write("late.ca", OURS.certificate)
    words = "ssl verify required ca-file {folder}/late.ca crt {folder}/late.pem sni var(txn.unnamed)"
    refused = running.say(f"add server pods/s2 {pod.address} {words}")
    for kind, file, pem in (("ca-file", "late.ca", OURS.certificate), ("cert", "late.pem", CLIENT.pem)):
        running.say(f"new ssl {kind} {{folder}}/{file}")
        running.say(f"set ssl {kind} {{folder}}/{file} <<\n{pem}")
        running.say(f"commit ssl {kind} {{folder}}/{file}")
    added = running.say(f"add server pods/s2 {pod.address} {words}")
    in_use = running.say("del ssl ca-file {folder}/late.ca")
    running.say("set server pods/s1 state maint; set server pods/s2 state ready")

    assert "unable to load" in refused
    assert "New server registered" in added
    assert "in use" in in_use
    assert ask(running).status == 200


@pytest.mark.fact("wrong-certificates-of-pods")
def test_a_session_is_resumed_without_another_look_until_other_authorities_come(begun, pod):
    running = begun("verify required ca-file ours.ca crt nobody.pem sni str(pods.internal) verifyhost pods.internal")
    statuses = [ask(running).status]
    pod.become_with_its_sessions(THEIRS.issue(NAME, days=YEARS))
    statuses += [ask(running).status for _ in range(4)]
    believe(running, OURS, root("others"))

    assert 200 in statuses[1:]
    assert ask(running).status == 503
