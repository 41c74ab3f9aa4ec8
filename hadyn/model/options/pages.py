"""Options: what clients see when HAProxy itself answers."""

from __future__ import annotations

import re
from collections.abc import Callable

from hadyn.model.directives import Directive
from hadyn.model.options.option import OPERATOR, Chosen, Effect, Option, Section

STATUSES = (400, 403, 404, 413, 429, 500, 502, 503, 504)
LONGEST = 1024
_PAGE = re.compile(rf"[ -~]{{1,{LONGEST}}}")


def page(text: str) -> str:
    """HTML of printable ASCII; line ends and the blanks around them are one blank."""
    joined = " ".join(line.strip(" \t\r") for line in text.split("\n")).strip(" ")
    if not _PAGE.fullmatch(joined):
        raise ValueError(text)
    return joined


def _line(status: int) -> Callable[[str, Chosen], tuple[Directive, ...]]:
    def spell(html: str, _chosen: Chosen) -> tuple[Directive, ...]:
        return (
            Directive("http-error", "status", str(status), "content-type", "text/html; charset=utf-8", "string", html),
        )

    return spell


ERROR_PAGES: tuple[Option[str], ...] = tuple(
    Option(
        name=f"error-page-{status}",
        scope=OPERATOR,
        parse=page,
        accepted=f"HTML of at most {LONGEST} characters, all of them ASCII (&auml; for ä)",
        default=None,
        default_text="hadyn's page" if status in (404, 503) else "HAProxy's page",
        sentence=f"The page of HAProxy's own answers with status {status}; those of pods are left as they are.",
        example="<h1>We will be back in a minute</h1>",
        effect=Effect.RELOAD,
        directives=_line(status),
        main=Section.DEFAULTS,
    )
    for status in STATUSES
)
