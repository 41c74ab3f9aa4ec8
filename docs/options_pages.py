"""The pages about options: annotations, the ConfigMap, what reloads, what other controllers' annotations become."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hadyn.model.options.foreign.peers import PEERS
from hadyn.model.options.option import OPERATOR, Effect, Option, Scope
from hadyn.model.options.table import OPTIONS
from hadyn.planner.reasons import ReloadReason

WITHOUT = {
    ReloadReason.NEW_BACKEND: "HAProxy ≥ 3.4 takes it by command, unless it has settings of its own; before, "
    "`--spare-backends` keeps some ready",
    ReloadReason.NO_FREE_SLOT: "HAProxy ≥ 3.0.4 takes more slots by command, unless the backend's balance or servers have "
    "settings that no command takes; else raise `hadyn.io/slots`",
    ReloadReason.SLOTS_CHANGED: "HAProxy ≥ 3.0.4, as above",
    ReloadReason.BACKEND_CHANGED: "options that apply at once, below",
    ReloadReason.GLOBAL_CHANGED: "the options of objects in the ConfigMap reload nothing by themselves",
    ReloadReason.CERTIFICATE_TOO_LONG: "leave the root certificate out of the chain",
    ReloadReason.CERTIFICATES_LOCKED: "read what `show ssl …` prints to its end, and rarely",
    ReloadReason.CREDENTIAL_CHANGED: "HAProxy from 2.8.25, from 3.2.26 or from 3.4 on takes it by command",
    ReloadReason.ROUTING_BEGAN: "the first such route alone costs it, further ones do not",
    ReloadReason.PASSTHROUGH_BEGAN: "the first such Ingress alone costs it, further ones do not",
    ReloadReason.PORTS_CHANGED: "where a port leads, and to which pods, changes without one",
    ReloadReason.SOCKET_GONE: "leave the folder of the sockets alone",
    ReloadReason.NOT_REPAIRABLE: "this should not happen: please report it",
}


def annotation_lines(note: str) -> Iterator[str]:
    """docs/annotations.md: what objects may say."""
    of_objects = [option for option in OPTIONS if option.scope != OPERATOR]
    yield from ("# Annotations", "", note, "")
    yield "On an Ingress for all its backends, on a Service for that Service, which wins. A wrong value is a problem named"
    yield "on the object (`hadyn check`, `hadyn status`), and the default applies. Where it says so, the"
    yield "[ConfigMap](config-map.md) of `--config-map` may set the default for all, by the name without prefix."
    yield from _options(of_objects)


def config_map_lines(note: str) -> Iterator[str]:
    """docs/config-map.md: what the operator may say for all."""
    shared = [option for option in OPTIONS if Scope.GLOBAL in option.scope and option.scope != OPERATOR]
    yield from ("# The ConfigMap of options", "", note, "")
    yield "`hadyn run --config-map NAMESPACE/NAME` names a ConfigMap, in the cluster or among the manifests. Its keys are options:"
    yield "those below are about all of HAProxy, and the following annotations, by their names without `hadyn.io/`, are the"
    yield "defaults of objects that say nothing:"
    yield f"{', '.join(f'[`{option.name}`](annotations.md#{option.name})' for option in shared)}."
    yield from (
        "",
        "```yaml",
        "apiVersion: v1",
        "kind: ConfigMap",
        "metadata: {name: options, namespace: hadyn}",
        "data:",
        "  log-target: 10.0.0.9:514",
        "  timeout-client: 2m",
        '  slots: "20"',
        "```",
        "",
    )
    yield "What HAProxy refuses is a problem of the ConfigMap; until it is mended, HAProxy goes on as it was, and all other"
    yield "changes are carried out."
    yield from _options([option for option in OPTIONS if option.scope == OPERATOR])


def reload_lines(note: str) -> Iterator[str]:
    """docs/reloads.md: what reloads HAProxy, why, and when it need not."""
    yield from ("# What reloads HAProxy", "", note, "")
    yield "Endpoints, routes, redirects, weights, certificates and drains go through HAProxy's runtime socket. HAProxy is reloaded"
    yield "for the reasons below and for no other; the reason stands in the log, in `hadyn status` and in"
    yield "`hadyn_reloads_total{reason}`. Reasons that come together make one reload, at most one in `--reload-interval`."
    yield from ("", "| reason | because | not if |", "| --- | --- | --- |")
    yield from (f"| `{reason.name}` | {reason.value} | {WITHOUT[reason]} |" for reason in ReloadReason)
    for effect, title in (
        (Effect.LIVE, "Options that apply at once"),
        (Effect.LIVE_FOR_HOSTS, "Options that apply at once on an Ingress, for its hosts"),
        (
            Effect.LIVE_BEHIND_FIRST,
            "Options that apply at once to a backend that some Ingress or its Service has brought them to, else with one reload",
        ),
        (Effect.WHEN_GROWING, "Options that apply at once where slots suffice"),
        (Effect.RELOAD, "Options that apply with a reload"),
    ):
        names = ", ".join(f"`{option.title}`" for option in OPTIONS if option.effect is effect)
        yield from ("", f"## {title}", "", names)


def migration_lines(note: str) -> Iterator[str]:
    """docs/migration.md: other controllers' annotations, and what becomes of each."""
    yield from ("# Coming from another controller", "", note, "")
    yield "hadyn reads many annotations of other controllers as they stand. `hadyn check --from nginx PATH` (or `haproxy-ingress`,"
    yield "`haproxytech`) judges those of your own manifests, each with its value:"
    yield from ("", "```console", "$ kubectl get ingress,service -A -o yaml | hadyn check --from nginx -", "```")
    for peer in PEERS.values():
        yield from ("", f"## {peer.title}", "")
        yield f"Behind {' or '.join(f'`{each}`' for each in peer.prefixes)}:"
        yield from ("", "| annotation | verdict | |", "| --- | --- | --- |")
        for name in peer.names:
            judgements = [judgement for each in peer.prefixes if (judgement := peer.judge(each + name))]
            judgement = min(judgements, key=lambda judged: list(type(judged.verdict)).index(judged.verdict))
            yield f"| `{name}` | {judgement.verdict} | {cell(judgement.said)} |"


def cell(text: str) -> str:
    """Spell text for a cell of a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _options(options: list[Option[Any]]) -> Iterator[str]:
    yield from ("", "| option | values | default |", "| --- | --- | --- |")
    for option in options:
        yield f"| [`{option.title}`](#{option.name}) | {cell(option.accepted)} | {cell(option.default_text)} |"
    for option in options:
        yield from ("", f"## {option.name}", "", option.sentence, "")
        yield from _facts(option)


def _facts(option: Option[Any]) -> Iterator[str]:
    yield f"- values: {option.accepted}"
    yield f"- default: {option.default_text}"
    yield f"- on: {', '.join(scope.value for scope in Scope if scope in option.scope)}"
    yield f"- applies: {option.effect.value}"
    yield f"- example: `{option.title}: {_quoted(option.example)}`"
    if option.alias_names:
        yield f"- means the same: {', '.join(f'`{alias}`' for alias in option.alias_names)}"


def _quoted(text: str) -> str:
    """Spell a value as YAML takes it for text."""
    return f"'{text}'" if '"' in text else f'"{text}"'


PAGES = {
    "annotations.md": annotation_lines,
    "config-map.md": config_map_lines,
    "reloads.md": reload_lines,
    "migration.md": migration_lines,
}
