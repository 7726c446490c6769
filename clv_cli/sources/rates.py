"""Exchange rates for every day that needs one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import RATE_SCALE

if TYPE_CHECKING:
    from collections.abc import Iterable

EMPTY = {"currency": pl.String, "day": pl.Date, "rate": pl.Int64}


def daily_rates(given: pl.LazyFrame | None, base: str, max_age_days: int) -> pl.DataFrame:
    """The rate of every day from a currency's first rate to the last day its last rate is good for.

        rate(day) = the latest rate not older than max_age_days, in 1e-10 units

    Args:
        given: the table fx_rates, or None.
        base: the base currency, which needs no rate.
        max_age_days: an older rate is a missing one.

    Raises:
        DataError: a rate that is not positive, or two different ones for one day.
    """
    if given is None:
        return pl.DataFrame(schema=EMPTY)
    # A decimal's physical value is its count of units of the last digit: exactly what we keep.
    known = (
        given.filter(pl.col("currency") != base)
        .select(
            "currency",
            "day",
            pl.col("rate").cast(pl.Decimal(38, RATE_SCALE)).to_physical().cast(pl.Int64),
            "source",
            "row",
        )
        .sort("currency", "day", "source", "row")
        .collect()
    )
    _assert_sane(known)
    rates = known.unique(["currency", "day"], keep="first").sort("currency", "day")
    days = (
        rates.group_by("currency")
        .agg(pl.col("day").min().alias("first"), pl.col("day").max().alias("last"))
        .select(
            "currency",
            pl.date_ranges("first", pl.col("last") + pl.duration(days=max_age_days)).alias("day"),
        )
        .explode("day")
        .sort("currency", "day")
    )
    frames = [
        days.filter(pl.col("currency") == currency).join_asof(
            rates.filter(pl.col("currency") == currency).select("day", "rate"),
            on="day",
            tolerance=f"{max_age_days}d",
        )
        for currency in days["currency"].unique().sort()
    ]
    whole = pl.concat([pl.DataFrame(schema=EMPTY), *frames])
    return whole.filter(pl.col("rate").is_not_null()).sort("currency", "day")


def _assert_sane(known: pl.DataFrame) -> None:
    for row in known.filter(pl.col("rate") <= 0).head(1).iter_rows(named=True):
        raise DataError(
            f"the rate of {row['currency']} on {row['day']} is not above zero",
            where=f"{row['source']}:{row['row']}",
            hint="correct it",
        )
    differing = known.filter(pl.col("rate").n_unique().over("currency", "day") > 1)
    for row in differing.head(1).iter_rows(named=True):
        raise DataError(
            f"{row['currency']} has two different rates on {row['day']}",
            where=f"{row['source']}:{row['row']}",
            hint="keep one",
        )


def assert_rates(
    rates: pl.DataFrame, needed: Iterable[tuple[str, pl.LazyFrame]], base: str
) -> None:
    """Stop at the first amount that cannot be converted.

    Args:
        rates: from `daily_rates`.
        needed: table name and `currency, day, source, row` of its amounts.
        base: the base currency.

    Raises:
        DataError: no rate for a currency on a day.
    """
    for table, frame in needed:
        foreign = frame.filter(pl.col("currency") != base)
        pairs = foreign.select("currency", "day").unique().collect()
        lacking = pairs.join(rates, on=["currency", "day"], how="anti").sort("day", "currency")
        if lacking.is_empty():
            continue
        first = foreign.join(lacking.head(1).lazy(), on=["currency", "day"], how="semi")
        for row in first.sort("source", "row").head(1).collect().iter_rows(named=True):
            raise DataError(
                f"no rate for {row['currency']} on {row['day']}",
                where=f"{row['source']}:{row['row']}, table {table}",
                hint="add it to the table fx_rates, or raise fx.max_age_days",
            )
