"""hadyn explain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hadyn.cli.command import command
from hadyn.cli.control import ask_unless_given
from hadyn.cli.flags import manifests_flag, output_flag, state_dir_flag
from hadyn.cli.output import document_text, plain_table, utc_now
from hadyn.cli.policy_flags import policy_flags
from hadyn.cli.slot_rows import SLOT_HEADER, slot_rows
from hadyn.cli.status import problem_line

EXAMPLE = """
  $ hadyn explain http://shop.example/cart
  $ hadyn explain shop.example/cart --manifests examples/shop
"""

Document = dict[str, Any]


@command("explain", example=EXAMPLE)
@click.argument("url")
@output_flag("json", "yaml")
@manifests_flag("Judge these instead of asking a running hadyn; repeatable.")
@policy_flags
@state_dir_flag
def explain(url: str, form: str | None, manifests: tuple[Path, ...], state_dir: Path, **flags: Any) -> None:
    """Show which Ingress, backend and slots a URL meets.

    And why no other Ingress got the request, with the problems of the objects behind it.
    """
    document = ask_unless_given(manifests, state_dir, "/api/explain", {"url": url})
    if document is None:
        document = _from_manifests(url, manifests, flags)
    if form:
        click.echo(document_text(document, form), nl=False)
        return
    for line in _lines(document):
        click.echo(line)


def _from_manifests(url: str, manifests: tuple[Path, ...], flags: dict[str, Any]) -> Document:
    """The same document without HAProxy: each endpoint in the slot it would have first."""
    from hadyn.cli.standalone import judged  # noqa: PLC0415 - imports the whole model
    from hadyn.controller.certificate_view import described, serving  # noqa: PLC0415
    from hadyn.model.explain import explain as explanation_of  # noqa: PLC0415
    from hadyn.observe.documents import slots_document  # noqa: PLC0415
    from hadyn.observe.explanation import explain_document, host_and_path  # noqa: PLC0415
    from hadyn.planner.observed import ObservedBackend, ObservedSlot, SlotState  # noqa: PLC0415
    from hadyn.planner.slots import seat_first  # noqa: PLC0415

    host, path = host_and_path(url)
    found = judged(manifests, flags)
    explanation = explanation_of(found.inventory, host, path)
    route = explanation.route
    backend = found.inventory.backend(route.backend) if route and route.backend else None
    book = found.inventory.certificates
    names = serving(explanation.host, book.names_of) if found.settings.https_port else ()
    certificates = described(book, names)
    if backend is None:
        return explain_document(url, explanation, service=None, slots=(), certificates=certificates)
    seats = seat_first(backend).seats
    slots = (ObservedSlot(name, seat.address, SlotState.READY, weight=seat.weight) for name, seat in seats.items())
    observed = {backend.name: ObservedBackend(backend.name, tuple(slots))}
    (document,) = slots_document({backend.name: backend}, observed, utc_now())
    entries = document["entries"]
    assert isinstance(entries, list)
    return explain_document(url, explanation, service=backend.service, slots=entries, certificates=certificates)


def _https(document: Document) -> Iterator[str]:
    if document["route"] and document["route"]["passes_tls"]:
        yield "  HTTPS    goes to the pods as it is"
        return
    for certificate in document["certificates"]:
        yield f"  HTTPS    {_certificate(certificate)}"


def _clients(document: Document) -> Iterator[str]:
    asked = document["clients"]
    if asked and asked["secret"] is None:
        yield "  clients  get a 403: no Secret says by whom their certificates are judged"
    elif asked:
        modal = "may" if asked["certificate"] == "optional" else "have to"
        yield f"  clients  {modal} show a certificate of an authority in secret {asked['secret']}"


def _certificate(certificate: Document) -> str:
    of_whom = f"certificate of secret {certificate['secret']}" if certificate["secret"] else "the default certificate"
    default = ", the default" if certificate["default"] and certificate["secret"] else ""
    about = f": {certificate['key']}, until {certificate['expires']}" if certificate["key"] else ""
    return f"{of_whom}{default}{about}"


def _lines(document: Document) -> Iterator[str]:
    route = document["route"]
    yield f"{document['host']}{document['path']}"
    if route is None:
        yield "  meets no rule: 404"
    else:
        yield f"  ingress  {route['ingress']}: {_rule(route)}"
        yield from [f"  canary   {route['canary']}"] if route["canary"] else []
        yield f"  backend  {route['backend'] or 'none, its Service is missing: 503'}"
        yield from [f"  service  {document['service']}"] if document["service"] else []
    yield from _https(document)
    yield from _clients(document)
    if route is not None:
        yield from _slots(document)
    if document["others"]:
        yield "why not"
        for other in document["others"]:
            yield f"  {other['ingress']}: {_rule(other)}: {other['why']}"
    if document["problems"]:
        yield "problems"
        for problem in document["problems"]:
            yield f"  {problem_line(problem)}"


def _rule(route: Document) -> str:
    host = {"_": "any host", "*": "default backend"}.get(route["host"], route["host"])
    return f"{host}{route['path']} ({route['type']})" if route["path"] else str(host)


def _slots(document: Document) -> Iterator[str]:
    if document["route"]["backend"] is None:
        return
    if not document["slots"]:
        yield "  slots    none with an endpoint: 503"
        return
    rows = slot_rows([{"backend": "", "entries": document["slots"]}], utc_now())
    for line in plain_table(SLOT_HEADER[1:], [row[1:] for row in rows]).splitlines():
        yield f"  {line}"
