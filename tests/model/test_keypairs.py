"""What becomes of the bytes that somebody put into a Secret of type kubernetes.io/tls."""

from __future__ import annotations

import base64
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from hadyn.model.keypairs import MAX_BYTES, MAX_CERTIFICATES, KeyPair, fingerprint_of, judge
from tests.pairs import NOW, Pair, authority, pair

A, B = pair("a.example"), pair("b.example")
ROOT, MIDDLE, LEAF = authority()
CHAIN = LEAF.certificate + MIDDLE + ROOT


def said(certificate: str | bytes, key: str | bytes) -> str:
    """What is wrong, "" where the pair is good, "served: …" where it is served all the same."""
    verdict = judge(*(each.encode() if isinstance(each, str) else each for each in (certificate, key)))
    found = "; ".join(f"{fault.field}: {fault.said}" for fault in verdict.faults)
    return f"served: {found}" if verdict.pair and found else found


def judged(certificate: str, key: str) -> KeyPair:
    found = judge(certificate.encode(), key.encode()).pair
    assert found is not None
    return found


def encrypted(form: PrivateFormat) -> str:
    key = load_pem_private_key(A.key.encode(), None)
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"secret")).decode()


def sec1() -> str:
    """The key as openssl writes it, parameters first."""
    key = load_pem_private_key(A.key.encode(), None)
    old = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    return f"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{old}"


def parts(kind: str) -> tuple[str, str]:
    found = pair("a.example", kind=kind)
    return found.certificate, found.key


def der() -> bytes:
    return x509.load_pem_x509_certificate(A.certificate.encode()).public_bytes(Encoding.DER)


def wrapped(content: bytes) -> str:
    text = base64.b64encode(content).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"


GOOD = {
    "as it was issued": (A.certificate, A.key),
    "lines that end as on Windows": (A.certificate.replace("\n", "\r\n"), A.key.replace("\n", "\r\n")),
    "blanks behind lines": (A.certificate.replace("\n", "  \n"), A.key.replace("\n", "\t\n")),
    "text between blocks": (f"Bag Attributes\n    friendlyName: a\n{A.certificate}subject=CN = a\n", f"Key:\n{A.key}"),
    "a byte order mark": (f"\N{ZERO WIDTH NO-BREAK SPACE}{A.certificate}", f"\N{ZERO WIDTH NO-BREAK SPACE}{A.key}"),
    "no line end at the end": (A.certificate.rstrip("\n"), A.key.rstrip("\n")),
    "blocks glued together": (LEAF.certificate.rstrip("\n") + MIDDLE, LEAF.key),
    "the key beside the certificate, too": (A.pem, A.key),
    "the certificate beside the key, too": (A.certificate, A.pem),
    "the same certificate twice": (A.certificate * 2, A.key),
    "the same key twice": (A.certificate, A.key * 2),
    "a key as openssl writes it": (A.certificate, sec1()),
}
SERVED = {
    "a stranger in the chain": (A.certificate + B.certificate, A.key, "1 of its certificates are no part of the chain"),
}
REFUSED = {
    "the key of another certificate": (A.certificate, B.key, "data[tls.key]: the key does not fit the certificate"),
    "no key": (A.certificate, "", "data[tls.key]: it is missing or empty"),
    "no certificate": ("", A.key, "data[tls.crt]: it is missing or empty"),
    "nothing at all": ("", "", "data[tls.crt]: it is missing or empty"),
    "a key where the certificate belongs": (A.key, A.key, "data[tls.crt]: there is no certificate in it"),
    "a certificate where the key belongs": (
        A.certificate,
        A.certificate,
        "data[tls.key]: there is no private key in it",
    ),
    "random bytes": (bytes(range(256)) * 4, A.key, "data[tls.crt]: there is no certificate in it"),
    "bytes of DER": (der(), A.key, "data[tls.crt]: there is no certificate in it"),
    "a certificate cut short": (A.certificate[:200], A.key, "data[tls.crt]: there is no certificate in it"),
    "a certificate with a hole": (A.certificate[:100] + A.certificate[140:], A.key, "data[tls.crt]: "),
    "a key with a hole": (A.certificate, A.key[:60] + A.key[64:], "data[tls.key]: the key cannot be read"),
    "a version that there is not": (
        wrapped(der().replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01", 1)),
        A.key,
        "data[tls.crt]: a certificate in it cannot be read",
    ),
    "no base64 inside": (A.certificate.replace("M", "!"), A.key, "data[tls.crt]: it is not PEM"),
    "a pass phrase": (A.certificate, encrypted(PrivateFormat.PKCS8), "data[tls.key]: the key has a pass phrase"),
    "a pass phrase of old": (
        A.certificate,
        encrypted(PrivateFormat.TraditionalOpenSSL),
        "data[tls.key]: the key has a pass phrase",
    ),
    "two keys": (A.certificate, A.key + B.key, "data[tls.key]: there are 2 keys in it"),
    "too many certificates": (
        "".join(pair(f"n{number}.example").certificate for number in range(MAX_CERTIFICATES + 1)),
        A.key,
        f"data[tls.crt]: 21 certificates are over the cap of {MAX_CERTIFICATES}",
    ),
    "far too much": (A.certificate + " " * MAX_BYTES, A.key, "data[tls.crt]: it has 262,"),
    "RSA of 1024 bits": (*parts("RSA 1024"), "an RSA key of 1024 bits is too weak"),
    "a curve that clients do not know": (
        *parts("secp256k1"),
        "clients do not know the curve secp256k1",
    ),
    "a short curve": (*parts("P-224"), "clients do not know the curve secp224r1"),
    "Ed448": (*parts("Ed448"), "clients do not know this kind of key"),
}


@pytest.mark.parametrize(("certificate", "key"), GOOD.values(), ids=GOOD.keys())
def test_a_good_pair_is_taken_however_it_is_written(certificate, key):
    assert said(certificate, key) == ""
    assert judged(certificate, key).pem.startswith("-----BEGIN CERTIFICATE-----\n")


@pytest.mark.parametrize(("certificate", "key", "fault"), SERVED.values(), ids=SERVED.keys())
def test_what_only_looks_odd_is_served_and_said(certificate, key, fault):
    assert fault in said(certificate, key)
    assert said(certificate, key).startswith("served: ")


@pytest.mark.parametrize(("certificate", "key", "fault"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_served_is_refused_with_its_reason(certificate, key, fault):
    assert fault in said(certificate, key)
    assert not said(certificate, key).startswith("served: ")


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "RSA 2048", "Ed25519"])
def test_every_usual_kind_of_key_is_taken(kind):
    found = pair("a.example", kind=kind)
    expected = {"P": "ECDSA", "R": "RSA", "E": "Ed25519"}[kind[0]]

    assert judged(found.certificate, found.key).algorithm == expected


@pytest.mark.parametrize(
    "content",
    [CHAIN, ROOT + MIDDLE + LEAF.certificate, MIDDLE + LEAF.certificate + ROOT, CHAIN + MIDDLE],
    ids=["in order", "upside down", "mixed", "one twice"],
)
def test_a_chain_is_put_in_order_whatever_order_it_had(content):
    assert judged(content, LEAF.key).pem == CHAIN + LEAF.key


def test_a_pair_says_what_haproxy_will_say_of_it():
    found = judged(A.certificate, A.key)

    assert found.fingerprint == A.fingerprint == fingerprint_of(found.pem)
    assert (found.ends - found.begins) == 91 * 86_400
    assert found.ends == int(NOW.timestamp()) + 90 * 86_400
    assert found.names == ("a.example",)


def test_an_expired_certificate_is_a_good_one_here_because_nobody_asks_the_clock():
    expired = pair("a.example", days=(-90, -1))

    assert said(expired.certificate, expired.key) == ""


def test_a_broken_signature_of_the_issuer_is_said_and_served(tmp_path):
    """openssl signs with SHA-1 still, cryptography does not."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    root, root_key, request = tmp_path / "root", tmp_path / "root.key", tmp_path / "request"
    new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-batch"]
    for command in (
        [*new, "-x509", "-keyout", root_key, "-out", root, "-subj", "/CN=root"],
        [*new, "-keyout", key, "-out", request, "-subj", "/CN=a.example"],
        ["openssl", "x509", "-req", "-sha1", "-in", request, "-CA", root, "-CAkey", root_key, "-out", certificate],
    ):
        subprocess.run(command, check=True, capture_output=True)

    assert said(certificate.read_text(), key.read_text()) == (
        "served: data[tls.crt]: it is signed with sha1, which clients refuse"
    )


def test_a_certificate_covers_its_names_and_what_is_below_its_wildcard():
    found = pair("*.a.example", "b.example")
    covers = judged(found.certificate, found.key).covers

    assert [covers(host) for host in ("x.a.example", "*.a.example", "b.example")] == [True] * 3
    assert [covers(host) for host in ("a.example", "y.x.a.example", "c.b.example")] == [False] * 3


def test_neither_a_pair_nor_a_verdict_shows_its_key():
    shown = repr(judge(A.certificate.encode(), A.key.encode()))

    assert "PRIVATE" not in shown
    assert A.fingerprint in shown


@settings(max_examples=150)
@given(st.binary(max_size=400), st.binary(max_size=400))
def test_no_bytes_whatever_make_the_judge_fall(certificate, key):
    assert judge(certificate, key).pair is None


@settings(max_examples=150)
@given(st.data())
def test_no_damage_whatever_makes_the_judge_fall_or_take_what_it_cannot_write(data):
    content = bytearray((CHAIN + LEAF.key).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    verdict = judge(bytes(content), bytes(content))

    assert verdict.pair is None or judge(verdict.pair.pem.encode(), verdict.pair.pem.encode()).pair == verdict.pair


@settings(max_examples=60)
@given(st.integers(0, 400), st.integers(0, 255))
def test_no_damage_inside_a_certificate_makes_the_judge_fall(at, value):
    content = bytearray(der())
    content[at % len(content)] = value
    block = Pair(wrapped(bytes(content)), A.key)

    assert judge(block.certificate.encode(), block.key.encode()) is not None
