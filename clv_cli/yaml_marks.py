"""YAML with line marks, and without YAML's surprises.

A trimmed loader: `true`/`false`, integers, decimals (as `Decimal`) and null; `NO` stays text, `012`
stays text, a day stays text, `0.1` is no binary float. Duplicate keys, which YAML libraries drop
silently, are kept as faults.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import yaml

from clv_cli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KeyPath = tuple[str | int, ...]
Mark = tuple[int, int]

_BASE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Marked:
    """A YAML document: its value, and where each key path stands (line, column; from 1).

    Args:
        value: mappings, lists, text, int, Decimal, bool, None.
        marks: key path to the place of its key (list items: of the item).
        duplicates: key paths written more than once, with the place of the repetition.
    """

    value: object
    marks: Mapping[KeyPath, Mark]
    duplicates: tuple[tuple[KeyPath, Mark], ...] = ()

    def mark(self, path: KeyPath) -> Mark:
        """Where a path stands, or its nearest parent that is written down."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, (1, 1))


def load_marked(text: str, name: str) -> Marked:
    """Read one YAML document.

    Args:
        text: the document.
        name: the file's name, for errors.

    Raises:
        ConfigError: the text is no YAML.
    """
    try:
        node = yaml.compose(text, Loader=_BASE)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        problem = getattr(error, "problem", None) or "not readable"
        raise ConfigError(
            f"this is not valid YAML: {problem}",
            where=where,
            hint="check the indentation and the quotes of this line and the one before",
        ) from error
    if node is None:
        return Marked(None, {})
    marks: dict[KeyPath, Mark] = {}
    duplicates: list[tuple[KeyPath, Mark]] = []
    for path, at, repeated in _walk(node, ()):
        if repeated:
            duplicates.append((path, at))
        marks[path] = at
    return Marked(_construct(node), marks, tuple(duplicates))


def _walk(node: yaml.Node, path: KeyPath) -> Iterator[tuple[KeyPath, Mark, bool]]:
    """Every key path with its place, and whether its mapping already had the key."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            yield (*path, name), _place(key), name in seen
            seen.add(name)
            yield from _walk(value, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), _place(item), False
            yield from _walk(item, (*path, index))


def _place(node: yaml.Node) -> Mark:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _construct(node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _construct(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item) for item in node.value]
    quoted = isinstance(node, yaml.ScalarNode) and node.style not in {None, ""}
    return str(node.value) if quoted else _scalar(str(node.value))


def _scalar(text: str) -> object:
    """A plain (unquoted) scalar, by the short list above."""
    if text in {"", "~", "null"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if re.fullmatch(r"-?(0|[1-9]\d*)", text):
        return int(text)
    if re.fullmatch(r"-?(0|[1-9]\d*)\.\d+", text):
        return Decimal(text)
    return text
