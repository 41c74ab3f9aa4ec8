"""Options: OCSP answers that HAProxy fetches."""

from __future__ import annotations

import ipaddress
import re

from hadyn.model.addresses import MAX_PORT
from hadyn.model.options.option import OPERATOR, Effect, Option, Section

MOST_RESPONDERS = 100
HTTP_PORT = 80
_WORD = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.*-]+)(?::([1-9][0-9]{0,4}))?")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:\*\.)?(?:{_LABEL}\.){{0,20}}(?![0-9]){_LABEL}")
"""What ends in a label that begins with a digit would be an address to some (127.1, 0x7f.1), and a name to others."""


def responders(text: str) -> tuple[str, ...]:
    """Names, perhaps with ``*.`` in front, and addresses, each in one spelling, with its port."""
    words = text.split(",")
    if len(words) > MOST_RESPONDERS or not text.isascii():
        raise ValueError(text)
    return tuple(responder(word.strip(" ")) for word in words)


def responder(text: str) -> str:
    """Spell one as "name:80", "10.0.0.9:8080" or "[fd00::9]:80"; raises ValueError where it is neither name nor address."""
    matched = _WORD.fullmatch(text)
    port = int(matched[2] or HTTP_PORT) if matched else 0
    if matched is None or port > MAX_PORT:
        raise ValueError(text)
    host = matched[1].lower()
    if host.startswith("["):
        return f"[{ipaddress.IPv6Address(host[1:-1])}]:{port}"
    return f"{host if _NAME.fullmatch(host) else ipaddress.IPv4Address(host)}:{port}"


OCSP_RESPONDERS: Option[tuple[str, ...]] = Option(
    name="ocsp-responders",
    scope=OPERATOR,
    parse=responders,
    accepted="names of hosts (also as *.example.com) or IP addresses, each perhaps with a port, commas between them",
    default=None,
    default_text="nobody is asked",
    sentence="The servers of authorities that HAProxy may ask what became of certificates (OCSP): it staples their answers to handshakes. "
    "See [Certificates](tls.md#ocsp-answers). HAProxy does it without faults from 2.8.25, 3.2.26 and 3.4.7 on; no other branch before 3.4 does.",
    example="*.o.lencr.org,ocsp.example.com,10.0.0.9:8080",
    effect=Effect.LIVE,
    since=(2, 8, 25),
    main=Section.GLOBAL,
)
