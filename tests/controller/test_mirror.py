"""Map entries by host."""

from __future__ import annotations

from hadyn.controller.mirror import MapMirror
from hadyn.model.desired import MapName
from hadyn.planner.commands import AddMapEntry, DeleteMapEntry, SetMapEntry

HOST = (MapName.HOSTS, "a.example")
PATH = (MapName.PREFIX, "a.example/shop/")
OTHER = (MapName.PREFIX, "*.b.example/")


def mirror():
    return MapMirror.of([(HOST, "x"), (PATH, "web"), (OTHER, "api")])


def test_entries_of_all_maps_are_found_by_their_host():
    assert mirror().of_host("a.example") == {HOST: "x", PATH: "web"}
    assert mirror().hosts() == {"a.example", "*.b.example"}


def test_a_mirror_follows_the_commands_that_haproxy_was_told():
    told = mirror()
    told.tell(AddMapEntry(MapName.EXACT, "a.example/shop", "api"))
    told.tell(SetMapEntry(*PATH, "api"))
    told.tell(DeleteMapEntry(*OTHER))
    assert dict(told.items()) == {HOST: "x", PATH: "api", (MapName.EXACT, "a.example/shop"): "api"}


def test_a_mirror_like_another_shares_what_is_the_same_and_changes_on_its_own():
    first = mirror()
    second = MapMirror.of([(HOST, "x"), (PATH, "web"), (OTHER, "other")], like=first)
    assert second.of_host("a.example") is first.of_host("a.example")
    assert second.of_host("*.b.example") == {OTHER: "other"}
    second.tell(DeleteMapEntry(*PATH))
    assert first.of_host("a.example") == {HOST: "x", PATH: "web"}


def test_a_copy_changes_on_its_own():
    first = mirror()
    copied = first.copy()
    copied.tell(DeleteMapEntry(*PATH))
    assert first.of_host("a.example") == {HOST: "x", PATH: "web"}


def test_the_hosts_that_lead_to_a_backend_are_found():
    assert mirror().hosts_leading_to("api") == {"*.b.example"}
