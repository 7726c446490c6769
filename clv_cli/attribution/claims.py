"""What a method of the split hands in: rates per stratum, claimed of every purchase in it.

A method that measures what a team earned (a survey, a comparison with customers nobody helped) knows
rates of groups, not of lines. It says so in a frame of these columns; the waterfall turns them into
claims on purchases, below CXM like every claim of CS, and the same integers are cut from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import WEIGHT_ONE
from clv_cli.pipeline import Measure

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

# One row a stratum x customer x window; more rows on one purchase combine as `split.combine` says.
CLAIM: dict[str, pl.DataType] = {
    "code": pl.Int32(),  # the customer; null: every customer
    "first_day": pl.Date(),  # purchases issued from this day on; null: from ever
    "end_day": pl.Date(),  # and before this one; null: for ever
    "bucket": pl.String(),  # cs (or cxm)
    "component": pl.String(),  # survey or estimated, as in `buckets.COMPONENTS`
    "rule_id": pl.String(),  # the stratum's name
    "evidence": pl.String(),  # what it rests on, `table:id` where one row says it
    "rate": pl.String(),  # exact decimal 0..1 of at most six digits
    "low": pl.String(),  # the same at the lower and upper end of its interval
    "high": pl.String(),
}
RATES = ("rate", "low", "high")


@dataclass(frozen=True, slots=True)
class ClaimSource:
    """A method that claims by stratum.

    Args:
        claims: a measure whose frame has the columns of `CLAIM`.
        replaces: the rules of CS that give way to it (`cs.AT_RISK`, `cs.REFERRAL`, `cs.NO_GRIPES`).
        everyone: whether it may claim purchases of customers of whom no evidence table speaks; then
            every purchase of the period is looked at one by one.
    """

    claims: Measure
    replaces: frozenset[str] = frozenset()
    everyone: bool = False


def when_asked(measure: Measure, method: str) -> Measure:
    """The measure where `split.method` is this one; else an empty frame, and nothing is computed."""

    def asked(scope: Scope) -> bool:
        return scope.settings.split.method == method

    def plan(scope: Scope) -> pl.LazyFrame:
        return measure.plan(scope) if measure.plan and asked(scope) else pl.LazyFrame()

    def compute(scope: Scope, *inputs: pl.DataFrame) -> pl.DataFrame:
        return measure.derive(scope, *inputs) if asked(scope) else pl.DataFrame()

    name = f"{measure.name} when {method}"
    needs = tuple(when_asked(need, method) for need in measure.needs)
    return Measure(name, plan=plan) if measure.plan else Measure(name, needs, None, compute)


def with_weights(claims: pl.DataFrame) -> pl.DataFrame:
    """The claims with their rates in parts per million.

    Raises:
        DataError: a rate that is no exact decimal between 0 and 1 of at most six digits.
    """
    texts = {text for name in RATES for text in claims[name].unique()}
    ppm = {text: _ppm(text) for text in sorted(texts)}
    return claims.with_columns(
        pl.col(name).replace_strict(ppm, return_dtype=pl.Int64)
        if ppm
        else pl.col(name).cast(pl.Int64)
        for name in RATES
    )


def _ppm(text: str) -> int:
    weight = Fraction(text) * WEIGHT_ONE
    if weight.denominator != 1 or not 0 <= weight <= WEIGHT_ONE:
        raise DataError(
            f'the rate "{text}" of a stratum is no decimal from 0 to 1 of at most six digits',
            where="split.method",
            hint="round the estimate once, to parts per million, before it claims anything",
        )
    return int(weight)


def claimed_lines(bought: pl.DataFrame, claims: pl.DataFrame) -> pl.DataFrame:
    """Which purchases lie in which stratum?

    Args:
        bought: with `at, code, issued_on`.
        claims: see `CLAIM`; may be empty.

    Returns:
        `at` and the columns of the claim, rates in parts per million.
    """
    lines = bought.select("at", "code", "issued_on")
    weighted = with_weights(claims)
    own = weighted.filter(pl.col("code").is_not_null())
    rest = weighted.filter(pl.col("code").is_null()).drop("code")
    found = pl.concat(
        [
            lines.join(own, on="code").select("at", "issued_on", *weighted.drop("code").columns),
            lines.drop("code").join(rest, how="cross"),
        ]
    )
    day, first, end = (pl.col(name) for name in ("issued_on", "first_day", "end_day"))
    since = first.is_null() | (day >= first)
    return found.filter(since & (end.is_null() | (day < end))).drop("issued_on")
