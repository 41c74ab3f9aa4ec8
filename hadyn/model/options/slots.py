"""Options: how many slots a backend gets, how long each waits for those whose pod left."""

from __future__ import annotations

from hadyn.model.options.option import EVERYWHERE, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import boolean, duration, integer

MOST_SLOTS = 10_000
"""HAProxy takes 5.7 kB a slot and worker: this is 57 MB for one backend. haproxy-facts.md#slot-memory"""

SLOTS: Option[int] = Option(
    name="slots",
    scope=EVERYWHERE,
    parse=integer(1, MOST_SLOTS),
    accepted="a whole number from 1 to 10000",
    default=None,
    default_text="what --slots says",
    sentence="Slots the backend starts with.",
    example="20",
    effect=Effect.WHEN_GROWING,
    aliases=("haproxy.org/scale-server-slots",),
)

SLOTS_MIN_FREE: Option[int] = Option(
    name="slots-min-free",
    scope=EVERYWHERE,
    parse=integer(0, MOST_SLOTS),
    accepted="a whole number from 0 to 10000",
    default=None,
    default_text="2",
    sentence="At least so many slots are free after the backend had to grow.",
    example="5",
    effect=Effect.WHEN_GROWING,
    aliases=of_haproxy_ingress("slots-min-free"),
)

SLOTS_INCREMENT: Option[int] = Option(
    name="slots-increment",
    scope=EVERYWHERE,
    parse=integer(1, MOST_SLOTS),
    accepted="a whole number from 1 to 10000",
    default=None,
    default_text="10",
    sentence="A backend grows by a multiple of it, and at least doubles.",
    example="50",
    effect=Effect.WHEN_GROWING,
    aliases=(*of_haproxy_ingress("backend-server-slots-increment"),),
)

SLOTS_MAX: Option[int] = Option(
    name="slots-max",
    scope=EVERYWHERE,
    parse=integer(1, MOST_SLOTS),
    accepted="a whole number from 1 to 10000",
    default=None,
    default_text="1000",
    sentence="The backend never has more slots; endpoints beyond them get no requests, which is a problem named here.",
    example="200",
    effect=Effect.WHEN_GROWING,
)

DRAIN_TIME: Option[int] = Option(
    name="drain-time",
    scope=EVERYWHERE,
    parse=duration(1_000, 86_400_000),
    accepted="a time from 1s to 24h, as in 30s or 5m",
    default=None,
    default_text="what --drain-time says",
    sentence="How long a slot that its pod left waits for its last session before another pod may have it, unless no other slot is free.",
    example="30m",
    effect=Effect.LIVE,
)

SLOT_NAMES: Option[bool] = Option(
    name="slot-names",
    scope=EVERYWHERE,
    parse=boolean,
    accepted='"true" or "false"',
    default=False,
    default_text='"false"',
    sentence="The pods of a StatefulSet keep their slots: web-0 has the first, and whoever replaces it comes back there.",
    example="true",
    effect=Effect.LIVE,
)
