"""The roll-forward of MRR, rounded so that every row foots and every opening is the last closing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_movements import MOVEMENTS
from clv_cli.money import MRR_UNITS, mrr_to_minor, round_parts
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from typing import Any

    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

AMOUNTS = ("opening", *MOVEMENTS, "closing")
MONTHS_SHOWN = 4


def mrr_movements_table(scope: Scope) -> Table:
    """How did MRR get from one month's end to the next?

    Args:
        scope: the Book, day and period.
    """
    headings = {"opening": "Opening", "closing": "Closing"}
    headings |= {name: GLOSSARY[name].title for name in MOVEMENTS}
    columns = (
        Column("month", Kind.MONTH, "Month"),
        *(Column(name, Kind.MONEY, headings[name]) for name in AMOUNTS),
    )

    def finish(frames: Frames) -> Rows:
        asked = frames[mrr_months].filter(pl.col("month").is_in(list(scope.period.months)))
        rows = [rounded_row(row) for row in asked.sort("month").iter_rows(named=True)]
        schema = {"month": pl.Int32, **dict.fromkeys(AMOUNTS, pl.Int64)}
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"))

    return Table(
        "mrr_movements",
        "MRR movements",
        columns,
        (mrr_months,),
        finish,
        people_rows=-MONTHS_SHOWN,
        sideways=True,
    )


def rounded_row(row: dict[str, Any]) -> dict[str, int]:
    """A row of `mrr_months` in minor units that foots.

    Opening and closing are rounded by themselves, so they agree from row to row; each movement is
    the floor or the ceiling of its exact value.

    Args:
        row: with `month` and the amounts in MRR units.
    """
    opening, closing = mrr_to_minor(row["opening"]), mrr_to_minor(row["closing"])
    parts = round_parts([row[name] for name in MOVEMENTS], MRR_UNITS, closing - opening)
    moved = dict(zip(MOVEMENTS, parts, strict=True))
    return {"month": row["month"], "opening": opening, **moved, "closing": closing}
