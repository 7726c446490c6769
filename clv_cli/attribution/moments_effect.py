"""The table of what moments brought, where some customers were left alone on purpose.

It stands under `clv moments`, and as evidence under a measured split.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures.holdout_effect import COLUMNS, OUTCOME_DAYS, holdout_effect
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

_MONEY = ("mean_talked_to", "mean_left_alone", "difference", "low", "high")
_EFFECT = (
    Column("kind", Kind.TEXT, "Moment"),
    Column("talked_to", Kind.COUNT, "Talked to"),
    Column("left_alone", Kind.COUNT, "Left alone"),
    Column("mean_talked_to", Kind.MONEY, "Each brought", whole=True),
    Column("mean_left_alone", Kind.MONEY, "Left alone", whole=True),
    Column("difference", Kind.MONEY, "Difference (est.)", whole=True),
    Column("low", Kind.MONEY, "95 % from", whole=True),
    Column("high", Kind.MONEY, "to", whole=True),
)


# What the figures say of a split: an experiment beats any comparison, of another question though.
_BESIDE = (
    "An experiment: chance alone chose who was left alone, so no hidden cause explains the difference. It is"
    " about customers who had a moment, not about those at risk: it is beside what CS saved, not in it."
)


def held_out(scope: Scope) -> bool:
    """Whether earlier runs left anybody alone."""
    return scope.book.memory is not None and bool(scope.book.memory.emitted["holdout"].any())


def effect_table(*, beside_split: bool = False) -> Table:
    """What did each kind of moment bring a customer, against those left alone?

    Args:
        beside_split: whether it is evidence under a split, and says what it is to that.
    """

    def finish(frames: Frames) -> Rows:
        found = frames[holdout_effect]
        rows = found.with_columns(pl.col(name).round(0).cast(pl.Int64) for name in _MONEY)
        reasons = [
            (index, name, "fewer than two customers in a group")
            for index, value in enumerate(rows["difference"])
            for name in _MONEY
            if value is None
        ]
        note = (
            f"Net billed in the {OUTCOME_DAYS} days after a moment was said, each customer once; estimates. "
            "A difference whose interval holds 0 may be chance."
        )
        return Rows(
            rows.select(*COLUMNS), reasons, notes=(note, *([_BESIDE] if beside_split else []))
        )

    return Table("moments_effect", "What moments brought", _EFFECT, (holdout_effect,), finish)
