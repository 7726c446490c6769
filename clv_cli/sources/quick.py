"""The short way to read amounts such as `-12.34` and whole numbers, without a look at their grammar.

Most large files write every amount with two digits after the point and every number without one. A few
comparisons tell as much of a cell, at half the cost of a regular expression, a remainder and a quotient.
What is written otherwise becomes null here though it may be right: whoever reads a column in this way
reads it again in full where a filled cell became null (`in_doubt`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Type
from clv_cli.sources.columns import Forms, as_typed, given_fields, number_texts, units_of
from clv_cli.sources.judging import SKIPPED
from clv_cli.sources.numbers import PLAIN

if TYPE_CHECKING:
    from clv_cli.frames import Field
    from clv_cli.sources.account import Sums
    from clv_cli.sources.binding import Binding

# Below, a look at the sample costs more than it spares.
MANY = 20_000


def quick_columns(sample: pl.LazyFrame, binding: Binding, forms: Forms) -> frozenset[str]:
    """The columns of which every filled cell of the first rows is in a short form.

    None where a rule skips rows: of those a cell that became null would not be missed.

    Args:
        sample: texts of the first rows.
        binding: the file's columns.
        forms: how they are written.
    """
    spec = binding.spec
    if spec.drop or spec.skip_empty or spec.fill_down:
        return frozenset()
    fields = [field for field in given_fields(binding) if _may_be_short(field, binding, forms)]
    tried = replace(forms, quick=frozenset(field.name for field in fields))
    typed = as_typed(sample.with_row_index("row"), binding, tried).collect()
    return frozenset(
        field.name
        for field in fields
        if typed[field.name].count() and not _lost(typed, field, binding)
    )


def in_doubt(sums: Sums, bad: pl.DataFrame | None, binding: Binding, forms: Forms) -> bool:
    """Whether a part that was read the short way may differ from one that is read in full.

    A loaded row cannot: it has no filled cell without a value.

    Args:
        sums: of the part.
        bad: its bad rows with their texts.
        binding: the file's columns.
        forms: how they were read.
    """
    if (sums.frame["state"] >= SKIPPED).any():
        return True
    fields = [field for field in given_fields(binding) if field.name in forms.quick]
    return bad is not None and any(_lost(bad, field, binding) for field in fields)


def _may_be_short(field: Field, binding: Binding, forms: Forms) -> bool:
    if len(number_texts(field, binding)) > 1 or forms.numbers.get(field.name, PLAIN) != PLAIN:
        return False
    money = field.type is Type.MONEY and units_of(field, binding.spec) == "major"
    return money or field.type in {Type.NUMBER, Type.RATE}


def _lost(rows: pl.DataFrame, field: Field, binding: Binding) -> bool:
    """Whether a filled cell of a column became null."""
    (text,) = number_texts(field, binding)
    return bool(rows.select((pl.col(field.name).is_null() & text.is_not_null()).any()).item())
