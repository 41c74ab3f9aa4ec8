"""Kubeconfigs, several merged into one as kubectl merges them.

Rules: what an earlier file says counts over what a later one does. Paths in a file are
relative to it, so they are absolute here. A credential plugin is run by ``plugin``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from hadyn.cluster.errors import KubeconfigWrong
from hadyn.cluster.plugin import patient

Section = dict[str, Any]

_LISTS = {"clusters": "cluster", "users": "user", "contexts": "context"}
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


def merged(paths: Sequence[Path]) -> Section | None:
    """Return what these files say together, None where they say nothing; those missing say nothing.

    Raises KubeconfigWrong where none can be read, yaml.YAMLError, ValueError for what is no kubeconfig.
    """
    content: Section = {}
    for path in _readable(paths):
        document = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        if document is None:
            continue
        if not isinstance(document, dict):
            raise ValueError(f"{path} is not a mapping")  # noqa: TRY004 - the value is wrong, not its use
        _merge(content, document, path.parent)
    return content or None


def _readable(paths: Sequence[Path]) -> list[Path]:
    """Those that are there; one file alone has to be."""
    found: list[Path] = []
    trouble: KubeconfigWrong | None = None
    for path in paths:
        try:
            path.open("rb").close()
        except OSError as cause:
            trouble = KubeconfigWrong(
                f"cannot read the kubeconfig {path}: {cause.strerror}",
                remedy="--kubeconfig takes a file that this user may read; so does KUBECONFIG, which may name several",
            )
            if not isinstance(cause, FileNotFoundError):
                raise trouble from cause
        else:
            found.append(path)
    if trouble is not None and not found:
        raise trouble
    return found


def _merge(content: Section, document: Section, folder: Path) -> None:
    for key, value in document.items():
        if key not in _LISTS:
            content.setdefault(key, value)
            continue
        entries = content.setdefault(key, [])
        known = {each.get("name") for each in entries}
        for entry in value or ():
            if isinstance(entry, dict) and entry.get("name") not in known:
                entries.append({**entry, _LISTS[key]: _placed(entry.get(_LISTS[key]), folder)})


def _placed(section: Any, folder: Path) -> Any:
    """Return a section as it is from everywhere, its plugin given limited time."""
    if not isinstance(section, dict):
        return section
    placed = {
        key: str(folder / value) if key in _PATHS and isinstance(value, str) and value else value
        for key, value in section.items()
    }
    plugin = section.get("exec")
    if isinstance(plugin, dict) and isinstance(plugin.get("command"), str):
        command = plugin["command"]
        # One without a slash is looked for in PATH.
        program = str(folder / command) if "/" in command else command
        words = patient(program, plugin.get("args") or ())
        placed["exec"] = {**plugin, "command": words[0], "args": words[1:]}
    return placed
