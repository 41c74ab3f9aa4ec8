"""Which certificates HAProxy shall staple OCSP answers to: those whose responder the operator lists."""

from __future__ import annotations

import pytest
from cryptography import x509

from hadyn.model.keypairs import judge
from hadyn.model.options.stapling import OCSP_RESPONDERS, responders
from hadyn.model.policy import Policy
from hadyn.model.problems import Reason
from hadyn.model.stapling import OFF, Stapling, is_sound, stapling_of
from tests.pairs import Pair, pair
from tests.responding import Authority

AUTHORITY = Authority()
LISTED = "*.o.example,ocsp.example,8.8.8.8,[2001:DB8::9]:8080,inside:8080"


def judged(found: Pair):
    verdict = judge(found.certificate.encode(), found.key.encode())
    assert verdict.faults == ()
    return verdict.pair


def naming(*addresses: str, **more):
    return judged(AUTHORITY.issue("a.example", *addresses, **more))


def stapling(listed: str = LISTED) -> Stapling:
    return Stapling(responders(listed))


@pytest.mark.parametrize(
    "address",
    [
        *("http://ocsp.example", "http://ocsp.example/", "http://OCSP.example:80/a/b?c=%20", "HTTP://ocsp.example"),
        *("http://r3.o.example", "http://a.b.o.example/", "http://8.8.8.8/", "http://inside:8080"),
        *("http://[2001:db8:0::9]:8080/", "http://[2001:0db8::0009]:8080"),
    ],
)
def test_a_certificate_of_a_listed_responder_is_stapled(address):
    assert stapling().staples(naming(address))
    assert stapling().fault(naming(address)) is None


@pytest.mark.parametrize(
    "address",
    [
        *("http://other.example", "http://o.example", "http://xo.example", "http://ocsp.example.evil.example"),
        *("http://ocsp.example:22/", "http://8.8.8.8:8080/", "http://inside", "http://[2001:db8::9]", "http://8.8.8.9"),
        *("http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.0.0.1/", "http://010.8.8.8/"),
        *(
            "http://[::ffff:8.8.8.8]/",
            "http://[::1]/",
            "http://0.0.0.0/",
            "http://169.254.169.254/latest",
            "http://[]/",
        ),
        *("http://evil.example@ocsp.example/", "http://ocsp.example@127.0.0.1/", "http://ocsp.example#@127.0.0.1/"),
        *("https://ocsp.example/", "ftp://ocsp.example/", "//ocsp.example", "ocsp.example", "", "unix@/run/x.sock"),
        *("http://ocsp.example/ x", "http://ocsp.example/\r\nX: y", "http://ocsp.example\0/", "http://ocsp.example/\n"),
        *("http://*.o.example/", "http://ocsp.example:0/", "http://ocsp.example:80:80/", "http://ocsp.example:65536/"),
        *(
            "http://ocsp.example?x",
            "http://ocsp.example./",
            "http://.o.example/",
            "http://" + "a" * 400 + ".o.example/",
        ),
        *("http://ocsp.example/" + "a" * 600, "ldap://ocsp.example/", "http:ocsp.example", "http:///ocsp.example"),
    ],
)
def test_no_other_address_is_ever_asked_and_the_problem_says_which(address):
    found = naming(address)
    fault = stapling().fault(found)

    assert not stapling().staples(found)
    assert fault is not None
    assert fault.reason is Reason.NOT_ALLOWED
    assert fault.said.isprintable()


def test_who_names_a_stranger_beside_a_listed_responder_is_not_stapled():
    assert not stapling().staples(naming("http://ocsp.example/", "http://127.0.0.1/"))


def test_a_certificate_without_its_issuer_is_served_without_an_answer():
    found = naming("http://ocsp.example", has_issuer=False)
    fault = stapling().fault(found)

    assert not stapling().staples(found)
    assert fault is not None
    assert "issued" in fault.said


@pytest.mark.parametrize(
    "identifier",
    [
        x509.AuthorityKeyIdentifier(b"of another key", None, None),
        x509.AuthorityKeyIdentifier(None, [x509.DNSName("authority")], 7),
    ],
)
def test_an_issuer_that_openssl_would_not_take_for_one_is_none(identifier):
    public = x509.SubjectKeyIdentifier.from_public_key(AUTHORITY.key.public_key())
    authority = Authority(public)
    made = judged(authority.issue("a.example", "http://ocsp.example", more=(identifier,)))

    assert stapling().staples(judged(authority.issue("a.example", "http://ocsp.example")))
    assert not stapling().staples(made)


def test_who_names_no_responder_has_nothing_wrong():
    for found in (judged(pair("a.example")), naming(), naming(has_issuer=False)):
        assert not stapling().staples(found)
        assert stapling().fault(found) is None


def test_without_a_list_nobody_is_asked_and_nothing_is_wrong():
    found = naming("http://127.0.0.1/")

    assert not OFF.staples(found)
    assert OFF.fault(found) is None


@pytest.mark.parametrize(
    ("version", "is_one"),
    [
        *[((2, 6, 12), False), ((2, 8, 24), False), ((2, 8, 25), True), ((2, 9, 99), False), ((3, 0, 11), False)],
        *[((3, 2, 25), False), ((3, 2, 26), True), ((3, 3, 99), False), ((3, 4, 6), False), ((3, 4, 7), True)],
        *[((3, 5, 0), True), ((3, 10), True), ((2, 8), False)],
    ],
)
def test_only_versions_that_were_seen_to_do_it_without_faults_do_it(version, is_one):
    options = ((OCSP_RESPONDERS.name, responders(LISTED)),)
    found, hindrance = stapling_of(options, Policy(haproxy=version))

    assert is_sound(version) == is_one
    assert found.is_on == is_one
    assert bool(hindrance) != is_one


def test_nothing_is_stapled_by_a_haproxy_whose_version_nobody_knows():
    options = ((OCSP_RESPONDERS.name, responders(LISTED)),)
    beside, hindrance = stapling_of(options, Policy(haproxy=(3, 4, 7), is_beside=True))

    assert stapling_of(options, Policy()) == (OFF, "")
    assert stapling_of((), Policy(haproxy=(3, 4, 7))) == (OFF, "")
    assert beside == OFF
    assert "beside hadyn" in hindrance


def test_the_list_is_read_in_one_spelling():
    assert responders("OCSP.Example, *.o.example:8080,10.0.0.9,[FD00:0::9]:81") == (
        *("ocsp.example:80", "*.o.example:8080", "10.0.0.9:80", "[fd00::9]:81"),
    )


@pytest.mark.parametrize(
    "text",
    [
        *("", ",", "a,,b", "*", "*.", "a.*.example", "http://a", "a/8", "10.0.0.0/8", "127.1", "0x7f.1", "1.2.3.4.5"),
        *("a:0", "a:65536", "a:080", "a b", "[::1", "::1", "a.1", "-a", "a-", "ä.example", "a\n", "[fe80::1%eth0]"),
        ",".join(["a.example"] * 101),
    ],
)
def test_what_is_no_list_of_servers_is_refused(text):
    with pytest.raises(ValueError):
        responders(text)
