"""What becomes of each row of a file: loaded, set aside, or skipped by a stated rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Type
from clv_cli.sources.columns import (
    cell,
    given_fields,
    number_texts,
    one_of,
    places,
    text_of,
    units_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from clv_cli.frames import Field
    from clv_cli.sources.binding import Binding

# From SKIPPED on, a state is SKIPPED + the number of the rule by which the row is skipped.
LOADED, BAD, REPLACED, SKIPPED = 0, 1, 2, 3
_REPEATED = 3  # bound columns that must repeat their header before a row counts as one


def failed(field: Field, binding: Binding) -> pl.Expr:
    """Whether a row must be set aside because of this column."""
    name, value = text_of(field.name), pl.col(field.name)
    if field.type in {Type.ID, Type.TEXT, Type.LIST}:
        return value.is_null() if field.required else pl.lit(value=False)
    filled = _filled(field, binding)
    if field.type is Type.CURRENCY:
        money_fields = [f for f in given_fields(binding) if f.type is Type.MONEY]
        wanted = [_filled(f, binding) for f in money_fields]
        needed = pl.any_horizontal(pl.col(name).is_not_null(), *wanted)
        return value.is_null() if field.required else value.is_null() & needed
    bad = value.is_null() if field.required else value.is_null() & filled
    currency = next((f for f in given_fields(binding) if f.type is Type.CURRENCY), None)
    major = units_of(field, binding.spec) == "major"
    if field.type is Type.MONEY and currency is not None and major:
        # Without its currency an amount cannot be judged: the currency is what is wrong.
        return bad & (pl.col(currency.name).is_not_null() | ~filled)
    return bad


def _filled(field: Field, binding: Binding) -> pl.Expr:
    return pl.any_horizontal(text.is_not_null() for text in number_texts(field, binding))


def state(binding: Binding, passed_over: Collection[int] = ()) -> pl.Expr:
    """Whether a row is loaded, set aside or skipped by a rule.

    Args:
        binding: the file's columns.
        passed_over: rows that are no rows of the table: totals, footers, empty records.
    """
    bad = pl.any_horizontal(failed(field, binding) for field in given_fields(binding))
    chain = pl.when(bad).then(BAD).otherwise(LOADED)
    # The first rule that holds counts, so the last one is tried first.
    for at, (_, skipped) in reversed(list(enumerate(skips(binding, passed_over)))):
        chain = pl.when(skipped).then(SKIPPED + at).otherwise(chain)
    return chain.cast(pl.UInt8).alias("state")


def skips(binding: Binding, passed_over: Collection[int] = ()) -> list[tuple[str, pl.Expr]]:
    """The rules by which rows are skipped, each with its words, in the order they are tried.

    Args:
        binding: the file's columns.
        passed_over: as in `state`; the rule about them is there in any case, so that a state means
            the same rule whoever asks.
    """
    spec, header = binding.spec, binding.header
    rules = [
        (f"{name}: {', '.join(values)}", one_of(name, values, binding))
        for name, values in spec.drop.items()
    ]
    for name in spec.skip_empty:
        place = header.find(name)
        if name in binding.columns or name in binding.derived:
            rules.append((f"no {name}", pl.col(text_of(name)).is_null()))
        elif place is not None:
            rules.append((f"no {name}", pl.col(cell(place)).is_null()))
    heads = {binding.header.find(name) for name in spec.fill_down}
    if heads:
        # A row of nothing but what is filled down is the head of a group.
        rest = [pl.col(cell(at)).is_null() for at in places(binding) if at not in heads]
        rules.append(("the head of a group", pl.all_horizontal(rest)))
    bound = sorted(set(binding.columns.values()))[:_REPEATED]
    if len(bound) == _REPEATED:
        repeated = pl.all_horizontal(pl.col(cell(at)) == header.cells[at] for at in bound)
        rules.append(("the header once more", repeated.fill_null(value=False)))
    numbers = pl.lit(pl.Series(sorted(passed_over), dtype=pl.Int64)).implode()
    over = pl.col("row").cast(pl.Int64).is_in(numbers) if passed_over else pl.lit(value=False)
    return [*rules, ("a total, a footer or an empty record", over)]
