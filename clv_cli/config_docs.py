"""The config's documentation, read from the settings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from clv_cli.settings import Settings, Source

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def config_keys(model: type[BaseModel] = Settings, prefix: str = "") -> dict[str, FieldInfo]:
    """Every key of the config, dotted, with its field; list items are written `sources[].path`."""
    keys: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        keys[key] = field
        nested = field.annotation
        if isinstance(nested, type) and issubclass(nested, BaseModel):
            keys |= config_keys(nested, f"{key}.")
        elif Source in get_args(nested):
            keys |= config_keys(Source, f"{key}[].")
    return keys


def config_lines() -> list[str]:
    """One line a key: name, default, meaning."""
    return [
        f"{key:<30} {_default(field):<16} {field.description or ''}"
        for key, field in config_keys().items()
    ]


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "(required)"
    if isinstance(value, BaseModel) or value in ((), {}, None, ""):
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)
