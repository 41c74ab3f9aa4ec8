"""Many small Services, each with a host of its own, as typed objects a source would deliver."""

from __future__ import annotations

import itertools
import time

from hadyn.model.changes import Changes
from hadyn.model.decoding import decode
from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import Problem
from integration.manifests import ingress, service, slice_

SOURCE = "bench"
FIRST_NETWORK = 100
"""Pods are at addresses from 127.100.0.0 on, where one listener answers for all of them."""


class World:
    """Objects of so many backends with so many endpoints each; ``port`` is that of every pod."""

    def __init__(self, backends: int, endpoints: int, port: int) -> None:
        self.port = port
        self._numbers = itertools.count()
        self.endpoints = {name(number): self.addresses(endpoints) for number in range(backends)}

    def everything(self, *, with_endpoints: bool = True) -> Changes:
        """The first delivery."""
        upserts: list[KubernetesObject] = []
        for each, addresses in self.endpoints.items():
            upserts += [_object(service(each)), _object(ingress(each, host=host(each)))]
            upserts += [self._slice(each, *addresses)] if with_endpoints else []
        return Changes(SOURCE, tuple(upserts), is_complete=True, is_operators_own=True, received=time.monotonic())

    def all_endpoints(self) -> Changes:
        """Every endpoint at once."""
        upserts = tuple(self._slice(each, *addresses) for each, addresses in self.endpoints.items())
        return Changes(SOURCE, upserts, is_operators_own=True, received=time.monotonic())

    def replacement(self, number: int) -> tuple[str, Changes]:
        """Let another pod take the place of one; return where it listens and what a source says."""
        each = name(number)
        _, *others = self.endpoints[each]
        (address,) = self.addresses(1)
        self.endpoints[each] = [*others, address]
        return address, Changes(SOURCE, (self._slice(each, *others, address),), is_operators_own=True)

    def addresses(self, count: int) -> list[str]:
        """Addresses that nobody had before."""
        return [
            f"127.{FIRST_NETWORK + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
            for number in itertools.islice(self._numbers, count)
        ]

    def _slice(self, each: str, *addresses: str) -> KubernetesObject:
        return _object(slice_(each, *addresses, port=self.port))


def name(number: int) -> str:
    return f"web-{number:05}"


def host(each: str) -> str:
    return f"{each}.example"


def _object(document: dict[str, object]) -> KubernetesObject:
    found = decode(document)
    assert not isinstance(found, Problem | None), found
    return found
