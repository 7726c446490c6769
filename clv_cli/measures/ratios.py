"""The two shapes of rate on MRR: what is left of an earlier month, and what a month lost."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import mrr_at
from clv_cli.measures.retention import retention
from clv_cli.measures.series import Estimate, exact, minor, no_data, roll_forward
from clv_cli.money import MRR_UNITS
from clv_cli.periods import month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.pipeline import Collected, Figure


def retained_share(frames: Collected, months: Sequence[int], kept: str, label: str) -> list[Figure]:
    """Which share of the MRR of `nrr.months` ago is left? An exact ratio.

    Args:
        frames: with `retention`.
        months: the later months.
        kept: the column of `retention` that counts as left.
        label: what it is called among the inputs.

    Returns:
        No value where nobody paid at the opening, or the data begin after it.
    """
    rows = {row["month"]: row for row in frames[retention].iter_rows(named=True)}
    span = frames.scope.settings.nrr.months

    def estimate(month: int) -> Estimate:
        opening = month_text(month - span)
        if month not in rows:
            too_early = no_data(frames.scope, month - span)
            none = f"no customers with MRR at the end of {opening}"
            why = f"needs {span} months before it: {too_early}" if too_early else none
            return Estimate(None, (), 0, why)
        row = rows[month]
        then = f"MRR at the end of {opening}"
        inputs = (
            _pair(frames, month, kept, label, minor(row[kept])),
            _pair(frames, month, "base", then, minor(row["base"])),
        )
        return Estimate(Fraction(row[kept], row["base"]), inputs, row["n"])

    return exact(frames, months, estimate)


def _pair(frames: Collected, month: int, part: str, label: str, value: Fraction) -> Input:
    """One side of the comparison, with what each customer of the opening contributes to it."""
    since = month - frames.scope.settings.nrr.months

    def rows() -> pl.DataFrame:
        then = mrr_at(frames, since, rates=month).filter(pl.col("mrr") > 0).rename({"mrr": "base"})
        now = mrr_at(frames, month).rename({"mrr": "closing"})
        pairs = then.join(now, on="code", how="left").with_columns(
            pl.col("closing").fill_null(0).clip(0)
        )
        pairs = pairs.with_columns(kept=pl.min_horizontal("base", "closing"))
        seen = pairs.filter(pl.col(part) != 0)
        return parts.ledger(
            frames, seen, part, pl.lit(month_text(month if part != "base" else since))
        )

    return Input(label, Kind.MONEY, value, part, Over.LAST, rows, MRR_UNITS)


def lost_share(frames: Collected, months: Sequence[int], movements: Sequence[str]) -> list[Figure]:
    """Which share of the opening MRR did some movements take away in the month? An exact ratio.

    Args:
        frames: with `mrr_months`.
        months: the months.
        movements: columns of `mrr_months`; losses are negative there.

    Returns:
        No value without opening MRR.
    """
    rows = roll_forward(frames)

    def estimate(month: int) -> Estimate:
        row = rows[month]
        opening = minor(row["opening"])
        # Losses are negative movements; the ratio of what was lost is positive.
        lost = -minor(sum(row[movement] for movement in movements))
        inputs = (
            *(parts.moved(frames, [month], movement) for movement in movements),
            parts.opening_mrr(frames, month),
        )
        if opening <= 0:
            return Estimate(None, inputs, 0, "no MRR at the opening")
        return Estimate(lost / opening, inputs, row["customers_opening"])

    return exact(frames, months, estimate)
