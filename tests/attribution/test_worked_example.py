"""The shipped $900M example, read from its files: both ways give 150, 160 and 590."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from clv_cli.attribution import split_tables
from clv_cli.config_file import load_settings
from clv_cli.periods import Period, parse_month
from clv_cli.pipeline import Scope
from clv_cli.results import collect
from clv_cli.sources import LineStore, load_book

if TYPE_CHECKING:
    from clv_cli.results import Result

EXAMPLE = Path(__file__).parents[2] / "sample_data" / "worked_example"
YEAR = Period(parse_month("2025-01"), parse_month("2025-12") + 1)


def split(config: str, folder: Path) -> tuple[Result, Result]:
    settings = load_settings(EXAMPLE / config)
    book = load_book(settings, EXAMPLE, LineStore(folder))
    scope = Scope(book, date(2025, 12, 31), YEAR, settings)
    parts, buckets = collect(split_tables(scope), scope)
    return parts, buckets


@pytest.mark.parametrize("config", ["lines.yaml", "worksheet.yaml"])
def test_lines_and_worksheet_give_the_same_split_of_900_million(
    config: str, tmp_path: Path
) -> None:
    parts, buckets = split(config, tmp_path)
    assert {row["bucket"]: row["amount"] for row in buckets.records()} == {
        "cxm": 15_000_000_000,
        "cs": 16_000_000_000,
        "sales": 59_000_000_000,
        "total": 90_000_000_000,
    }
    assert {
        (row["bucket"], row["component"]): row["amount"] // 10**8
        for row in parts.records()
        if row["amount"]
    } == {
        ("cxm", "switched"): 110,
        ("cxm", "expanded"): 40,
        ("cs", "retained"): 90,
        ("cs", "referral"): 30,
        ("cs", "no_gripes"): 40,
        ("sales", "rest"): 590,
    }


@pytest.mark.parametrize("config", ["lines.yaml", "worksheet.yaml"])
def test_the_figures_the_article_prints_are_reported_as_10_million_off(
    config: str, tmp_path: Path
) -> None:
    parts, _ = split(config, tmp_path)
    stated = [f.message for f in parts.rows.findings if f.code == "stated_differs"]
    assert stated == [
        (
            "cs: the parts add up to 160,000,000.00; the figure stated elsewhere, 150,000,000.00, "
            "differs by 10,000,000.00"
        ),
        (
            "sales: the parts add up to 590,000,000.00; the figure stated elsewhere, 600,000,000.00, "
            "differs by 10,000,000.00"
        ),
    ]
