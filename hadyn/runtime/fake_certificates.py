"""The certificates of a fake HAProxy, and its list of them.

It reads what is a certificate by its first line, and hosts as words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hadyn.model.keypairs import fingerprint_of

LISTING = re.compile(r"^ *bind .* crt-list (\S+)", re.MULTILINE)
START = "-----BEGIN "

Row = tuple[str, int, tuple[str, ...]]
"""Path of the certificate, number of the line, hosts."""


@dataclass(slots=True)
class FakeCertificates:
    """``pems`` are the certificates by path ("" for an empty one), ``rows`` the lines of each list by its path."""

    pems: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    _pending: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def served(self, host: str) -> list[str]:
        """Return the certificates (PEM) that a host gets by name, or by its wildcard, else the default."""
        rows = [row for rows in self.rows.values() for row in rows]
        for wanted in (host, f"*.{host.partition('.')[2]}"):
            found = [self.pems[path] for path, _, hosts in rows if wanted in hosts]
            if found:
                return found
        return [self.pems[rows[0][0]]] if rows else []

    def answer(self, words: list[str], payload: str) -> str | None:
        """Answer a command about certificates; None for any other."""
        match words:
            case ["new", "ssl", "cert", path]:
                return self._new(path)
            case ["set", "ssl", "cert", path]:
                return self._set(path, payload)
            case ["commit", "ssl", "cert", path]:
                return self._commit(path)
            case ["abort", "ssl", "cert", path]:
                is_there = self._pending.pop(path, None) is not None
                return f"Transaction aborted for certificate '{path}'!" if is_there else "No ongoing transaction!"
            case ["del", "ssl", "cert", path]:
                return self._delete(path)
            case ["add", "ssl", "crt-list", listing]:
                return self._add_row(listing, payload.split())
            case ["del", "ssl", "crt-list", listing, target]:
                return self._delete_row(listing, target)
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
        done = "updated" if path in self._pending else "created"
        self._pending[path] = payload
        return f"Transaction {done} for certificate {path}!"

    def _commit(self, path: str) -> str:
        pem = self._pending.pop(path, None)
        if pem is None:
            return f"No ongoing transaction! !\nCan't commit {path}!"
        self.pems[path] = pem
        uses = sum(each == path for rows in self.rows.values() for each, _, _ in rows)
        return f"Committing {path}{'.' * uses}\nSuccess!"

    def _delete(self, path: str) -> str:
        if path not in self.pems:
            return f"Can't remove the certificate: certificate '{path}' doesn't exist!"
        if any(each == path for rows in self.rows.values() for each, _, _ in rows):
            return f"Can't remove the certificate: certificate '{path}' in use, can't be deleted!"
        del self.pems[path]
        self._pending.pop(path, None)
        return f"Certificate '{path}' deleted!"

    def _add_row(self, listing: str, words: list[str]) -> str:
        path, *hosts = words
        if listing not in self.rows:
            return f"Can't edit the crt-list: crt-list '{listing}' does not exist!"
        if path not in self.pems:
            return f"Can't edit the crt-list: certificate '{path}' does not exist!"
        self._counts[listing] += 1
        self.rows[listing].append((path, self._counts[listing], tuple(hosts)))
        return f"Inserting certificate '{path}' in crt-list '{listing}'.\nSuccess!"

    def _delete_row(self, listing: str, target: str) -> str:
        """haproxy-facts.md#certificate-lines"""
        path, _, number = target.rpartition(":")
        rows = self.rows.get(listing, [])
        numbers = [each for found, each, _ in rows if found == path]
        if path not in self.pems:
            return f"Can't delete the entry: certificate '{path}' does not exist!"
        if not numbers:
            return f"Can't delete the entry: certificate '{path}' can't be found in crt-list '{listing}'!"
        if int(number) not in numbers:
            known = ", ".join(map(str, numbers))
            why = f"found a certificate '{path}' but the line number is incorrect"
            return f"Can't delete the entry: {why}, please specify a correct line number preceded by colons ({known})!"
        if int(number) == rows[0][1]:
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
        rows = (f"{path}:{number} {' '.join(hosts)}" for path, number, hosts in self.rows[listing])
        return "\n".join([f"# {listing}", *rows])

    @classmethod
    def of(cls, configuration: str, files: Mapping[str, str]) -> FakeCertificates:
        """Read the lists that a configuration names out of files, by path."""
        found = cls()
        for listing in LISTING.findall(configuration):
            rows = files[listing].splitlines()
            found._counts[listing] = len(rows)
            split = [(number, row.split()) for number, row in enumerate(rows, start=1) if row[:1] not in ("", "#")]
            found.rows[listing] = [(words[0], number, tuple(words[1:])) for number, words in split]
            found.pems.update((path, files[path]) for path, _, _ in found.rows[listing])
        return found
