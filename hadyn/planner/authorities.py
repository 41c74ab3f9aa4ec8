"""What is said to HAProxy about the authorities that clients' certificates are judged by.

Rule: a file's name says what is in it, so that it never changes: other authorities are
another file, for which lines of the list are added before those of the one before go.
haproxy-facts.md#authorities-come-by-command
"""

from __future__ import annotations

from msgspec import Struct

AUTHORITIES, REVOKED = ".ca", ".crl"
"""Ends the name of a file with certificates of authorities, one with lists of revoked certificates."""
_KINDS = {AUTHORITIES: "ca-file", REVOKED: "crl-file"}


def kind_of(file: str) -> str:
    """Return HAProxy's word for such a file, by its name."""
    return _KINDS[file[file.rindex(".") :]]


class NewAuthorities(Struct, frozen=True, gc=False):
    """Have HAProxy know a file by name, which it has still to be given."""

    file: str

    def __str__(self) -> str:
        return f"new ssl {kind_of(self.file)} {self.file}"


class SetAuthorities(Struct, frozen=True, gc=False):
    """Hand the content of a file over; HAProxy reads it, and lines can name it once it is committed."""

    file: str
    pem: str

    def __str__(self) -> str:
        return f"set ssl {kind_of(self.file)} {self.file}"


class CommitAuthorities(Struct, frozen=True, gc=False):
    """Let lines of the list name the file."""

    file: str

    def __str__(self) -> str:
        return f"commit ssl {kind_of(self.file)} {self.file}"


class DeleteAuthorities(Struct, frozen=True, gc=False):
    """Have HAProxy forget a file that no line names."""

    file: str

    def __str__(self) -> str:
        return f"del ssl {kind_of(self.file)} {self.file}"


AuthorityCommand = NewAuthorities | SetAuthorities | CommitAuthorities | DeleteAuthorities
