"""Spell the tables in which clients are counted.

Rule: a table lives in a backend of hadyn's own, without slots; its entries are of 20 bytes, a digest.
"""

from __future__ import annotations

from hadyn.model.options.limits import CONNECTIONS, Period

CLIENTS = "100k"
"""So many clients are known at a time; of more, those that were seen least lately are forgotten."""
REMEMBERED = {
    Period.SECOND: "10s",
    Period.TEN_SECONDS: "30s",
    Period.MINUTE: "2m",
    Period.TEN_MINUTES: "20m",
    Period.HOUR: "2h",
}


def limit_sections(defaults: str) -> str:
    """Return the sections of all tables."""
    tables = [(period.table, REMEMBERED[period], f"http_req_rate({period})") for period in Period]
    return "\n".join(
        f"backend {name} from {defaults}\n    stick-table type binary len 20 size {CLIENTS} expire {expiry} store {stored}\n"
        for name, expiry, stored in (*tables, (CONNECTIONS, "1m", "conn_cur"))
    )
