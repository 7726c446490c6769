"""CS effort for a million of revenue, by product: a gauge of alignment, and what became cheaper."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.fx import conversions, convert
from clv_cli.measures.revenue_facts import revenue_facts
from clv_cli.money import allocate, exponent
from clv_cli.periods import month_start
from clv_cli.pipeline import reduction
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

MILLION = 10**6
NO_PRODUCT = ""
LABELS = {NO_PRODUCT: "(no product)", "total": "All products"}
COLUMNS = (
    Column("product_id", Kind.TEXT, "Product", labels=LABELS),
    Column("revenue", Kind.MONEY, "Revenue"),
    Column("touches", Kind.COUNT, "Touches"),
    Column("touches_per_million", Kind.COUNT, "per 1M"),
    Column("before", Kind.COUNT, "before"),
    Column("cost", Kind.MONEY, "Cost"),
    Column("saving", Kind.MONEY, "Saving"),
)
_SCHEMA = {
    "product_id": pl.String,
    "revenue": pl.Int64,
    **dict.fromkeys(("touches", "touches_per_million", "before"), pl.Float64),
    **dict.fromkeys(("cost", "saving"), pl.Int64),
}


@reduction("touch_effort")
def touch_effort(scope: Scope) -> pl.LazyFrame:
    """The touches of the period and of the one before, by customer.

    Returns:
        `code, now` (of the period, not the one before), `touches`, `cost` (Int64 minor units of the
        base currency), `costed` (touches whose cost is recorded), sorted.
    """
    period = scope.period
    start = month_start(2 * period.first - period.end)
    day = pl.col("happened_on")
    touches = scope.book.table("touches").filter(
        day >= start, day < period.end_day, day <= scope.as_of
    )
    rates = conversions(scope.book).lazy()
    coded = touches.join(scope.book.codes.lazy(), on="customer_id").with_columns(
        currency=pl.col("currency").fill_null(scope.currency)
    )
    rated = coded.filter(~pl.col("customer_id").is_in(scope.book.test_customers)).join(
        rates, left_on=["currency", "happened_on"], right_on=["currency", "day"], how="left"
    )
    home = pl.col("currency") == scope.currency
    foreign = convert(pl.col("cost"), pl.col("multiplier"), pl.col("divisor"))
    cost = pl.when(home).then("cost").otherwise(foreign)
    return (
        rated.with_columns(now=day >= period.start_day, cost_base=cost)
        .group_by("code", "now")
        .agg(
            touches=pl.len().cast(pl.Int64),
            cost=pl.col("cost_base").cast(pl.Int128).sum().cast(pl.Int64),
            costed=pl.col("cost_base").is_not_null().sum().cast(pl.Int64),
        )
        .sort("code", "now")
    )


@dataclass(slots=True)
class _Effort:
    """Revenue, touches and cost by product."""

    revenue: dict[str, int] = field(default_factory=dict)
    touches: dict[str, Fraction] = field(default_factory=dict)
    cost: dict[str, int] = field(default_factory=dict)


def effort_table(_: Scope) -> Table:
    """How much effort of CS does a million of each product's revenue take, and less than before?

    A customer's touches and their cost are divided among its products as its revenue is. The saving
    is what this revenue would have cost at the rate of the period before, less what it did cost: an
    estimate that stands beside revenue and is never part of it.
    """
    title = "CS effort for a million of revenue"
    return Table("effort", title, COLUMNS, (touch_effort, revenue_facts), _finish)


def _finish(frames: Frames) -> Rows:
    scope = frames.scope
    if not scope.book.has("touches"):
        return Rows(pl.DataFrame(schema=_SCHEMA), notes=["No effort: needs touches."])
    now, before = _effort(frames, now=True), _effort(frames, now=False)
    names = sorted({*now.revenue, *now.touches}, key=lambda n: (-now.revenue.get(n, 0), n))
    for effort in (now, before):
        effort.revenue["total"] = sum(effort.revenue.values())
        effort.touches["total"] = sum(effort.touches.values(), Fraction(0))
        effort.cost["total"] = sum(effort.cost.values())
    unit = MILLION * 10 ** exponent(scope.currency)
    rows, reasons = [], []
    for index, name in enumerate([*names, "total"]):
        revenue, touches = now.revenue.get(name, 0), now.touches.get(name, Fraction(0))
        rate, old = _rate(now, name, unit), _rate(before, name, unit)
        saving = _saving(now, before, name)
        rows.append((name, revenue, float(touches), rate, old, now.cost.get(name, 0), saving))
        reasons += [(index, "saving", "no revenue and cost to compare with")] * (saving is None)
    costed = frames[touch_effort]
    share = Fraction(int(costed["costed"].sum()), max(int(costed["touches"].sum()), 1))
    recorded = f"Cost is recorded for {100 * float(share):.0f} % of the touches."
    beside = "A saving is an estimate beside revenue; it is in no bucket of the split."
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return Rows(frame, reasons, notes=[recorded, beside])


def _effort(frames: Frames, *, now: bool) -> _Effort:
    period = frames.scope.period
    first = period.first if now else 2 * period.first - period.end
    end = period.end if now else period.first
    facts = frames[revenue_facts].filter(pl.col("month").is_between(first, end - 1))
    found, by_customer = _Effort(), _by_customer(facts)
    for parts in by_customer.values():
        for product, amount in parts.items():
            found.revenue[product] = found.revenue.get(product, 0) + amount
    own = frames[touch_effort].filter(pl.col("now") == now)
    for code, touches, cost in own.select("code", "touches", "cost").iter_rows():
        bought = {p: a for p, a in by_customer.get(code, {}).items() if a > 0} or {NO_PRODUCT: 1}
        whole = sum(bought.values())
        costs = allocate(cost, list(bought.values()))
        for (product, amount), part in zip(bought.items(), costs, strict=True):
            share = Fraction(touches * amount, whole)
            found.touches[product] = found.touches.get(product, Fraction(0)) + share
            found.cost[product] = found.cost.get(product, 0) + part
    return found


def _by_customer(facts: pl.DataFrame) -> dict[int, dict[str, int]]:
    """Net revenue by customer and product."""
    keys = ["code", pl.col("product_id").fill_null(NO_PRODUCT)]
    sums = facts.group_by(keys).agg(pl.col("amount_base").cast(pl.Int128).sum())
    found: dict[int, dict[str, int]] = {}
    for code, product, amount in sums.sort("code", "product_id").iter_rows():
        found.setdefault(code, {})[product] = int(amount)
    return found


def _rate(effort: _Effort, name: str, unit: int) -> float | None:
    """Touches a million of revenue."""
    revenue = effort.revenue.get(name, 0)
    touches = effort.touches.get(name, Fraction(0))
    return float(touches * unit / revenue) if revenue > 0 else None


def _saving(now: _Effort, before: _Effort, name: str) -> int | None:
    earned, old = now.revenue.get(name, 0), before.revenue.get(name, 0)
    if earned <= 0 or old <= 0:
        return None
    expected = Fraction(before.cost.get(name, 0) * earned, old)
    return round(expected) - now.cost.get(name, 0)
