"""The tables under a measured split: what was found, what speaks for and against it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.counterfactual import Rescue, rescue
from clv_cli.attribution.survey import Said, said, survey_asked, survey_segments
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
            rescue_table(asked),
            rescue_checks_table(asked),
            episodes_table(asked),
        ],
        "survey": lambda asked: [survey_table(asked)],
    }
    make = tables.get(scope.settings.split.method)
    return make(scope) if make else []


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
    message = f"no effect of help could be measured, so nothing is claimed as saved: {found.refusal}"
    remedy = "declared rules (--method declared) are claims, not measurements"
    return Finding(Severity.WARNING, "not_causal", message, remedy=remedy)


def _verdict(found: Rescue, effect: Effect, scope: Scope) -> list[str]:
    """The result in plain sentences: what, how sure, what it rests on, what could undo it."""
    from clv_cli.models.effect import hidden_cause  # noqa: PLC0415 - scipy, only when asked

    seen, level = effect.overlap, f"{float(scope.settings.evidence.confidence):.0%}"
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
    for placebo in effect.placebos:
        lines.append(
            f"Placebo: {placebo.name} differs by {_money(round(placebo.estimate.value), scope)}"
            f" ({placebo.estimate.z:+.1f} standard errors); it would notice"
            f" {_money(round(placebo.noticeable), scope)} with 80 % chance."
        )
    if found.study is not None and found.causal:
        hidden = hidden_cause(found.study, effect)
        text = f"Hidden causes: one explaining {hidden.robustness:.0%} of what is left of both help"
        text += " and revenue would undo this"
        if hidden.benchmark:
            text += (
                f"; one as strong as {hidden.benchmark} would remove {min(hidden.removed, 1):.0%}"
            )
        lines.append(f"{text}.")
    return lines


def rescue_checks_table(scope: Scope) -> Table:
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


def episodes_table(scope: Scope) -> Table:
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


def survey_table(scope: Scope) -> Table:
    """Which share of revenue do customers say CS influenced, and how far can that be trusted?"""
    columns = (
        Column("figure", Kind.TEXT, "Figure", labels=SURVEY_LABELS),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("value", Kind.BY_ROW, "Value"),
    )

    def finish(frames: Frames) -> Rows:
        found = said(scope, frames[survey_asked], frames[survey_segments])
        rows = _survey_rows(found, scope)
        schema = dict.fromkeys(("figure", "kind", "value"), pl.String)
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return Rows(frame, notes=_survey_notes(found, scope), findings=_survey_findings(found))

    title = "What customers say made them buy"
    return Table("survey", title, columns, (survey_asked, survey_segments), finish)


SURVEY_LABELS = {
    "share": "share of revenue that names CS",
    "low": "lower end of the interval",
    "high": "upper end of the interval",
    "least": "at least, if all others say no",
    "most": "at most, if all others say yes",
    "asked": "purchases asked about",
    "answered": "purchases answered for",
    "effective": "answers, as equally large ones",
    "response": "response rate, by money",
}


def _survey_rows(found: Said, scope: Scope) -> list[tuple[str, str, str | None]]:
    share = found.share
    counts = [("asked", found.asked), ("answered", found.answered)]
    rows: list[tuple[str, str, str | None]] = [(n, "count", str(v)) for n, v in counts]
    if share is None:
        return rows
    ends = {"share": share.share, "low": share.low, "high": share.high}
    bounds = {"least": share.least, "most": share.most}
    response = found.money_answered / found.money_asked
    ratios = {**ends, **bounds, "response": response}
    texts = {n: None if v is None else f"{v:.6f}" for n, v in ratios.items()}
    return [
        *((name, "ratio", texts[name]) for name in ends if texts[name] is not None),
        *((name, "ratio", texts[name]) for name in bounds),
        *rows,
        ("effective", "count", f"{share.effective:.0f}"),
        ("response", "ratio", texts["response"]),
    ]


def _survey_notes(found: Said, scope: Scope) -> list[str]:
    share = found.share
    if share is None:
        return [f"There is no share: {found.reason}."]
    if share.method == "none":
        rules = scope.settings.evidence.survey
        return [
            f"Too few answers for an interval: {share.answers:,}, worth {share.effective:.0f} equally"
            f" large ones (needed: {rules.min_answers} and {rules.min_effective}). Low and high are"
            " the bounds that hold without any assumption."
        ]
    likely = " and is likely too narrow" if share.method == "bootstrap" else ""
    return [
        f"The interval holds only if whoever answered is like whoever did not{likely}; the bounds"
        " need no assumption."
    ]


def _survey_findings(found: Said) -> list[Finding]:
    if found.share is not None:
        return []
    message = f"customers' answers claim nothing: {found.reason}"
    return [Finding(Severity.WARNING, "no_survey", message)]


def _money(minor: int, scope: Scope) -> str:
    return f"{to_decimal(minor, scope.currency):,f} {scope.currency}"
