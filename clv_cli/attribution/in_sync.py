"""In sync against out of sync: did MRR grow more where an initiative applied than elsewhere?

A unit is a product in a segment. An initiative's units are compared with units that had not adopted
any (difference in differences of log MRR, permutation inference); where every unit adopted, one
interrupted series is all there is, and it is never called a cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from clv_cli.attribution.cxm import split_initiatives
from clv_cli.glossary import Kind
from clv_cli.measures.unit_mrr import UNIT, unit_mrr
from clv_cli.money import to_decimal
from clv_cli.periods import month_of
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.models.difference_in_differences import DifferenceInDifferences
    from clv_cli.models.estimate import Floats
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

ALIGNED = {"true": "yes", "false": "no"}
COLUMNS = (
    Column("initiative_id", Kind.TEXT, "Initiative"),
    Column("aligned", Kind.TEXT, "Aligned", labels=ALIGNED),
    Column("units", Kind.TEXT, "Units"),
    Column("change", Kind.RATIO, "MRR"),
    Column("low", Kind.RATIO, "Low"),
    Column("high", Kind.RATIO, "High"),
    Column("chance", Kind.RATIO, "Chance"),
    Column("verdict", Kind.TEXT, "Verdict"),
)
_SCHEMA = {
    "initiative_id": pl.String,
    "aligned": pl.String,
    "units": pl.String,
    **dict.fromkeys(("change", "low", "high", "chance"), pl.Float64),
    "verdict": pl.String,
}
Row = dict[str, Any]
NOT_TOLD = "not told from chance"


@dataclass(frozen=True, slots=True)
class Units:
    """The panel: one row a unit, one column a month.

    Args:
        names: product and segment of each row.
        first: the month of the first column.
        mrr: minor units, above 0 or 0.
    """

    names: Sequence[tuple[str, str]]
    first: int
    mrr: Floats

    @property
    def end(self) -> int:
        """The month after the last column."""
        return self.first + int(self.mrr.shape[1])


@dataclass(frozen=True, slots=True)
class Change:
    """What an initiative changed.

    Args:
        units: `3 of 24`.
        verdict: in words.
        change: relative change of MRR; None where nothing could be computed.
        low: lower end.
        high: upper end.
        chance: how often chance alone does as much.
        gained: minor units of MRR, mean over the months after; None unless told from chance.
    """

    units: str
    verdict: str
    change: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    gained: int | None = None


def in_sync_table(_: Scope) -> Table:
    """By how much did MRR grow more where an initiative applied than where it did not?"""
    title = "Initiatives: growth of MRR in their units against all others"
    return Table("initiatives", title, COLUMNS, (split_initiatives, unit_mrr), _finish)


def _finish(frames: Frames) -> Rows:
    scope, units = frames.scope, _panel(frames[unit_mrr])
    initiatives = frames[split_initiatives].to_dicts()
    rows, notes = [], []
    for initiative in initiatives:
        found = change_of(scope, units, initiative, initiatives)
        rows.append(
            (
                initiative["initiative_id"],
                str(bool(initiative["aligned"])).lower(),
                found.units,
                found.change,
                found.low,
                found.high,
                found.chance,
                found.verdict,
            )
        )
        if found.gained is not None:
            notes.append(
                f"{initiative['initiative_id']}: about {to_decimal(found.gained, scope.currency):,f}"
                f" {scope.currency} of MRR a month more than without it, in the months since."
            )
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    if rows:
        notes.append(
            "Chance: how often dealing the initiative to other units at random does as much."
        )
    return Rows(frame, notes=notes)


def _panel(frame: pl.DataFrame) -> Units:
    names = frame.select(UNIT).unique(maintain_order=True).rows()
    months = frame["month"].n_unique()
    first = frame["month"].min()
    values = frame["mrr"].to_numpy().reshape(len(names), months if names else 0)
    return Units(names, first if isinstance(first, int) else 0, values)


def change_of(scope: Scope, units: Units, own: Row, initiatives: Sequence[Row]) -> Change:
    """What did one initiative change?

    Args:
        scope: its settings.
        units: the panel.
        own: the initiative.
        initiatives: all of them: units that another one reaches meanwhile are no controls.
    """
    rules = scope.settings.evidence.in_sync
    if own["touchpoints"]:
        return Change("-", "limited to touchpoints: MRR does not show them")
    treated = [_covers(own, name) for name in units.names]
    label = f"{sum(treated)} of {len(treated)}"
    start = month_of(own["effective_from"])
    first = max(start - rules.before_months, units.first)
    end = min(start + rules.after_months, _ends(own), units.end)
    if start - first < 4 or end - start < 3:
        return Change(label, "too few months before or after")
    if not any(treated):
        return Change(label, "no unit has its products and segments")
    if all(treated):
        return _interrupted(scope, units, label, start, end)
    others = [other for other in initiatives if other is not own and not other["touchpoints"]]
    busy = [
        any(first <= month_of(o["effective_from"]) < end and _covers(o, name) for o in others)
        for name in units.names
    ]
    window = units.mrr[:, first - units.first : end - units.first]
    kept = [
        place
        for place, ours in enumerate(treated)
        if (window[place] > 0).all() and (ours or not busy[place])
    ]
    ours = [treated[place] for place in kept]
    label = f"{sum(ours)} of {len(kept)}"
    if not any(ours) or all(ours):
        return Change(label, "no unit with MRR in every month to compare with")
    return _compared(scope, window[kept], ours, label, start - first)


def _covers(initiative: Row, unit: tuple[str, str]) -> bool:
    listed = (initiative["products"], initiative["segments"])
    return all(not names or name in names for names, name in zip(listed, unit, strict=True))


def _ends(initiative: Row) -> int:
    until = initiative["effective_to"]
    return month_of(until) if until is not None else 2**31


def _compared(
    scope: Scope, window: Floats, treated: Sequence[bool], label: str, start: int
) -> Change:
    import numpy as np  # noqa: PLC0415 - with scipy, only when initiatives are compared

    from clv_cli.models.difference_in_differences import (  # noqa: PLC0415
        NEVER,
        difference_in_differences,
        placebo_dates,
    )

    logs = np.log(window)
    starts = np.where(treated, start, NEVER).astype(np.int64)
    level = float(scope.settings.evidence.confidence)
    found = difference_in_differences(logs, starts, level)
    if found is None:
        return Change(label, "nothing to compare with")
    placebos = placebo_dates(logs, starts)
    verdict = _verdict(scope, found, placebos, len(window), level)
    told = verdict.startswith("effect")
    after = window[np.asarray(treated)][:, start:].sum(axis=0).mean()
    gained = round(float(after * (1 - np.exp(-found.effect)))) if told else None
    low, high = (float(np.expm1(x)) if np.isfinite(x) else None for x in (found.low, found.high))
    change = float(np.expm1(found.effect))
    return Change(label, verdict, change, low, high, found.p_value, gained)


def _verdict(
    scope: Scope,
    found: DifferenceInDifferences,
    placebos: Sequence[DifferenceInDifferences],
    units: int,
    level: float,
) -> str:
    least = scope.settings.evidence.in_sync.min_units
    if units < least:
        return f"association: {least} units are needed"
    if not placebos:
        return "association: too few months for a placebo test"
    # All placebo dates together may raise a false alarm as rarely as one alone (Bonferroni).
    if min(placebo.p_value for placebo in placebos) <= (1 - level) / len(placebos):
        return "association: differed before it began"
    if found.p_value > 1 - level:
        return NOT_TOLD
    return "effect, placebo dates passed"


def _interrupted(scope: Scope, units: Units, label: str, start: int, end: int) -> Change:
    import numpy as np  # noqa: PLC0415 - as above

    from clv_cli.models.interrupted_series import interrupted_series  # noqa: PLC0415

    total = units.mrr[:, : end - units.first].sum(axis=0)
    begins = int(np.argmax(total > 0))
    series, at = np.log(np.maximum(total[begins:], 1.0)), start - units.first - begins
    found = interrupted_series(series, at, float(scope.settings.evidence.confidence))
    if found is None or not (total[begins:] > 0).all():
        return Change(label, "every unit has it, and the series is too short")
    ends = (found.effect.value, found.effect.low, found.effect.high)
    change, low, high = (float(np.expm1(end)) for end in ends)
    if not found.enough:
        return Change(label, "describes only: 24 months before, 12 after needed", change)
    apart = low > 0 or high < 0
    words = "consistent with an effect; no unit without it" if apart else NOT_TOLD
    return Change(label, words, change, low, high)
