"""Text of manifests, YAML or JSON, as documents that know their line.

Rules: YAML is read as the kube-apiserver's tools read it, by libyaml and without Python's
own types: a time stays text, ``10:30`` stays text. Aliases may not repeat so much that a
small file becomes a large one. The objects of a List count one by one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import yaml

MAX_REPEATED_VALUES = 100_000
"""How many values the aliases of one document may repeat."""

_INTEGER = re.compile(r"[-+]?0b[01][01_]*|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F][0-9a-fA-F_]*")
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_CARELESS = (ArithmeticError, AttributeError, LookupError, ValueError)
_NOT_IN_KUBERNETES = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}


class DoesNotParse(ValueError):
    """The text is not YAML or JSON; ``line`` and ``column`` count from 1, ``str()`` says what is wrong."""

    def __init__(self, said: str, line: int = 1, column: int = 1) -> None:
        super().__init__(said)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Document:
    """One document, or one object of a List, as plain Python values; ``line`` is where it begins, from 1."""

    content: object
    line: int


def documents(text: bytes, *, is_json: bool = False) -> list[Document]:
    """Return all documents that are not empty. Raises DoesNotParse."""
    found = _json_documents(text) if is_json else _yaml_documents(text)
    return [document for document in found if document.content is not None]


def root_nodes(text: bytes) -> Iterator[yaml.Node]:
    """Yield the root node of each YAML document: the same content with its lines. Raises DoesNotParse."""
    with _translated(text):
        yield from _nodes(_Loader(text))


def list_items(root: yaml.Node) -> list[yaml.Node] | None:
    """The nodes of a List's objects, None where the document is no List."""
    if not isinstance(root, yaml.MappingNode):
        return None
    fields = {key.value: value for key, value in root.value if isinstance(key, yaml.ScalarNode)}
    kind, items = fields.get("kind"), fields.get("items")
    if isinstance(kind, yaml.ScalarNode) and kind.value.endswith("List") and isinstance(items, yaml.SequenceNode):
        return list(items.value)
    return None


def _yaml_documents(text: bytes) -> Iterator[Document]:
    has_aliases = b"*" in text and b"&" in text
    with _translated(text):
        loader = _Loader(text)
        for root in _nodes(loader):
            if has_aliases:
                _refuse_bombs(root)
            content = loader.construct_document(root)
            items = list_items(root)
            if items is None:
                yield Document(content, root.start_mark.line + 1)
                continue
            for item, node in zip(_objects(content), items, strict=True):
                yield Document(item, node.start_mark.line + 1)


def _nodes(loader: _Loader) -> Iterator[yaml.Node]:
    while loader.check_node():
        root = loader.get_node()
        if root is not None:
            yield root


def _json_documents(text: bytes) -> Iterator[Document]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as cause:
        raise DoesNotParse(cause.msg, cause.lineno, cause.colno) from cause
    except UnicodeDecodeError as cause:
        raise _not_utf8(text, cause.start) from cause
    except RecursionError as cause:
        raise DoesNotParse("nested too deeply") from cause
    except ValueError as cause:
        raise DoesNotParse("a number of thousands of digits") from cause
    is_list = isinstance(content, dict) and str(content.get("kind")).endswith("List")
    if is_list and isinstance(content.get("items"), list):
        yield from (Document(item, 1) for item in _objects(content))
    else:
        yield Document(content, 1)


def _objects(listed: dict[str, Any]) -> Iterator[object]:
    """The objects of a List; those of a typed one ("IngressList") may leave their own kind out."""
    own = {"apiVersion": listed.get("apiVersion"), "kind": str(listed["kind"]).removesuffix("List")}
    for item in listed["items"]:
        yield {**own, **item} if own["kind"] and isinstance(item, dict) else item


@contextmanager
def _translated(text: bytes) -> Iterator[None]:
    """Turn whatever PyYAML raises into DoesNotParse; its constructors are careless with explicit tags."""
    try:
        yield
    except DoesNotParse:
        raise
    except yaml.MarkedYAMLError as cause:
        mark = cause.problem_mark or cause.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise DoesNotParse(str(cause.problem or cause.context), line, column) from cause
    except yaml.reader.ReaderError as cause:
        raise _not_utf8(text, cause.position) from cause
    except (yaml.YAMLError, RecursionError) as cause:
        raise DoesNotParse(f"not YAML that hadyn reads: {cause}") from cause
    except _CARELESS as cause:
        raise DoesNotParse(f"a value that does not fit its tag: {cause}") from cause


def _not_utf8(text: bytes, position: int) -> DoesNotParse:
    before = text[:position]
    line_start = before.rfind(b"\n") + 1
    said = "a character that is not UTF-8 or not printable"
    return DoesNotParse(said, before.count(b"\n") + 1, position - line_start + 1)


def _refuse_bombs(root: yaml.Node) -> None:
    """Raise DoesNotParse where aliases repeat too much, or repeat themselves."""
    sizes: dict[int, int] = {}
    expanded = _expanded_values(root, sizes)
    if expanded - len(sizes) > MAX_REPEATED_VALUES:
        said = f"aliases repeat more than {MAX_REPEATED_VALUES:,} values"
        raise DoesNotParse(said, root.start_mark.line + 1, root.start_mark.column + 1)


def _expanded_values(node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values the node has once each alias is written out; ``sizes`` gathers them by node."""
    known = sizes.get(id(node))
    if known == 0:
        raise DoesNotParse("an alias contains itself", node.start_mark.line + 1, node.start_mark.column + 1)
    if known is not None:
        return known
    sizes[id(node)] = 0
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        children = [child for pair in node.value for child in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    sizes[id(node)] = 1 + sum(_expanded_values(child, sizes) for child in children)
    return sizes[id(node)]


class _Loader(yaml.CSafeLoader):
    """The safe loader without the types that Kubernetes does not have."""


def _kubernetes_resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    replaced = {"tag:yaml.org,2002:int": _INTEGER, "tag:yaml.org,2002:float": _FLOAT}
    return {
        first: [
            (tag, re.compile(f"(?:{replaced[tag].pattern})$") if tag in replaced else pattern)
            for tag, pattern in resolvers
            if tag not in _NOT_IN_KUBERNETES
        ]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.yaml_implicit_resolvers = _kubernetes_resolvers()
_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.CSafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in {"null", "bool", "int", "float", "str", "seq", "map"}
}
