"""The models used, on the months they had not seen: by what customers did before, and month by month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.measures.holdout import held_out
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.renewal_opportunities import renewal_opportunities
from clv_cli.measures.rfm import purchase_days
from clv_cli.periods import month_end, month_of
from clv_cli.pipeline import Scope, derived

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from clv_cli.measures.holdout import HeldOut
    from clv_cli.models.arrays import Array

MANY = 7  # renewals or purchases made before; more are one row
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "population": pl.String,
    "model": pl.String,
    "month": pl.Int32,
    "made": pl.Int64,
    "n": pl.Int64,
    "seen": pl.Int64,
    "expected": pl.Float64,
    "naive": pl.Float64,
}


@derived("holdout_tracking", lifetime_models, renewal_opportunities, purchase_days)
def holdout_tracking(
    scope: Scope, models: pl.DataFrame, asked: pl.DataFrame, days: pl.DataFrame
) -> pl.DataFrame:
    """What did the models used expect of each held-out month, and what was seen?

    Both, the model used and the naive rate, are fitted to the time before. Contracts: of the renewals
    due in the month, those expected to be lost and those lost, by renewals made before. Free choice:
    purchases in the month, by repeat purchases before the holdout.

    Returns:
        `population, model, month, made` (7: and more), `n` (renewals, or customers), `seen`,
        `expected, naive`; sorted by the first four. Populations too short to be tested are absent.
    """
    from clv_cli.measures.model_fitting import FREE_CHOICE  # noqa: PLC0415 - scipy

    held, rows = held_out(scope, days), []
    chosen = models.filter("chosen", pl.col("holdout_n").is_not_null())
    for row in chosen.sort("population").to_dicts():
        if row["interval"] is not None:
            rows += _contracts(row, asked, held.cut)
        elif row["population"] == FREE_CHOICE:
            rows += _free_choice(scope, row, held)
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort(*list(_SCHEMA)[:4])


def _contracts(row: dict[str, Any], asked: pl.DataFrame, cut: date) -> list[tuple[object, ...]]:
    from clv_cli.measures.model_fitting import RENEWAL_MODELS, outcomes  # noqa: PLC0415 - scipy
    from clv_cli.measures.model_inputs import renewal_numbers  # noqa: PLC0415

    mine = asked.filter(
        pl.col("interval") == row["interval"],
        pl.col("interval_count") == row["interval_count"],
        pl.col("outcome") != "pending",
        pl.col("number").is_not_null(),
    )
    before = renewal_numbers(outcomes(mine.filter(pl.col("due_on") <= cut)))
    after = mine.filter(pl.col("due_on") > cut).sort("code", "due_on")
    number = after["number"].cast(pl.Float64).to_numpy()
    leaving = [
        pl.Series(name, 1 - module.retention(module.fit(before).values, number))
        for name, module in (
            ("expected", RENEWAL_MODELS[row["model"]]),
            ("naive", RENEWAL_MODELS["geometric"]),
        )
    ]
    due = pl.col("due_on")
    rows = after.with_columns(
        *leaving,
        month=(due.dt.year().cast(pl.Int32) * 12 + due.dt.month() - 1).cast(pl.Int32),
        made=(pl.col("number") - 1).clip(0, MANY).cast(pl.Int64),
        seen=(pl.col("outcome") == "lost").cast(pl.Int64),
        n=pl.lit(1, pl.Int64),
    )
    return _summed(row, rows)


def _free_choice(scope: Scope, row: dict[str, Any], held: HeldOut) -> list[tuple[object, ...]]:
    from clv_cli.measures.model_fitting import (  # noqa: PLC0415 - scipy
        PURCHASE_MODELS,
        WEEK,
        purchase_model,
    )
    from clv_cli.measures.model_inputs import purchase_histories  # noqa: PLC0415

    before = purchase_histories(held.tested, WEEK)
    pair = {"expected": purchase_model(row["model"]), "naive": PURCHASE_MODELS["constant_rate"]}
    values = {name: module.fit(before).values for name, module in pair.items()}
    known = held.tested.select("code", made=pl.col("frequency").clip(0, MANY).cast(pl.Int64))
    until: dict[str, Array] = {name: np.zeros(len(before)) for name in pair}
    found: list[tuple[object, ...]] = []
    start = held.cut
    for month in range(month_of(held.cut) + 1, scope.closing + 1):
        end = min(month_end(month), scope.as_of)
        weeks = (end - held.cut).days / WEEK
        reached = {n: m.expected_purchases(values[n], before, weeks) for n, m in pair.items()}
        inside = held.purchases.filter(pl.col("day") > start, pl.col("day") <= end)
        seen = inside.group_by("code").agg(seen=pl.len().cast(pl.Int64))
        rows = known.join(seen, on="code", how="left", maintain_order="left").with_columns(
            *(pl.Series(name, reached[name] - until[name]) for name in pair),
            month=pl.lit(month, pl.Int32),
            seen=pl.col("seen").fill_null(0),
            n=pl.lit(1, pl.Int64),
        )
        found += _summed(row, rows)
        until, start = reached, end
    return found


def _summed(row: dict[str, Any], rows: pl.DataFrame) -> list[tuple[object, ...]]:
    """One row a month and number made before."""
    sums = rows.group_by("month", "made").agg(pl.col("n", "seen", "expected", "naive").sum())
    columns = ("month", "made", "n", "seen", "expected", "naive")
    return [(row["population"], row["model"], *values) for values in sums.select(columns).rows()]
