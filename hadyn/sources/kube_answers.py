"""Read what an apiserver answers: the page of a list, the events of a watch.

Rules: an object that cannot be read is a problem and harms no other; an answer that is
not what Kubernetes documents raises AnswerNotUnderstood. Of several events about one
object the last one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from hadyn.cluster.errors import AnswerNotUnderstood, Status, error_of_status
from hadyn.cluster.requests import ApiRequest, Resource
from hadyn.errors import HadynError
from hadyn.model.decoding import TypeName, decode
from hadyn.model.objects import KubernetesObject
from hadyn.model.problems import ObjectRef, Problem, shown


class _Metadata(msgspec.Struct, gc=False, rename="camel"):
    name: str = ""
    namespace: str = ""
    resource_version: str = ""


class _Headed(msgspec.Struct, gc=False):
    metadata: _Metadata


class _ListMetadata(msgspec.Struct, gc=False, rename={"resource_version": "resourceVersion", "token": "continue"}):
    resource_version: str = ""
    token: str = ""


class _List(msgspec.Struct, gc=False):
    metadata: _ListMetadata
    items: list[msgspec.Raw] | None = None


class _Event(msgspec.Struct, gc=False):
    type: str
    object: msgspec.Raw


Keeps = Callable[[ObjectRef], bool]
"""Whether an object concerns whoever asks; the others are decoded and forgotten."""

_GAIN = {"ADDED": 1, "DELETED": -1}
_LISTS = msgspec.json.Decoder(_List)
_EVENTS = msgspec.json.Decoder(_Event)
_HEADS = msgspec.json.Decoder(_Headed)
_STATUSES = msgspec.json.Decoder(Status)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list: ``token`` asks for the next one, "" where there is none."""

    objects: tuple[KubernetesObject, ...]
    problems: tuple[Problem, ...]
    resource_version: str
    token: str = ""


@dataclass(slots=True)
class Events:
    """What a few events came to.

    ``upserts`` and ``problems`` are by object, each the last word about it; ``deletes``
    are objects that are gone. ``gained`` is how many objects more they leave (less, where
    negative). ``resource_version`` is where to resume behind them, "" where that is not
    said; ``failure`` is what an ERROR event said, nothing comes behind it.
    """

    upserts: dict[ObjectRef, KubernetesObject] = field(default_factory=dict)
    deletes: set[ObjectRef] = field(default_factory=set)
    problems: dict[ObjectRef, Problem] = field(default_factory=dict)
    gained: int = 0
    resource_version: str = ""
    failure: HadynError | None = None


def everything(_ref: ObjectRef) -> bool:
    return True


def read_page(body: bytes, resource: Resource, request: ApiRequest, keeps: Keeps = everything) -> Page:
    """Read one page of a list. Raises AnswerNotUnderstood."""
    try:
        page = _LISTS.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        raise AnswerNotUnderstood(request, shown(str(cause))) from cause
    if not page.metadata.resource_version:
        raise AnswerNotUnderstood(request, "it has no resourceVersion")
    assumed = TypeName(resource.api_version, resource.kind)
    decoded = [decode(item, assumed) for item in page.items or ()]
    return Page(
        objects=tuple(each for each in decoded if not isinstance(each, Problem | None) and keeps(each.ref)),
        problems=tuple(each for each in decoded if isinstance(each, Problem) and keeps(each.object)),
        resource_version=page.metadata.resource_version,
        token=page.metadata.token,
    )


def read_events(lines: Iterable[bytes], resource: Resource, request: ApiRequest, keeps: Keeps = everything) -> Events:
    """Read the events of a watch, in order.

    A line that is not JSON ends them with AnswerNotUnderstood as their ``failure``: what
    came before it counts.
    """
    events = Events()
    last: msgspec.Raw | None = None
    try:
        for line in lines:
            event = _EVENTS.decode(line)
            if event.type == "ERROR":
                status = _STATUSES.decode(event.object)
                events.failure = error_of_status(request, status.code or 0, status)
                break
            _take(event, resource, events, keeps)
            last = event.object
    except (msgspec.MsgspecError, UnicodeDecodeError) as cause:
        events.failure = AnswerNotUnderstood(request, shown(str(cause)))
    events.resource_version = _version_of(last)
    return events


def _version_of(last: msgspec.Raw | None) -> str:
    """The resourceVersion of the last event is enough: it is where to resume."""
    if last is None:
        return ""
    try:
        return _HEADS.decode(last).metadata.resource_version
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def _take(event: _Event, resource: Resource, events: Events, keeps: Keeps) -> None:
    match event.type:
        case "ADDED" | "MODIFIED":
            found = decode(event.object, TypeName(resource.api_version, resource.kind))
            ref = found.object if isinstance(found, Problem) else found.ref if found else None
            if ref is None or not keeps(ref):
                return
            if isinstance(found, Problem):
                # The object as it was goes on counting: nothing better is known.
                events.problems[ref] = found
            elif found is not None:
                events.upserts[ref] = found
                events.deletes.discard(ref)
                events.problems.pop(ref, None)
        case "DELETED":
            metadata = _HEADS.decode(event.object).metadata
            ref = ObjectRef(resource.kind, "" if resource.is_cluster_wide else metadata.namespace, metadata.name)
            if not keeps(ref):
                return
            events.deletes.add(ref)
            events.upserts.pop(ref, None)
            events.problems.pop(ref, None)
    events.gained += _GAIN.get(event.type, 0)
