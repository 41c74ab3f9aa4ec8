"""The files that server lines name, out of Secrets of the backend's own namespace.

Rules: a file of HAProxy belongs to one Secret, so that another content is no other line. Where
a Secret says nothing good its file has what was good last, else nobody's: nobody is
believed then, and requests for the backend get a 503.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from hadyn.model.authorities import CRL, judge_authorities
from hadyn.model.certificates import certificate_name
from hadyn.model.choices import Choices
from hadyn.model.directives import NOBODY, AuthoritiesOf, Directive, PairIfAny, PairOf
from hadyn.model.index import Index
from hadyn.model.keypairs import judge
from hadyn.model.objects import Fault, KubernetesObject, Secret
from hadyn.model.options.option import Option
from hadyn.model.options.protocols import SERVER_CA, SERVER_CRT, SERVER_TLS_SECRET, SERVER_VERIFY
from hadyn.model.options.secret_names import secret_of
from hadyn.model.problems import ObjectRef, Problem, Reason

AUTHORITIES, PAIR = ".ca", ".pem"
"""End the names of files: certificates of authorities, a certificate with its key."""
NOBODY_FILE = "nobody"
"""Begins the names of files of no Secret; those of Secrets hold ``_``."""
UNUSABLE_FILE = "unusable"
"""Begins the names of files for what can never be good: a wrong name, a Secret of others."""
REMEDY = "What it held before stays; else requests for this backend get a 503 until then"
EXPIRED = "no certificate in it is valid any more, so no pod's is"
UNREAD = "Have pods' certificates live for a short time, or take the authority away"
_KEYS = ("tls.crt", "tls.key")

Holding = Callable[[ObjectRef], KubernetesObject | None]


class Credential(Struct, frozen=True, gc=False):
    """A file that server lines of a backend name, and the Secret it is made of, None for nobody's.

    One that ``may_be_empty`` is nobody's where the Secret holds no certificate; an ``is_unusable``
    one can never be good.
    """

    file: str
    secret: ObjectRef | None = None
    may_be_empty: bool = False
    is_unusable: bool = False


class Content(Struct, frozen=True, gc=False):
    """What a Secret holds for a file: its PEM, None where it cannot be used, "" where it holds nothing of that kind.

    ``ends`` is until when it is of any use, in seconds since 1970.
    """

    pem: str | None = None
    faults: tuple[Fault, ...] = ()
    ends: int = 0

    def __repr__(self) -> str:
        """Never show the key."""
        return f"Content({self.faults})"


def in_namespace(line: Directive, namespace: str) -> Directive:
    """Return server words as they stand in a backend of this namespace."""
    return Directive(*(_credential(word, namespace).file if _is_credential(word) else word for word in line.words))


def credentials_in(lines: Iterable[Directive], namespace: str) -> tuple[Credential, ...]:
    """Return the files that these server words name, each once."""
    words = (word for line in lines for word in line.words if _is_credential(word))
    return tuple({each.file: each for each in (_credential(word, namespace) for word in words)}.values())


def strangers(choices: Choices, namespace: str) -> Iterator[Problem]:
    """Yield what names a Secret that is not of the backend's namespace, or needs one that nobody names."""
    for option in (SERVER_CA, SERVER_CRT, SERVER_TLS_SECRET):
        said, setter = choices.value(option), choices.setter(option)
        if said and setter and _secret(said, namespace) is None:
            what = f"a Secret of namespace {said.partition('/')[0]} is not for this backend: requests get a 503"
            yield _problem(setter, option, Reason.NOT_ALLOWED, what, f"Name one of namespace {namespace}")
    setter = choices.setter(SERVER_VERIFY)
    is_without = choices.value(SERVER_CA) is None and choices.value(SERVER_TLS_SECRET) is None
    if setter and choices.value(SERVER_VERIFY) and is_without:
        what = "no Secret says who is to be believed: requests get a 503"
        yield _problem(setter, SERVER_VERIFY, Reason.NOT_FOUND, what, f"Name one with {SERVER_TLS_SECRET.annotation}")


class Credentials:
    """All files that backends name, by backend and by file; the Secrets are asked of their store."""

    def __init__(self, holding: Holding) -> None:
        self._holding = holding
        self._of: dict[str, tuple[Credential, ...]] = {}
        self._users: Index[str, str] = Index()
        self._credentials: dict[str, Credential] = {}
        self._contents: dict[str, tuple[KubernetesObject, Content]] = {}

    def replace(self, backend: str, after: tuple[Credential, ...]) -> None:
        """Take which files a backend names now."""
        before = self._of.pop(backend, ())
        if after:
            self._of[backend] = after
        self._users.move(backend, [each.file for each in before], [each.file for each in after])
        self._credentials.update((each.file, each) for each in after)
        for each in before:
            if each.file not in self._users:
                del self._credentials[each.file]
                self._contents.pop(each.file, None)

    def of(self, backend: str) -> tuple[Credential, ...]:
        """Return what a backend names."""
        return self._of.get(backend, ())

    def files(self) -> frozenset[str]:
        """Return the files that are named."""
        return frozenset(self._credentials)

    def files_of(self, secret: ObjectRef) -> tuple[str, ...]:
        """Return those of a Secret."""
        name = certificate_name(secret)
        return tuple(file for file in (name + AUTHORITIES, name + PAIR) if file in self._credentials)

    def secret(self, file: str) -> ObjectRef | None:
        """Return the Secret of a file; None for nobody's, or one that no backend names."""
        found = self._credentials.get(file)
        return found.secret if found else None

    def may_be_empty(self, file: str) -> bool:
        """Whether a file is nobody's where its Secret holds nothing of that kind."""
        found = self._credentials.get(file)
        return found is not None and found.may_be_empty

    def content(self, file: str) -> Content:
        """Return what the Secret of a file holds now."""
        credential = self._credentials.get(file)
        secret = credential.secret if credential else None
        found = self._holding(secret) if secret else None
        if credential is None or not isinstance(found, Secret):
            return Content()
        known = self._contents.get(file)
        if known is None or known[0] is not found:
            known = self._contents[file] = (found, _judged(file, found))
        return known[1]

    def untimely(self, file: str, now: float) -> Problem | None:
        """Return that the time (seconds since 1970) has made a file useless, if it has."""
        secret, content = self.secret(file), self.content(file)
        if secret is None or not content.pem or now < content.ends:
            return None
        is_pair = file.endswith(PAIR)
        said = "the certificate has expired, and pods that ask for one refuse it" if is_pair else EXPIRED
        field = "data[tls.crt]" if is_pair else "data[ca.crt]"
        return Problem(secret, field, Reason.INVALID_VALUE, said, "Have it issued anew")

    def problems(self, backend: str) -> list[Problem]:
        """What is wrong with the Secrets that a backend names; that one is missing is said of who refers to it."""
        found: list[Problem] = []
        for each in self.of(backend):
            content = self.content(each.file)
            if each.secret is not None and not (each.may_be_empty and content.pem == ""):
                found += [fault.problem_of(each.secret) for fault in content.faults]
        return found


def _is_credential(word: str) -> bool:
    return isinstance(word, AuthoritiesOf | PairOf)


def _credential(word: str, namespace: str) -> Credential:
    ending = AUTHORITIES if isinstance(word, AuthoritiesOf) else PAIR
    secret = _secret(word, namespace)
    if secret is None:
        # That of a wrong name and that which is shown for want of another are one file.
        return Credential(f"{NOBODY_FILE if word == NOBODY else UNUSABLE_FILE}{ending}", is_unusable=word != NOBODY)
    return Credential(f"{certificate_name(secret)}{ending}", secret, isinstance(word, PairIfAny))


def _secret(text: str, namespace: str) -> ObjectRef | None:
    return None if text.rpartition("/")[2] == NOBODY else secret_of(text, namespace)


def _judged(file: str, secret: Secret) -> Content:
    if file.endswith(PAIR):
        pair = judge(*(secret.values.get(key, b"") for key in _KEYS))
        if pair.pair is not None:
            return Content(pair.pair.pem, pair.faults, pair.pair.ends)
        is_empty = not any(secret.values.get(key) for key in _KEYS)
        return Content("" if is_empty else None, tuple(map(_fatal, pair.faults)))
    verdict = judge_authorities({key: value for key, value in secret.values.items() if key != CRL})
    if verdict.authorities is None:
        return Content(None, tuple(map(_fatal, verdict.faults)))
    unread = Fault(f"data[{CRL}]", Reason.NOT_SUPPORTED, "lists of revoked certificates are not read for pods", UNREAD)
    return Content(verdict.authorities.pem, (unread,) if CRL in secret.values else (), verdict.authorities.ends)


def _fatal(fault: Fault) -> Fault:
    return Fault(fault.field, fault.reason, fault.said, f"{fault.remedy}. {REMEDY}")


def _problem(setter: ObjectRef, option: Option[str] | Option[bool], reason: Reason, said: str, remedy: str) -> Problem:
    return Problem(setter, option.field, reason, said, remedy)
