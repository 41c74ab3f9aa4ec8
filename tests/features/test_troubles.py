"""HAProxy is refused, lost, taken, or fed by somebody else: the files stay right, and everything is said once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hadyn.controller.events import Judged
from hadyn.errors import ConfigurationRefused, NotHAProxy, ReloadFailed, ReloadUnproven, SocketUnreachable
from hadyn.runtime.fake import Hang, Refuse
from tests.features.full_disk import full_disk
from tests.features.house import House
from tests.given import ingress, service, slice_

WEB = ingress("shop", "web"), service("shop", "web")
API = ingress("shop", "api", path="/api"), service("shop", "api"), slice_("shop", "api", "10.0.1.1")


def web(*ips):
    return slice_("shop", "web", *ips)


@pytest.fixture
def house(folder):
    house = House(folder=folder)
    house.begin(*WEB, web("10.0.0.1", "10.0.0.2"))
    house.sent()
    return house


@pytest.fixture
def sidecar(house):
    """The HAProxy of somebody else, whose files nobody can judge before it loads them."""
    house.door.is_child = house.door.can_judge = False
    return house


def live(house):
    """All that HAProxy would read if it were started now."""
    return {path.name: path.read_bytes() for path in house.folder.backends.glob("*.cfg") if path.read_bytes()}


FAILURES = [
    ConfigurationRefused("no"),
    ReloadFailed("its port is taken"),
    ReloadUnproven("it ended"),
    SocketUnreachable("/master", OSError("gone")),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_what_haproxy_did_not_load_is_not_live(sidecar, failure):
    before = live(sidecar)
    sidecar.door.failures = [failure] * 2
    sidecar.change(*API)
    assert live(sidecar) == before
    for _ in range(2):
        sidecar.wait(6)
    assert sidecar.ready("shop_api_80") == ["10.0.1.1:80"]
    assert sidecar.reloads() == {"NEW_BACKEND": 1}


def test_what_haproxy_had_accepted_stays_live_though_it_then_fell_silent(sidecar):
    sidecar.door.failures = [ReloadUnproven("it ended", is_accepted=True)]
    sidecar.change(*API)
    assert any(b"shop_api_80" in text for text in live(sidecar).values())


def test_after_a_reload_that_nobody_can_vouch_for_everything_is_compared(house):
    house.door.failures = [ReloadUnproven("it ended")]
    house.change(*API)
    house.fake.backends["shop_web_80"]["s1"].admin |= 1
    house.wait(0.1)
    assert not house.wheel.reconciler.is_doubtful
    house.wait(2)
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]
    assert house.ready() == ["10.0.0.1:80", "10.0.0.2:80"]


def test_seats_that_change_while_a_reload_is_refused_stay_as_they_are(sidecar):
    sidecar.door.failures = [ReloadFailed("its port is taken")]
    sidecar.deliver(*API)
    sidecar.change(web("10.0.0.2", "10.0.0.3"))
    assert sorted(sidecar.filed().values()) == ["10.0.0.2:80", "10.0.0.3:80"]


def test_a_haproxy_that_comes_back_with_other_files_is_brought_in_step(sidecar):
    sidecar.crash_haproxy()
    sidecar.change(web("10.0.0.2", "10.0.0.3"))
    sidecar.wait(1)
    assert sidecar.ready() == ["10.0.0.2:80", "10.0.0.3:80"]
    assert sidecar.sent() == []
    sidecar.crash_haproxy()
    sidecar.fake.backends["shop_web_80"]["s1"].admin |= 1
    sidecar.wait(1)
    assert sidecar.ready() == ["10.0.0.2:80", "10.0.0.3:80"]


def test_a_haproxy_that_dies_comes_back_with_everybody_in_their_slots(house):
    house.change(web("10.0.0.2", "10.0.0.9"))
    house.change(web("10.0.0.2", "10.0.0.5", "10.0.0.9"))
    seats = house.seats()
    assert list(seats.values()) != sorted(seats.values())
    house.crash_haproxy()
    house.wait(10)
    assert house.seats() == house.filed() == seats


def test_a_reload_waits_while_too_many_workers_last_and_endpoints_do_not(house, caplog):
    house.door.workers = 5
    house.change(*API)
    house.wait(3)
    house.change(web("10.0.0.3"))
    assert house.ready() == ["10.0.0.3:80"]
    assert house.reloads() == {}
    assert [str(reload.reason) for reload in house.wheel.reloader.pace.pending] == ["NEW_BACKEND"]
    assert caplog.text.count("a reload waits for one of 4 old workers") == 1

    house.door.workers = 4
    house.wait(1)
    assert house.reloads() == {"NEW_BACKEND": 1}


def test_a_runtime_socket_that_nobody_reaches_is_opened_anew_and_nothing_is_lost(house, caplog):
    house.fake.stands = Refuse()
    house.change(web("10.0.0.3"))
    main = house.folder.main_config.read_text()
    house.wait(3)
    assert house.door.reloads == 0
    house.wait(3)
    assert house.door.reloads == 2
    assert "//runtime.sock" in house.door.mains[-2]
    assert house.folder.main_config.read_text() == house.door.mains[-1] == main
    house.fake.stands = None
    house.wait(3)
    assert house.ready() == ["10.0.0.3:80"]
    assert house.reloads() == {"SOCKET_GONE": 2}
    assert caplog.text.count("cannot reach HAProxy") == 1


def test_a_haproxy_that_hangs_keeps_its_socket(house):
    house.fake.stands = Hang()
    house.change(web("10.0.0.3"))
    for _ in range(10):
        house.wait(3)
    assert house.door.reloads == 0


def test_a_stranger_on_the_runtime_socket_is_told_nothing(house):
    house.door.stranger = NotHAProxy("somebody else answers", remedy="none")
    house.wait(3600)
    house.deliver(web("10.0.0.3"))
    house.settle()
    assert house.sent() == []
    house.wait(6)
    assert house.reloads() == {"SOCKET_GONE": 2}
    house.door.stranger = None
    house.wait(3)
    assert house.ready() == ["10.0.0.3:80"]


def test_a_full_disk_holds_up_no_endpoint_and_is_said_once(house, caplog):
    caplog.set_level("INFO")
    with full_disk():
        house.change(web("10.0.0.3"))
        house.change(web("10.0.0.4"))
        house.wait(2)
    assert house.ready() == ["10.0.0.4:80"]
    assert sorted(house.filed().values()) == ["10.0.0.1:80", "10.0.0.2:80"]
    assert caplog.text.count("cannot write") == 1
    house.wait(2)
    assert sorted(house.filed().values()) == ["10.0.0.4:80"]
    assert "all files are written again" in caplog.text


def test_a_haproxy_that_starts_from_files_that_could_not_be_written_is_compared(house):
    with full_disk():
        house.change(web("10.0.0.3"))
        house.crash_haproxy()
        house.wait(1)
        assert house.ready() == ["10.0.0.3:80"]


def test_a_changed_setting_that_could_not_be_written_is_loaded_when_it_can_be(house):
    with full_disk():
        house.change(service("shop", "web", annotations={"hadyn.io/slots": "8"}))
        house.change(*API)
        house.wait(7)
        house.compare_everything()
        assert house.reloads() == {}
    house.wait(7)
    assert len(house.fake.backends["shop_web_80"]) == 8
    assert house.ready("shop_api_80") == ["10.0.1.1:80"]


def test_a_live_file_that_somebody_broke_is_written_again_before_haproxy_judges(house, caplog):
    house.door.dislikes.add("nonsense")
    (path,) = house.folder.backends.glob("*.cfg")
    text = path.read_text()
    path.write_text("nonsense\n")
    house.change(*API)
    assert house.reloads() == {"NEW_BACKEND": 1}
    assert path.read_text() == text
    assert f"somebody else changed {path}" in caplog.text


def test_a_reload_that_was_overtaken_by_a_new_start_is_not_made(house):
    house.deliver(web(*(f"10.0.0.{number}" for number in range(1, 6))))
    house.wheel.turn(house._queued())
    house.door.handle.ended.set()
    happened = [house.events.get(timeout=10), house.events.get(timeout=10)]
    ended, judged = sorted(happened, key=lambda event: isinstance(event, Judged))
    house.wheel.turn([ended])
    house.clock.now += 1
    house.wheel.turn([])
    house.wheel.turn([judged])
    assert len(house.ready()) == 5
    assert house.reloads() == {}


def test_the_wall_clock_may_jump_as_it_likes(house):
    jumps = iter(range(1, 1000))

    def wall_clock():
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=400 * (-1) ** next(jumps))

    house.wheel.wall_clock = house.wheel.reloader.past.wall_clock = wall_clock
    house.change(web("10.0.0.3"))
    house.change(*API)
    house.wait(2)
    assert house.ready() == ["10.0.0.3:80"]
    assert house.reloads() == {"NEW_BACKEND": 1}
    house.sent()
    house.wait(3600)
    assert house.sent() == []
