"""The customers cut by segment, plan, channel or country, each part with its share of common costs.

Whatever names a customer is cut exactly. What does not is shared, month by month, to the last minor
unit, so that the parts of every sum are the whole:

- cost of revenue by billed revenue, support and success by customers served;
- acquisition spend by the customers it won (`cac.lag_months` later); by channel, each its own.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.measures.costs import acquisition_spend, service_costs
from clv_cli.measures.customer_revenue import by_month, customer_revenue
from clv_cli.measures.dimensions import NONE, dimension, values
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.unit_economics import COST_OF_REVENUE
from clv_cli.money import allocate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.pipeline import Measure
    from clv_cli.results import Frames

SHARED = {
    "acquisition_spend": "spend is shared by the customers it won",
    "service_costs": "costs of revenue are shared by billed revenue, of service by customers",
}
OWN_SPEND = "each channel has its own spend; spend without one is with the customers without one"


def slice_needs(name: str) -> tuple[Measure, ...]:
    """The measures that cutting reads beside those of the metrics."""
    return (dimension(name), customer_revenue, mrr_months)


def slices(frames: Frames, name: str) -> list[tuple[str, Frames]]:
    """The parts of the customers, each with the measures of its own.

    Args:
        frames: of all customers, with `slice_needs`.
        name: one of `DIMENSIONS`.
    """
    return _Cut(frames, name).parts()


class _Cut:
    """The parts of one dimension, and what they have in common, computed once and on demand."""

    def __init__(self, frames: Frames, name: str) -> None:
        self.frames, self.name = frames, name
        self.values = values(name, frames[dimension(name)])
        if name == "channel" and NONE not in dict(self.values):
            # Spend of no channel must have a place, even where every customer has one.
            self.values.append((NONE, pl.Series("code", [], dtype=pl.Int32)))
        self._spend = cache(self._shared_spend)
        self._costs = cache(self._shared_costs)

    def parts(self) -> list[tuple[str, Frames]]:
        self.cut: list[Frames] = []
        for index, (_, codes) in enumerate(self.values):
            given: dict[str, Callable[[], pl.DataFrame]] = {
                "revenue_months": partial(self._revenue, index),
                "acquisition_spend": partial(self._part, self._spend, index),
                "service_costs": partial(self._part, self._costs, index),
            }
            self.cut.append(self.frames.cut(codes, given))
        return [(value, part) for (value, _), part in zip(self.values, self.cut, strict=True)]

    def _revenue(self, index: int) -> pl.DataFrame:
        return by_month(self.cut[index][customer_revenue])

    @staticmethod
    def _part(shared: Callable[[], list[pl.DataFrame]], index: int) -> pl.DataFrame:
        return shared()[index]

    def _shared_costs(self) -> list[pl.DataFrame]:
        revenue = [self._by_month(part[customer_revenue], "amount_base") for part in self.cut]
        served = [self._by_month(part[mrr_months], "customers_closing") for part in self.cut]

        def weights(month: int, row: Sequence[object]) -> list[int]:
            by = revenue if row[0] in COST_OF_REVENUE else served
            return [max(0, part.get(month, 0)) for part in by]

        return _shares(self.frames[service_costs], ("category",), weights, len(self.cut))

    def _shared_spend(self) -> list[pl.DataFrame]:
        spend = self.frames[acquisition_spend]
        if self.name == "channel":
            return self._own_spend(spend)
        lag = self.frames.scope.settings.cac.lag_months
        won = [self._by_month(part[mrr_months], "customers_new") for part in self.cut]

        def weights(month: int, _: Sequence[object]) -> list[int]:
            return [part.get(month + lag, 0) for part in won]

        return _shares(spend, ("channel", "category"), weights, len(self.cut))

    def _own_spend(self, spend: pl.DataFrame) -> list[pl.DataFrame]:
        """Each channel's own; what no customer's channel names goes to the last part."""
        names = [value for value, _ in self.values]
        named = spend.with_columns(_of=pl.col("channel").fill_null(NONE))
        last = ~pl.col("_of").is_in(names[:-1])
        found = [named.filter(pl.col("_of") == name) for name in names[:-1]]
        return [part.drop("_of") for part in [*found, named.filter(last)]]

    @staticmethod
    def _by_month(rows: pl.DataFrame, column: str) -> dict[int, int]:
        sums = rows.group_by("month").agg(pl.col(column).cast(pl.Int128).sum())
        return {month: int(value) for month, value in sums.iter_rows()}


def _shares(
    costs: pl.DataFrame,
    keys: tuple[str, ...],
    weights: Callable[[int, Sequence[object]], list[int]],
    count: int,
) -> list[pl.DataFrame]:
    """Every amount cut by the weights of its month; where nothing has a weight, to the last part."""
    rows: list[list[tuple[object, ...]]] = [[] for _ in range(count)]
    for month, amount, *row in costs.select("month", "amount_base", *keys).iter_rows():
        by = weights(month, row)
        cut = allocate(amount, by) if any(by) else [0] * (count - 1) + [amount]
        for part, share in zip(rows, cut, strict=True):
            part.append((month, *row, share))
    schema = costs.select("month", *keys, "amount_base").schema
    # A part without any share must stay "no cost recorded" only where the whole has none.
    return [pl.DataFrame(part, schema=schema, orient="row") for part in rows]
