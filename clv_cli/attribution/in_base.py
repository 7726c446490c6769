"""What many lines are worth in the base currency: `fx.convert` on whole columns of machine integers.

A line of 64 bits is multiplied and divided in numpy a tenth as dear as in the 128 bits of an expression. The
result is the same integer: the quotient of floats is off by less than one, and the remainder says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from clv_cli.attribution.grouping import names_of
from clv_cli.measures.fx import conversions, convert

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

# Below these a quotient of floats is less than one off, and what it leaves fits 64 bits.
QUOTIENT = 2.0**49
FACTOR = 2.0**61
# A table of every day and currency pays as long as it is not much longer than what is looked up in it.
ROOMY = 2**16


def in_base(scope: Scope, lines: pl.DataFrame) -> pl.Series:
    """The amounts of lines at the rate of their day of issue, half-even, in their order.

    Args:
        scope: the Book's rates.
        lines: `amount` (Int64), `currency` (an enumeration), `issued_on`.

    Returns:
        `amount_base` (Int64 minor units); 0 where there is no rate, for which `revenue_months` stops the run.
    """
    if lines.is_empty() or scope.book.lines.currencies in {(), (scope.currency,)}:
        return lines["amount"].alias("amount_base")
    found = _by_table(scope, lines)
    return _by_join(scope, lines) if found is None else pl.Series("amount_base", found)


def _by_table(scope: Scope, lines: pl.DataFrame) -> Ints | None:
    """The same, from a table of all days and currencies; None where a number might not fit."""
    day = lines["issued_on"].to_physical().to_numpy()
    first, days = int(day.min()), int(day.max()) - int(day.min()) + 1
    names = names_of(lines["currency"]).to_list()
    if days * len(names) > lines.height + ROOMY:
        return None
    rates = conversions(scope.book).with_columns(day=pl.col("day").to_physical() - first)
    rates = rates.filter(pl.col("currency").is_in(names) & pl.col("day").is_between(0, days - 1))
    largest = rates.select(pl.max_horizontal("multiplier", "divisor").max()).item() or 1
    if largest >= FACTOR:
        return None
    table = np.tile(np.array([[0], [1]], np.int64), days * len(names))
    code = rates["currency"].cast(lines.schema["currency"]).to_physical().cast(pl.Int64)
    at = (code * days + rates["day"]).to_numpy()
    for row, name in zip(table, ("multiplier", "divisor"), strict=True):
        row[at] = rates[name].cast(pl.Int64).to_numpy()
    if scope.currency in names:
        home = names.index(scope.currency) * days
        table[:, home : home + days] = 1
    asked = lines["currency"].to_physical().to_numpy().astype(np.int64) * days + (day - first)
    return _quotients(lines["amount"].to_numpy(), table, asked)


def _quotients(amount: Ints, table: Ints, at: Ints) -> Ints | None:
    """The amount * multiplier / divisor, half-even; None where 64 bits might not do."""
    multiplier, divisor = table
    exact = amount * (multiplier / divisor)[at]
    if max(np.abs(exact).max(), np.abs(amount).max()) >= QUOTIENT:
        return None
    whole, under = np.floor(exact).astype(np.int64), divisor[at]
    # Products wrap at 2^64; their difference is a few divisors at most.
    rest = amount * multiplier[at] - whole * under
    step = (rest >= under).astype(np.int64) - (rest < 0)
    whole += step
    rest -= step * under
    # An odd number is left at the half, too: more than the divisor says both at once.
    return np.asarray(whole + (2 * rest + (whole & 1) > under))


def _by_join(scope: Scope, lines: pl.DataFrame) -> pl.Series:
    """The same at any size."""
    texts = lines.select("amount", pl.col("currency").cast(pl.String), day="issued_on")
    rated = texts.join(
        conversions(scope.book), on=["currency", "day"], how="left", maintain_order="left"
    )
    abroad = convert(pl.col("amount"), pl.col("multiplier"), pl.col("divisor"))
    home = pl.col("currency") == scope.currency
    worth = pl.when(home).then("amount").otherwise(abroad).fill_null(0)
    return rated.select(amount_base=worth).to_series()
