"""Spell the frontend: where HAProxy listens, what it refuses, how a request finds its backend.

Rule: hosts and paths of users stand in maps, never in these lines, so a route comes and
goes without a reload. haproxy-facts.md#maps-route
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hadyn.model.addresses import Address
from hadyn.model.desired import ANY_HOST, DEFAULT_KEY, UNAVAILABLE
from hadyn.model.extras import NONE, Extra, Extras
from hadyn.model.names import DEFAULTS
from hadyn.model.options.asking import asking_conditions
from hadyn.model.options.client_certificates import LOOKALIKES
from hadyn.model.options.header_matches import match_conditions, match_rules
from hadyn.model.options.listening import TLS_ALPN
from hadyn.model.options.option import Section
from hadyn.model.options.proxies import FORWARDED_HEADERS, keeps_forwarded
from hadyn.model.options.routing import Said, field_rules
from hadyn.render.expressions import expression_conditions, expression_rules, host_rules
from hadyn.render.main_lines import main_lines
from hadyn.render.passthrough import asks_for_header, passthrough_map
from hadyn.render.tls import INSIDE, TlsSettings, tls_listeners

FRONTEND = "_http"
"""Begins with ``_`` as hadyn's own names do: a backend of the same name would be fatal from 3.3 on."""


def frontend_section(
    binds: tuple[Address, ...],
    tls: TlsSettings | None = None,
    *,
    maps: str,
    said: Said,
    extras: Extras = NONE,
) -> str:
    """Return the frontend's section; ``maps`` is the folder of the map files, ``said`` the operator's word."""
    listeners = "".join(f"    bind {listener(address)}\n" for address in binds)
    asks = Extra.CLIENTS in extras
    if tls:
        listeners += tls_listeners(tls, listener, said.value(TLS_ALPN), asks_for_certificates=asks)
    # HAProxy shall know the maps before there is an entry in them.
    listeners += f"    acl passes_tls req.fhdr(host),map_str({passthrough_map(maps)}) -m found\n"
    listeners += _indented((*expression_conditions(maps), *asking_conditions(maps), *match_conditions(maps)))
    operators = "".join(f"    {line}\n" for line in _operators_lines(said, tls))
    forwarded = _indented(main_lines(Section.FORWARDED, said)) or SAID_AFRESH
    knows_of_tls = tls is not None or keeps_forwarded(said.value(FORWARDED_HEADERS), said)
    routing = routing_rules(maps, speaks_tls=knows_of_tls, extras=extras)
    # Only HAProxy says what certificate a client has, whichever route it takes.
    forwarded += _indented((Extra.CLIENTS.mark, f"http-request del-header {LOOKALIKES} -m reg")) if asks else ""
    return f"frontend {FRONTEND} from {DEFAULTS}\n{listeners}{operators}{ADMISSION_RULES}{forwarded}{SAID_AFRESH_ALWAYS}{routing}"


def _operators_lines(said: Said, tls: TlsSettings | None) -> Iterator[str]:
    # HAProxy asks connections first wherever it is written, and warns where it is not written first.
    for line in sorted(
        main_lines(Section.FRONTEND, said), key=lambda line: not line.startswith(("# ", "tcp-request "))
    ):
        # What comes through the frontend in front has lost the header of a balancer already.
        is_read_before = tls is not None and tls.passes_on and asks_for_header(line)
        yield f"{line} !{{ so_id {INSIDE} }}" if is_read_before else line


def _indented(lines: Iterable[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def listener(address: Address) -> str:
    """Spell an address to listen on: ``[::]`` takes IPv4 too, which else depends on the kernel's settings."""
    return f"{address} v4v6" if address.ip == "::" else str(address)


ADMISSION_RULES = r"""
    # a path with .. would be routed by one prefix and answered by another: refused in every spelling
    acl begins path -m beg /
    acl has_dots path -m sub ..
    acl climbs path -m reg '[/\\]\.\.([/\\;]|$)'
    acl has_escapes path -m sub %
    acl has_nul path -m sub %00
    acl decodes path,url_dec -m found
    acl climbs_decoded path,url_dec -m reg '[/\\]\.\.([/\\;]|$)'
    http-request deny deny_status 400 if !begins or has_dots climbs or has_escapes has_nul or has_escapes !decodes or has_escapes climbs_decoded

    # what the defaults' retry-on may send twice
    acl may_repeat method GET HEAD OPTIONS PUT DELETE TRACE
    http-request disable-l7-retry unless may_repeat

"""

SAID_AFRESH = """\
    # said afresh, so that no client can claim to be another
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    http-request set-header X-Forwarded-Host %[req.fhdr(host)]
    http-request set-header X-Forwarded-Port %[dst_port]
"""
SAID_AFRESH_ALWAYS = """\
    http-request set-header X-Real-IP %[src]
    http-request del-header Forwarded
"""


def routing_rules(maps: str, *, speaks_tls: bool = False, extras: Extras = NONE) -> str:
    """Return the way from host and path to a backend's name, by look-ups in trees: no regex, no scan but for ``extras``."""
    fields = "".join(f"    {rule}\n" for rule in field_rules(maps, speaks_tls=speaks_tls, extras=extras))
    by_host = by_key = by_expression = by_header = ""
    if Extra.HEADERS in extras:
        by_header = _indented((Extra.HEADERS.mark, *match_rules(maps)))
    if Extra.HOST_EXPRESSIONS in extras:
        by_expression = _indented((Extra.HOST_EXPRESSIONS.mark, *host_rules(extras)))
    if Extra.EXPRESSIONS in extras:
        by_host = f"    {Extra.EXPRESSIONS.mark}\n" + _indented(expression_rules(maps, "host"))
        by_key = _indented(expression_rules(maps, "key"))
    exact, prefix = f"map_str({maps}/exact.map)", f"map_beg({maps}/prefix.map)"
    return f"""
    # of this host the path exactly, else the longest prefix by elements;
    # the / put behind the path keeps the prefix /foo/ from taking /foobar
    acl has_route var(txn.route) -m found
    http-request set-var(txn.host) req.fhdr(host),host_only,lower,rtrim(.)
    http-request set-var(txn.path) path
    http-request set-var(txn.route) var(txn.host),concat(,txn.path,),{exact}
{by_host}    http-request set-var(txn.route) var(txn.host),concat(,txn.path,/),{prefix} unless has_route

    # a host without rules of its own: those with its first label as *, else those without a host; else the default
    acl has_host var(txn.host) -m len gt 0
    acl is_known var(txn.host),map_str({maps}/hosts.map) -m found
    acl has_key var(txn.key) -m found
    http-request deny deny_status 400 if !has_route !has_host
    http-request set-var(txn.key) var(txn.host),regsub(^[^.]*,*),map_str({maps}/hosts.map,{ANY_HOST}) if !has_route !is_known
{by_expression}    http-request set-var(txn.route) var(txn.key),concat(,txn.path,),{exact} if !has_route has_key
{by_key}    http-request set-var(txn.route) var(txn.key),concat(,txn.path,/),{prefix} if !has_route has_key
{by_header}    http-request set-var(txn.route) str({DEFAULT_KEY}),{exact} unless has_route
    http-request return status 404 default-errorfiles unless has_route

    # the route says the backend, its Ingress where that has something to say, and what that is
    acl speaks var(txn.route) -m sub |
    http-request set-var(txn.ingress) var(txn.route),field(2,|) if speaks
{fields}    # where it goes
    use_backend %[var(txn.route),field(1,|)]
    # a route to a backend that HAProxy does not have (yet)
    default_backend {UNAVAILABLE}
"""
