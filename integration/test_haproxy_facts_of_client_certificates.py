"""Lines of docs/haproxy-facts.md about certificates of clients, and handshakes that differ by host, on every HAProxy."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from hadyn.model.options.listening import CIPHERS, SUITES
from integration.handshakes import client_context, connected, fingerprint, handshake, served
from integration.haproxies import DidNotStart, RunningHAProxy
from integration.showing import Shown, asked, showing
from tests.authorities import below, root
from tests.pairs import Pair, pair

SAYS = " ".join(
    f"{name}=%[{sample}]"
    for name, sample in {
        "name": "ssl_fc_sni",
        "used": "ssl_c_used",
        "verify": "ssl_c_verify",
        "cn": "req.hdr(x-cn)",
        "same": "ssl_fc_sni,lower,strcmp(txn.host)",
    }.items()
)
FRONT = (
    "frontend front\n  bind unix@{folder}/tls.sock ssl crt-list {folder}/list alpn h2,http/1.1 "
    "ca-ignore-err all crt-ignore-err all\n  http-request set-var(txn.host) req.fhdr(host),host_only,lower\n"
    "  http-request set-header X-CN %[ssl_c_s_dn(cn)]\n"
    f'  http-request return status 200 content-type text/plain lf-string "{SAYS}"\n'
)
WITHOUT_SESSIONS = "global\n  tune.ssl.cachesize 0\n  ssl-default-bind-options no-tls-tickets\n"
A, B = root("authority-a"), root("authority-b")
BRANCH = below(A, "branch")
ALICE, BOB, OLD, GONE = A.issue("alice"), B.issue("bob"), A.issue("old", days=(-20, -10)), A.issue("gone")
ROBOT = BRANCH.issue("robot")
CHAIN = Pair(ROBOT.certificate + BRANCH.certificate, ROBOT.key)
BRANCHES = [BRANCH]
for number in range(5):
    BRANCHES.append(below(BRANCHES[-1], f"branch {number}"))
DEEP_ONE = BRANCHES[-1].issue("deep")
DEEP = Pair("".join((DEEP_ONE.certificate, *(branch.certificate for branch in reversed(BRANCHES)))), DEEP_ONE.key)
FILES = {
    **{f"{name}.pem": pair(f"{name}.example").pem for name in ("default", "a", "b")},
    "a.ca": A.certificate,
    "b.ca": B.certificate,
    "list": (
        "{folder}/default.pem !*\n{folder}/a.pem [verify optional ca-file {folder}/a.ca] a.example\n"
        "{folder}/b.pem [verify optional ca-file {folder}/b.ca] b.example\n"
    ),
}


@pytest.fixture
def tls(start) -> RunningHAProxy:
    return start(FRONT, files=FILES)


def front(running: RunningHAProxy) -> Path:
    return running.folder / "tls.sock"


def said(shown: Shown) -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in shown.text.split(" "))


def verified(running: RunningHAProxy, host: str, client: Pair | None) -> str:
    """How the client's certificate was judged: "" where there is none, "0" for a good one."""
    found = said(asked(front(running), host, client))
    return found["verify"] if found["used"] == "1" else ""


def hand_over(running: RunningHAProxy, file: str, pem: str) -> list[str]:
    kind = {"ca": "ca-file", "crl": "crl-file"}[file.partition(".")[2]]
    path = f"{{folder}}/{file}"
    orders = (f"new ssl {kind} {path}", f"set ssl {kind} {path} <<\n{pem}", f"commit ssl {kind} {path}")
    return [running.say(order).strip().replace(str(running.folder), "") for order in orders]


def add_line(running: RunningHAProxy, parameters: str, host: str, name: str = "a") -> str:
    return running.say(f"add ssl crt-list {{folder}}/list <<\n{{folder}}/{name}.pem [{parameters}] {host}\n").strip()


@pytest.mark.fact("client-certificates")
def test_a_certificate_is_asked_for_by_host_and_requests_know_what_came_of_it(tls):
    known = [verified(tls, "a.example", client) for client in (ALICE, CHAIN, None, BOB, OLD)]
    unasked = verified(tls, "other.example", ALICE)
    elsewhere = said(asked(front(tls), "b.example", ALICE, name="A.Example"))
    nameless = said(asked(front(tls), "a.example", ALICE, name=""))
    deep = said(asked(front(tls), "a.example", DEEP))
    injected = said(asked(front(tls), "a.example", A.issue("alice\r\nX-Admin:yes")))

    assert known == ["0", "0", "", "21", "10"]
    assert unasked == ""
    assert (elsewhere["used"], elsewhere["verify"], elsewhere["same"]) == ("1", "0", "-1")
    assert (nameless["used"], nameless["same"]) == ("0", "")
    assert said(asked(front(tls), "A.example:8443", ALICE, name="a.example"))["same"] == "0"
    assert deep["verify"] == "0"
    assert injected["cn"].lower() == "alice%0d%0ax-admin:yes"


@pytest.mark.fact("revoked-certificates")
def test_lists_of_revoked_certificates_are_needed_of_every_authority_of_a_chain(start):
    lines = "{folder}/default.pem !*\n{folder}/a.pem [verify optional ca-file {folder}/a.ca crl-file {folder}/a.crl] a.example\n"
    files = {**FILES, "list": lines, "a.ca": A.certificate + BRANCH.certificate}
    one = start(FRONT, files={**files, "a.crl": A.revoking(GONE)})
    both = start(FRONT, files={**files, "a.crl": A.revoking(GONE) + BRANCH.revoking()})
    late = start(FRONT, files={**files, "a.crl": A.revoking(days=(-9, -8))})

    assert [verified(one, "a.example", client) for client in (ALICE, GONE, CHAIN)] == ["0", "23", "3"]
    assert [verified(both, "a.example", client) for client in (ALICE, GONE, CHAIN)] == ["0", "23", "0"]
    assert verified(late, "a.example", ALICE) == "12"


@pytest.mark.fact("authorities-come-by-command")
def test_authorities_come_by_command_with_a_line_that_names_them(tls):
    (tls.folder / "late.ca").write_text(A.certificate)
    unknown = add_line(tls, "verify optional ca-file {folder}/late.ca", "late.example")
    replies = [*hand_over(tls, "late.ca", A.certificate), *hand_over(tls, "late.crl", A.revoking(GONE))]
    added = add_line(tls, "verify optional ca-file {folder}/late.ca crl-file {folder}/late.crl", "late.example")
    judged = [verified(tls, "late.example", client) for client in (ALICE, BOB, GONE)]
    in_use = tls.say("del ssl ca-file {folder}/late.ca").strip()
    tls.say("del ssl crt-list {folder}/list {folder}/a.pem:4")
    gone = [tls.say(f"del ssl {kind}-file {{folder}}/late.{kind}").strip() for kind in ("ca", "crl")]

    assert "unable to load" in unknown
    assert [reply.split("\n")[-1] for reply in replies] == [
        "New CA file created '/late.ca'!",
        "transaction created for CA /late.ca!",
        "Success!",
        "New CRL file created '/late.crl'!",
        "transaction created for CRL /late.crl!",
        "Success!",
    ]
    assert added.endswith("Success!")
    assert judged == ["0", "21", "23"]
    assert "in use" in in_use
    assert all(reply.endswith("deleted!") for reply in gone)


def renewed(running: RunningHAProxy, issue: int) -> str:
    """Renew the certificate of a.example, and tell the serial number of what is served then."""
    running.say(f"set ssl cert {{folder}}/a.pem <<\n{pair('a.example', issue=issue).pem}")
    running.say("commit ssl cert {folder}/a.pem")
    return serial(front(running))


def serial(where: Path) -> str:
    found = handshake(where, "a.example")
    assert found is not None
    return fingerprint(found)


@pytest.mark.fact("authorities-come-by-command")
def test_certificates_are_renewed_beside_authorities_that_are_committed_before_a_line_names_them(tls):
    """What harms some versions is a file that is committed while a line names it. #authorities-then-certificates"""
    seen = [renewed(tls, 2)]
    for number, authority in enumerate((B, A, B, A)):
        hand_over(tls, f"turn{number}.ca", authority.certificate)
        add_line(tls, f"verify optional ca-file {{folder}}/turn{number}.ca", "a.example")
        tls.say(f"del ssl crt-list {{folder}}/list {{folder}}/a.pem:{number + 3 if number else 2}")
        tls.say(f"del ssl ca-file {{folder}}/{f'turn{number - 1}' if number else 'a'}.ca")
        seen.append(renewed(tls, number + 3))
        believed, stranger = (ALICE, BOB) if authority is A else (BOB, ALICE)
        assert [verified(tls, "a.example", client) for client in (believed, stranger)] == ["0", "21"]

    assert seen == [pair("a.example", issue=issue).fingerprint for issue in range(2, 7)]
    assert tls.say("show ssl ca-file").count(str(tls.folder)) == 2


@pytest.mark.fact("resumed-sessions")
def test_an_old_haproxy_resumes_a_session_of_one_host_for_another(start, haproxy):
    tls, without = start(FRONT, files=FILES), start(f"{WITHOUT_SESSIONS}{FRONT}", files=FILES)
    client = showing(ALICE)
    session = asked(front(tls), "a.example", client).session
    again = said(asked(front(tls), "a.example", client, session=session))
    around = said(asked(front(tls), "b.example", client, session=session))
    fresh = [
        asked(front(without), "a.example", shown, session=asked(front(without), "a.example", shown).session).is_resumed
        for shown in (showing(ALICE, newest=version) for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3))
    ]

    assert (again["used"], again["verify"]) == ("1", "0")
    assert (around["used"], around["same"]) == ("1", "0")
    assert (around["verify"] == "0") != haproxy.is_at_least(3, 2)
    assert fresh == [False, False]


@pytest.mark.fact("hosts-shake-hands-otherwise")
def test_a_line_says_ciphers_version_and_protocols_of_its_hosts(tls):
    parameters = (
        "alpn http/1.1 verify optional ca-file {folder}/a.ca ciphers ECDHE-ECDSA-AES256-GCM-SHA384 ssl-min-ver TLSv1.2"
    )
    add_line(tls, parameters, "own.example")
    add_line(tls, "ciphersuites TLS_AES_256_GCM_SHA384 ssl-min-ver TLSv1.3", "new.example")
    context = client_context(protocols=("h2", "http/1.1"))
    protocols = []
    for host in ("own.example", "a.example"):
        with connected(front(tls)) as raw, context.wrap_socket(raw, server_hostname=host) as secure:
            protocols.append(secure.selected_alpn_protocol())
    shown = tls.say("show ssl crt-list -n {folder}/list").replace("\0", "")

    assert protocols == ["http/1.1", "h2"]
    assert served(front(tls), "own.example", ciphers="ECDHE-ECDSA-AES128-GCM-SHA256") == ""
    assert served(front(tls), "own.example", ciphers="ECDHE-ECDSA-AES256-GCM-SHA384") == "a.example"
    assert served(front(tls), "new.example", ciphers="ECDHE-ECDSA-AES256-GCM-SHA384") == ""
    assert served(front(tls), "new.example") == "a.example"
    assert f"[{parameters}] own.example".replace("{folder}", str(tls.folder)) in shown


@pytest.mark.fact("hosts-shake-hands-otherwise")
def test_ciphers_of_which_none_is_known_keep_haproxy_from_starting(start):
    line = "{folder}/default.pem !*\n{folder}/a.pem [ciphers NOPE] a.example\n"
    with pytest.raises(DidNotStart, match="unable to set SSL cipher list"):
        start(FRONT, files={**FILES, "list": line})


@pytest.mark.fact("hosts-shake-hands-otherwise")
def test_every_cipher_that_an_ingress_may_name_is_one_to_every_haproxy(tls):
    refused = [
        name
        for name in sorted(CIPHERS)
        if not add_line(tls, f"ciphers {name}", f"{name.lower()}.example").endswith("Success!")
    ]
    suites = [
        name
        for name in sorted(SUITES)
        if not add_line(tls, f"ciphersuites {name}", f"{name.lower()}.example").endswith("Success!")
    ]

    assert (refused, suites) == ([], [])
