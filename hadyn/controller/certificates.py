"""Keep the certificates of HAProxy, with their files, equal to what is wanted.

Rules: HAProxy reads a certificate before its file changes, and serves it after: what it
refuses never is in a file that it starts from. Files are written before what makes them
true, and removed behind. A Secret that is bad or gone leaves what it held last, which is
its file (docs/decisions/0016-certificates-are-read-first.md).
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from hadyn.controller.absences import Absences
from hadyn.controller.authorities import AuthorityKeeper
from hadyn.controller.certificate_offers import CertificateOffers, Refusal
from hadyn.controller.default_certificate import DefaultCertificate, default_certificate
from hadyn.controller.filing import Filing
from hadyn.controller.running_certificates import RunningCertificates
from hadyn.controller.sentences import counted, listed
from hadyn.errors import TemporaryError
from hadyn.model.certificates import DEFAULT, Certificates, certificate_names
from hadyn.model.keypairs import CRT, fingerprint_of
from hadyn.model.objects import Secret
from hadyn.model.problems import ObjectRef, Problem, Reason
from hadyn.model.stapling import stapled
from hadyn.model.touched import Touched
from hadyn.planner.certificates import LinePlan
from hadyn.planner.reasons import Reload, ReloadReason
from hadyn.render.certificates import CertificateFiles
from hadyn.runtime.certificates import Answer, CertificateDoor
from hadyn.runtime.client import Observer, unobserved
from hadyn.runtime.connection import Conversation

RELOADS = "certificates"
"""Stands for all certificates where reasons to reload are kept; no backend is called so."""
DEFAULT_REF = ObjectRef(Secret.kind, "", DEFAULT)
"""Stands for the default certificate, wherever it comes from."""
REMEDY = "Put another one there; what was there before stays, else the default certificate"

log = logging.getLogger(__name__)


def keeper(
    filing: Filing, converse: Conversation, *, setting: str, longest: Callable[[], int], observer: Observer = unobserved
) -> CertificateKeeper:
    """Return the keeper of a HAProxy; ``setting`` is --default-certificate."""
    files = filing.files.certificates
    door = CertificateDoor(converse, folder=str(files.folder), listing=str(files.listing), observer=observer)
    return CertificateKeeper(filing, door, default_certificate(setting), longest, time.monotonic, time.time)


@dataclass(slots=True)
class CertificateKeeper:
    """Certificates from what is wanted to HAProxy and its files. One thread owns it.

    ``longest`` is how many bytes of a certificate HAProxy takes by command; ``clock`` is monotonic
    seconds, ``epoch`` seconds since 1970.
    """

    filing: Filing
    door: CertificateDoor
    default: DefaultCertificate
    longest: Callable[[], int]
    clock: Callable[[], float]
    epoch: Callable[[], float]
    running: RunningCertificates = field(init=False)
    authorities: AuthorityKeeper = field(init=False)
    offers: CertificateOffers = field(init=False)
    _absences: Absences = field(init=False)
    _is_locked: bool = False
    _troubles: dict[str, Problem] = field(default_factory=dict)
    _authority_troubles: tuple[Problem, ...] = ()

    def __post_init__(self) -> None:
        self.running = RunningCertificates(self.door)
        self.offers = CertificateOffers(self.running, self.files, self.filing.write_certificates, self.longest)
        self._absences = Absences(self.clock)
        self.authorities = AuthorityKeeper(
            self.files.authorities,
            self.door,
            self.book.handshakes,
            lambda: self.filing.inventory.secrets.awaits_answers,
            self.longest,
            Absences(self.clock),
        )

    @property
    def book(self) -> Certificates:
        return self.filing.inventory.certificates

    @property
    def files(self) -> CertificateFiles:
        return self.filing.files.certificates

    def everything(self) -> Touched:
        """Return all that there is, wanted or only there."""
        names = self.book.names() | self.files.names()
        secrets = frozenset(secret for name in names if (secret := self.book.secret(name)))
        return Touched(secrets=secrets, tls_hosts=self.book.hosts() | self.files.hosts())

    def file(self) -> None:
        """Make the files what is wanted, for a HAProxy that is about to start from them; none is there to be told."""
        self.running.ended()
        self.authorities.present.clear()
        for name in {DEFAULT, *self.book.names()}:
            pem = self._wanted(name)
            if pem is not None:
                self.files.put(name, pem)
        self.authorities.file()
        self._file_hosts(self.book.hosts() | self.files.hosts())
        self._drop(self.files.names())
        self._settle_authorities()

    def keep(self, touched: Touched) -> list[str]:
        """Bring what is touched in step; return what was done, in words. Raises what CertificateDoor does."""
        names = {name for secret in touched.secrets for name in certificate_names(secret)}
        names |= {DEFAULT} if self.book.secret(DEFAULT) in touched.secrets else set()
        hosts = {*touched.tls_hosts, *self._hosts_to_look_at(names)}
        names.update(name for host in hosts for name in (*self.files.names_of(host), *self.names_for(host)))
        try:
            served = self.offers.make({name: self._wanted(name) for name in sorted(names)})
        finally:
            self._want_reload()
        believed = self._hand_over_authorities(hosts)
        spoke = any(map(self.files.parameters_of, hosts))
        self._file_hosts(hosts)
        plan, unfit = self._put_lines(hosts)
        changes = len(plan.additions) + len(plan.departures)
        if unfit:
            hosts.update(host for name in unfit for host in self.book.hosts_of(name))
            self._file_hosts(hosts)
            plan, _ = self._put_lines(hosts)
            changes += len(plan.additions) + len(plan.departures)
        self.offers.close()
        self._drop(names)
        if spoke or any(map(self.files.parameters_of, hosts)) or self._are_judged(hosts):
            self._settle_authorities()
        self._judge_again(names)
        return [*_words(served, changes), *believed]

    def leave_out(self, alerts: Iterable[str]) -> bool:
        """Take what HAProxy complains of out of the files; return whether it complains of any certificate."""
        alerts = list(alerts)
        named = [(name, text) for text in alerts for name in self.door.named_in(text) if self.files.pem(name)]
        for name, text in named:
            log.error("the certificate %s is left out, HAProxy says: %s", name, text)
            self.offers.refused[name] = Refusal(fingerprint_of(self.files.pem(name) or ""), text)
            if name == DEFAULT:
                self.files.put(DEFAULT, self.default.make())
            else:
                self.files.put_back(name, None)
        hosts = self.authorities.leave_out(alerts)
        self._file_hosts(hosts)
        with contextlib.suppress(TemporaryError):
            # HAProxy may be gone by now; what it is not rid of here it is in a later cycle.
            self._settle_authorities()
        self._judge_again([name for name, _ in named])
        return bool(named or hosts)

    def after_reload(self) -> None:
        """Note that HAProxy has what the files say."""
        self.running.began(self.files)
        self.authorities.began()
        self.offers.too_long.clear()
        self._is_locked = False

    def leave_to_reload(self) -> None:
        """Say no more about certificates to a HAProxy that has them locked; the files are for its successor."""
        self._is_locked = True
        self.running.is_reachable = False
        self._want_reload()

    def compare(self) -> Iterator[Touched]:
        """Read what HAProxy has, a portion at a time; yield what is not as it should be."""
        self._settle_authorities()
        self._judge_again(self.book.names())
        for _ in self.running.read():
            yield Touched()
        if not self.running.is_reachable:
            # It runs with an earlier main file; a reload for the present one will read all of this.
            self.file()
            return
        self.authorities.read()
        self._drop(self.running.idle(self.files))
        names, hosts = self.running.differing(self.files, but=self.offers.too_long)
        hosts.update(host for name in names for host in self.book.hosts_of(name))
        hosts.update(host for host in self.book.handshakes.hosts() if not self._shakes_as_wanted(host))
        if self._wanted(DEFAULT) != self.files.pem(DEFAULT):
            names.add(DEFAULT)
        secrets = {DEFAULT_REF if name == DEFAULT else self.book.secret(name) for name in names}
        yield Touched(secrets=frozenset(filter(None, secrets)), tls_hosts=frozenset(hosts | self._overdue_hosts()))

    def names_for(self, host: str) -> tuple[str, ...]:
        """Return the certificates that a host can have: good ones, else what was good last.

        One that shakes hands in a way of its own has a line at least with the default.
        """
        names = tuple(name for name in self.book.names_of(host) if self._is_to_be_had(name))
        return names or ((DEFAULT,) if self.authorities.parameters(host) else ())

    def _wanted(self, name: str) -> str | None:
        """Return what a certificate shall be now; None where it is to stay as it is, if it is there."""
        if name == DEFAULT:
            return self.default.wanted(self.book, self.files)
        pair = self.book.pair(name)
        if pair is None:
            return self._stapled_before(name)
        return pair.pem if not self.offers.has_refused(name, pair.fingerprint) else None

    def _stapled_before(self, name: str) -> str | None:
        """Return what a Secret held last that cannot be served now, where it was stapled and nothing is any more."""
        with_answers = stapled(name)
        is_left = self.book.secret(name) and not self.book.secret(with_answers) and self.files.pem(name) is None
        return self.files.pem(with_answers) if is_left else None

    def _is_to_be_had(self, name: str) -> bool:
        if name == DEFAULT or self._wanted(name) is not None:
            return True
        if self.files.pem(name) is None:
            return False
        if not self.book.is_missing(name) or self.filing.inventory.secrets.awaits_answers:
            self._absences.end(name)
            return True
        return not self._absences.is_long(name)

    def _shakes_as_wanted(self, host: str) -> bool:
        """Whether a line says of handshakes what is wanted, and HAProxy has what it names (or gets it by a reload)."""
        parameters = self.authorities.parameters(host)
        is_known = self.authorities.have_all(parameters) or bool(self.authorities.too_long)
        return self.files.parameters_of(host) == parameters and is_known

    def _hand_over_authorities(self, hosts: Iterable[str]) -> list[str]:
        """Have HAProxy read the authorities of hosts; return what it took, in words."""
        handshakes = map(self.book.handshakes.of, hosts)
        secrets = {secret for handshake in handshakes if (secret := handshake.secret)}
        taken = self.authorities.hand_over(secrets, is_reachable=self.running.is_reachable)
        self._want_reload()
        return [f"authorities of {listed(taken)} set"] if taken else []

    def _are_judged(self, hosts: Iterable[str]) -> bool:
        """Whether clients of any of these hosts are asked for certificates."""
        return any(self.book.handshakes.of(host).secret for host in hosts)

    def _settle_authorities(self) -> None:
        """Be rid of authorities that no line names, and note what is wrong with the others."""
        self._authority_troubles = tuple(self.authorities.problems(self.epoch()))
        self.authorities.drop(self.files.parameters())

    def _want_reload(self) -> None:
        """Want a reload while something is too long for a command, or nothing can be said by one."""
        waiting = sorted({*self.offers.too_long, *self.authorities.too_long})
        too_long = (Reload(ReloadReason.CERTIFICATE_TOO_LONG, "", listed(waiting)),) if waiting else ()
        locked = (Reload(ReloadReason.CERTIFICATES_LOCKED),) if self._is_locked else ()
        self.filing.pace.want(RELOADS, (*too_long, *locked))

    def _overdue_hosts(self) -> set[str]:
        """Return the hosts of certificates whose Secrets have been gone for too long by now."""
        missing = {name for name in self.files.names() if name != DEFAULT and self.book.is_missing(name)}
        return {host for name in missing if not self._is_to_be_had(name) for host in self.book.hosts_of(name)}

    def _hosts_to_look_at(self, names: Iterable[str]) -> Iterator[str]:
        """Yield the hosts of certificates that can be had now and could not before."""
        for name in names:
            if name != DEFAULT and not self.files.is_listed(name) and self._is_to_be_had(name):
                yield from self.book.hosts_of(name)

    def _file_hosts(self, hosts: Iterable[str]) -> None:
        for host in hosts:
            self.files.put_hosts(host, self.names_for(host), self.authorities.parameters(host))
        self.filing.write_certificates()

    def _put_lines(self, hosts: Iterable[str]) -> tuple[LinePlan, set[str]]:
        """Have HAProxy's list say of these hosts what the files do; return the plan, and certificates it does not serve."""
        if not self.running.is_reachable:
            return LinePlan(), set()
        parameters = {host: self.files.parameters_of(host) for host in hosts}
        known = [host for host in hosts if self.authorities.have_all(parameters[host])]
        plan = self.running.plan({host: self.files.names_of(host) for host in known}, parameters)
        unfit: set[str] = set()
        for command in plan.additions:
            answer = self.running.add(command)
            if not answer.is_done:
                unfit.add(command.certificate)
                self.offers.refuse(command.certificate, self.files.pem(command.certificate) or "", answer)
        for line in plan.departures:
            _say_if_refused(self.running.delete(line))
        return plan, unfit

    def _drop(self, names: Iterable[str]) -> None:
        """Have HAProxy and the folder be rid of certificates that no host has."""
        for name in sorted(names):
            if name == DEFAULT or self.files.is_listed(name):
                continue
            _say_if_refused(self.running.be_rid_of(name))
            if self.book.secret(name) is None:
                self.offers.refused.pop(name, None)
            self._absences.end(name)
            self.files.remove(name)

    def _judge_again(self, names: Iterable[str]) -> None:
        """Note what HAProxy and the time make of certificates."""
        now = self.epoch()
        for name in names:
            secret = self.book.secret(name)
            self._troubles.pop(name, None)
            if secret and name in self.offers.refused:
                said = f"HAProxy does not take it: {self.offers.refused[name].said}"
                self._troubles[name] = Problem(secret, CRT, Reason.REFUSED_BY_HAPROXY, said, REMEDY)
            elif untimely := self.book.untimely(name, now):
                self._troubles[name] = untimely
        self.filing.certificate_problems = (*self._troubles.values(), *self._authority_troubles)


def _say_if_refused(answer: Answer | None) -> None:
    if answer is not None and not answer.is_done:
        log.warning("HAProxy did not take a command: %s", answer)


def _words(handed: list[str], changes: int) -> list[str]:
    said = [f"{counted(len(handed), 'certificate', 'certificates')} set ({listed(handed)})"] if handed else []
    if changes:
        said.append(f"{counted(changes, 'line', 'lines')} of the list of certificates changed")
    return said
