"""The host of an Ingress rule, as the maps carry it.

Rules: lower case, no trailing dot, a wildcard only as the whole first label; never an
address or a port, since a client's Host header is compared without port.
"""

from __future__ import annotations

from hadyn.model.decoding.leaves import MAX_LABEL, MAX_NAME, is_dns_name, spelled, spelled_character
from hadyn.model.desired import ANY_HOST

WILDCARD = "*."


class Refused(ValueError):
    """A value that is not used: ``str()`` says what is wrong, ``remedy`` what helps."""

    def __init__(self, said: str, remedy: str) -> None:
        super().__init__(said)
        self.remedy = remedy


def canonical_host(value: object) -> str:
    """Return the host as routes carry it, ANY_HOST for a missing one. Raises Refused."""
    if value is None or value == "":
        return ANY_HOST
    if not isinstance(value, str):
        raise Refused(f"{spelled(value)} is not text", "Put the host in quotes")
    for character in value:
        if not "!" <= character <= "~" and not character.isalnum():
            raise Refused(f"contains {spelled_character(character)}", "Write a DNS name")
    host = value.lower().removesuffix(".")
    name = host.removeprefix(WILDCARD)
    if "*" in name:
        raise Refused(f"{spelled(value)}: a wildcard stands only as first label", 'For example "*.shop.example"')
    _refuse_addresses(value, name)
    if len(host) > MAX_NAME:
        raise Refused(f"is longer than {MAX_NAME} characters", "Shorten it")
    if any(len(label) > MAX_LABEL for label in name.split(".")):
        raise Refused(f"a label is longer than {MAX_LABEL} characters", "Shorten it")
    # asked of the original: lower() turns the Kelvin sign into a plain k
    if not value.isascii() or not is_dns_name(name):
        raise Refused(f"{spelled(value)} is not a DNS-1123 name", "Write international names in punycode (xn--...)")
    return host


def _refuse_addresses(value: str, name: str) -> None:
    last = name.rpartition(".")[2]
    if name.startswith("[") or name.count(":") > 1 or (last.isascii() and last.isdigit()):
        raise Refused(f"{spelled(value)} is an address", "Name a host, or leave it out for any host")
    if ":" in name:
        raise Refused(f"{spelled(value)} has a port", "Leave the port out: it does not count for routing")
