"""Options: the path that pods see instead of the one that the client asked for.

Rules: ``rewrite-target`` puts a path in the place of the Ingress path, so it stands in
each route's entry in the maps as ``1/new``: how many elements of the path go, and what
comes instead; ``=/new`` is the whole path. The lines that do it are the same for all, so
only the first one of a backend needs a reload. Regular expressions of ingress-nginx are
understood where they mean a prefix, which is what nearly all of them mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hadyn.model.directives import Directive
from hadyn.model.options.option import Alias, Chosen, Effect, Option, RouteFacts, RouteField, Scope, of_haproxy_ingress

MOST_ELEMENTS = 9
"""So many elements of a path are told apart, one line each."""
FIELD = 4
_LITERAL = r"(?:/[A-Za-z0-9._~!&'()*+,=:@%-]+)*"
_TARGET = re.compile(rf"({_LITERAL})/?")
_BY_GROUP = re.compile(rf"({_LITERAL})/?\$([1-9])")
_BY_GROUPS = re.compile(r"/?(?:[A-Za-z0-9._~!&'()*+,=:@%/-]|\$[1-9])*")
_GROUP = re.compile(r"\$([1-9])")
SEVERAL = -1
_PLAIN = r"(?:/[A-Za-z0-9._~-]+)*"
_PREFIXES = re.compile(rf"({_PLAIN})/? ({_PLAIN})/?")
_EXPRESSION = re.compile(rf"({_PLAIN})(?:/\(\.\*\)|\(/\.\*\)\??) ({_PLAIN})/?\\1")
_PREPENDED = re.compile(rf"\^?\(\.\*\)\$? ({_PLAIN})/?\\1")
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Rewrite:
    """``target`` has no / at its end. ``group`` is the one of the path that stays, 0 where there are none, SEVERAL for more.

    ``template`` is the whole text, for paths that are expressions.
    """

    target: str
    group: int = 0
    is_whole: bool = False
    template: str = ""


@dataclass(frozen=True, slots=True)
class PathRewrite:
    """``new`` comes instead of ``old`` at the beginning of a path, instead of the whole path where that is None."""

    old: str | None
    new: str


def _found(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    found = pattern.fullmatch(text) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(text)
    return found


def target_of_prefix(text: str) -> Rewrite:
    """A path, which comes instead of the path of the Ingress."""
    if not text.startswith("/"):
        raise ValueError(text)
    return by_groups(text) if "$" in text else Rewrite(_found(_TARGET, text)[1], template=text)


def target_of_groups(text: str) -> Rewrite:
    """As ingress-nginx has it: a path that ends with a group of the Ingress path, else the whole path."""
    if "$" not in text:
        return Rewrite(target_of_prefix(text).target, is_whole=True, template=text)
    return by_groups(text)


def by_groups(text: str) -> Rewrite:
    """A path with groups of the Ingress path in it."""
    found = _BY_GROUP.fullmatch(text) if len(text) <= LONGEST else None
    if found:
        return Rewrite(found[1], int(found[2]), template=text)
    return Rewrite("", SEVERAL, template=_found(_BY_GROUPS, text)[0])


def two_prefixes(text: str) -> PathRewrite:
    """Two paths with a blank between them."""
    found = _found(_PREFIXES, text)
    if not text.startswith("/") or " /" not in text:
        raise ValueError(text)
    return PathRewrite(found[1], found[2])


def path_expression(text: str) -> PathRewrite:
    """As HAProxy Technologies' controller has it, where it means a prefix, or the whole path."""
    prepended = _PREPENDED.fullmatch(text)
    if prepended:
        return PathRewrite("", prepended[1])
    if " " in text:
        found = _found(_EXPRESSION, text)
        return PathRewrite(found[1], found[2])
    if not text.startswith("/"):
        raise ValueError(text)
    return PathRewrite(None, _found(re.compile(rf"({_PLAIN})/?"), text)[1])


def _spelled(chosen: Chosen, route: RouteFacts) -> str:
    rewrite = chosen.value(REWRITE_TARGET)
    if rewrite is None or _unlike(chosen, route):
        return ""
    if route.groups is not None:
        return "=" + _GROUP.sub(lambda found: rf"\{_numbers(route)[int(found[1])]}", rewrite.template)
    if rewrite.is_whole or route.is_exact:
        return f"={rewrite.target or '/'}"
    return f"{_elements(route.path)}{rewrite.target}"


def _unlike(chosen: Chosen, route: RouteFacts) -> str:
    """Say why a path cannot be rewritten as wished, "" where it can."""
    rewrite = chosen.value(REWRITE_TARGET)
    if rewrite is not None and route.groups is not None:
        return _unlike_expression(rewrite, route)
    if rewrite is None or rewrite.is_whole:
        return ""
    if rewrite.group != route.rest and rewrite.group:
        asked = "several groups" if rewrite.group == SEVERAL else f"${rewrite.group}"
        return f"its rewrite-target asks for {asked}, which is not what follows a prefix of this path"
    if _elements(route.path) > MOST_ELEMENTS:
        return f"more than {MOST_ELEMENTS} elements of a path are not rewritten"
    return ""


def _unlike_expression(rewrite: Rewrite, route: RouteFacts) -> str:
    if not rewrite.template.startswith("/"):
        return "its rewrite-target does not begin with /, so no path would"
    missing = {found[1] for found in _GROUP.finditer(rewrite.template)} - set(map(str, _numbers(route)))
    return f"its rewrite-target asks for ${min(missing)}, and the path has no such group" if missing else ""


def _numbers(route: RouteFacts) -> dict[int, int]:
    """HAProxy's numbers of groups, by those of their author."""
    return dict(enumerate(route.groups or (), start=1))


def _elements(path: str) -> int:
    return len(path.rstrip("/").split("/")) - 1


def _lines(_rewrite: Rewrite, _chosen: Chosen) -> tuple[Directive, ...]:
    """The same for every value: what differs is in the map."""
    rest = (
        Directive("http-request", "set-var(txn.rest)", f"path,field({number + 2},/,0)").only_if(
            "{", "var(txn.rewrite)", "-m", "beg", str(number), "}"
        )
        for number in range(MOST_ELEMENTS + 1)
    )
    needs_slash = (
        ("{", "var(txn.rest)", "-m", "len", "gt", "0", "}"),
        ("{", "path", "-m", "end", "/", "}"),
        ("!{", "var(txn.instead)", "-m", "len", "gt", "0", "}"),
    )
    by_prefix = ("{", "var(txn.rewrite)", "-m", "beg", *map(str, range(MOST_ELEMENTS + 1)), "}")
    return (
        Directive("http-request", "set-var(txn.rewrite)", f"var(txn.route),field({FIELD},|)"),
        Directive("http-request", "set-var(txn.instead)", "var(txn.rewrite),bytes(1)"),
        *rest,
        *(Directive("http-request", "set-var(txn.slash)", "str(/)").only_if(*each) for each in needs_slash),
        Directive("http-request", "set-path", "%[var(txn.instead)]%[var(txn.slash)]%[var(txn.rest)]").only_if(
            *by_prefix
        ),
        Directive("http-request", "set-path", "%[var(txn.instead)]").only_if(
            "{", "var(txn.rewrite)", "-m", "beg", "=", "}"
        ),
    )


def _path_lines(rewrite: PathRewrite, _chosen: Chosen) -> tuple[Directive, ...]:
    if rewrite.old is None:
        return (Directive("http-request", "set-path", rewrite.new or "/"),)
    is_exact = ("{", "var(txn.is_old)", "-m", "found", "}")
    pattern = "^" + rewrite.old.replace(".", r"\.") + "/(.*)$"
    return (
        *(
            (Directive("http-request", "set-var(txn.is_old)", "bool(true)").only_if("{", "path", rewrite.old, "}"),)
            if rewrite.old
            else ()
        ),
        Directive("http-request", "replace-path", pattern, rf"{rewrite.new}/\1").only_if("!{", *is_exact[1:]),
        *((Directive("http-request", "set-path", rewrite.new or "/").only_if(*is_exact),) if rewrite.old else ()),
    )


REWRITE_TARGET: Option[Rewrite] = Option(
    name="rewrite-target",
    scope=frozenset({Scope.INGRESS}),
    parse=target_of_prefix,
    accepted="a path that begins with /, with $1 and the like where use-regex is said",
    default=None,
    default_text="the client's path",
    sentence="Pods see this in the place of the Ingress path, and behind it what the client asked for behind that path.",
    example="/",
    effect=Effect.LIVE_BEHIND_FIRST,
    aliases=(
        *of_haproxy_ingress("rewrite-target"),
        Alias(
            "nginx.ingress.kubernetes.io/rewrite-target",
            target_of_groups,
            "a path with groups of the Ingress path ($1, $2), or a whole path",
            "/$2",
        ),
    ),
    directives=_lines,
    per_route=True,
)

PATH_REWRITE: Option[PathRewrite] = Option(
    name="path-rewrite",
    scope=frozenset({Scope.INGRESS, Scope.SERVICE, Scope.BACKEND}),
    parse=two_prefixes,
    accepted='two paths with a blank between them ("/old /new"), which may be / alone',
    default=None,
    default_text="the client's path",
    sentence="Pods see the second path in the place of the first one, where a path begins with it.",
    example="/api/v1 /v1",
    effect=Effect.RELOAD,
    aliases=(
        Alias(
            "haproxy.org/path-rewrite",
            path_expression,
            r"a path for all requests, or one of the forms (.*) /new\1 and /old/(.*) /new/\1",
            r"/old/(.*) /new/\1",
        ),
    ),
    directives=_path_lines,
    per_route=True,
)

REWRITE = RouteField(number=FIELD, name="rewrite", spell=_spelled, unlike=_unlike)
"""Its lines stand in the backends that use it, so that it costs others nothing."""
