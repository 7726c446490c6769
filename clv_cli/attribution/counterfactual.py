"""What CS saved: helped customers at risk against comparable ones whom nobody helped.

The unit is a risk episode (`measures.risk_episodes`); the estimate is doubly robust
(`models.effect`). It is called an effect only if every check of the gate holds; otherwise it is
printed as an association and claims nothing. In a stratum k of helped episodes

    share of their revenue = (effect in k) / (mean revenue of the helped in k),  within 0 and 1

is claimed of every purchase in the outcome windows of the helped episodes that were compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution import cs
from clv_cli.attribution.claims import CLAIM, ClaimSource
from clv_cli.measures.episode_facts import NO_SEGMENT, episode_facts
from clv_cli.measures.risk_episodes import risk_episodes
from clv_cli.pipeline import derived

if TYPE_CHECKING:
    from clv_cli.models.effect import Effect, Study
    from clv_cli.models.gate import Rules
    from clv_cli.pipeline import Scope

ESTIMATED = "estimated"
NEEDED = ("risk_flags", "touches")
OTHERS = "other"  # segments too small for a rate of their own
DIGITS = 6
PLACEBOS = {"revenue": "net revenue of the year before", "grown": "growth of MRR before"}


@dataclass(frozen=True, slots=True)
class Stratum:
    """Helped episodes of one segment, and the share of their revenue that help brought.

    Args:
        name: the segment.
        episodes: the flags of the helped episodes compared.
        rate: share of the revenue in their outcome windows.
        low: the same at the lower end of the interval.
        high: at the upper end.
    """

    name: str
    episodes: tuple[str, ...]
    rate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rescue:
    """What help brought, or why nobody can say.

    Args:
        study: the episodes compared; None where nothing could be.
        effect: minor units a helped episode; None as well.
        reason: why there is no estimate.
        strata: where it goes, segment by segment; empty unless the gate is passed.
    """

    study: Study | None
    effect: Effect | None
    reason: str | None
    strata: tuple[Stratum, ...] = ()

    @property
    def causal(self) -> bool:
        """Whether the estimate may be called an effect."""
        return self.effect is not None and self.effect.passed

    @property
    def refusal(self) -> str | None:
        """What speaks against calling it an effect, in plain words; None when nothing does."""
        if self.effect is None:
            return self.reason
        return "; ".join(self.effect.failures) or None


def missing_tables(scope: Scope) -> str | None:
    """Why nothing can be compared at all; None when the tables are there."""
    missing = [name for name in NEEDED if not scope.book.has(name)]
    if not missing:
        return None
    return f"needs {' and '.join(missing)}: who was at risk, helped or not, and who was helped"


def rescue(scope: Scope, episodes: pl.DataFrame, facts: pl.DataFrame) -> Rescue:
    """What did help of customers at risk bring, and may we believe it?

    Args:
        scope: its settings.
        episodes: see `risk_episodes`.
        facts: see `episode_facts`.
    """
    # scipy loads only when this is asked.
    from clv_cli.models.effect import can_be_compared, effect_on_treated  # noqa: PLC0415

    reason = missing_tables(scope)
    if reason is not None:
        return Rescue(None, None, reason)
    own = facts.join(episodes, on="flag_id", maintain_order="left")
    helped = own["helped"].to_numpy()
    few = (
        f"only {int(helped.sum()):,} helped and {int((~helped).sum()):,} unhelped risk episodes"
        " whose outcome is over can be compared"
    )
    if not can_be_compared(helped):
        return Rescue(None, None, few)
    study, rules = _study(own), _rules(scope)
    effect = effect_on_treated(study, rules)
    if effect is None:
        return Rescue(study, None, f"{few}; too few of the one kind resemble the other")
    strata = _strata(own, effect, rules.group) if effect.passed else ()
    return Rescue(study, effect, None, strata)


@derived("rescue_claims", risk_episodes, episode_facts)
def rescue_claims(scope: Scope, episodes: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """What the estimate claims of the purchases of helped customers: one row a helped episode.

    Returns:
        The columns of `claims.CLAIM`; no rows unless the gate is passed.
    """
    found = rescue(scope, episodes, facts)
    rows = [
        (
            flag,
            f"{ESTIMATED}:{stratum.name}",
            *map(_text, (stratum.rate, stratum.low, stratum.high)),
        )
        for stratum in found.strata
        for flag in stratum.episodes
    ]
    names = ("flag_id", "rule_id", "rate", "low", "high")
    rates = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
    windows = rates.join(episodes, on="flag_id").sort("flag_id")
    return windows.select(
        "code",
        first_day="landmark",
        end_day="end_day",
        bucket=pl.lit("cs"),
        component=pl.lit(ESTIMATED),
        rule_id="rule_id",
        evidence=pl.lit("risk_flags:") + pl.col("flag_id"),
        rate="rate",
        low="low",
        high="high",
    ).select(*CLAIM)


COUNTERFACTUAL = ClaimSource(rescue_claims, frozenset({cs.AT_RISK}))


def _rules(scope: Scope) -> Rules:
    from clv_cli.models.gate import Rules  # noqa: PLC0415 - scipy loads only when this is asked

    asked = scope.settings.evidence.rescue
    return Rules(
        level=float(scope.settings.evidence.confidence),
        trim_above=float(asked.trim_above),
        group=asked.min_group,
        effective=asked.min_effective,
        imbalance=float(asked.max_imbalance),
        off_support=float(asked.max_off_support),
        heaviest=float(asked.max_top_weight),
        ours="helped",
        theirs="unhelped",
    )


def _study(own: pl.DataFrame) -> Study:
    from clv_cli.measures.episode_covariates import covariates  # noqa: PLC0415 - as above
    from clv_cli.models.effect import Study  # noqa: PLC0415

    return Study(
        outcome=own["outcome"].cast(pl.Float64).to_numpy(),
        treated=own["helped"].to_numpy(),
        covariates=covariates(own),
        placebos={label: own[name].to_numpy() for name, label in PLACEBOS.items()},
    )


def _strata(own: pl.DataFrame, effect: Effect, least: int) -> tuple[Stratum, ...]:
    """The share that help brought, by segment.

    A segment has a rate of its own with enough episodes in both arms; one that would come out
    negative is no "saved less than nothing" but noise, and then all share one rate, so that the sum
    over strata is the estimate.
    """
    kept = own.filter(pl.Series(effect.kept))
    sizes = kept.group_by("segment").agg(
        helped=pl.col("helped").sum(), others=(~pl.col("helped")).sum()
    )
    large = sizes.filter(pl.min_horizontal("helped", "others") >= least)["segment"].to_list()
    named = pl.when(pl.col("segment").is_in(large) & (pl.col("segment") != NO_SEGMENT))
    grouped = kept.filter("helped").with_columns(
        stratum=named.then("segment").otherwise(pl.lit(OTHERS)), gain=pl.Series(effect.gains)
    )
    strata = _rates(grouped, effect)
    if any(stratum.rate < 0 for stratum in strata) and len(strata) > 1:
        strata = _rates(grouped.with_columns(stratum=pl.lit("all")), effect)
    return tuple(
        Stratum(s.name, s.episodes, *(min(max(rate, 0.0), 1.0) for rate in (s.rate, s.low, s.high)))
        for s in strata
    )


def _rates(grouped: pl.DataFrame, effect: Effect) -> list[Stratum]:
    found = effect.estimate
    # Every stratum scales alike, so that the ends of their sum are the ends of the interval.
    scale = (1.0, found.low / found.value, found.high / found.value) if found.value else (0.0,) * 3
    strata = []
    for name in grouped["stratum"].unique().sort():
        part = grouped.filter(pl.col("stratum") == name)
        brought, gain = (float(part[name].sum()) / part.height for name in ("outcome", "gain"))
        rates = (gain / brought * end if brought > 0 else 0.0 for end in scale)
        strata.append(Stratum(name, tuple(part["flag_id"]), *rates))
    return strata


def _text(rate: float) -> str:
    """A rate as exact decimal text, cut (not rounded up) to parts per million."""
    return f"{int(rate * 10**DIGITS) / 10**DIGITS:.{DIGITS}f}"
