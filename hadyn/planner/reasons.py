"""Why commands are not enough, so that HAProxy must be reloaded: values, one sentence each.

Rule: the same word stands in the log, the metric ``hadyn_reloads_total`` and the CLI.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ReloadReason(Enum):
    """The name is the word people see; the value is the sentence behind it."""

    NEW_BACKEND = "a backend was added, which this HAProxy can only read from its files"
    NO_FREE_SLOT = "more endpoints than slots"
    SLOTS_CHANGED = "the annotation asks for more slots"
    BACKEND_CHANGED = "a setting of the backend changed that no command can change"
    GLOBAL_CHANGED = "a setting for all of HAProxy changed that no command can change"
    CERTIFICATE_TOO_LONG = "a certificate with its chain is longer than this HAProxy takes by command"
    CERTIFICATES_LOCKED = "HAProxy lets nobody change certificates by command, for some seconds or for good"
    CREDENTIAL_CHANGED = "another certificate is shown to pods, which this HAProxy takes by command only once"
    PASSTHROUGH_BEGAN = "a first Ingress leaves TLS to its pods, for which HAProxy needs one more frontend"
    PORTS_CHANGED = "somebody came or went who asks for a port of its own, where HAProxy listens only from a start on"
    ROUTING_BEGAN = "a first route asks for more than host and path, for which the frontend needs lines"
    SOCKET_GONE = "HAProxy's runtime socket was removed, or taken by another program"
    NOT_REPAIRABLE = "HAProxy did not become what the commands said, twice"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Reload:
    """One reason to reload, and the backend it is about ("" for all of HAProxy)."""

    reason: ReloadReason
    backend: str = ""
    detail: str = ""
