"""Options: how fast one answer is sent.

Rule: HAProxy shapes each answer by itself, in steps of a second; it has the filter from 2.7 on.
"""

from __future__ import annotations

import re

from hadyn.model.directives import Directive
from hadyn.model.options.bodies import COMPRESSION
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option
from hadyn.model.options.parsers import integer

SINCE = (2, 7)
MOST_KILOBYTES = 1 << 30
_FILTER = "rate"
_SIZE = re.compile(r"([1-9][0-9]{0,8})([kmg]?)")
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_ACCEPTED = "bytes with or without k, m or g (of 1024), at most 1g"
_NGINX = "nginx.ingress.kubernetes.io/"
_kilobytes = integer(1, MOST_KILOBYTES >> 10)


def rate(text: str) -> int:
    """Bytes, with or without a unit of 1024; HAProxy counts them in 32 bits."""
    found = _SIZE.fullmatch(text)
    if found is None or int(found[1]) * _FACTORS[found[2]] > MOST_KILOBYTES:
        raise ValueError(text)
    return int(found[1]) * _FACTORS[found[2]]


def in_kilobytes(text: str) -> int:
    """A number of kilobytes without unit, as ingress-nginx writes it."""
    return _kilobytes(text) << 10


def _lines(most: int, chosen: Chosen) -> tuple[Directive, ...]:
    """Shape answers; those not longer than limit-rate-after are left alone, where they say how long they are."""
    shaped = Directive("http-response", "set-bandwidth-limit", _FILTER)
    after = chosen.value(LIMIT_RATE_AFTER)
    length = "res.hdr(content-length)"
    shaping = (
        (shaped,)
        if after is None
        else (
            shaped.only_if("{", length, "-m", "int", "gt", str(after), "}"),
            shaped.only_if("!{", length, "-m", "found", "}"),
        )
    )
    # Once a backend names one filter, HAProxy wants to be told of compression, too; what is sent counts.
    before = (Directive("filter", "compression"),) if chosen.value(COMPRESSION) else ()
    return (
        *before,
        Directive("filter", "bwlim-out", _FILTER, "default-limit", str(most), "default-period", "1s"),
        *shaping,
    )


LIMIT_RATE: Option[int] = Option(
    name="limit-rate",
    scope=EVERYWHERE,
    parse=rate,
    accepted=_ACCEPTED,
    default=None,
    default_text="as fast as it goes",
    sentence="So many bytes of one answer are sent in a second (from HAProxy 2.7 on).",
    example="500k",
    effect=Effect.RELOAD,
    aliases=(Alias(_NGINX + "limit-rate", in_kilobytes, "kilobytes from 1 to 1048576", "500"),),
    directives=_lines,
    since=SINCE,
)

LIMIT_RATE_AFTER: Option[int] = Option(
    name="limit-rate-after",
    scope=EVERYWHERE,
    parse=rate,
    accepted=_ACCEPTED,
    default=None,
    default_text="all answers are limited",
    sentence="Answers that say they are not longer than this are not limited by limit-rate.",
    example="1m",
    effect=Effect.RELOAD,
    aliases=(Alias(_NGINX + "limit-rate-after", in_kilobytes, "kilobytes from 1 to 1048576", "1024"),),
)
