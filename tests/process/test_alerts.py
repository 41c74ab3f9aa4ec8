"""What five versions of HAProxy said, read as alerts."""

import pytest

from hadyn.errors import ConfigurationAlert
from hadyn.process.alerts import alerts_in, concerns_configuration, first_words, refusal

UNKNOWN_KEYWORD = """\
[NOTICE]   (11772) : haproxy version is 2.8.25-5cf5d0683
[NOTICE]   (11772) : path to executable is /usr/sbin/haproxy
[ALERT]    (11772) : config : parsing [/run/hadyn/backends/000.cfg:4] : unknown keyword 'nonsense' in 'backend' section
[ALERT]    (11772) : config : Error(s) found in configuration file : /run/hadyn/backends/000.cfg
[ALERT]    (11772) : config : Fatal errors found in configuration.
"""
SOCKET_TOO_LONG = """\
[ALERT]    (12106) : config : parsing [/l.cfg:2] : parsing [/l.cfg:2] : 'stats socket' : socket path '/x' too long (max 97)
"""
CANNOT_BIND = """\
[ALERT]    (9) : Binding [/run/hadyn/haproxy.cfg:12] for frontend _http: cannot bind socket (Address already in use) \
for [127.0.0.1:80]
[ALERT]    (9) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.
"""
WITHOUT_PLACE = "[ALERT]    (7) : config : backend 'web': unable to find required use_backend: 'x'.\n"
ONLY_WARNINGS = "[WARNING]  (7) : config : missing timeouts for backend 'web'.\nConfiguration file is valid\n"


def test_an_alert_of_the_parser_names_file_line_and_words() -> None:
    assert alerts_in(UNKNOWN_KEYWORD) == (
        ConfigurationAlert("/run/hadyn/backends/000.cfg", 4, "unknown keyword 'nonsense' in 'backend' section"),
    )


def test_a_place_that_is_said_twice_is_read_once() -> None:
    assert alerts_in(SOCKET_TOO_LONG) == (
        ConfigurationAlert("/l.cfg", 2, "'stats socket' : socket path '/x' too long (max 97)"),
    )


def test_an_alert_without_a_place_keeps_its_words() -> None:
    assert alerts_in(WITHOUT_PLACE) == (
        ConfigurationAlert("", 0, "backend 'web': unable to find required use_backend: 'x'."),
    )


def test_warnings_are_no_alerts() -> None:
    assert alerts_in(ONLY_WARNINGS) == ()


@pytest.mark.parametrize(("said", "is_so"), [(UNKNOWN_KEYWORD, True), (WITHOUT_PLACE, True), (CANNOT_BIND, False)])
def test_a_taken_port_is_told_from_a_refused_configuration(said: str, is_so: bool) -> None:
    assert concerns_configuration(said) is is_so


def test_a_refusal_tells_the_first_place_and_how_many_more() -> None:
    failure = refusal(UNKNOWN_KEYWORD * 3, alerts_in(UNKNOWN_KEYWORD * 3))
    assert failure.happened == (
        "HAProxy refuses the configuration: /run/hadyn/backends/000.cfg:4: "
        "unknown keyword 'nonsense' in 'backend' section (and 2 more alerts)"
    )
    assert len(failure.alerts) == 3


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (UNKNOWN_KEYWORD, "unknown keyword 'nonsense' in 'backend' section"),
        ("usage : haproxy [-f <cfgfile|cfgdir>]*\n\nSegmentation fault\n", "Segmentation fault"),
        ("", "it said nothing"),
    ],
)
def test_there_is_always_something_to_tell_people(said: str, words: str) -> None:
    assert first_words(said) == words
