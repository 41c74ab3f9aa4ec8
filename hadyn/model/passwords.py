"""Who may come in with which password, as a Secret says it.

Rules: passwords come hashed in a way that every HAProxy can check (crypt(3): bcrypt,
SHA-512, SHA-256), and not so dear that a stranger's guesses stop HAProxy. Of a Secret
with anything else all else is used; with nothing left nobody comes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hadyn.model.directives import Directive

HTPASSWD = "auth"
"""Key of a file as htpasswd writes it; without it each key is a user, as HAProxy Technologies' controller has it."""
MOST_USERS = 1000
MOST_BCRYPT_COST = 10
MOST_ROUNDS = 10_000
_NAME = re.compile(r"[!-9;-~]{1,64}")
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_SHA = re.compile(
    r"\$[56]\$(?:rounds=([1-9][0-9]{3,8})\$)?[./A-Za-z0-9]{1,16}\$(?:[./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})"
)
_KNOWN = {"$apr1$": "MD5 of Apache", "$1$": "MD5", "{SHA}": "SHA-1", "$y$": "yescrypt"}


class User(NamedTuple):
    """A name and the hash of a password."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"User({self.name})"


class UserList(NamedTuple):
    """Those who may come in; ``name`` is HAProxy's."""

    name: str
    users: tuple[User, ...]

    def lines(self) -> Iterator[Directive]:
        """Spell the section, its title first."""
        yield Directive("userlist", self.name)
        for user in self.users:
            yield Directive("user", user.name, "password", user.password)


def read_users(values: Mapping[str, bytes]) -> tuple[tuple[User, ...], list[str]]:
    """Return the users of a Secret, sorted, and what is wrong with the rest; no password is told."""
    found: dict[str, User] = {}
    faults: list[str] = []
    entries = list(_entries(values))
    for place, name, password in entries[:MOST_USERS]:
        fault = _fault(name, password)
        if fault:
            faults.append(f"{place}: {fault}")
        elif found.setdefault(name, User(name, password)).password != password:
            faults.append(f"{place}: the same user has another password above, which counts")
    if len(entries) > MOST_USERS:
        faults.append(f"{len(entries):,} users are over the cap of {MOST_USERS:,}: the first count")
    if not entries:
        faults.append("there are no users")
    return tuple(sorted(found.values())), faults


def _entries(values: Mapping[str, bytes]) -> Iterator[tuple[str, str, str]]:
    """Yield place, name and password of each user."""
    if HTPASSWD not in values:
        for key, value in sorted(values.items()):
            yield f"data[{key}]", key, value.decode("latin-1").rstrip("\r\n")
        return
    for number, line in enumerate(values[HTPASSWD].decode("latin-1").split("\n"), start=1):
        text = line.rstrip("\r")
        if text and not text.startswith("#"):
            name, _, password = text.partition(":")
            yield f"data[{HTPASSWD}], line {number}", name, password


def _fault(name: str, password: str) -> str:
    if not _NAME.fullmatch(name):
        return "the name of the user is empty, longer than 64 characters, or has others than printable ASCII"
    bcrypt, sha = _BCRYPT.fullmatch(password), _SHA.fullmatch(password)
    if bcrypt:
        return f"bcrypt costs more than {MOST_BCRYPT_COST}" if int(bcrypt[1]) > MOST_BCRYPT_COST else ""
    if sha:
        return f"more than {MOST_ROUNDS:,} rounds cost too much" if int(sha[1] or 0) > MOST_ROUNDS else ""
    kind = next((said for start, said in _KNOWN.items() if password.startswith(start)), "")
    return f"the password is hashed as {kind}, which HAProxy cannot check" if kind else "the password is not hashed"
