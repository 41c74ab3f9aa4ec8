"""The certificates of a fake HAProxy, and its list of them.

It reads what is a certificate by its first line, and hosts as words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from hadyn.model.keypairs import fingerprint_of
from hadyn.model.pem import blocks
from hadyn.planner.certificates import FETCHES

LISTING = re.compile(r"^ *bind .* crt-list (\S+)", re.MULTILINE)
BASE = re.compile(r"^ *(ca|crt)-base (\S+)", re.MULTILINE)
NAMED_BY_SERVERS = re.compile(r"^ *default-server (ca-file|crt) (\S+)", re.MULTILINE)
START = "-----BEGIN "

WRITTEN = re.compile(r"(\S+)(?: \[([^]]*)\])?((?: \S+)*)")
NAMES_A_FILE = re.compile(r"(?:ca|crl)-file (\S+)")


class Row(NamedTuple):
    """Path of the certificate, number of the line, hosts, what stands between brackets."""

    path: str
    number: int
    hosts: tuple[str, ...]
    parameters: str = ""


@dataclass(slots=True)
class FakeCertificates:
    """``pems`` are the certificates by path ("" for an empty one), ``rows`` the lines of each list by its path.

    ``authorities`` are the files with authorities or revoked certificates by path, "" for one that was not committed.
    ``unfinished`` is by kind what was set and not committed yet: path and content. For so many
    commands as are ``locked`` somebody else holds them all.

    It takes nothing for ``unreadable`` paths.
    """

    pems: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    authorities: dict[str, str] = field(default_factory=dict)
    locked: int = 0
    unreadable: set[str] = field(default_factory=set)
    unfinished: dict[str, tuple[str, str]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def served(self, host: str) -> list[str]:
        """Return the certificates (PEM) that a host gets by name, or by its wildcard, else the default."""
        rows = [row for rows in self.rows.values() for row in rows]
        for wanted in (host, f"*.{host.partition('.')[2]}"):
            found = [self.pems[row.path] for row in rows if wanted in row.hosts]
            if found:
                return found
        return [self.pems[rows[0].path]] if rows else []

    def shakes(self, host: str) -> str:
        """Return what the line that a host gets says of handshakes."""
        rows = [row for rows in self.rows.values() for row in rows]
        wanted = (host, f"*.{host.partition('.')[2]}")
        return next((row.parameters for name in wanted for row in rows if name in row.hosts), "")

    def answer(self, words: list[str], payload: str) -> str | None:
        """Answer a command about certificates; None for any other. haproxy-facts.md#certificates-are-locked"""
        if self.locked and words[1:2] == ["ssl"] and words[:3] != ["show", "ssl", "crt-list"]:
            self.locked -= 1
            return "Can't do it!\nOperations on certificates are currently locked!"
        match words:
            case ["new", "ssl", "cert", path]:
                return self._new(path)
            case ["set", "ssl", "cert", path]:
                return self._set(path, payload)
            case ["commit", "ssl", "cert", path]:
                return self._commit(path)
            case ["abort", "ssl", "cert", path]:
                is_there = self._taken("cert", path) is not None
                return f"Transaction aborted for certificate '{path}'!" if is_there else "No ongoing transaction!"
            case ["del", "ssl", "cert", path]:
                return self._delete(path)
            case ["add", "ssl", "crt-list", listing]:
                return self._add_row(listing, payload)
            case ["del", "ssl", "crt-list", listing, target]:
                return self._delete_row(listing, target)
            case [verb, "ssl", "ca-file" | "crl-file" as kind, *path]:
                return self._of_authorities(verb, kind, path[0] if path else "", payload)
            case ["show", "ssl", "cert"]:
                return "\n".join(["# filename", *sorted(self.pems)])
            case ["show", "ssl", "cert", path]:
                return self._shown(path)
            case ["show", "ssl", "crt-list", "-n", listing]:
                return self._listed(listing)
        return None

    def _new(self, path: str) -> str:
        if path in self.pems:
            return f"Certificate '{path}' already exists!"
        self.pems[path] = ""
        return f"New empty certificate store '{path}'!"

    def _set(self, path: str, payload: str) -> str:
        if path not in self.pems:
            why = "Can't replace a certificate which is not referenced by the configuration!"
            return f"{why}\nCan't update {path}!"
        if START not in payload:
            return f"unable to load certificate from file '{path}': no start line.\nCan't load the payload\nCan't update {path}!"
        return self._begun("cert", path, payload) or f"Transaction created for certificate {path}!"

    def _begun(self, kind: str, path: str, payload: str) -> str | None:
        """Begin a change, or go on with it; return what is said where it is not a new one."""
        before, _ = self.unfinished.get(kind, ("", ""))
        if before not in ("", path):
            return (
                f"The ongoing transaction is about '{before}' but you are trying to set '{path}'\nCan't update {path}!"
            )
        self.unfinished[kind] = path, payload
        return f"Transaction updated for certificate {path}!" if before and kind == "cert" else None

    def _uncommitted(self, kind: str, path: str) -> str:
        before, _ = self.unfinished.get(kind, ("", ""))
        return f"{_about(before, path) if before else 'No ongoing transaction! !'}\nCan't commit {path}!"

    def _taken(self, kind: str, path: str) -> str | None:
        """End the change of a file and return its content, if there is one."""
        before, payload = self.unfinished.get(kind, ("", ""))
        if before != path:
            return None
        del self.unfinished[kind]
        return payload

    def _commit(self, path: str) -> str:
        pem = self._taken("cert", path)
        if pem is None:
            return self._uncommitted("cert", path)
        self.pems[path] = pem
        uses = sum(row.path == path for rows in self.rows.values() for row in rows)
        return f"Committing {path}{'.' * uses}\nSuccess!"

    def _delete(self, path: str) -> str:
        if path not in self.pems:
            return f"Can't remove the certificate: certificate '{path}' doesn't exist!"
        if any(row.path == path for rows in self.rows.values() for row in rows):
            return f"Can't remove the certificate: certificate '{path}' in use, can't be deleted!"
        del self.pems[path]
        self._taken("cert", path)
        return f"Certificate '{path}' deleted!"

    def _add_row(self, listing: str, payload: str) -> str:
        row = _row(payload.strip(), 0)
        if listing not in self.rows:
            return f"Can't edit the crt-list: crt-list '{listing}' does not exist!"
        missing = [path for path in NAMES_A_FILE.findall(row.parameters) if not self.authorities.get(path)]
        if missing:
            return f"Can't edit the crt-list: 'ca-file' : unable to load {missing[0]}"
        if row.path not in self.pems:
            return f"Can't edit the crt-list: certificate '{row.path}' does not exist!"
        others = [each for rows in self.rows.values() for each in rows if each.path == row.path]
        if any((FETCHES in each.parameters) != (FETCHES in row.parameters) for each in others):
            return f"Can't edit the crt-list: Incompatibilities found in OCSP update mode for certificate {row.path}"
        self._counts[listing] += 1
        self.rows[listing].append(row._replace(number=self._counts[listing]))
        return f"Inserting certificate '{row.path}' in crt-list '{listing}'.\nSuccess!"

    def _of_authorities(self, verb: str, kind: str, path: str, payload: str) -> str | None:
        """haproxy-facts.md#authorities-come-by-command"""
        name = kind.partition("-")[0].upper()
        match verb:
            case "show" if path:
                content = self.authorities.get(path, "").encode()
                return "\n".join(f"SHA1 FingerPrint: {fingerprint_of(str(block))}" for block in blocks(content)) or path
            case "show":
                count = {"ca-file": " - {} certificate(s)", "crl-file": ""}[kind]
                files = sorted(each for each in self.authorities if each.endswith(f".{kind.partition('-')[0]}"))
                rows = (each + count.format(self.authorities[each].count(START)) for each in files)
                return "\n".join(["# filename", *rows])
            case "new":
                is_there = path in self.authorities
                self.authorities.setdefault(path, "")
                return f"File '{path}' already exists!" if is_there else f"New {name} file created '{path}'!"
            case "set":
                if path not in self.authorities:
                    why = f"Can't replace a {name} file which is not referenced by the configuration!"
                    return f"{why}\nCan't update {path}!"
                if START not in payload or path in self.unreadable:
                    return f"Invalid payload\nCan't update {path}!"
                return self._begun(kind, path, payload) or f"transaction created for {name} {path}!"
            case "commit":
                pem = self._taken(kind, path)
                if pem is None:
                    return self._uncommitted(kind, path)
                self.authorities[path] = pem.strip() + "\n"
                return f"Committing {path}\nSuccess!"
            case "abort":
                is_there = self._taken(kind, path) is not None
                return f"Transaction aborted for {name} file '{path}'!" if is_there else "No ongoing transaction!"
            case "del":
                return self._delete_authorities(name, path)
        return None

    def _delete_authorities(self, name: str, path: str) -> str:
        named = {each for rows in self.rows.values() for row in rows for each in NAMES_A_FILE.findall(row.parameters)}
        if path in named:
            return f"Can't remove the {name} file: {name} file '{path}' in use, can't be deleted!"
        if self.authorities.pop(path, None) is None:
            return f"Can't remove the {name} file: {name} file '{path}' doesn't exist!"
        return f"{name} file '{path}' deleted!"

    def _delete_row(self, listing: str, target: str) -> str:
        """haproxy-facts.md#certificate-lines"""
        path, _, number = target.rpartition(":")
        rows = self.rows.get(listing, [])
        numbers = [row.number for row in rows if row.path == path]
        if path not in self.pems:
            return f"Can't delete the entry: certificate '{path}' does not exist!"
        if not numbers:
            return f"Can't delete the entry: certificate '{path}' can't be found in crt-list '{listing}'!"
        if int(number) not in numbers:
            known = ", ".join(map(str, numbers))
            why = f"found a certificate '{path}' but the line number is incorrect"
            return f"Can't delete the entry: {why}, please specify a correct line number preceded by colons ({known})!"
        if int(number) == rows[0].number:
            why = "it is used as default certificate by the following frontends:"
            return f"Can't delete the entry: certificate '{path}' cannot be deleted, {why}"
        self.rows[listing] = [row for row in rows if row[:2] != (path, int(number))]
        return f"Entry '{path}' deleted in crtlist '{listing}'!"

    def _shown(self, path: str) -> str:
        if path not in self.pems:
            return "Can't display the certificate: Not found or the certificate is a bundle!"
        fingerprint = fingerprint_of(self.pems[path])
        shown = [f"Filename: {path}", *([f"SHA1 FingerPrint: {fingerprint}"] if fingerprint else [])]
        return "\n".join(shown)

    def _listed(self, listing: str) -> str:
        if listing not in self.rows:
            return "didn't find the specified filename"
        rows = (
            " ".join((f"{row.path}:{row.number}", *([f"[{row.parameters}]"] if row.parameters else []), *row.hosts))
            for row in self.rows[listing]
        )
        return "\n".join([f"# {listing}", *rows])

    @classmethod
    def of(cls, configuration: str, files: Mapping[str, str]) -> FakeCertificates:
        """Read the lists that a configuration names out of files, by path."""
        found = cls()
        for listing in LISTING.findall(configuration):
            rows = files[listing].splitlines()
            found._counts[listing] = len(rows)
            found.rows[listing] = [
                _row(row, number) for number, row in enumerate(rows, start=1) if row[:1] not in ("", "#")
            ]
            found.pems.update((row.path, files[row.path]) for row in found.rows[listing])
            named = (each for row in found.rows[listing] for each in NAMES_A_FILE.findall(row.parameters))
            found.authorities.update((path, files[path]) for path in named)
        for keyword, path in _named_by_servers(configuration):
            (found.pems if keyword == "crt" else found.authorities)[path] = files[path]
        return found


def _named_by_servers(configuration: str) -> Iterator[tuple[str, str]]:
    """Yield what server lines name, by whole path: "crt" or "ca-file" in front."""
    bases = dict(BASE.findall(configuration))
    for keyword, name in NAMED_BY_SERVERS.findall(configuration):
        yield keyword, f"{bases[keyword.removesuffix('-file')]}/{name}"


def _about(before: str, path: str) -> str:
    return f"The ongoing transaction is about '{before}' but you are trying to set '{path}'"


def _row(text: str, number: int) -> Row:
    matched = WRITTEN.fullmatch(text)
    assert matched is not None, text
    return Row(matched[1], number, tuple(matched[3].split()), matched[2] or "")
