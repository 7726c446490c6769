"""Lists kept by hand as YAML, such as `initiatives:`, read like a file of text columns."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

import polars as pl

from clv_cli.errors import DataError
from clv_cli.sources.binding import bind
from clv_cli.sources.columns import cell
from clv_cli.sources.headers import Header
from clv_cli.sources.part import make_part
from clv_cli.sources.structure import Structure
from clv_cli.yaml_marks import load_marked

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.sources.part import Desk, Part
    from clv_cli.sources.preset import Spec

SUFFIXES = (".yaml", ".yml")
MAX_BYTES = 1 << 20


def read_listing(path: Path, name: str, spec: Spec, desk: Desk) -> Part:
    """Read a list of mappings under one key into a part; a row is its 1-based item.

    Args:
        path: the YAML file.
        name: as printed.
        spec: how its source is read.
        desk: settings and store.

    Raises:
        DataError: not UTF-8, too large, or not one key with a list of mappings.
        ConfigError: no YAML, or money without a currency.
    """
    rows = read_items(path, name)
    cells = tuple(dict.fromkeys(key for row in rows for key in row))
    header = Header(cells, ",")
    columns = {cell(n): [row.get(key) for row in rows] for n, key in enumerate(cells)}
    raw = pl.LazyFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
        row=pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    )
    binding = bind(spec, header, name, desk.settings.base_currency)
    structure = Structure(len(rows), (), (), final_newline=True, tidy=False)
    return make_part((raw, raw), binding, structure, name, desk)


def read_items(path: Path, name: str) -> list[dict[str, str | None]]:
    """The items of a list, each value as the text that a CSV cell would hold.

    Args:
        path: the YAML file.
        name: as printed.

    Raises:
        DataError: not UTF-8, too large, or not one key with a list of mappings.
        ConfigError: no YAML.
    """
    if path.stat().st_size > MAX_BYTES:
        raise DataError("the YAML file is too large", where=name, hint="keep large tables as CSV")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError("the file is not UTF-8", where=name, hint="save it as UTF-8") from error
    marked = load_marked(text, name)
    for key_path, (line, _) in marked.duplicates:
        raise DataError(f'"{key_path[-1]}" stands twice', where=f"{name}:{line}")
    lists = list(marked.value.values()) if isinstance(marked.value, dict) else [marked.value]
    found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list) or not found or not all(isinstance(x, dict) for x in found):
        raise DataError(
            "the file must hold one key with a list of mappings",
            where=name,
            hint="write initiatives: and below it - {initiative_id: …, name: …}",
        )
    items = cast("list[dict[str, object]]", found)
    return [{key: _text(value) for key, value in item.items()} for item in items]


def _text(value: object) -> str | None:
    """A YAML value as the text a CSV cell would hold."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(_text(item) or "" for item in value)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
