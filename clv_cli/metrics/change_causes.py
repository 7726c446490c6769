"""Expansion and contraction by cause: price, quantity, plan, discount, subscription, other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import GLOSSARY, Kind
from clv_cli.measures import parts
from clv_cli.measures.drilldown import active_lines
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.mrr_change_causes import CAUSES, STAYED, mrr_change_causes
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Metric, Scope


def change_because(movement: str, cause: str, frames: Collected, month: int) -> Estimate:
    """How much of a movement has one cause? Minor units; the causes sum to the movement."""
    found = frames[mrr_change_causes].filter(
        pl.col("month") == month, pl.col("movement") == movement, pl.col("cause") == cause
    )
    name = f"{movement}_{cause}"
    value = minor(int(found["mrr"].cast(pl.Int128).sum()))
    rows = lambda: parts.ledger(frames, found, "mrr", parts.text_of_month())  # noqa: E731
    label = GLOSSARY[name].title.lower()
    put = Input(label, Kind.MONEY, value, name, Over.SUM, rows, MRR_UNITS)
    return estimated(name, (put,), found["code"].n_unique())


def _lines(scope: Scope, month: int) -> pl.LazyFrame:
    """The lines active at the last month's end or at this one."""
    return active_lines(scope, [month - 1, month])


def _metric(movement: str, cause: str) -> Metric:
    estimate = partial(change_because, movement, cause)
    backing = Backing(evidence=_lines)
    return formula_metric(f"{movement}_{cause}", estimate, (mrr_change_causes,), backing)


CHANGE_METRICS = tuple(_metric(movement, cause) for movement in STAYED for cause in CAUSES)
