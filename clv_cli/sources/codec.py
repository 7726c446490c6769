"""What was read of a file, as JSON and frames, and back: what the cache keeps beside the rows.

Only our own dataclasses, enumerations and models are ever made from the text, so that a tampered
cache can at worst be refused. What a run knows anyway (the source's spec, the settings) is named
instead of written.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from importlib import import_module
from typing import TYPE_CHECKING, Any

import polars as pl
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "clv_cli."
_PLAIN = (str, int, bool, type(None))
_MARK = "is"


class Encoder:
    """Turns values into JSON; frames go to a list of their own.

    Args:
        known: name to object for what the reader will have at hand; such objects are only named.
    """

    def __init__(self, known: Mapping[str, object]) -> None:
        self._known = {id(value): name for name, value in known.items()}
        self.frames: list[pl.DataFrame] = []

    def encode(self, value: object) -> object:
        """A value of plain types, tagged where JSON has no type of its own.

        Raises:
            TypeError: a value of a kind that was not foreseen.
        """
        if not isinstance(value, _PLAIN) and id(value) in self._known:
            return {_MARK: "known", "name": self._known[id(value)]}
        if isinstance(value, Enum):
            return {_MARK: "enum", "type": _path(value), "value": value.value}
        if isinstance(value, _PLAIN):
            return value
        if isinstance(value, pl.DataFrame):
            self.frames.append(value)
            return {_MARK: "frame", "at": len(self.frames) - 1}
        if isinstance(value, date | Fraction):
            return {_MARK: type(value).__name__.casefold(), "text": str(value)}
        if isinstance(value, BaseModel):
            return {_MARK: "model", "type": _path(value), "data": value.model_dump_json()}
        if is_dataclass(value) and not isinstance(value, type):
            pairs = {f.name: self.encode(getattr(value, f.name)) for f in fields(value)}
            return {_MARK: "dataclass", "type": _path(value), "fields": pairs}
        return self._collection(value)

    def _collection(self, value: object) -> object:
        if isinstance(value, dict):
            pairs = [[self.encode(key), self.encode(inner)] for key, inner in value.items()]
            return {_MARK: "dict", "pairs": pairs}
        if isinstance(value, frozenset):
            # Sets have another order in every process; equal ones must give equal text.
            return {_MARK: "frozenset", "items": [self.encode(item) for item in sorted(value)]}
        if isinstance(value, tuple | list):
            return {_MARK: type(value).__name__, "items": [self.encode(item) for item in value]}
        raise TypeError(f"no code for {type(value).__name__}")


def _path(value: object) -> str:
    return f"{type(value).__module__}:{type(value).__qualname__}"


def decode(value: object, known: Mapping[str, object], frames: list[pl.DataFrame]) -> Any:  # noqa: ANN401 - any value
    """The value that `Encoder.encode` was given.

    Args:
        value: from JSON.
        known: what the encoder was told to name, by name.
        frames: the encoder's frames.

    Raises:
        ValueError: it was not written by the encoder.
    """
    if isinstance(value, _PLAIN):
        return value
    if not isinstance(value, dict):
        raise TypeError("not written by the encoder")

    def inner(item: object) -> Any:  # noqa: ANN401 - any value
        return decode(item, known, frames)

    match value[_MARK]:
        case "known":
            return known[value["name"]]
        case "frame":
            return frames[value["at"]]
        case "date":
            return date.fromisoformat(value["text"])
        case "fraction":
            return Fraction(value["text"])
        case "dict":
            return {inner(key): inner(item) for key, item in value["pairs"]}
        case "tuple" | "list" | "frozenset" as kind:
            made = {"tuple": tuple, "list": list, "frozenset": frozenset}[kind]
            return made(inner(item) for item in value["items"])
    return _own(value, inner)


def _own(value: Mapping[str, Any], inner: Any) -> Any:  # noqa: ANN401 - any value
    """A dataclass, enumeration or model of ours; never anything else that can be imported."""
    module, _, name = value["type"].partition(":")
    made = getattr(import_module(module), name) if module.startswith(PACKAGE) else None
    match value[_MARK]:
        case "enum" if isinstance(made, type) and issubclass(made, Enum):
            return made(value["value"])
        case "dataclass" if isinstance(made, type) and is_dataclass(made):
            return made(**{key: inner(item) for key, item in value["fields"].items()})
        case "model" if isinstance(made, type) and issubclass(made, BaseModel):
            return made.model_validate_json(value["data"])
    raise ValueError(f"{value['type']} is none of ours")
