"""From which networks requests may come to a route, as a field of its entries.

Rule: where a network is enough instead of a password, the lines that ask for the password say so.
"""

from __future__ import annotations

from hadyn.model.options.authentication import AUTH_SECRET
from hadyn.model.options.option import Chosen, RouteFacts, RouteField
from hadyn.model.options.sources import has_list, is_enough


def _host_of_list(chosen: Chosen, route: RouteFacts) -> str:
    asks_first = is_enough(chosen) and chosen.value(AUTH_SECRET) is not None
    return route.host if has_list(chosen) and not asks_first else ""


_KEY = "var(txn.listed),concat(/,txn.ingress,|),concat(,txn.digits,:),concat(,txn.source,)"

ACCESS = RouteField(
    number=5,
    name="listed",
    spell=_host_of_list,
    rules=(
        "acl is_listed var(txn.listed) -m len gt 0",
        "http-request set-var(txn.source) src,hex if is_listed",
        "# an IPv4 client of a listener for both",
        "http-request set-var(txn.source) var(txn.source),bytes(24) if is_listed { var(txn.source) -m beg 00000000000000000000FFFF }",
        "http-request set-var(txn.digits) var(txn.source),length if is_listed",
        f"http-request deny deny_status 403 if is_listed !{{ {_KEY},map_beg({{maps}}/networks.map) -m str + }}",
    ),
)
