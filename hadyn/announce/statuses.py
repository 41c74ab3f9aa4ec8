"""Which Ingresses do not say yet where they are served.

Rules: an Ingress of ours says our addresses, one that ceased to be ours says none of them
any more; nobody else's status is touched. What ceased while nobody looked says our
addresses and was last written by us, as the apiserver has noted: equal addresses alone are
no proof, since two controllers may share a load balancer. What says so already is not
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from hadyn.model.problems import ObjectRef

Addresses = tuple[str, ...]
"""IP addresses and host names, in the order in which they are published."""


class Due(NamedTuple):
    """An Ingress whose status has to say ``addresses``, if it says ``instead`` now (None: whatever it says).

    ``needs_proof``: and if it was us who wrote that.
    """

    ingress: ObjectRef
    addresses: Addresses
    instead: Addresses | None
    needs_proof: bool = False


class Statuses:
    """What our Ingresses say, and what they should; one thread owns it."""

    def __init__(self) -> None:
        self._wanted: Addresses | None = None
        self._ours: dict[ObjectRef, Addresses] = {}
        self._due: dict[ObjectRef, Due] = {}
        self._strangers: dict[ObjectRef, Addresses] = {}
        self._cleared: set[ObjectRef] = set()

    @property
    def wanted(self) -> Addresses | None:
        """The addresses that are published; None while they are not known."""
        return self._wanted

    def publish(self, addresses: Addresses) -> None:
        """Have all Ingresses of ours say these addresses from now on."""
        if addresses == self._wanted:
            return
        self._wanted = addresses
        for ingress, said in self._ours.items():
            self._judge(ingress, said)
        strangers, self._strangers = self._strangers, {}
        for ingress, said in strangers.items():
            self._suspect(ingress, said)

    def saw(self, ingress: ObjectRef, said: Addresses | None, *, is_ours: bool) -> None:
        """Take note of an Ingress: what its status says (None: it is gone), and whether it is ours."""
        if said is None or is_ours:
            self._strangers.pop(ingress, None)
            self._cleared.discard(ingress)
        if said is None:
            self._ours.pop(ingress, None)
            self._due.pop(ingress, None)
        elif is_ours:
            self._ours[ingress] = said
            self._judge(ingress, said)
        elif self._ours.pop(ingress, None) is not None:
            self._due.pop(ingress, None)
            if said and said == self._wanted:
                self._due[ingress] = Due(ingress, (), instead=said)
        elif ingress in self._due and said != self._due[ingress].instead:
            del self._due[ingress]
        elif ingress not in self._due:
            self._suspect(ingress, said)

    def next_due(self) -> Due | None:
        """Return one status to write; it stays due until ``done`` or ``later``."""
        return next(iter(self._due.values()), None) if self._wanted is not None else None

    def done(self, due: Due) -> None:
        """Take note that a status says what it should, or that it cannot be made to."""
        if self._due.get(due.ingress) == due:
            del self._due[due.ingress]
        if due.needs_proof:
            self._cleared.add(due.ingress)
        if due.ingress in self._ours:
            self._ours[due.ingress] = due.addresses

    def later(self, due: Due) -> None:
        """Have a status come last."""
        if self._due.pop(due.ingress, None) is not None:
            self._due[due.ingress] = due

    def _suspect(self, ingress: ObjectRef, said: Addresses) -> None:
        """Somebody else's Ingress says where we are: ask once whether it was us who wrote that."""
        if self._wanted is None:
            self._strangers.pop(ingress, None)
            if said:
                self._strangers[ingress] = said
        elif said and said == self._wanted and ingress not in self._cleared:
            self._due[ingress] = Due(ingress, (), instead=said, needs_proof=True)

    def _judge(self, ingress: ObjectRef, said: Addresses) -> None:
        if self._wanted is None or said == self._wanted:
            self._due.pop(ingress, None)
        else:
            self._due[ingress] = Due(ingress, self._wanted, instead=None)


class _Entry(msgspec.Struct):
    ip: str | None = None
    hostname: str | None = None


class _LoadBalancer(msgspec.Struct):
    ingress: list[_Entry] | None = None


class _Status(msgspec.Struct, rename="camel"):
    load_balancer: _LoadBalancer | None = None


class _Managed(msgspec.Struct, rename={"fields_v1": "fieldsV1"}):
    manager: str = ""
    subresource: str = ""
    fields_v1: dict[str, Any] | None = None

    @property
    def has_addresses(self) -> bool:
        """Whether this writer was the last one to write status.loadBalancer.ingress."""
        fields: Any = self.fields_v1
        for name in ("f:status", "f:loadBalancer", "f:ingress"):
            fields = fields.get(name) if isinstance(fields, dict) else None
        return self.subresource == "status" and fields is not None


class _Metadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    managed_fields: list[_Managed] | None = None


class _Spec(
    msgspec.Struct, rename={"external_ips": "externalIPs", "cluster_ip": "clusterIP", "external_name": "externalName"}
):
    external_ips: list[str] | None = None
    cluster_ip: str | None = None
    external_name: str | None = None


class Published(msgspec.Struct):
    """An Ingress or a Service as far as its addresses go."""

    metadata: _Metadata
    spec: _Spec | None = None
    status: _Status | None = None

    def was_written_by(self, manager: str) -> bool:
        """Whether the apiserver has noted that its addresses are by this writer."""
        managed = self.metadata.managed_fields or ()
        return any(each.manager == manager and each.has_addresses for each in managed)

    @property
    def addresses(self) -> Addresses:
        """What status.loadBalancer says."""
        balancer = self.status.load_balancer if self.status else None
        entries = (balancer.ingress if balancer else None) or ()
        return tuple(each.ip or each.hostname or "" for each in entries)

    @property
    def service_addresses(self) -> Addresses:
        """Where clients reach a Service: its load balancer, else its externalIPs, else itself."""
        spec = self.spec or _Spec()
        own = spec.external_name or (spec.cluster_ip if spec.cluster_ip != "None" else None)
        return self.addresses or tuple(spec.external_ips or ()) or ((own,) if own else ())


def read_published(body: bytes) -> Published:
    """Read an Ingress or a Service; raises msgspec.MsgspecError."""
    return msgspec.json.decode(body, type=Published)


def status_patch(addresses: Addresses, resource_version: str) -> bytes:
    """Return the merge patch that has an Ingress of this resourceVersion say these addresses."""
    entries: list[Mapping[str, str]] = [{"ip" if _is_ip(address) else "hostname": address} for address in addresses]
    return msgspec.json.encode(
        {"metadata": {"resourceVersion": resource_version}, "status": {"loadBalancer": {"ingress": entries or None}}}
    )


def _is_ip(address: str) -> bool:
    return ":" in address or address.replace(".", "").isdigit()
