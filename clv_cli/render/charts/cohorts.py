"""Cohorts as a heat map: one row a cohort, one column an age, the share written in every cell."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from clv_cli.glossary import Kind
from clv_cli.render.charts.drawing import Drawing, Reader, short
from clv_cli.render.charts.spec import Padding, Part, as_is, layer, layered, place, text
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
    cells: list[Part] = [
        {"row": place, "age": at, **_painted(row[age.name], low, high)}
        for place, row in enumerate(reader.records)
        for at, age in enumerate(ages)
        if row[age.name] is not None
    ]
    names: list[Part] = [
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


def _spec(cells: list[Part], names: list[Part], ages: list[Column]) -> Part:
    height = ROW * len(names)
    gap = {"paddingInner": 0.06, "paddingOuter": 0}
    row, age = (place(name, axis=None, scale=gap) for name in ("row", "age"))
    layers = [layer(cells, "rect", {"x": age, "y": row, "color": as_is("fill")}, cornerRadius=2)]
    if len(ages) <= MANY:
        shares = {"x": age, "y": row, "text": text("text"), "color": as_is("ink")}
        layers.append(layer(cells, "text", shares, fontSize=10))
    left = {"x": {"value": -8}, "y": row, "text": text("name")}
    layers.append(layer(names, "text", left, align="right", fontSize=11))
    heads: list[Part] = [
        {"age": at, "name": c.heading} for at, c in enumerate(ages) if _headed(at, len(ages))
    ]
    above = {"x": age, "y": {"value": -6}, "text": text("name")}
    style = {"baseline": "bottom", "fontSize": 11, "color": ink("muted")}
    layers.append(layer(heads, "text", above, **style))
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
