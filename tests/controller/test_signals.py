import os
import queue
import signal

import pytest

from hadyn.controller.events import EventQueue, Resync, Stop
from hadyn.controller.signals import Signals


class Interrupted(Exception):
    """What an interrupt raises in these tests."""


@pytest.fixture
def events() -> EventQueue:
    return queue.SimpleQueue()


def interrupt():
    raise Interrupted


def heard(events, number):
    os.kill(os.getpid(), number)
    return events.get(timeout=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_comes_as_an_event(events, number):
    with Signals(events, lambda: None):
        assert heard(events, number) == Stop()


def test_a_signal_to_compare_everything_comes_as_an_event_and_interrupts_nobody(events):
    with Signals(events, interrupt):
        assert heard(events, signal.SIGHUP) == Resync()


def test_a_signal_to_end_interrupts_who_waits_elsewhere(events):
    with Signals(events, interrupt), pytest.raises(Interrupted):
        heard(events, signal.SIGTERM)
    assert events.get(timeout=10) == Stop()


def test_every_signal_is_heard_however_close_to_the_last_look_it_comes(events):
    with Signals(events, lambda: None):
        assert [heard(events, signal.SIGHUP) for _ in range(500)] == [Resync()] * 500


def test_handlers_are_as_before_when_nobody_listens_any_more(events):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGHUP)
    with Signals(events, lambda: None):
        pass
    assert (
        signal.getsignal(signal.SIGTERM),
        signal.getsignal(signal.SIGINT),
        signal.getsignal(signal.SIGHUP),
    ) == before
