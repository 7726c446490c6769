"""Results of recipes as documents hold them: each between two comments of its own name."""

from __future__ import annotations

from pathlib import Path

ARCHITECTURE = Path(__file__).parents[2] / "clv_cli" / "ARCHITECTURE.md"


def recorded(name: str, document: Path = ARCHITECTURE) -> str:
    """The last result of that name.

    Raises:
        ValueError: the document has no place of that name.
    """
    return _parts(name, document)[1].strip()


def record(name: str, text: str, document: Path = ARCHITECTURE) -> None:
    """Write a result in place of the last one.

    Raises:
        ValueError: the document has no place of that name.
    """
    before, _, after = _parts(name, document)
    document.write_text(f"{before}\n{text}\n{after}", encoding="utf-8")


def _parts(name: str, document: Path) -> tuple[str, str, str]:
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    whole = document.read_text(encoding="utf-8")
    at, until = whole.index(begin) + len(begin), whole.index(end)
    return whole[:at], whole[at:until], whole[until:]
