"""What buyers said, as a table: the share, its interval, and how far it can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.attribution.survey import Said, said, survey_asked, survey_segments
from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from clv_cli.pipeline import Scope
    from clv_cli.results import Frames

# With fewer answers intervals of skewed money covered 93 %, not 95 %, of the truths simulated.
MANY = 500
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


def survey_table(_: Scope) -> Table:
    """Which share of revenue do customers say CS influenced, and how far can that be trusted?"""
    columns = (
        Column("figure", Kind.TEXT, "Figure", labels=SURVEY_LABELS),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("value", Kind.BY_ROW, "Value"),
    )

    def finish(frames: Frames) -> Rows:
        scope = frames.scope
        found = said(scope, frames[survey_asked], frames[survey_segments])
        rows = _survey_rows(found)
        schema = dict.fromkeys(("figure", "kind", "value"), pl.String)
        frame = pl.DataFrame(rows, schema=schema, orient="row")
        return Rows(frame, notes=_survey_notes(found, scope), findings=_survey_findings(found))

    title = "What customers say made them buy"
    return Table("survey", title, columns, (survey_asked, survey_segments), finish)


def _survey_rows(found: Said) -> list[tuple[str, str, str | None]]:
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
        text = (
            f"Too few answers for an interval: {share.answers:,}, worth {share.effective:.0f} equally"
            f" large ones (needed: {rules.min_answers} and {rules.min_effective}). Low and high are"
            " the bounds that hold without any assumption."
        )
        return [text]
    likely = " and is likely too narrow" if share.answers < MANY else ""
    text = (
        f"The interval holds only if whoever answered is like whoever did not{likely}; the bounds"
        " need no assumption."
    )
    return [text]


def _survey_findings(found: Said) -> list[Finding]:
    if found.share is not None and found.unknown:
        message = (
            f"no answer ticks any option that names CS; ticked were {', '.join(found.unknown)}"
        )
        remedy = "name the options that mean CS in evidence.survey.cs_choices"
        return [Finding(Severity.WARNING, "no_cs_choice", message, remedy=remedy)]
    if found.share is not None:
        return []
    message = f"customers' answers claim nothing: {found.reason}"
    return [Finding(Severity.WARNING, "no_survey", message)]
