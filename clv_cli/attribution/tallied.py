"""What the findings of the split count: purchases with too little past, and claims that came too late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.cs import after, split_hindsight, split_interventions, window_days
from clv_cli.attribution.grouping import among, end_of
from clv_cli.attribution.reach import split_bought, split_reached
from clv_cli.attribution.waterfall import split_parts
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope

_TALLY = {"rows": pl.Int64, "lines": pl.Int64, "amount": pl.Int64}


@derived("split_unknown_bases", split_bought, split_parts)
def split_unknown_bases(_: Scope, bought: pl.DataFrame, divided: pl.DataFrame) -> pl.DataFrame:
    """How many purchases that rules match had too little past to tell expansion? One row."""
    unknown = divided.filter(~pl.col("known"))["at"].unique()
    lines = bought.select(pl.col("reported", "amount_base").gather(unknown)).filter("reported")
    return _tally(lines, lines.height)


@derived(
    "split_hindsight_lines",
    split_hindsight,
    split_interventions,
    split_reached,
    split_bought,
    split_parts,
)
def split_hindsight_lines(  # noqa: PLR0913, PLR0917 - one argument a measure it needs
    scope: Scope,
    touches: pl.DataFrame,
    helped: pl.DataFrame,
    reached: pl.DataFrame,
    bought: pl.DataFrame,
    divided: pl.DataFrame,
) -> pl.DataFrame:
    """What would touches have claimed if flags set after them were evidence? One row.

    `rows` are the touches; `lines, amount` what they would claim and no earlier flag claims.
    """
    days = window_days(scope)
    switched = divided["at"].filter(divided["part"] == "switched")
    near = among(end_of(touches["code"], reached["code"]), touches["code"])
    gone = among(end_of(reached["place"]), bought["place"].gather(switched))
    mine = pl.Series(near[reached["code"].to_numpy()] & ~gone[reached["place"].to_numpy()])
    lines = reached.select("code", "issued_on", "amount_base", at="place").filter(
        mine & reached["reported"]
    )
    late = after(lines, touches, days)
    claimed = after(late.drop("touch_id"), helped, days).select("at")
    return _tally(late.join(claimed, on="at", how="anti"), int(touches["rows"].sum()))


def _tally(lines: pl.DataFrame, rows: int) -> pl.DataFrame:
    money = int(lines["amount_base"].cast(pl.Int128).sum())
    return pl.DataFrame([(rows, lines.height, money)], schema=_TALLY, orient="row")
