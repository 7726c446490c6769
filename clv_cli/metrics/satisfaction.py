"""What customers say: NPS, CSAT, CES, response rate, and the MRR of those who are unhappy."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.glossary import Kind
from clv_cli.measures import parts
from clv_cli.measures.answers import survey_answers, surveys_asked
from clv_cli.measures.drilldown import mrr_at, table_rows
from clv_cli.measures.estimates import Backing, estimated, formula_metric
from clv_cli.measures.intervals import nps_interval, share_of
from clv_cli.measures.mrr_months import mrr_months
from clv_cli.measures.mrr_spans import mrr_spans
from clv_cli.measures.series import Estimate, minor
from clv_cli.money import MRR_UNITS
from clv_cli.periods import Period, month_text
from clv_cli.pipeline import Input, Over

if TYPE_CHECKING:
    from clv_cli.pipeline import Collected, Metric, Scope


def nps(frames: Collected, month: int) -> Estimate:
    """Would customers recommend us? Points from -100 to 100, with a 95 % interval.

        NPS = 100 x (answers of 9 and 10 - answers of 0 to 6) / answers

    Source: Reichheld (2003).
    """
    asked = frames[survey_answers].filter(pl.col("kind") == "nps", pl.col("month") == month)
    inputs = (
        _answers(frames, asked, "promoter", "promoters"),
        _answers(frames, asked, "detractor", "detractors"),
        _answers(frames, asked, None, "answers"),
    )
    return estimated("nps", inputs, int(inputs[-1].value or 0), "no answers")


def satisfied(name: str, frames: Collected, month: int) -> Estimate:
    """Which share of answers is one of the two highest scores? With a 95 % interval."""
    asked = frames[survey_answers].filter(pl.col("kind") == name, pl.col("month") == month)
    inputs = (
        _answers(frames, asked, "satisfied", "satisfied"),
        _answers(frames, asked, None, "answers"),
    )
    return estimated(name, inputs, int(inputs[-1].value or 0), "no answers")


def response_rate(frames: Collected, month: int) -> Estimate:
    """Which share of the surveys sent in the month was answered?"""
    sent = frames[surveys_asked].filter(pl.col("month") == month)
    inputs = tuple(
        Input(
            label,
            Kind.COUNT,
            int(sent[key].sum()),
            key,
            Over.SUM,
            partial(_sent, frames, sent, key),
        )
        for label, key in (("surveys answered", "answered"), ("surveys sent", "asked"))
    )
    return estimated("response_rate", inputs, int(inputs[-1].value or 0), "no surveys sent")


def detractor_mrr_share(frames: Collected, month: int) -> Estimate:
    """Which share of the MRR of customers who answered is that of detractors?

    Each customer by its latest NPS answer up to the month's end.
    """
    latest = (
        frames[survey_answers]
        .filter(pl.col("kind") == "nps", pl.col("month") <= month)
        .sort("code", "answered_on", "row")
        .unique("code", keep="last", maintain_order=True)
    )
    paying = mrr_at(frames, month).filter(pl.col("mrr") > 0)
    known = paying.join(latest.select("code", "verdict"), on="code", how="inner")
    unhappy = known.filter(pl.col("verdict") == "detractor")
    inputs = (
        _mrr(frames, unhappy, month, "MRR of detractors", "detractor_mrr"),
        _mrr(frames, known, month, "MRR of customers who answered", "answered_mrr"),
    )
    return estimated("detractor_mrr_share", inputs, known.height, "no paying customer answered")


def _answers(frames: Collected, asked: pl.DataFrame, verdict: str | None, key: str) -> Input:
    found = asked if verdict is None else asked.filter(pl.col("verdict") == verdict)
    counted = found.with_columns(one=pl.lit(1, pl.Int64))
    note = pl.format("{} {}", "verdict", pl.col("answered_on").cast(pl.String))
    rows = lambda: parts.ledger(frames, counted, "one", note)  # noqa: E731
    return Input(key, Kind.COUNT, found.height, key, Over.SUM, rows)


def _sent(frames: Collected, sent: pl.DataFrame, key: str) -> pl.DataFrame:
    found = sent.filter(pl.col(key) != 0)
    return parts.ledger(frames, found, key, parts.text_of_month())


def _mrr(frames: Collected, found: pl.DataFrame, month: int, label: str, key: str) -> Input:
    value = minor(int(found["mrr"].cast(pl.Int128).sum()))
    note = pl.format("{} {}", "verdict", pl.lit(month_text(month)))
    rows = lambda: parts.ledger(frames, found, "mrr", note)  # noqa: E731
    return Input(label, Kind.MONEY, value, key, rows=rows, unit=MRR_UNITS)


def _rows(scope: Scope, month: int) -> pl.LazyFrame:
    """The answers of the month."""
    return table_rows(scope, "surveys", "answered_on", "kind", Period(month, month + 1))


_BACKING = Backing(requires=("surveys",), evidence=_rows)
_SCORE = replace(_BACKING, interval=nps_interval)
_SHARE = replace(_BACKING, interval=share_of("satisfied", "answers"))
_SENT = replace(_BACKING, interval=share_of("answered", "asked"))
SURVEY_METRICS: tuple[Metric, ...] = (
    formula_metric("nps", nps, (survey_answers,), _SCORE),
    formula_metric("csat", partial(satisfied, "csat"), (survey_answers,), _SHARE),
    formula_metric("ces", partial(satisfied, "ces"), (survey_answers,), _SHARE),
    formula_metric("response_rate", response_rate, (surveys_asked,), _SENT),
    formula_metric(
        "detractor_mrr_share",
        detractor_mrr_share,
        (survey_answers, mrr_months, mrr_spans),
        _BACKING,
    ),
)
