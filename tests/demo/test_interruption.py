"""What is begun is never without an owner when Ctrl-C comes."""

import signal

import pytest

from hadyn.demo.interruption import interrupt, uninterrupted


@pytest.fixture(autouse=True)
def _handlers():
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, interrupt)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_what_is_begun_has_an_owner(sent):
    begun = []

    def begin():
        with uninterrupted():
            signal.raise_signal(sent)
            begun.append("a folder")

    with pytest.raises(KeyboardInterrupt):
        begin()
    assert begun == ["a folder"]


def test_afterwards_signals_do_what_they_did_before():
    with uninterrupted():
        pass
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_signal_that_is_ignored_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with uninterrupted():
        signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
