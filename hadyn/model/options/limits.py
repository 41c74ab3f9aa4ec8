"""Options: how much one client may ask for.

Rules: counters stand in tables of hadyn's own, one for each period, since a backend has but one table,
which persistence may need. An entry is a digest of backend, Ingress and client, so no
limit counts for another. A reload starts counting anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hadyn.model.directives import Directive
from hadyn.model.networks import Networks
from hadyn.model.options.headers import header_name
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, of_haproxy_ingress
from hadyn.model.options.parsers import integer, one_of
from hadyn.model.options.sources import networks, only_from

MOST_NETWORKS = 1000
MOST_REQUESTS = 1_000_000
CONNECTIONS = "_connections"
SOURCE = "src"
_HEADER = "header:"


class Period(StrEnum):
    """Over which time requests are counted; each has its table."""

    SECOND = "1s"
    TEN_SECONDS = "10s"
    MINUTE = "1m"
    TEN_MINUTES = "10m"
    HOUR = "1h"

    @property
    def table(self) -> str:
        """The backend whose table counts over this period."""
        return f"_rate_{self}"


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in a period; in the one that is asked for elsewhere, if None."""

    requests: int
    period: Period | None = None


_requests = integer(1, MOST_REQUESTS)


def rate(text: str) -> Rate:
    """A number of requests in the period that rate-limit-period says."""
    return Rate(_requests(text))


def rate_per_minute(text: str) -> Rate:
    """A number of requests in a minute."""
    return Rate(_requests(text), Period.MINUTE)


def limit_key(text: str) -> str:
    """``src``, or ``header:`` with the name of a header."""
    if text != SOURCE:
        if not text.startswith(_HEADER):
            raise ValueError(text)
        header_name(text.removeprefix(_HEADER))
    return text


def spared_networks(text: str) -> Networks:
    """Networks, not so many that each request would look through them for long."""
    found = networks(text)
    if len(found) > MOST_NETWORKS:
        raise ValueError(text)
    return found


def refusal_status(text: str) -> int:
    """A status of refusal that clients understand."""
    if text not in ("403", "429", "503"):
        raise ValueError(text)
    return int(text)


_SPARED = ("{", "var(txn.spared)", "-m", "found", "}")
_NOT_SPARED = ("!{", *_SPARED[1:])
_CLIENT = "var(txn.route),field(1,|),concat(|,txn.ingress,|),concat(,txn.client,),sha1"


def _who(chosen: Chosen) -> tuple[Directive, ...]:
    """Note who the client is, and whether it is spared."""
    key = chosen.value(RATE_LIMIT_KEY) or SOURCE
    spared = Directive("http-request", "set-var(txn.spared)", "bool(true)")
    client = [Directive("http-request", "set-var(txn.client)", SOURCE)]
    if key != SOURCE:
        fetch = f"req.fhdr({key.removeprefix(_HEADER)})"
        client.append(
            Directive("http-request", "set-var(txn.client)", fetch).only_if("{", fetch, "-m", "len", "gt", "0", "}")
        )
    return (*only_from(chosen.value(RATE_LIMIT_ALLOW) or (), spared), *client)


def _rate_lines(limit: Rate, chosen: Chosen) -> tuple[Directive, ...]:
    period = limit.period or chosen.value(RATE_LIMIT_PERIOD) or Period.SECOND
    counted = Directive("http-request", "track-sc0", _CLIENT, "table", period.table).only_if(*_NOT_SPARED)
    refusal = Directive("http-request", "deny", "deny_status", str(chosen.value(RATE_LIMIT_STATUS)))
    return (
        *_who(chosen),
        counted,
        refusal.only_if("{", "sc_http_req_rate(0)", "gt", str(limit.requests), "}"),
    )


def _connection_lines(most: int, chosen: Chosen) -> tuple[Directive, ...]:
    counted = Directive("http-request", "track-sc1", _CLIENT, "table", CONNECTIONS).only_if(*_NOT_SPARED)
    refusal = Directive("http-request", "deny", "deny_status", str(chosen.value(RATE_LIMIT_STATUS)))
    return (*_who(chosen), counted, refusal.only_if("{", "sc_conn_cur(1)", "gt", str(most), "}"))


RATE_LIMIT_REQUESTS: Option[Rate] = Option(
    name="rate-limit-requests",
    scope=EVERYWHERE,
    parse=rate,
    accepted="a whole number from 1 to 1000000",
    default=None,
    default_text="unlimited",
    sentence="A client that asks more often than so in the period gets a 429.",
    example="100",
    effect=Effect.RELOAD,
    aliases=(
        "haproxy.org/rate-limit-requests",
        *of_haproxy_ingress("limit-rps"),
        "nginx.ingress.kubernetes.io/limit-rps",
        Alias("nginx.ingress.kubernetes.io/limit-rpm", rate_per_minute, "a whole number from 1 to 1000000", "300"),
    ),
    directives=_rate_lines,
    per_route=True,
)

RATE_LIMIT_PERIOD: Option[Period] = Option(
    name="rate-limit-period",
    scope=EVERYWHERE,
    parse=one_of(Period),
    accepted="1s, 10s, 1m, 10m or 1h",
    default=Period.SECOND,
    default_text="1s",
    sentence="The time over which rate-limit-requests counts.",
    example="1m",
    effect=Effect.RELOAD,
    aliases=("haproxy.org/rate-limit-period",),
    per_route=True,
)

RATE_LIMIT_KEY: Option[str] = Option(
    name="rate-limit-key",
    scope=EVERYWHERE,
    parse=limit_key,
    accepted="src (the client's address) or header:NAME",
    default=SOURCE,
    default_text="src",
    sentence="What tells one client from another; without that header it is the address.",
    example="header:X-Api-Key",
    effect=Effect.RELOAD,
    per_route=True,
)

RATE_LIMIT_STATUS: Option[int] = Option(
    name="rate-limit-status-code",
    scope=EVERYWHERE,
    parse=refusal_status,
    accepted="403, 429 or 503",
    default=429,
    default_text="429",
    sentence="The status of an answer to a client that asks too often, or too much at once.",
    example="503",
    effect=Effect.RELOAD,
    aliases=("haproxy.org/rate-limit-status-code",),
    per_route=True,
)

RATE_LIMIT_ALLOW: Option[Networks] = Option(
    name="rate-limit-allow-source-range",
    scope=EVERYWHERE,
    parse=spared_networks,
    accepted="up to 1000 addresses or networks with commas, blanks or line ends between them",
    default=None,
    default_text="nobody",
    sentence="Networks for which no limit counts.",
    example="10.0.0.0/8",
    effect=Effect.RELOAD,
    aliases=(
        "haproxy.org/rate-limit-whitelist",
        *of_haproxy_ingress("limit-whitelist"),
        "nginx.ingress.kubernetes.io/limit-whitelist",
    ),
    per_route=True,
)

LIMIT_CONNECTIONS: Option[int] = Option(
    name="limit-connections",
    scope=EVERYWHERE,
    parse=_requests,
    accepted="a whole number from 1 to 1000000",
    default=None,
    default_text="unlimited",
    sentence="A client that has so many requests under way gets a 429 for one more.",
    example="20",
    effect=Effect.RELOAD,
    aliases=(
        *of_haproxy_ingress("limit-connections"),
        "nginx.ingress.kubernetes.io/limit-connections",
    ),
    directives=_connection_lines,
    per_route=True,
)
