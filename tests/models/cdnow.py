"""CDNOW and the donations, as the `lifetimes` wheel carries them (MIT): read as data, never imported."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from clv_cli.models.histories import Histories, histories


def file(name: str) -> Path:
    """A data file of the installed wheel; the package itself would import pandas and autograd."""
    spec = find_spec("lifetimes")
    assert spec is not None, "the development dependencies are not installed"
    assert spec.submodule_search_locations is not None
    return Path(next(iter(spec.submodule_search_locations))) / "datasets" / name


@cache
def summary() -> pl.DataFrame:
    """The 2,357 customers with times in weeks, rounded to two decimals: `ID, x, t_x, T, zbar`."""
    return pl.read_csv(file("cdnow_customers_summary_with_transactions.csv"))


def rounded() -> Histories:
    """The histories of the rounded file."""
    return histories(summary()["x"], summary()["t_x"], summary()["T"])


@cache
def log() -> pl.DataFrame:
    """The sample's raw log, 1997-01-01 to 1998-06-30: `customer, day, dollars`."""
    rows = [text.split() for text in file("CDNOW_sample.txt").read_text().splitlines()]
    return pl.DataFrame(
        {
            "customer": [row[1] for row in rows],
            "day": [date(int(r[2][:4]), int(r[2][4:6]), int(r[2][6:])) for r in rows],
            "dollars": [row[4] for row in rows],
        }
    )


def raw(end: date = date(1997, 9, 30), through: date = date(1997, 9, 30)) -> Histories:
    """Histories from the raw log, in weeks of days / 7.

    Args:
        end: the day at which ages end.
        through: the last day with purchases.
    """
    days = log().filter(pl.col("day") <= through).unique(["customer", "day"])
    found = (
        days.group_by("customer")
        .agg(
            pl.len().alias("n"),
            pl.col("day").min().alias("first"),
            pl.col("day").max().alias("last"),
        )
        .sort("customer")
    )
    weeks = [
        (span.dt.total_days() / 7).to_numpy()
        for span in (found["last"] - found["first"], end - found["first"])
    ]
    return histories(found["n"].to_numpy() - 1, *weeks)
