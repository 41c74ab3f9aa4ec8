"""Lines of docs/haproxy-facts.md about certificates, shown on every HAProxy at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.handshakes import certificates_held, served
from integration.haproxies import RunningHAProxy
from tests.pairs import pair

FRONT = "frontend front\n  bind unix@{folder}/tls.sock ssl crt-list {folder}/list\n  http-request return status 200\n"
DEFAULT = pair("default.example")
LIST = "{folder}/default.pem !*\n# a comment\n{folder}/a.pem a.example also.example\n"
LINES = 300
LOCKED = "Operations on certificates are currently locked!"


@pytest.fixture
def tls(start) -> RunningHAProxy:
    return start(FRONT, files={"default.pem": DEFAULT.pem, "a.pem": pair("a.example").pem, "list": LIST})


def front(running: RunningHAProxy) -> Path:
    return running.folder / "tls.sock"


def set_certificate(running: RunningHAProxy, name: str, pem: str) -> str:
    return running.say(f"set ssl cert {{folder}}/{name}.pem <<\n{pem}").strip()


def add_certificate(running: RunningHAProxy, name: str, pem: str) -> None:
    """Make a certificate known; no line has it yet."""
    running.say(f"new ssl cert {{folder}}/{name}.pem")
    set_certificate(running, name, pem)
    running.say(f"commit ssl cert {{folder}}/{name}.pem")


def add_line(running: RunningHAProxy, name: str, *hosts: str) -> str:
    return running.say(f"add ssl crt-list {{folder}}/list <<\n{{folder}}/{name}.pem {' '.join(hosts)}\n").strip()


def delete_line(running: RunningHAProxy, which: str) -> str:
    return running.say(f"del ssl crt-list {{folder}}/list {{folder}}/{which}").strip()


def numbers(running: RunningHAProxy, name: str) -> list[str]:
    rows = running.say("show ssl crt-list -n {folder}/list").strip().split("\n")[1:]
    return [row.split()[0].rpartition(":")[2] for row in rows if f"/{name}.pem:" in row]


@pytest.mark.fact("certificates-come-by-command")
def test_a_certificate_comes_changes_and_goes_by_command(tls):
    add_certificate(tls, "b", pair("b.example").pem)
    before = served(front(tls), "b.example")
    added = add_line(tls, "b", "b.example")
    came = served(front(tls), "b.example")

    taken = set_certificate(tls, "b", pair("b.changed.example").pem)
    meanwhile = served(front(tls), "b.example")
    committed = tls.say("commit ssl cert {folder}/b.pem").strip()
    shown = tls.say("show ssl cert {folder}/b.pem")
    changed = served(front(tls), "b.example")

    in_use = tls.say("del ssl cert {folder}/b.pem")
    gone = delete_line(tls, "b.pem"), tls.say("del ssl cert {folder}/b.pem").strip()

    assert (before, came, meanwhile, changed) == ("default.example", "b.example", "b.example", "b.changed.example")
    assert added.endswith("Success!")
    assert taken.startswith("Transaction created for certificate")
    assert committed.endswith("Success!")
    assert f"SHA1 FingerPrint: {pair('b.changed.example').fingerprint}\n" in shown
    assert "in use" in in_use
    assert "deleted in crtlist" in gone[0]
    assert gone[1].endswith("deleted!")
    assert served(front(tls), "b.example") == "default.example"


@pytest.mark.fact("default-certificate")
def test_the_first_line_is_for_all_other_hosts_and_can_change_but_not_go(tls):
    add_line(tls, "default", "below.example")
    before = [served(front(tls), host) for host in ("other.example", None, "below.example", "a.example")]
    refused = delete_line(tls, "default.pem:1")
    removed = delete_line(tls, "default.pem:4")

    set_certificate(tls, "default", pair("another.example").pem)
    tls.say("commit ssl cert {folder}/default.pem")

    assert before == ["default.example", "default.example", "default.example", "a.example"]
    assert "it is used as default certificate" in refused
    assert "deleted in crtlist" in removed
    assert served(front(tls), "other.example") == "another.example"


@pytest.mark.fact("certificate-lines")
def test_a_line_that_comes_first_lets_another_go_without_a_handshake_that_notices(tls):
    add_line(tls, "a", "a.example")
    which = delete_line(tls, "a.pem")
    found = numbers(tls, "a")
    wrong = delete_line(tls, "a.pem:1")
    both = served(front(tls), "a.example"), served(front(tls), "also.example")
    delete_line(tls, "a.pem:3")
    one = served(front(tls), "a.example"), served(front(tls), "also.example")

    assert "in several entries" in which
    assert found == ["3", "4"]
    assert "line number is incorrect" in wrong
    assert both == ("a.example", "a.example")
    assert one == ("a.example", "default.example")


@pytest.mark.fact("certificate-payloads")
def test_a_long_certificate_is_taken_by_command_from_three_four_on(tls, haproxy):
    key, certificate = pair("a.example").key, pair("a.example").certificate
    short = certificate + key + certificate * ((15_400 - len(key)) // len(certificate) - 1)
    long = certificate + key + certificate * (119_000 // len(certificate))

    assert 15_000 < len(short) < 15_500
    assert set_certificate(tls, "a", short).startswith("Transaction created")
    tls.say("abort ssl cert {folder}/a.pem")
    assert set_certificate(tls, "a", long).startswith("Transaction created") == haproxy.is_at_least(3, 4)


@pytest.mark.fact("weak-keys")
def test_a_weak_key_is_refused_by_some_and_taken_by_no_client_of_others(tls):
    for kind in ("P-224", "secp256k1"):
        name = kind.lower().replace("-", "")
        add_certificate(tls, name, pair(f"{name}.example", kind=kind).pem)
        add_line(tls, name, f"{name}.example")
        assert served(front(tls), f"{name}.example") == ""

    add_certificate(tls, "weak", pair("weak.example", kind="RSA 1024").pem)
    said = add_line(tls, "weak", "weak.example")
    assert said.endswith("Success!") or "unable to load SSL certificate into SSL Context" in said
    assert served(front(tls), "weak.example") == ("weak.example" if said.endswith("Success!") else "default.example")


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA 2048", "RSA 4096", "Ed25519"])
def test_a_key_that_hadyn_takes_is_served_by_every_haproxy(tls, kind):
    name = kind.lower().replace(" ", "")
    add_certificate(tls, name, pair(f"{name}.example", kind=kind).pem)
    add_line(tls, name, f"{name}.example")

    assert served(front(tls), f"{name}.example") == f"{name}.example"


@pytest.mark.fact("certificate-memory")
def test_a_line_takes_far_more_memory_than_a_host(start):
    def memory(listed: str) -> int:
        files = {
            "default.pem": DEFAULT.pem,
            "a.pem": pair("a.example").pem,
            "list": "{folder}/default.pem !*\n" + listed,
        }
        running = start(FRONT, files=files)
        status = Path(f"/proc/{running.pid()}/status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0])

    hosts = [f"h{number}.example" for number in range(LINES)]
    nothing = memory("{folder}/a.pem a.example\n")
    alone = memory("".join(f"{{folder}}/a.pem {host}\n" for host in hosts))
    together = memory(f"{{folder}}/a.pem {' '.join(hosts)}\n")

    assert 8 < (alone - nothing) / LINES < 30
    assert together - nothing < (alone - nothing) / 5


@pytest.mark.fact("tls-passes-through")
def test_a_connection_goes_by_the_name_that_a_client_asks_for(start):
    """The pod is a frontend of the same HAProxy, with a certificate of its own."""
    table = "map_str({folder}/passed.map)"
    running = start(
        "frontend sni\n  mode tcp\n  bind unix@{folder}/tls.sock\n  tcp-request inspect-delay 5s\n"
        "  tcp-request content accept if { req.ssl_hello_type 1 }\n"
        f"  use_backend %[req.ssl_sni,lower,{table}] if {{ req.ssl_sni,lower,{table} -m found }}\n"
        "  default_backend inside\nbackend inside\n  mode tcp\n  server inside abns@hadyn-fact send-proxy-v2\n"
        "frontend front\n  bind abns@hadyn-fact accept-proxy ssl crt-list {folder}/list\n  http-request return status 200\n"
        "frontend pod\n  bind unix@{folder}/pod.sock ssl crt {folder}/a.pem\n  http-request return status 200\n"
        "backend passed\n  mode tcp\n  server s1 unix@{folder}/pod.sock\n",
        files={
            "default.pem": DEFAULT.pem,
            "a.pem": pair("a.example").pem,
            "list": "{folder}/default.pem !*\n",
            "passed.map": "",
        },
    )
    before = served(front(running), "passed.example")
    running.say("add map {folder}/passed.map passed.example passed")
    after = [served(front(running), host) for host in ("Passed.Example", "other.example", None)]

    assert before == "default.example"
    assert after == ["a.example", "default.example", "default.example"]


@pytest.mark.fact("certificates-are-locked")
def test_one_connection_at_a_time_looks_at_certificates_or_changes_them(tls):
    add_certificate(tls, "b", pair("b.example").pem)
    with certificates_held(tls.runtime_socket):
        refused = [
            add_line(tls, "b", "b.example"),
            delete_line(tls, "a.pem:3"),
            *(
                tls.say(f"{command} {{folder}}/{name}")
                for command, name in [
                    ("commit ssl cert", "b.pem"),
                    ("abort ssl cert", "b.pem"),
                    ("del ssl cert", "b.pem"),
                    ("show ssl cert", "b.pem"),
                    ("new ssl ca-file", "c.ca"),
                    ("del ssl ca-file", "c.ca"),
                    ("new ssl crl-file", "c.crl"),
                ]
            ),
            *(tls.say(f"show ssl {kind}") for kind in ("cert", "ca-file", "crl-file")),
        ]
        listed = tls.say("show ssl crt-list -n {folder}/list")
    tls.wait_until(lambda: add_line(tls, "b", "b.example").endswith("Success!"))

    assert [text for text in refused if LOCKED not in text] == []
    assert "/a.pem:3 " in listed
    assert served(front(tls), "b.example") == "b.example"


@pytest.mark.fact("certificates-stay-locked")
@pytest.mark.parametrize(
    "begin", ["new ssl cert {folder}/c.pem", "set ssl cert {folder}/a.pem <<\n" + pair("a.example").pem]
)
def test_certificates_stay_locked_on_the_newest_where_one_is_set_meanwhile(tls, haproxy, begin):
    with certificates_held(tls.runtime_socket):
        refused = tls.say(begin)
    tls.wait_until(lambda: LOCKED in tls.say("show ssl cert") or haproxy.branch != "3.4")
    stays = [LOCKED in tls.say("show ssl cert") for _ in range(5)]

    assert LOCKED in refused
    assert stays == [haproxy.branch == "3.4"] * 5


@pytest.mark.fact("certificates-are-locked")
def test_haproxy_has_one_unfinished_change_at_a_time(tls, haproxy):
    add_certificate(tls, "b", pair("b.example").pem)
    set_certificate(tls, "b", pair("b.example", issue=2).pem)
    other = set_certificate(tls, "a", pair("a.example", issue=2).pem)
    unfinished = tls.say("commit ssl cert {folder}/a.pem")
    tls.say("commit ssl cert {folder}/b.pem")
    held = tls.say("show ssl cert {folder}/b.pem")

    is_mixed_up = haproxy.branch == "2.6"
    came = pair("a.example", issue=2) if is_mixed_up else pair("b.example", issue=2)
    assert ("Transaction updated for certificate" in other and "/b.pem!" in other) == is_mixed_up
    assert ("The ongoing transaction is about" in other) == (not is_mixed_up)
    assert "The ongoing transaction is about" in unfinished
    assert came.fingerprint in held
