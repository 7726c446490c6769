"""The survey method: the share of revenue that customers say CS influenced.

Customers are asked what made them buy. Of the k options that an answer ticks each gets 1/k; the
money-weighted share of those that name CS is claimed of all revenue that CXM leaves. Weighting by
money matters: in a skewed book the share of heads was 0.19 where that of money was 0.35. Who answers
is not chance, and no weighting repairs that; hence the response rate and the bounds that hold without
any assumption are always printed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs
from clv_cli.attribution.claims import CLAIM, ClaimSource
from clv_cli.attribution.lines import history
from clv_cli.pipeline import derived, reduction

if TYPE_CHECKING:
    from clv_cli.models.survey_share import Answers, SurveyShare
    from clv_cli.pipeline import Scope

SURVEY = "survey"
RULE = "influence_survey"
NO_SEGMENT = ""
DIGITS = 6


@reduction("survey_asked")
def survey_asked(scope: Scope) -> pl.LazyFrame:
    """The purchases of the period whose buyers were asked what influenced them.

    Returns:
        `line_id, response_id, code, amount_base` (Int64 minor units, above 0), `choices` (null: no
        answer), sorted. Of several questions about one purchase an answered one counts.
    """
    first = scope.period.first
    asked = scope.book.table("surveys").filter(
        pl.col("kind") == "influence", pl.col("line_id").is_not_null()
    )
    ticked = pl.when(pl.col("choices").list.len() > 0).then("choices")
    answers = asked.select("line_id", "response_id", choices=ticked)
    bought = history(scope).filter(pl.col("amount_base") > 0, pl.col("month") >= first)
    both = bought.select("line_id", "code", "amount_base").join(answers, on="line_id")
    order = [pl.col("choices").is_null(), pl.col("response_id")]
    return both.sort("line_id", *order).unique("line_id", keep="first", maintain_order=True)


@reduction("survey_segments")
def survey_segments(scope: Scope) -> pl.LazyFrame:
    """The segment of each customer that has one: `code, segment`."""
    known = scope.book.table("customers").filter(pl.col("segment").is_not_null())
    coded = known.join(scope.book.codes.lazy(), on="customer_id")
    return coded.group_by("code").agg(pl.col("segment").min()).sort("code")


@dataclass(frozen=True, slots=True)
class Said:
    """What customers say.

    Args:
        share: of money, with its interval; None without answers.
        reason: why there is none.
        asked: purchases asked about.
        answered: of them.
        money_asked: minor units.
        money_answered: minor units.
        unknown: the options ticked, where none of them names CS.
        low: lower end used by the split: of the interval, or of the bounds without one.
        high: the upper end.
    """

    share: SurveyShare | None
    reason: str | None
    asked: int = 0
    answered: int = 0
    money_asked: int = 0
    money_answered: int = 0
    low: float = 0.0
    high: float = 0.0
    unknown: tuple[str, ...] = ()


def said(scope: Scope, asked: pl.DataFrame, segments: pl.DataFrame) -> Said:
    """Which share of revenue do customers say CS influenced?

    Args:
        scope: its settings.
        asked: see `survey_asked`.
        segments: see `survey_segments`.
    """
    from clv_cli.models.survey_share import SurveyRules, survey_share  # noqa: PLC0415 - scipy

    if not scope.book.has("surveys"):
        return Said(None, "needs surveys of kind influence, with the purchase they ask about")
    if asked.is_empty():
        return Said(None, "no purchase of the period was asked about (surveys of kind influence)")
    given = asked.filter(pl.col("choices").is_not_null())
    whole, told = (int(frame["amount_base"].cast(pl.Int128).sum()) for frame in (asked, given))
    if given.is_empty():
        return Said(None, "nobody answered the influence question", asked.height, 0, whole)
    rules = scope.settings.evidence.survey
    share = survey_share(
        _answers(scope, asked, segments),
        told / whole,
        SurveyRules(
            answers=rules.min_answers,
            effective=float(rules.min_effective),
            level=float(scope.settings.evidence.confidence),
        ),
    )
    low = share.least if share.low is None else share.low
    high = share.most if share.high is None else share.high
    options = given["choices"].explode().drop_nulls().unique().sort().to_list()
    unknown = () if set(options) & set(rules.cs_choices) else tuple(options)
    return Said(share, None, asked.height, given.height, whole, told, low, high, unknown)


def _answers(scope: Scope, asked: pl.DataFrame, segments: pl.DataFrame) -> Answers:
    from clv_cli.models.survey_share import Answers  # noqa: PLC0415 - as above

    rules = scope.settings.evidence.survey
    named = asked.join(segments, on="code", how="left").with_columns(
        pl.col("segment").fill_null(NO_SEGMENT)
    )
    sizes = named.group_by("segment").agg(
        weight=pl.len() / pl.col("choices").is_not_null().sum(),
    )
    given = named.filter(pl.col("choices").is_not_null()).join(sizes, on="segment").sort("line_id")
    ours = pl.col("choices").list.eval(pl.element().is_in(list(rules.cs_choices))).list.sum()
    share = given.select(ours / pl.col("choices").list.len()).to_series()
    money = given["amount_base"].cast(pl.Float64).to_numpy()
    if not rules.by_segment:
        return Answers(money, share.to_numpy())
    strata = given["segment"].rank("dense").cast(pl.Int64).to_numpy()
    return Answers(money, share.to_numpy(), given["weight"].to_numpy(), strata)


@derived("survey_claims", survey_asked, survey_segments)
def survey_claims(scope: Scope, asked: pl.DataFrame, segments: pl.DataFrame) -> pl.DataFrame:
    """What the answers claim: one row, of every purchase; none without answers.

    Returns:
        The columns of `claims.CLAIM`.
    """
    found = said(scope, asked, segments)
    if found.share is None:
        return pl.DataFrame(schema=CLAIM)
    rates = {"rate": found.share.share, "low": found.low, "high": found.high}
    row = {
        "bucket": "cs",
        "component": SURVEY,
        "rule_id": RULE,
        "evidence": f"surveys: {found.answered} answers",
        **{
            name: f"{int(rate * 10**DIGITS) / 10**DIGITS:.{DIGITS}f}"
            for name, rate in rates.items()
        },
    }
    return pl.DataFrame([{**dict.fromkeys(CLAIM), **row}], schema=CLAIM)


SURVEY_METHOD = ClaimSource(
    survey_claims, frozenset({cs.AT_RISK, cs.REFERRAL, cs.NO_GRIPES}), everyone=True
)
