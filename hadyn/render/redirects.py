"""Spell the backend that sends requests to another place.

Rule: nothing of a user stands here; where a request goes is in its route's entry in the maps.
"""

from __future__ import annotations

from hadyn.model.options.proxies import CAME_ENCRYPTED
from hadyn.model.options.redirects import REDIRECTING, RedirectCode


def redirecting_section(defaults: str) -> str:
    """Return the section of the backend that answers with another place to go."""
    codes = [code.value for code in RedirectCode]
    answers = (
        f"    http-request redirect code {code} {kind} %[var(txn.target)] if {{ var(txn.code) -m str {code} }} {condition}\n"
        for kind, condition in (("prefix", "keeps_path"), ("location", "!keeps_path"))
        for code in codes
    )
    return f"""\
# Whoever comes here is sent to another place: HTTPS^WHICH CODE^TARGET says where.
backend {REDIRECTING} from {defaults}
    acl goes_to_https var(txn.redirect) -m beg s
    acl is_encrypted ssl_fc
    acl is_encrypted {CAME_ENCRYPTED}
    acl keeps_path var(txn.which) -m str p
    acl has_scheme var(txn.target) -m beg http:// https://
    http-request set-var(txn.target) var(txn.redirect),field(3,^,0)
    http-request set-var(txn.code) var(txn.redirect),field(2,^),bytes(1)
    http-request set-var(txn.which) var(txn.redirect),field(2,^),bytes(0,1)
    http-request set-var(txn.scheme) str(http://)
    http-request set-var(txn.scheme) str(https://) if is_encrypted
    http-request set-var(txn.target) var(txn.scheme),concat(,txn.target,) if keeps_path !has_scheme
    http-request set-var(txn.code) var(txn.redirect),field(1,^),bytes(1,3) if goes_to_https !is_encrypted
    http-request set-var(txn.port) var(txn.redirect),field(1,^),bytes(4) if goes_to_https !is_encrypted
    http-request set-var(txn.target) str(https://),concat(,txn.host,),concat(,txn.port,) if goes_to_https !is_encrypted
    http-request set-var(txn.which) str(p) if goes_to_https !is_encrypted
{"".join(answers)}"""
