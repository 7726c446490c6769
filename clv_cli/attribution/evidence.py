"""The tables under a measured split: what was found, what speaks for and against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.counterfactual import Rescue, missing_tables, rescue
from clv_cli.attribution.moments_effect import effect_table, held_out
from clv_cli.attribution.strata_table import strata_table
from clv_cli.attribution.survey_evidence import survey_table
from clv_cli.errors import DataError
from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.measures.episode_facts import episode_facts
from clv_cli.measures.risk_episodes import STATES, risk_episodes
from clv_cli.money import to_decimal
from clv_cli.results import Column, Rows, Table, collect_frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from clv_cli.models.effect import Effect
    from clv_cli.models.estimate import Estimate
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

METHOD_LABELS = {
    "saved": "effect, each helped customer",
    "associated": "association, each helped customer",
    "saved_all": "effect, all helped customers compared",
    "associated_all": "association, all helped customers compared",
    "naive": "plain difference of means (misleading)",
    "weighting": "check: weighting",
    "strata": "check: strata",
    "matching": "check: matching",
    "entropy_balancing": "check: entropy balancing",
}
CHECK_LABELS = {
    "size": "episodes in the smaller group",
    "convergence": "model of help fitted",
    "support": "helped without counterpart",
    "effective_sample": "unhelped, as equally weighted",
    "weights": "weight on the heaviest 1 %",
    "balance": "largest difference left (sd)",
    "width": "interval / revenue of the helped",
    "placebo": "before help (std errors)",
}
AT_LEAST = {"size", "convergence", "effective_sample"}


def evidence_tables(scope: Scope) -> list[Table]:
    """The evidence behind the method that the settings choose; none for declared figures."""
    tables: dict[str, Callable[[Scope], list[Table]]] = {
        "counterfactual": lambda asked: [
            strata_table(asked),
            rescue_table(asked),
            rescue_checks_table(asked),
            episodes_table(asked),
            *_experiment(asked),
        ],
        "survey": lambda asked: [strata_table(asked), survey_table(asked)],
    }
    method = scope.settings.split.method
    if method == "counterfactual" and missing_tables(scope) is not None:
        return [rescue_table(scope), *_experiment(scope)]
    return tables[method](scope) if method in tables else []


def _experiment(scope: Scope) -> list[Table]:
    return [effect_table(beside_split=True)] if held_out(scope) else []


def require_causal(scope: Scope) -> None:
    """Stop unless the split rests on a measured effect.

    Raises:
        DataError: the method is no measurement of an effect, or its gate is not passed.
    """
    if scope.settings.split.method != "counterfactual":
        raise DataError(
            f"a {scope.settings.split.method} split is a claim, not a measured effect",
            where="--require-causal",
            hint="use --method counterfactual, which compares helped with unhelped customers",
        )
    found = _rescue(collect_frames([risk_episodes, episode_facts], scope))
    if not found.causal:
        raise DataError(
            f"these data cannot say what CS saved: {found.refusal}",
            where="--require-causal",
            hint="without the option the split is printed, and nothing is claimed as saved",
        )


def rescue_table(scope: Scope) -> Table:
    """What did help of customers at risk bring, by our method and by others?"""
    months = scope.settings.evidence.rescue.outcome_months
    columns = (
        Column("figure", Kind.TEXT, "Net revenue", labels=METHOD_LABELS),
        Column("value", Kind.MONEY, "Value"),
        Column("low", Kind.MONEY, "Low"),
        Column("high", Kind.MONEY, "High"),
    )
    title = f"What help brought in {months} months: customers at risk, helped against not helped"
    return Table("rescue", title, columns, (risk_episodes, episode_facts), _rescue_rows)


def _rescue(frames: Frames) -> Rescue:
    return rescue(frames.scope, frames[risk_episodes], frames[episode_facts])


def _rescue_rows(frames: Frames) -> Rows:
    found, scope = _rescue(frames), frames.scope
    schema = {"figure": pl.String, **dict.fromkeys(("value", "low", "high"), pl.Int64)}
    if found.effect is None or found.study is None:
        notes = [f"These data cannot say what CS saved: {found.refusal}."]
        findings = [_nothing_claimed(found)]
        return Rows(pl.DataFrame(schema=schema), notes=notes, findings=findings)
    from clv_cli.models.effect import cross_checks  # noqa: PLC0415 - scipy, only when asked

    effect, name = found.effect, "saved" if found.causal else "associated"
    helped = effect.overlap.treated
    rows = [
        _row(name, effect.estimate),
        _row(f"{name}_all", effect.estimate, helped),
        _row("naive", effect.naive),
    ]
    rows += [_row(other, estimate) for other, estimate in cross_checks(found.study).items()]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    findings = [] if found.causal else [_nothing_claimed(found)]
    return Rows(frame, notes=_verdict(found, effect, scope), findings=findings)


def _row(name: str, estimate: Estimate, times: int = 1) -> tuple[str, int, int, int]:
    """An estimate as money, rounded once."""
    ends = (estimate.value, estimate.low, estimate.high)
    value, low, high = (round(float(end) * times) for end in ends)
    return name, value, low, high


def _nothing_claimed(found: Rescue) -> Finding:
    message = (
        f"no effect of help could be measured, so nothing is claimed as saved: {found.refusal}"
    )
    remedy = "declared rules (--method declared) are claims, not measurements"
    return Finding(Severity.WARNING, "not_causal", message, remedy=remedy)


def _verdict(found: Rescue, effect: Effect, scope: Scope) -> list[str]:
    """The result in plain sentences: what, how sure, what it rests on, what could undo it."""
    from clv_cli.models.effect import hidden_cause  # noqa: PLC0415 - scipy, only when asked

    seen, level = effect.overlap, f"{100 * float(scope.settings.evidence.confidence):.0f} %"
    value, low, high = (_money(v, scope) for v in _row("", effect.estimate, seen.treated)[1:])
    if found.causal:
        first = (
            f"Helped customers brought {value} ({level}: {low} to {high}) more than comparable"
            f" customers who were not helped; all checks passed, {seen.treated:,} against"
            f" {seen.untreated:,} episodes."
        )
    else:
        first = (
            f"These data cannot say what CS saved: {found.refusal}. The difference of {value} is an"
            " association, not an effect; nothing of it enters the split."
        )
    lines = [first]
    if seen.treated < effect.treated:
        lines.append(
            f"Of {effect.treated:,} helped episodes {seen.treated:,} have comparable unhelped ones;"
            " the figures are for those."
        )
    lines += [
        f"Placebo: {placebo.name} differs by {_money(round(placebo.estimate.value), scope)}"
        f" ({placebo.estimate.z:+.1f} standard errors); it would notice"
        f" {_money(round(placebo.noticeable), scope)} with 80 % chance."
        for placebo in effect.placebos
    ]
    if found.causal:
        lines.append(
            f"The split holds the part of it whose purchases were issued in {scope.period} and that"
            " no initiative of CXM claims."
        )
    if found.study is not None and found.causal:
        hidden = hidden_cause(found.study, effect)
        text = f"Hidden causes: one explaining {100 * hidden.robustness:.0f} % of what is left of both help"
        text += " and revenue would undo this"
        if hidden.benchmark:
            text += f"; one as strong as {hidden.benchmark} would remove {100 * min(hidden.removed, 1):.0f} %"
        lines.append(f"{text}.")
    return lines


def rescue_checks_table(_: Scope) -> Table:
    """What must hold before the figure may be called an effect, and does it?"""
    columns = (
        Column("check", Kind.TEXT, "Check", labels=CHECK_LABELS),
        Column("found", Kind.FACTOR, "Found"),
        Column("rule", Kind.TEXT, "Must be"),
        Column("limit", Kind.FACTOR, "Limit"),
        Column("verdict", Kind.TEXT, "Verdict"),
    )

    def finish(frames: Frames) -> Rows:
        effect = _rescue(frames).effect
        rows = [
            (
                check.name,
                check.found,
                "at least" if check.name in AT_LEAST else "at most",
                check.limit,
                "passed" if check.passed else "FAILED",
            )
            for check in (effect.checks if effect else ())
        ]
        schema = {
            "check": pl.String,
            "found": pl.Float64,
            "rule": pl.String,
            "limit": pl.Float64,
            "verdict": pl.String,
        }
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"))

    needs = (risk_episodes, episode_facts)
    return Table("rescue_checks", "May it be called an effect?", columns, needs, finish)


def episodes_table(_: Scope) -> Table:
    """How many risk episodes were compared, and what became of the others?"""
    columns = (
        Column("state", Kind.TEXT, "Risk episodes", labels=STATES),
        Column("helped", Kind.COUNT, "Helped"),
        Column("unhelped", Kind.COUNT, "Not helped"),
    )

    def finish(frames: Frames) -> Rows:
        episodes = frames[risk_episodes]
        rows = [
            (
                state,
                episodes.filter("helped", pl.col("state") == state).height,
                episodes.filter(~pl.col("helped"), pl.col("state") == state).height,
            )
            for state in STATES
        ]
        schema = {"state": pl.String, "helped": pl.Int64, "unhelped": pl.Int64}
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"))

    return Table("rescue_episodes", "Risk episodes", columns, (risk_episodes,), finish)


def _money(minor: int, scope: Scope) -> str:
    return f"{to_decimal(minor, scope.currency):,f} {scope.currency}"
