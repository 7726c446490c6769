"""Plain CSV text: UTF-8, line feeds, minimal quoting."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def table(root: Path, name: str, header: str, rows: Iterable[Sequence[object]]) -> None:
    """Write one CSV file below the output directory."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def text(root: Path, name: str, content: str) -> None:
    """Write one text file below the output directory."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8", newline="\n")


def major(minor: int) -> str:
    """Write minor units as a decimal with two digits."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def yes(value: object) -> str:
    """Write a truth value as dashboards do."""
    return "TRUE" if value else "FALSE"
