"""The line in a file where a field of an object stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from hadyn.sources.documents import DoesNotParse, list_items, root_nodes

_STEP = re.compile(r"\[([^\]]*)\]|([^.\[]+)")


def field_line(text: bytes, object_line: int, field: str) -> int:
    """Return the line of a field ("spec.rules[0].host") of the object that begins in a line, both from 1.

    Where the field itself is missing, it is the line of the deepest part that is there;
    where nothing can be told, that of the object.
    """
    try:
        objects = [node for node in _objects(text) if node.start_mark.line + 1 == object_line]
    except DoesNotParse:
        return object_line
    if not objects:
        return object_line
    node, line = objects[0], object_line
    for index, name in _STEP.findall(field):
        found = _step(node, index or name)
        if found is None:
            return line
        node, line = found
    return line


def _objects(text: bytes) -> Iterator[yaml.Node]:
    for root in root_nodes(text):
        items = list_items(root)
        yield from [root] if items is None else items


def _step(node: yaml.Node, name: str) -> tuple[yaml.Node, int] | None:
    """The node of one part of a path, and the line to show for it."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name:
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and name.isdecimal() and int(name) < len(node.value):
        item = node.value[int(name)]
        return item, item.start_mark.line + 1
    return None
