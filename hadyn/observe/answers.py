"""What hadyn answers to each path, without any socket.

Rules: one table leads from path to answer; what shows more than slots and figures (plan,
explain) is answered on the control socket only. Every error is JSON with ``happened`` and
``remedy``, like the errors of the commands.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import msgspec

from hadyn.errors import HadynError, TemporaryError, WrongUsage
from hadyn.model.problems import shown

MOST_PARAMETERS = 1100
"""A query may name every backend of a page; more is an attack on the parser."""

PORTION = 200
"""So many backends are spelled at a time where all of them are asked for."""

_JSON = "application/json"
_LOG = logging.getLogger(__name__)


class View(Protocol):
    """What the controller shows; any thread may call any method.

    The documents are those of ``documents.py`` and ``status.py``. A method raises
    HadynError where it cannot know, say because HAProxy does not answer.
    """

    def is_alive(self) -> bool:
        """The controller's thread still turns."""

    def is_ready(self) -> bool:
        """HAProxy runs and holds the first full state."""

    def backend_names(self) -> Sequence[str]:
        """All backends, sorted; costs nothing."""

    def counts(self) -> list[dict[str, object]]:
        """How many slots of each backend are in which state, by name."""

    def slots(self, backends: Collection[str]) -> list[dict[str, object]]:
        """Who sits in which slot of these backends, by name; unknown names are left out."""

    def status(self) -> Mapping[str, object]:
        """The document of ``hadyn status``."""

    def plan(self) -> Mapping[str, object]:
        """What a cycle would do now; changes nothing."""

    def explain(self, url: str) -> Mapping[str, object]:
        """What a request for this URL meets; raises WrongUsage for what is no URL."""

    def resolve(self, names: Sequence[str], record_type: str | None) -> Sequence[Mapping[str, object]]:
        """What is known of names in DNS; raises WrongUsage for what is no name."""

    def drain(self, backend: str, who: Sequence[str], *, undo: bool) -> Mapping[str, object]:
        """Take endpoints out of service, all where ``who`` is empty, or undo it; raises WrongUsage for whom there is not."""

    def exposition(self) -> bytes:
        """The metrics, in Prometheus' text format."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, body and type of one answer; ``headers`` are further ones."""

    status: int
    body: bytes
    content_type: str = _JSON
    headers: Mapping[str, str] = field(default_factory=dict)


Query = dict[str, list[str]]


def answer(view: View, target: str, *, is_control: bool) -> Answer:
    """Answer a GET of ``target`` ("/api/slots?backend=shop_web_80"); never raises."""
    try:
        parts = urlsplit(target)
        query = parse_qs(parts.query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return refusal(400, "the address of this request cannot be read", "Ask for a path such as /api/slots")
    found = (_CONTROL_PATHS if is_control else _PATHS).get(parts.path)
    if found is None:
        return refusal(404, f"there is nothing at {shown(parts.path)}", f"Ask for one of {' '.join(_PATHS)}")
    return _answered(found, view, query, target)


def order(view: View, target: str) -> Answer:
    """Carry out a POST to ``target`` ("/api/drain?backend=shop_web_80&who=s3") of the control socket's owner; never raises."""
    try:
        parts = urlsplit(target)
        query = parse_qs(parts.query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return refusal(400, "the address of this request cannot be read", "POST to a path such as /api/drain")
    found = _ORDERS.get(parts.path)
    if found is None:
        return refusal(404, f"there is nothing to do at {shown(parts.path)}", f"POST to one of {' '.join(_ORDERS)}")
    return _answered(found, view, query, target)


def _answered(found: Callable[[View, Query], Answer], view: View, query: Query, target: str) -> Answer:
    try:
        return found(view, query)
    except WrongUsage as error:
        return refusal(400, error.happened, error.remedy)
    except TemporaryError as error:
        return refusal(503, error.happened, error.remedy)
    except HadynError as error:
        return refusal(500, error.happened, error.remedy)
    except Exception:  # noqa: BLE001 - logged with its traceback
        # A mistake of ours in one answer must not end the thread that serves them all.
        _LOG.exception("cannot answer %s", target)
        return refusal(500, "hadyn made a mistake", "Its log has the traceback; please report it")


def refusal(status: int, happened: str, remedy: str) -> Answer:
    """Say what is wrong with a request and what to do about it."""
    return _document({"happened": happened, "remedy": remedy}, status=status)


def _document(document: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, msgspec.json.encode(document) + b"\n", headers=headers or {})


def _healthz(view: View, _query: Query) -> Answer:
    if view.is_alive():
        return _document({"alive": True})
    return _document({"alive": False} | _sentence("the controller's thread hangs", "Restart hadyn"), status=503)


def _readyz(view: View, _query: Query) -> Answer:
    if view.is_ready():
        return _document({"ready": True})
    waiting = _sentence("HAProxy does not hold the first full state yet", "Wait, or see what `hadyn status` says")
    return _document({"ready": False} | waiting, status=503)


def _sentence(happened: str, remedy: str) -> dict[str, object]:
    return {"happened": happened, "remedy": remedy}


def _metrics(view: View, _query: Query) -> Answer:
    return Answer(200, view.exposition(), "text/plain; version=0.0.4; charset=utf-8")


def _slots(view: View, query: Query) -> Answer:
    """All backends, those named by ``backend``, or the part that ``search``, ``offset``, ``limit`` cut out."""
    named = query.get("backend")
    if named:
        documents = view.slots(frozenset(named))
        missing = sorted(set(named) - {str(document["backend"]) for document in documents})
        if missing:
            unknown = ", ".join(map(shown, missing[:3]))
            return refusal(404, f"there is no backend {unknown}", "`hadyn slots` lists them all")
        return _document(documents, headers={"Hadyn-Total": str(len(documents))})
    if not query.keys() & {"search", "offset", "limit"}:
        return _all_slots(view)
    searched = query.get("search", [""])[0].lower().replace("/", "_").replace(":", "_")
    names = [name for name in view.backend_names() if searched in name.lower()]
    offset, limit = _number(query, "offset", 0), _number(query, "limit", 100)
    page = frozenset(names[offset : offset + limit])
    return _document(view.slots(page) if page else [], headers={"Hadyn-Total": str(len(names))})


def _all_slots(view: View) -> Answer:
    """Every slot there is, spelled in portions: as values all at once they would take hundreds of megabytes."""
    names = view.backend_names()
    portions = (names[start : start + PORTION] for start in range(0, len(names), PORTION))
    spelled = (msgspec.json.encode(view.slots(frozenset(portion)))[1:-1] for portion in portions)
    body = b"[" + b",".join(filter(None, spelled)) + b"]\n"
    return Answer(200, body, headers={"Hadyn-Total": str(len(names))})


def _backends(view: View, _query: Query) -> Answer:
    documents = view.counts()
    return _document(documents, headers={"Hadyn-Total": str(len(documents))})


def _number(query: Query, name: str, default: int) -> int:
    text = query.get(name, [str(default)])[0]
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise WrongUsage(f"{name}={shown(text)} is not a number from 0 on", remedy=f"Say {name}={default}")
    return int(text)


def _status(view: View, _query: Query) -> Answer:
    return _document(view.status())


def _plan(view: View, _query: Query) -> Answer:
    return _document(view.plan())


def _explain(view: View, query: Query) -> Answer:
    if "url" not in query:
        raise WrongUsage("no URL was given", remedy="Ask for /api/explain?url=http://shop.example/")
    return _document(view.explain(query["url"][0]))


def _resolve(view: View, query: Query) -> Answer:
    if "name" not in query:
        raise WrongUsage("no name was given", remedy="Ask for /api/resolve?name=web.shop.svc.cluster.local")
    return _document(view.resolve(query["name"], query.get("type", [None])[0]))


def _drain(view: View, query: Query, *, undo: bool) -> Answer:
    if len(query.get("backend", ())) != 1:
        raise WrongUsage("no backend was named", remedy="POST to /api/drain?backend=shop_web_80&who=s3")
    return _document(view.drain(query["backend"][0], query.get("who", []), undo=undo))


@cache
def _file(name: str, content_type: str) -> Answer:
    return Answer(200, files("hadyn.observe").joinpath("page", name).read_bytes(), f"{content_type}; charset=utf-8")


_PATHS: dict[str, Callable[[View, Query], Answer]] = {
    "/": lambda _view, _query: _file("page.html", "text/html"),
    "/page.css": lambda _view, _query: _file("page.css", "text/css"),
    "/page.js": lambda _view, _query: _file("page.js", "text/javascript"),
    "/icon.svg": lambda _view, _query: _file("icon.svg", "image/svg+xml"),
    "/healthz": _healthz,
    "/readyz": _readyz,
    "/metrics": _metrics,
    "/api/backends": _backends,
    "/api/slots": _slots,
    "/api/status": _status,
}
_CONTROL_PATHS = _PATHS | {"/api/plan": _plan, "/api/explain": _explain, "/api/resolve": _resolve}

_ORDERS: Mapping[str, Callable[[View, Query], Answer]] = {
    "/api/drain": partial(_drain, undo=False),
    "/api/undrain": partial(_drain, undo=True),
}
"""What the owner of the control socket may have done, by POST."""
