"""The billing corpus: 65 files with a stated outcome; none may be misread in silence."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from clv_cli.errors import ClvError, ExitCode
from tests.sources.exports import TORTURE, load

if TYPE_CHECKING:
    from pathlib import Path

    from clv_cli.frames import Book

MANIFEST = TORTURE / "manifest.json"
CASES: list[dict[str, Any]] = (
    json.loads(MANIFEST.read_text(encoding="utf-8")) if MANIFEST.exists() else []
)
SOURCE: dict[str, Any] = {
    "table": "billing_lines",
    "columns": {"issued_on": "date"},
    "constants": {"kind": "recurring", "status": "paid"},
}
# What a file can be loaded with once its one-line fix is made, and the key that the refusal names.
FIXES: dict[str, tuple[dict[str, str], str]] = {
    "015_decimal_comma.csv": ({"date_format": "dmy"}, "date_format: dmy"),
    "045_missing_column.csv": ({"currency": "USD"}, "constants: {currency: USD}"),
    "067_excel_serial.csv": ({"date_format": "excel"}, "date_format: excel"),
}


def read(folder: Path, name: str, **keys: str) -> Book | ClvError:
    shutil.copy(TORTURE / name, folder / name)
    constants = {"constants": {**SOURCE["constants"]}}
    if "currency" in keys:
        constants["constants"]["currency"] = keys.pop("currency")
    try:
        return load(
            folder, {"path": name, **SOURCE, **constants, **keys}, quarantine={"max_share": "1"}
        )
    except ClvError as error:
        return error


def figures(book: Book) -> dict[str, Any]:
    lines = book.table("billing_lines").collect()
    months = lines.group_by(
        pl.format("{} {}", "currency", pl.col("issued_on").dt.strftime("%Y-%m")).alias("month")
    ).agg(pl.col("amount").sum())
    money = lines.group_by("currency").agg(pl.col("amount").sum())
    return {
        "rows": lines.height,
        "good_rows": lines.height,
        "bad_rows": book.quarantined.height,
        "total_minor": dict(money.iter_rows()),
        "customers": book.codes.height,
        "months": dict(months.iter_rows()),
    }


@pytest.mark.skipif(not CASES, reason="the shared corpus is not beside this repository")
@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_no_file_of_the_corpus_is_misread_in_silence(tmp_path: Path, case: dict[str, Any]) -> None:
    outcome = read(tmp_path, case["file"])
    allowed = set(case["outcome"].split("_or_"))
    if isinstance(outcome, ClvError):
        assert "reject" in allowed, outcome
        assert outcome.exit_code in {ExitCode.USAGE, ExitCode.DATA}
        return
    found = figures(outcome)
    if outcome.quarantined.height:
        assert "quarantine" in allowed, outcome.quarantined
        stated = {key: case[key] for key in found if key in case and key.endswith("_rows")}
        assert {key: found[key] for key in stated} == stated
        return
    assert "load" in allowed, found
    stated = {key: case[key] for key in found if key in case and not key.endswith("_rows")}
    assert {key: found[key] for key in stated} == stated


@pytest.mark.skipif(not CASES, reason="the shared corpus is not beside this repository")
def test_every_file_of_the_corpus_that_must_load_does(tmp_path: Path) -> None:
    must = [case["file"] for case in CASES if case["outcome"] == "load"]
    refused = {
        name
        for name in must
        if isinstance(book := read(tmp_path, name), ClvError) or book.quarantined.height
    }
    assert refused == set()


@pytest.mark.skipif(not CASES, reason="the shared corpus is not beside this repository")
@pytest.mark.parametrize("name", FIXES)
def test_a_refused_file_loads_with_the_key_that_the_refusal_names(
    tmp_path: Path, name: str
) -> None:
    keys, hint = FIXES[name]
    refusal = read(tmp_path, name)
    assert isinstance(refusal, ClvError)
    assert hint in str(refusal.hint)
    book = read(tmp_path, name, **keys)
    assert not isinstance(book, ClvError), book
    (case,) = (case for case in CASES if case["file"] == name)
    found = figures(book)
    stated = {key: case[key] for key in ("rows", "total_minor", "months") if key in case}
    assert {key: found[key] for key in stated} == stated
