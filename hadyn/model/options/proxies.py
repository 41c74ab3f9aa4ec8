"""Options: proxies in front of HAProxy, whose word on the client's address counts.

Rule: nobody is believed but those networks, and of a list of addresses the last alone,
which is what the trusted proxy itself saw.
"""

from __future__ import annotations

from hadyn.model.directives import Directive
from hadyn.model.networks import Networks
from hadyn.model.options.headers import header_name
from hadyn.model.options.limits import spared_networks
from hadyn.model.options.option import OPERATOR, Chosen, Effect, Option, Section

_IN_ONE_LINE = 40


def _source(header: str, chosen: Chosen) -> tuple[Directive, ...]:
    trusted = chosen.value(REAL_IP_NETWORKS) or ()
    groups = [trusted[start : start + _IN_ONE_LINE] for start in range(0, len(trusted), _IN_ONE_LINE)]
    # The first line that changed the source would decide the next one's question.
    marked = Directive("http-request", "set-var(txn.is_trusted)", "bool(true)")
    marks = (marked.only_if("{", "src", *group, "}") for group in groups)
    taken = Directive("http-request", "set-src", f"req.hdr_ip({header},-1)")
    is_said = ("{", "var(txn.is_trusted)", "-m", "found", "}", "{", f"req.hdr_ip({header},-1)", "-m", "found", "}")
    return (*marks, taken.only_if(*is_said)) if groups else ()


REAL_IP_HEADER: Option[str] = Option(
    name="real-ip-header",
    scope=OPERATOR,
    parse=header_name,
    accepted="the name of a header",
    default=None,
    default_text="the address that the connection comes from",
    sentence="The header in which the proxies of real-ip-networks say the client's address, for all that asks for it.",
    example="X-Forwarded-For",
    effect=Effect.RELOAD,
    aliases=("haproxy.org/src-ip-header",),
    directives=_source,
    main=Section.FRONTEND,
)

REAL_IP_NETWORKS: Option[Networks] = Option(
    name="real-ip-networks",
    scope=OPERATOR,
    parse=spared_networks,
    accepted="up to 1000 addresses or networks with commas, blanks or line ends between them",
    default=(),
    default_text="none, so that real-ip-header counts for nothing",
    sentence="The networks of the proxies in front, whose real-ip-header is believed.",
    example="10.0.0.0/8",
    effect=Effect.RELOAD,
    main=Section.FRONTEND,
)
