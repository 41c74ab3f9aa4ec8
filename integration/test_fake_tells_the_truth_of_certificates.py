"""The fake HAProxy does with certificates what every real one at hand does."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from hadyn.model.stapling import is_sound
from hadyn.planner.authorities import CommitAuthorities, DeleteAuthorities, NewAuthorities, SetAuthorities
from hadyn.planner.certificates import (
    AbortCertificate,
    AddLine,
    CertificateCommand,
    CommitCertificate,
    DeleteCertificate,
    DeleteLine,
    NewCertificate,
    SetCertificate,
)
from hadyn.runtime.certificates import Answer, CertificateDoor
from hadyn.runtime.connection import unix_conversation
from hadyn.runtime.fake import FakeHAProxy
from integration.conftest import Start
from integration.haproxies import RunningHAProxy
from tests.authorities import root
from tests.pairs import pair
from tests.responding import Authority

FRONT = "frontend front\n  bind unix@{folder}/tls.sock ssl crt-list {folder}/list\n  http-request return status 200\n"
SHAKING = "alpn http/1.1 verify optional ca-file {folder}"
LIST = (
    "{folder}/default.pem !*\n{folder}/a.pem a.example also.example\n\n# a comment\n"
    f"{{folder}}/a.pem [{SHAKING}/known.ca ciphers ECDHE-ECDSA-AES128-SHA] *.a.example\n"
)
CA = root()
PEMS = {"default.pem": pair("default.example").pem, "a.pem": pair("a.example").pem, "known.ca": CA.certificate}
B, C = pair("b.example").pem, pair("c.example").pem
SCRIPTS: dict[str, list[CertificateCommand]] = {
    "comes and goes": [
        NewCertificate("b"),
        SetCertificate("b", B),
        CommitCertificate("b"),
        AddLine("b", ("b.example", "*.b.example")),
        DeleteCertificate("b"),
        DeleteLine("b", 6),
        DeleteCertificate("b"),
    ],
    "is renewed": [SetCertificate("a", B), SetCertificate("a", C), CommitCertificate("a"), CommitCertificate("a")],
    "is taken back": [SetCertificate("a", B), AbortCertificate("a"), CommitCertificate("a"), AbortCertificate("a")],
    "two at once": [
        NewCertificate("b"),
        SetCertificate("b", B),
        SetCertificate("a", C),
        CommitCertificate("b"),
        CommitCertificate("a"),
        NewAuthorities("b.ca"),
        SetAuthorities("b.ca", CA.certificate),
        NewAuthorities("c.ca"),
        SetAuthorities("c.ca", CA.certificate),
        CommitAuthorities("b.ca"),
        CommitAuthorities("c.ca"),
    ],
    "lines of one certificate": [
        AddLine("a", ("more.example",)),
        DeleteLine("a", 3),
        DeleteLine("a", 5),
        DeleteLine("a", 2),
        AddLine("default", ("below.example",)),
        DeleteLine("default", 7),
        DeleteLine("a", 6),
    ],
    "authorities come and go": [
        NewAuthorities("b.ca"),
        AddLine("a", ("late.example",), "verify optional ca-file {folder}/b.ca"),
        SetAuthorities("b.ca", CA.certificate),
        CommitAuthorities("b.ca"),
        NewAuthorities("b.crl"),
        SetAuthorities("b.crl", CA.revoking()),
        CommitAuthorities("b.crl"),
        AddLine("a", ("late.example",), f"{SHAKING}/b.ca crl-file {{folder}}/b.crl ssl-min-ver TLSv1.3"),
        DeleteAuthorities("b.ca"),
        DeleteAuthorities("b.crl"),
        DeleteLine("a", 6),
        DeleteAuthorities("b.ca"),
        DeleteAuthorities("b.crl"),
    ],
    "authorities that are not there": [
        SetAuthorities("x.ca", CA.certificate),
        CommitAuthorities("x.ca"),
        DeleteAuthorities("x.ca"),
        AddLine("a", ("late.example",), f"{SHAKING}/x.ca"),
        NewAuthorities("x.crl"),
        DeleteAuthorities("x.crl"),
        DeleteAuthorities("known.ca"),
    ],
    "what is not there": [
        SetCertificate("x", B),
        CommitCertificate("x"),
        DeleteCertificate("x"),
        AddLine("x", ("x.example",)),
        DeleteLine("x", 1),
        NewCertificate("a"),
    ],
}


@dataclass
class Pair:
    """A real HAProxy beside the fake."""

    real: RunningHAProxy
    fake: FakeHAProxy

    def doors(self) -> tuple[CertificateDoor, CertificateDoor]:
        folder = str(self.real.folder)
        talks = unix_conversation(self.real.runtime_socket), self.fake.converse
        real, fake = (CertificateDoor(talk, folder=folder, listing=f"{folder}/list") for talk in talks)
        return real, fake


@pytest.fixture
def both(haproxy, start: Start) -> Pair:
    real = start(FRONT, files={**PEMS, "list": LIST})
    files = {str(real.folder / name): (real.folder / name).read_text() for name in (*PEMS, "list")}
    configuration = FRONT.replace("{folder}", str(real.folder))
    version = ".".join(map(str, haproxy.version))
    return Pair(real, FakeHAProxy(configuration, version=version, certificate_files=files))


def placed(command: CertificateCommand, folder: str) -> CertificateCommand:
    if isinstance(command, AddLine):
        return AddLine(command.certificate, command.hosts, command.parameters.replace("{folder}", folder))
    return command


def known(door: CertificateDoor) -> tuple[object, ...]:
    names = door.names()
    return door.lines(), names, door.fingerprints({*names, "gone"}), door.authorities()


def words(answers: list[Answer]) -> list[tuple[str, str, str]]:
    """How many times a certificate is used is told by dots, which are of no interest."""
    return [(str(answer.command), answer.verdict, answer.text.replace(".. ", ". ")[:60]) for answer in answers]


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_the_fake_takes_and_refuses_what_haproxy_does(both, script):
    real, fake = both.doors()
    script = [placed(command, str(both.real.folder)) for command in script]

    assert words([fake.send(command) for command in script]) == words([real.send(command) for command in script])
    assert known(fake) == known(real)


def test_the_fake_takes_and_refuses_lines_with_answers_as_haproxy_does(both, haproxy):
    if not is_sound(haproxy.version):
        pytest.skip("it cannot, or dies of it")
    script = [
        NewCertificate("b_ocsp"),
        SetCertificate("b_ocsp", Authority().issue("b.example", "http://127.0.0.1:1/").pem),
        CommitCertificate("b_ocsp"),
        AddLine("b_ocsp", ("b.example",)),
        AddLine("b_ocsp", ("c.example",), is_renewed=True),
        AddLine("b_ocsp", ("d.example",), "alpn http/1.1"),
        DeleteLine("b_ocsp", 6),
    ]
    real, fake = both.doors()
    verdicts = [[door.send(command).verdict for command in script] for door in (fake, real)]

    assert verdicts[0] == verdicts[1]
    assert known(fake) == known(real)


def test_the_fake_begins_with_the_lines_that_haproxy_reads(both):
    real, fake = both.doors()

    assert known(fake) == known(real)


def test_the_fake_has_no_list_where_haproxy_has_none(both):
    missing = (
        CertificateDoor(talk, folder="/x", listing="/x/list")
        for talk in (unix_conversation(both.real.runtime_socket), both.fake.converse)
    )

    assert [(door.lines(), door.names()) for door in missing] == [(None, frozenset()), (None, frozenset())]


def test_a_certificate_that_is_none_is_refused_by_both(both):
    replies = [
        talk(f"set ssl cert {both.real.folder}/a.pem <<\nnonsense\n\n".encode())
        .decode()
        .strip()
        .replace(": no start line", "")
        for talk in (unix_conversation(both.real.runtime_socket), both.fake.converse)
    ]

    assert replies[0] == replies[1]
