"""What becomes of the bytes that somebody put into a Secret with the certificates of authorities."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hadyn.model.authorities import MAX_AUTHORITIES, Authorities, judge_authorities
from hadyn.model.keypairs import MAX_BYTES
from tests.authorities import below, root
from tests.pairs import NOW, pair

ROOT, OTHER = root(), root("other")
MIDDLE = below(ROOT, "middle")
LEAF = MIDDLE.issue("alice")
SECONDS = int(NOW.timestamp())


def judged(certificates: str, revoked: str | None = None) -> Authorities | str:
    """The authorities, else what is wrong."""
    values = {"ca.crt": certificates, "ca.crl": revoked}
    verdict = judge_authorities({key: text.encode() for key, text in values.items() if text is not None})
    return verdict.authorities or "; ".join(f"{fault.field}: {fault.said}" for fault in verdict.faults)


def accepted(certificates: str, revoked: str | None = None) -> Authorities:
    found = judged(certificates, revoked)
    assert isinstance(found, Authorities), found
    return found


GOOD = {
    "one root": ROOT.certificate,
    "two that know nothing of each other": ROOT.certificate + OTHER.certificate,
    "a chain": MIDDLE.certificate + ROOT.certificate,
    "lines that end as on Windows": ROOT.certificate.replace("\n", "\r\n"),
    "a key beside them": ROOT.pair.pem,
    "a client's certificate that signed itself": pair("alice").certificate,
}


@pytest.mark.parametrize("certificates", GOOD.values(), ids=GOOD)
def test_authorities_that_can_be_believed_are_taken(certificates):
    assert accepted(certificates).pem.startswith("-----BEGIN CERTIFICATE-----\n")


def test_of_a_key_beside_authorities_nothing_is_kept():
    assert accepted(ROOT.pair.pem).pem == ROOT.certificate


def test_an_authority_stands_there_once_however_often_it_was_put_there():
    assert accepted(ROOT.certificate * 3) == accepted(ROOT.certificate)


def test_authorities_are_valid_until_the_last_of_them_is_not():
    assert accepted(MIDDLE.certificate + ROOT.certificate).ends == SECONDS + 900 * 86400


def test_lists_are_believed_until_the_first_of_them_ends():
    lists = ROOT.revoking(days=(-1, 30)) + MIDDLE.revoking(LEAF, days=(-1, 7))
    found = accepted(ROOT.certificate + MIDDLE.certificate, lists)
    assert (found.lists_end, found.revoked) == (SECONDS + 7 * 86400, lists)


def test_another_list_makes_another_fingerprint():
    prints = {accepted(ROOT.certificate, each).fingerprint for each in (None, ROOT.revoking(), ROOT.revoking(LEAF))}
    assert len(prints) == 3


BAD = {
    "nothing": ("", None, "data[ca.crt]: it is missing or empty"),
    "no PEM": ("x", None, "data[ca.crt]: there is no CERTIFICATE in it"),
    "only a key": (ROOT.pair.key, None, "data[ca.crt]: there is no CERTIFICATE in it"),
    "no base64": (
        "-----BEGIN CERTIFICATE-----\n%\n-----END CERTIFICATE-----\n",
        None,
        "data[ca.crt]: it is not PEM: the inside of a block is not base64",
    ),
    "no certificate inside": (
        f"{ROOT.certificate}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        None,
        "data[ca.crt]: a certificate in it cannot be read",
    ),
    "a certificate that may sign nothing": (
        LEAF.certificate,
        None,
        "data[ca.crt]: no certificate in it may sign others",
    ),
    "too much": ("x" * (MAX_BYTES + 1), None, "data[ca.crt]: it has 262,145 bytes, at most 262,144 are read"),
    "an empty list": (ROOT.certificate, "", "data[ca.crl]: it is missing or empty"),
    "a certificate for a list": (ROOT.certificate, ROOT.certificate, "data[ca.crl]: there is no X509 CRL in it"),
    "no list inside": (
        ROOT.certificate,
        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
        "data[ca.crl]: a list in it cannot be read",
    ),
    "the list of a stranger": (
        ROOT.certificate,
        OTHER.revoking(),
        "data[ca.crl]: no authority of ca.crt signed a list in it",
    ),
    "the list of somebody of the same name": (
        ROOT.certificate,
        type(OTHER)("root", OTHER.pair).revoking(),
        "data[ca.crl]: no authority of ca.crt signed a list in it",
    ),
}


@pytest.mark.parametrize(("certificates", "revoked", "said"), BAD.values(), ids=BAD)
def test_what_nobody_can_be_believed_by_is_refused_with_its_reason(certificates, revoked, said):
    assert judged(certificates, revoked) == said


def test_more_authorities_than_the_cap_are_refused():
    many = "".join(f"-----BEGIN CERTIFICATE-----\n{number:04}\n-----END CERTIFICATE-----\n" for number in range(201))
    assert judged(many) == f"data[ca.crt]: 201 are over the cap of {MAX_AUTHORITIES}"


@settings(max_examples=200)
@given(st.integers(0, len(ROOT.certificate) - 1), st.integers(0, 255))
def test_one_byte_that_is_off_is_a_verdict_and_no_exception(place, byte):
    content = bytearray((ROOT.certificate + MIDDLE.certificate).encode())
    content[place] = byte
    lists = bytearray(ROOT.revoking().encode())
    lists[place % len(lists)] = byte
    verdict = judge_authorities({"ca.crt": bytes(content), "ca.crl": bytes(lists)})
    assert (verdict.authorities is None) == bool(verdict.faults)
