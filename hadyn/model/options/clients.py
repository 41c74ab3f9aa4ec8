"""Options: how long HAProxy waits for clients.

The frontend's, hence one value for all: HAProxy does not know yet whose request it is.
"""

from __future__ import annotations

from hadyn.model.options.option import OPERATOR, Effect, Option, Section
from hadyn.model.options.parsers import duration
from hadyn.model.options.timeouts import ACCEPTED, LONGEST_SECONDS, timeout_line


def _client_timeout(keyword: str, default: str, sentence: str, example: str) -> Option[int]:
    return Option(
        name=f"timeout-{keyword}",
        scope=OPERATOR,
        parse=duration(1, LONGEST_SECONDS * 1000),
        accepted=ACCEPTED,
        default=None,
        default_text=default,
        sentence=sentence,
        example=example,
        effect=Effect.RELOAD,
        directives=timeout_line(keyword),
        main=Section.DEFAULTS,
    )


TIMEOUT_HTTP_REQUEST = _client_timeout(
    "http-request", "10s", "A client has to send its whole head within this time.", "5s"
)
TIMEOUT_HTTP_KEEP_ALIVE = _client_timeout(
    "http-keep-alive",
    "75s",
    "An idle connection is kept so long for the client's next request: longer than a load balancer in front keeps it.",
    "5m",
)
TIMEOUT_CLIENT = _client_timeout(
    "client", "60s", "A client that is silent for so long while it owes bytes, or takes none, has gone.", "2m"
)
TIMEOUT_CLIENT_FIN = _client_timeout(
    "client-fin", "10s", "A connection that the client has closed on its side is kept so long.", "30s"
)
