"""The monthly history that planning reads, as arrays; money as statistics, in minor units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.measures.billed_lines import month_index
from clv_cli.measures.interval_months import MONTHS
from clv_cli.money import MRR_UNITS
from clv_cli.planning.contracts import Contracts

if TYPE_CHECKING:
    from clv_cli.models.arrays import Array
    from clv_cli.pipeline import Scope


@dataclass(frozen=True, slots=True)
class History:
    """What happened, one value a month from `first` on.

    Args:
        first: the first month.
        mrr: at the month's end; as all money here in minor units.
        customers: at the month's end.
        revenue: billed in the month, net of credits.
        opening: MRR at the month's beginning.
        new: MRR of new customers.
        expansion: of customers who stay.
        contraction: likewise; not positive.
        reactivation: of customers won back.
        customers_opening: at the month's beginning.
        customers_won: new and won back.
        customers_lost: customers who left.
    """

    first: int
    mrr: Array
    customers: Array
    revenue: Array
    opening: Array
    new: Array
    expansion: Array
    contraction: Array
    reactivation: Array
    customers_opening: Array
    customers_won: Array
    customers_lost: Array


def history_of(months: pl.DataFrame, revenue: pl.DataFrame) -> History:
    """The series from the first month with MRR or revenue on.

    Args:
        months: `mrr_months`.
        revenue: `revenue_months`.
    """
    joined = months.join(revenue.select("month", "amount_base"), on="month", how="left")
    rows = joined.with_columns(pl.col("amount_base").fill_null(0)).sort("month")
    begun = ((rows["closing"] != 0) | (rows["amount_base"] != 0)).arg_max() if rows.height else 0
    rows = rows.slice(begun or 0)

    def money(name: str) -> Array:
        return rows[name].cast(pl.Float64).to_numpy() / MRR_UNITS

    def count(*names: str) -> Array:
        return rows.select(pl.sum_horizontal(names).cast(pl.Float64)).to_series().to_numpy()

    return History(
        first=int(rows["month"][0]) if rows.height else 0,
        mrr=money("closing"),
        customers=count("customers_closing"),
        revenue=rows["amount_base"].cast(pl.Float64).to_numpy(),
        opening=money("opening"),
        new=money("new"),
        expansion=money("expansion"),
        contraction=money("contraction"),
        reactivation=money("reactivation"),
        customers_opening=count("customers_opening"),
        customers_won=count("customers_new", "customers_reactivated"),
        customers_lost=count("customers_churned"),
    )


def contracts_of(
    scope: Scope, asked: pl.DataFrame, movements: pl.DataFrame, facts: pl.DataFrame
) -> tuple[Contracts, tuple[str, ...]]:
    """The terms that customers paid for, and the names of their segments.

    Args:
        scope: its day.
        asked: `renewal_opportunities`.
        movements: `mrr_movements`.
        facts: `customer_facts`.
    """
    kinds = asked.select("interval", "interval_count").unique().sort("interval", "interval_count")
    due = month_index(pl.col("due_on"))
    length = pl.col("interval").replace_strict(MONTHS, return_dtype=pl.Float64)
    length = length * pl.col("interval_count")
    same = (pl.col("code") == pl.col("code").shift(1)) & (pl.col("stay") == pl.col("stay").shift(1))
    known = kinds.with_row_index("kind").with_columns(months=length)
    terms = (
        asked.join(known, on=["interval", "interval_count"], how="left")
        .sort("code", "due_on")
        .with_columns(due=due)
        # A renewal that is overdue on the as-of day is asked next.
        .with_columns(
            due=pl.when(pl.col("outcome") == "pending")
            .then(pl.max_horizontal("due", pl.lit(scope.closing + 1)))
            .otherwise("due")
        )
        .with_columns(
            begins=pl.when(same)
            .then(pl.col("due").shift(1))
            .otherwise(pl.col("due") - pl.col("months").round().cast(pl.Int32).clip(1))
        )
    )
    names = tuple(facts["segment"].unique().sort())
    place = {name: index for index, name in enumerate(names)}
    moved = movements.select("code", "month", change=pl.col("closing") - pl.col("opening"))
    size = scope.book.codes.height
    segment = np.zeros(size, dtype=np.intp)
    segment[facts["code"].to_numpy()] = [place[name] for name in facts["segment"]]
    contracts = Contracts(
        code=terms["code"].to_numpy().astype(np.intp),
        interval=terms["kind"].to_numpy().astype(np.intp),
        number=terms["number"].fill_null(0).to_numpy().astype(np.float64),
        begins=terms["begins"].to_numpy().astype(np.intp),
        due=terms["due"].to_numpy().astype(np.intp),
        lost=(terms["outcome"] == "lost").to_numpy().astype(np.intp),
        decided=((terms["outcome"] != "pending") & terms["number"].is_not_null())
        .to_numpy()
        .astype(np.intp),
        months=known["months"].to_numpy().astype(np.float64),
        segment=segment,
        moved_code=moved["code"].to_numpy().astype(np.intp),
        moved_month=moved["month"].to_numpy().astype(np.intp),
        moved=moved["change"].cast(pl.Float64).to_numpy() / MRR_UNITS,
        segments=max(len(names), 1),
    )
    return contracts, names
