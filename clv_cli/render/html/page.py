"""What the page says, section by section, in the report's order; how it looks is the template's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from clv_cli import __version__
from clv_cli.money import NO_CURRENCY
from clv_cli.render.charts import GALLERY
from clv_cli.render.html.sheets import remarks, sheet_of
from clv_cli.render.html.summary import sentences, verdict_on
from clv_cli.render.html.tiles import TILES, Tile, tiles_of
from clv_cli.render.layout import check_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.frames import Finding
    from clv_cli.render.charts.drawing import Key, Sheet
    from clv_cli.render.layout import View
    from clv_cli.results import Report, Result

FINDINGS = "findings"  # where the report shows them as a table, they need no section
# The whole before its parts: these stand in this order, in the places that they have in the report.
STORY = ("split_buckets", "split_claims", "split", "split_by_rule")
OPEN_ROWS = 16  # a table without a chart and with more rows is folded
HALF_COLUMNS = 4  # a table with more columns takes the whole width


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the report, with its chart.

    Args:
        name: unique on the page.
        title: its heading.
        lead: sentences under the heading.
        svg: the chart; None without one.
        sentence: what the chart shows; empty where its marks say it all.
        keys: what the chart's colours mean.
        ramp: the least and the most of a heat map's steps; None without one.
        sheet: the numbers; those of the chart, where it has one.
        rest: the table's rows, where the chart's numbers are others.
        folded: whether the numbers wait behind a line to click.
        wide: whether it takes the whole width.
        remarks: what stands below.
    """

    name: str
    title: str
    lead: tuple[str, ...]
    svg: Markup | None
    sentence: str
    keys: tuple[Key, ...]
    ramp: tuple[str, str] | None
    sheet: Sheet
    rest: Sheet | None
    folded: bool
    wide: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page says."""

    title: str
    company: str
    meta: tuple[str, ...]
    verdict: str
    ties: bool
    summary: tuple[str, ...]
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    checks: tuple[str, ...]
    findings: tuple[Finding, ...]
    tally: str
    conventions: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    version: str


def page_of(report: Report, view: View) -> Page:
    """The report as a page, before it is HTML."""
    results = view.choose(report.results)
    tiles = [
        tile for r in results if r.table.name == TILES for tile in tiles_of(r, report.currency)
    ]
    shown = {result.table.name for result in results}
    meta = _meta(report)
    return Page(
        title=" · ".join([report.company, *meta]),
        company=report.company,
        meta=meta,
        verdict=verdict_on(report),
        ties=all(check.ok for check in report.checks),
        summary=tuple(sentences(report, results, tiles)),
        tiles=tuple(tiles),
        sections=tuple(_sections(results, report.currency)),
        checks=tuple(check_line(check, report.currency) for check in report.checks),
        findings=() if FINDINGS in shown else report.findings,
        tally=_tally(report.findings),
        conventions=tuple(report.conventions.items()),
        notes=report.notes,
        version=__version__,
    )


def _meta(report: Report) -> tuple[str, ...]:
    parts = [f"clv {report.command}"]
    if report.as_of:
        parts.append(f"as of {report.as_of.isoformat()}")
    parts.append(report.period_text.replace("..", " to "))
    parts.append("" if report.currency == NO_CURRENCY else report.currency)
    return tuple(part for part in parts if part)


def _sections(results: Sequence[Result], currency: str) -> list[Section]:
    shown = [result for result in results if result.table.name != TILES]
    story = sorted(
        (r for r in shown if r.table.name in STORY), key=lambda r: STORY.index(r.table.name)
    )
    for result in shown:  # all charts are on their way before the first is waited for
        GALLERY.begin(result, currency)
    told = iter(story)
    return [_section(next(told) if r in story else r, currency) for r in shown]


def _section(result: Result, currency: str) -> Section:
    drawn = GALLERY.figure(result, currency)
    drawing = drawn.drawing if drawn else None
    sheet = sheet_of(result, currency, drawing.columns if drawing else ())
    drawn_apart = drawing.sheet if drawing else None
    wide = (drawn is None or drawn_apart is not None) and len(sheet.heads) > HALF_COLUMNS
    return Section(
        name=result.table.name,
        title=result.table.title,
        lead=result.lead,
        svg=Markup(drawn.svg) if drawn else None,  # noqa: S704 - our own marks, texts escaped
        sentence=drawing.sentence if drawing and not drawing.written else "",
        keys=drawing.keys if drawing else (),
        ramp=drawing.ramp if drawing else None,
        sheet=drawn_apart or sheet,
        rest=sheet if drawn_apart else None,
        folded=drawn is not None or len(sheet.rows) > OPEN_ROWS,
        wide=wide,
        remarks=tuple(remarks(result, currency)),
    )


def _tally(findings: Sequence[Finding]) -> str:
    """`1 error, 0 warnings, 8 notes`."""
    counts = []
    for severity in ("error", "warning", "note"):
        count = sum(1 for finding in findings if finding.severity == severity)
        counts.append(f"{count} {severity}{'' if count == 1 else 's'}")
    return ", ".join(counts)
