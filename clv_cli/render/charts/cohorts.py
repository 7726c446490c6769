"""Cohorts as a heat map: one row a cohort, one column an age, the share written in every cell."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import altair as alt

from clv_cli.glossary import Kind
from clv_cli.render.charts.drawing import Drawing, Reader, short
from clv_cli.render.charts.spec import Padding, layered, rows_of
from clv_cli.render.charts.theme import FIRST_DARK, HEAT, ON_DARK, ON_LIGHT, WIDTH, ink
from clv_cli.render.formats import number_text

if TYPE_CHECKING:
    from clv_cli.results import Column, Result

ROW = 22
LEFT = 66
NAME = 9  # letters of a cohort that fit there
MANY = 13  # ages beyond which a text no longer fits its cell
NEEDS = frozenset({"cohort"})


def draw(result: Result, currency: str) -> Drawing | None:
    """A heat map of shares; None for a triangle of money, and where there is no cohort."""
    reader = Reader(result, currency)
    ages = [c for c in result.table.columns if re.fullmatch(r"[mq]\d+", c.name)]
    ages = [c for c in ages if c.kind is Kind.RATIO]
    values = [row[age.name] for row in reader.records for age in ages if row[age.name] is not None]
    if not values:
        return None
    low, high = min(values), max(values)
    cells = [
        {"row": place, "age": at, **_painted(row[age.name], low, high)}
        for place, row in enumerate(reader.records)
        for at, age in enumerate(ages)
        if row[age.name] is not None
    ]
    names = [
        {"row": place, "name": short(reader.text(row, "cohort"), NAME)}
        for place, row in enumerate(reader.records)
    ]
    shown = tuple(c for c in result.table.columns if c in ages or c.people)
    return Drawing(
        _spec(cells, names, ages),
        _sentence(reader, ages),
        columns=shown,
        ramp=(number_text(Kind.RATIO, Decimal(low)), number_text(Kind.RATIO, Decimal(high))),
    )


def _painted(share: float, low: float, high: float) -> dict[str, str]:
    """A cell's step, the ink that can be read on it, and its share in whole percent."""
    step = min(int((share - low) / (high - low) * len(HEAT)), len(HEAT) - 1) if high > low else 0
    text = ON_DARK[0] if step >= FIRST_DARK else ON_LIGHT[0]
    return {"fill": HEAT[step][0], "ink": text, "text": f"{share * 100:.0f}"}


def _spec(
    cells: list[dict[str, Any]], names: list[dict[str, Any]], ages: list[Column]
) -> dict[str, Any]:
    height = ROW * len(names)
    gap = alt.Scale(paddingInner=0.06, paddingOuter=0)
    row, age = alt.Y("row:O", axis=None, scale=gap), alt.X("age:O", axis=None, scale=gap)
    drawn = rows_of(cells)
    colour = alt.Color("fill:N", scale=None)
    layers = [drawn.mark_rect(cornerRadius=2).encode(x=age, y=row, color=colour)]
    if len(ages) <= MANY:
        texts = drawn.mark_text(fontSize=10)
        ink_of = alt.Color("ink:N", scale=None)
        layers.append(texts.encode(x=age, y=row, text="text:N", color=ink_of))
    left = rows_of(names).mark_text(align="right", fontSize=11)
    layers.append(left.encode(x=alt.value(-8), y=row, text="name:N"))
    heads = [{"age": at, "name": c.heading} for at, c in enumerate(ages) if _headed(at, len(ages))]
    above = rows_of(heads).mark_text(baseline="bottom", fontSize=11, color=ink("muted"))
    layers.append(above.encode(x=age, y=alt.value(-6), text="name:N"))
    return layered(layers, (WIDTH - LEFT - 6, height), Padding(LEFT, 6, 24, 4))


def _headed(at: int, count: int) -> bool:
    return count <= MANY or at % 6 == 0


def _sentence(reader: Reader, ages: list[Column]) -> str:
    """What is left of the average cohort, which is the last row."""
    last = reader.records[-1]
    known = [age for age in ages if last[age.name] is not None]
    if not known:
        return "No cohort has reached an age yet."
    name = reader.text(last, "cohort")
    later = known[-1]
    return (
        f"{name} over {len(reader.records) - 1} cohorts: {reader.text(last, later.name)} are left "
        f"at age {later.heading}, of {reader.text(last, known[0].name)} at {known[0].heading}."
    )
