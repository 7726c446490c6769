"""Customers in tiers of value, and the concentration of MRR, revenue and value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Finding, Severity
from clv_cli.glossary import Kind
from clv_cli.measures.lifetime_models import lifetime_models
from clv_cli.measures.value_tiers import TIERS, concentration, value_tiers
from clv_cli.metrics.tables.customer_list import terms
from clv_cli.metrics.tables.parts import number
from clv_cli.results import Check, Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.measures.value_tiers import Concentration
    from clv_cli.results import Frames

LABELS = {
    "top_1": "top 1 %",
    "next_4": "next 4 %",
    "next_15": "next 15 %",
    "other_80": "other 80 %",
    "total": "All",
}
SUMS = ("realised", "future", "low_95", "high_95", "value")
OF = {"mrr": "MRR", "billed": "Billed to date", "value": "Value (est.)"}
# US SEC, ASC 280-10-50-42: a customer of 10 % or more of revenue is to be disclosed.
MAJOR = 0.10
# US Merger Guidelines (2023), 2.1: above 0.18 a market is highly concentrated.
CONCENTRATED = 0.18


def value_tables() -> list[Table]:
    """How is value spread over customers: tiers with their sums, and how much hangs on the largest?"""
    return [_tiers(), concentration_table()]


def share(amounts: pl.Series, total: int) -> pl.Series:
    """Each amount as a share of the total; nothing where that is not positive."""
    if total <= 0:
        return pl.Series("share", [None] * len(amounts), dtype=pl.Float64)
    return (amounts.cast(pl.Float64) / total).round(6).alias("share")


def _tiers() -> Table:
    columns = (
        Column("value_tier", Kind.TEXT, "Tier", labels=LABELS, rigid=True),
        Column("n", Kind.COUNT, "n"),
        Column("lowest", Kind.MONEY, "Worth from", whole=True),
        Column("realised", Kind.MONEY, "Realised", whole=True),
        Column("future", Kind.MONEY, "Future (est.)", whole=True),
        Column("low_95", Kind.MONEY, "95 % from", whole=True, people=False),
        Column("high_95", Kind.MONEY, "to", whole=True, people=False),
        Column("value", Kind.MONEY, "Value (est.)", whole=True),
        Column("share", Kind.RATIO, "Share"),
    )
    needs = (value_tiers, lifetime_models)
    return Table("value_tiers", "Customers in tiers of value", columns, needs, _tier_rows)


def _tier_rows(frames: Frames) -> Rows:
    rows = frames[value_tiers]
    parts = [(name, rows.filter(pl.col("tier") == name)) for name in TIERS]
    found = [_sum(frames, name, mine) for name, mine in parts if mine.height]
    total = _sum(frames, "total", rows)
    schema: dict[str, pl.DataType | type[pl.DataType]] = {"value_tier": pl.String}
    schema |= dict.fromkeys(("n", "lowest", *SUMS), pl.Int64)
    frame = pl.DataFrame([*found, total], schema=schema, orient="row")
    worth = int(str(total["value"]))
    check = Check(
        "value_by_tier", sum(int(str(r["value"])) for r in found), worth, "value by tier = value"
    )
    note = "Tiers by the share of customers worth strictly more; equals share the better tier."
    frame = frame.with_columns(share=share(frame["value"], worth))
    return Rows(frame, checks=(check,), notes=(note, *terms(frames.scope)))


def _sum(frames: Frames, name: str, rows: pl.DataFrame) -> dict[str, object]:
    from clv_cli.measures.residual_value import summed  # noqa: PLC0415 - scipy, only when asked

    sums = summed(rows, frames[lifetime_models])
    known = {key: sums[key] for key in SUMS}
    return {"value_tier": name, "n": rows.height, "lowest": rows["value"].min(), **known}


def concentration_table() -> Table:
    """How much of MRR, of revenue and of value hangs on the largest customers?

    Findings: a customer with 10 % or more, and an HHI above 0.18.
    """
    columns = (
        Column("of", Kind.TEXT, "Concentration of", labels=OF),
        Column("n", Kind.COUNT, "n"),
        Column("largest", Kind.RATIO, "Largest"),
        Column("top_10", Kind.RATIO, "Largest 10"),
        Column("tenth", Kind.RATIO, "Largest 10 %"),
        Column("hhi", Kind.FACTOR, "HHI", people=False),
        Column("hhi_points", Kind.COUNT, "HHI x 10,000"),
        Column("equal_to", Kind.COUNT, "As many equals"),
    )
    title = "How much hangs on the largest"
    return Table("concentration", title, columns, (value_tiers,), _concentrations)


def _concentrations(frames: Frames) -> Rows:
    rows = frames[value_tiers]
    found = {name: concentration(rows[name].to_list()) for name in OF}
    shown = [
        {
            "of": name,
            "n": each.n,
            **{key: number(getattr(each, key)) for key in ("largest", "top_10", "tenth", "hhi")},
            "hhi_points": round(each.hhi * 10_000),
            "equal_to": round(1 / each.hhi),
        }
        for name, each in found.items()
        if each
    ]
    counts, ratios = ("n", "hhi_points", "equal_to"), ("largest", "top_10", "tenth", "hhi")
    schema: dict[str, pl.DataType | type[pl.DataType]] = {"of": pl.String}
    schema |= dict.fromkeys(counts, pl.Int64) | dict.fromkeys(ratios, pl.Float64)
    findings = [f for name, each in found.items() if each for f in _warned(frames, name, each)]
    note = "HHI: the sum of squared shares; 1 divided by it is as many equal customers."
    return Rows(pl.DataFrame(shown, schema=schema, orient="row"), findings=findings, notes=(note,))


def _warned(frames: Frames, name: str, found: Concentration) -> Sequence[Finding]:
    warned = []
    if found.largest >= MAJOR:
        rows = frames[value_tiers].sort([name, "code"], descending=[True, False])
        codes = frames.scope.book.codes
        who = codes.filter(pl.col("code") == rows["code"][0])["customer_id"][0]
        message = f"{OF[name]}: {float(found.largest):.0%} is that of one customer, {who}"
        remedy = "10 % of revenue or more is to be disclosed (ASC 280-10-50-42)"
        warned.append(Finding(Severity.WARNING, "major_customer", message, remedy=remedy))
    if found.hhi > CONCENTRATED:
        message = (
            f"{OF[name]} is concentrated: HHI {float(found.hhi):.2f}, as of "
            f"{round(1 / found.hhi)} equal customers"
        )
        remedy = "read totals and averages customer by customer"
        warned.append(Finding(Severity.WARNING, "concentration", message, remedy=remedy))
    return warned
