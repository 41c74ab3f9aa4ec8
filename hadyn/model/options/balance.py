"""Options: which pod gets a request.

Rule: whatever is chosen by a hash is chosen by a consistent one. The other kind is a table of
all slots that HAProxy makes once: no weight can change then, so no slot could drain.
haproxy-facts.md#static-algorithms-refuse-weights haproxy-facts.md#consistent-hashes
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hadyn.model.directives import Directive
from hadyn.model.options.option import EVERYWHERE, Alias, Chosen, Effect, Option, Section, of_haproxy_ingress
from hadyn.model.options.parsers import integer

HASHES = frozenset({"source", "uri", "hdr", "url_param"})
_PLAIN = re.compile(r"roundrobin|leastconn|first|source|random|uri(?: whole)?")
_RANDOM = re.compile(r"random\(([1-9][0-9]?)\)")
_HEADER = re.compile(r"hdr\([A-Za-z0-9_-]{1,64}\)")
_PARAMETER = re.compile(r"url_param [A-Za-z0-9_.-]{1,64}")
_NGINX_VARIABLE = re.compile(r"\$(?:\{([a-z0-9_]{1,64})\}|([a-z0-9_]{1,64}))")
_NGINX_PLAIN = {
    "request_uri": "uri whole",
    "uri": "uri",
    "remote_addr": "source",
    "binary_remote_addr": "source",
    "host": "hdr(host)",
}
_NGINX_ALGORITHMS = {"round_robin": "roundrobin", "least_conn": "leastconn", "ip_hash": "source"}


@dataclass(frozen=True, slots=True)
class Balance:
    """An algorithm as HAProxy spells it: ("uri", "whole")."""

    words: tuple[str, ...]

    @property
    def is_hash(self) -> bool:
        return self.words[0].partition("(")[0] in HASHES

    @property
    def is_random(self) -> bool:
        return self.words[0].startswith("random")


def balance(text: str) -> Balance:
    """One of HAProxy's algorithms that can be changed while it runs."""
    if not any(pattern.fullmatch(text) for pattern in (_PLAIN, _RANDOM, _HEADER, _PARAMETER)):
        raise ValueError(text)
    return Balance(tuple(text.split(" ")))


def _nginx_algorithm(text: str) -> Balance:
    if text not in _NGINX_ALGORITHMS:
        raise ValueError(text)
    return balance(_NGINX_ALGORITHMS[text])


def _nginx_variable(text: str) -> Balance:
    """One variable of nginx: a part of the request that HAProxy hashes, too."""
    found = _NGINX_VARIABLE.fullmatch(text)
    name = (found[1] or found[2]) if found else ""
    kind, _, rest = name.partition("_")
    if name in _NGINX_PLAIN:
        return balance(_NGINX_PLAIN[name])
    if kind == "http" and rest:
        return balance(f"hdr({rest.replace('_', '-')})")
    if kind == "arg" and rest:
        return balance(f"url_param {rest}")
    raise ValueError(text)


def _balance_lines(value: Balance, _chosen: Chosen) -> tuple[Directive, ...]:
    line = Directive("balance", *value.words)
    return (line, Directive("hash-type", "consistent")) if value.is_hash else (line,)


def _factor_lines(percent: int, chosen: Chosen) -> tuple[Directive, ...]:
    algorithm = chosen.value(LOAD_BALANCE)
    if algorithm is None or not (algorithm.is_hash or algorithm.is_random):
        return ()
    return (Directive("hash-balance-factor", str(percent)),)


LOAD_BALANCE: Option[Balance] = Option(
    name="load-balance",
    scope=EVERYWHERE,
    parse=balance,
    accepted="roundrobin, leastconn, first, random, random(N), source, uri, uri whole, hdr(NAME) or url_param NAME",
    default=None,
    default_text="roundrobin",
    sentence=(
        "How the pod for a request is chosen; source (the client's address), uri, hdr and url_param are hashed, so that the "
        "same value meets the same pod as long as that pod is there."
    ),
    example="leastconn",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "nginx.ingress.kubernetes.io/load-balance",
            _nginx_algorithm,
            "round_robin, least_conn or ip_hash (HAProxy has no ewma; leastconn is close)",
            "round_robin",
        ),
        Alias(
            "nginx.ingress.kubernetes.io/upstream-hash-by",
            _nginx_variable,
            "one of $request_uri, $uri, $remote_addr, $binary_remote_addr, $host, $http_NAME or $arg_NAME",
            "$request_uri",
        ),
        *of_haproxy_ingress("balance-algorithm"),
        "haproxy.org/load-balance",
    ),
    directives=_balance_lines,
    main=Section.DEFAULTS,
)

HASH_BALANCE_FACTOR: Option[int] = Option(
    name="hash-balance-factor",
    scope=EVERYWHERE,
    parse=integer(101, 10_000),
    accepted="a whole number from 101 to 10000",
    default=None,
    default_text="no bound",
    sentence=(
        "With a hash or random as load-balance: no pod gets more than so many percent of the average; what is beyond goes to "
        "the next pod."
    ),
    example="150",
    effect=Effect.RELOAD,
    directives=_factor_lines,
    main=Section.DEFAULTS,
)
