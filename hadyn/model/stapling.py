"""Which certificates HAProxy shall staple OCSP answers to.

Rules: HAProxy asks the address that a certificate names, whoever may write a Secret writes
the certificate, and one server that never answers keeps HAProxy from asking any other: it
asks those alone that the operator lists. A certificate with answers is another one to
HAProxy than one of the same Secret without, since all lines of a certificate have to say
the same. haproxy-facts.md#ocsp-lines, haproxy-facts.md#ocsp-servers-that-are-silent
"""

from __future__ import annotations

import re

from msgspec import Struct

from hadyn.model.keypairs import CRT, KeyPair
from hadyn.model.objects import Fault, Options
from hadyn.model.options.stapling import OCSP_RESPONDERS, responder
from hadyn.model.policy import Policy
from hadyn.model.problems import Reason, shown

SUFFIX = "_ocsp"
"""Ends the names of certificates that are stapled; those of Secrets hold one ``_`` and never end so."""
SOUND = {(2, 8): 25, (3, 2): 26, (3, 4): 7}
"""From which release on of a branch. haproxy-facts.md#ocsp-crashes, measured on 2.8.25, 3.0.11, 3.2.26 and 3.4.7"""
_SOUND = "HAProxy does this without faults from 2.8.25, 3.2.26 and 3.4.7 on"
_URL = re.compile(r"(?i:http)://([^/?#@*]{1,300})(?:/[!-~]{0,500})?")
"""What HAProxy makes of others is measured, too: it asks ``ftp://`` by HTTP. haproxy-facts.md#ocsp-servers-by-name"""


class Stapling(Struct, frozen=True, gc=False):
    """Whom HAProxy may ask, spelled as ``responder`` does; () for nobody."""

    responders: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        return bool(self.responders)

    def staples(self, pair: KeyPair) -> bool:
        """Whether HAProxy shall fetch answers for a certificate."""
        return self.is_on and bool(pair.responders) and self.fault(pair) is None

    def fault(self, pair: KeyPair) -> Fault | None:
        """Return why a certificate that names a responder is served without an answer, None where nothing is stapled at all."""
        if not self.is_on or not pair.responders:
            return None
        # HAProxy asks the first; whoever names others beside it is not believed either.
        for address in pair.responders:
            if not self._may_be_asked(address):
                said = f"no OCSP answer is stapled: {shown(address)} is none of the {OCSP_RESPONDERS.name}"
                return Fault(CRT, Reason.NOT_ALLOWED, said, "The operator may list it")
        if not pair.has_issuer:
            said = "no OCSP answer is stapled: who issued it is not in the chain"
            return Fault(CRT, Reason.INVALID_VALUE, said, "Put the issuer's certificate behind it")
        return None

    def _may_be_asked(self, address: str) -> bool:
        matched = _URL.fullmatch(address)
        try:
            asked = responder(matched[1]) if matched else ""
        except ValueError:
            return False
        return any(asked == each or (each.startswith("*.") and asked.endswith(each[1:])) for each in self.responders)


OFF = Stapling()


def stapling_of(options: Options, policy: Policy) -> tuple[Stapling, str]:
    """Return what the operator's options come to on the HAProxy at hand, and what hinders it.

    Where its version is not known (manifests are checked) nothing is stapled, and nothing is wrong.
    """
    responders = dict(options).get(OCSP_RESPONDERS.name)
    if not isinstance(responders, tuple):
        return OFF, ""
    if policy.is_beside:
        return OFF, f"{_SOUND}; which one is started beside hadyn, nobody knows beforehand"
    if policy.haproxy and not is_sound(policy.haproxy):
        return OFF, f"{_SOUND}, and this one is {'.'.join(map(str, policy.haproxy))}"
    return (Stapling(responders), "") if policy.haproxy else (OFF, "")


def is_sound(version: tuple[int, ...]) -> bool:
    """Whether a HAProxy of this version fetches answers without faults, whatever becomes of certificates meanwhile."""
    branch = version[:2]
    return branch > max(SOUND) or (branch in SOUND and version[2:] >= (SOUND[branch],))


def stapled(name: str) -> str:
    """Return what a certificate is called where it is stapled."""
    return name + SUFFIX


def is_stapled(name: str) -> bool:
    """Whether HAProxy fetches answers for a certificate of this name."""
    return name.endswith(SUFFIX)
