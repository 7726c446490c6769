"""The raw text columns of one file, turned into the typed columns of its table.

Three stages, each a `with_columns` on the same lazy frame: `c0, c1 …` as polars reads them, `t_…` the
canonical columns as text, and the canonical columns typed, with the row's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import Type
from clv_cli.sources.reading import currency_code, day, money, step_of, typed
from clv_cli.sources.versions import changed_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.frames import Field
    from clv_cli.sources.binding import Binding
    from clv_cli.sources.preset import Step
    from clv_cli.sources.reading import Clock

# From SKIPPED on, a state is SKIPPED + the number of the rule by which the row is skipped.
LOADED, BAD, REPLACED, SKIPPED = 0, 1, 2, 3
UPDATED = "updated"
_REPEATED = 3  # bound columns that must repeat their header before a row counts as one


def cell(place: int) -> str:
    """Internal name of a column of the file: names may be empty or twice."""
    return f"c{place}"


def text_of(name: str) -> str:
    """Internal name of a canonical column's text."""
    return f"t_{name}"


def given_fields(binding: Binding) -> list[Field]:
    """The canonical columns that the file or the config gives, in the table's order."""
    return [field for field in binding.spec.table.fields if binding.given(field)]


def as_text(raw: pl.LazyFrame, binding: Binding, *, tidy: bool) -> pl.LazyFrame:
    """Add every given canonical column as text: no surrounding blanks, null when empty.

    Args:
        raw: text columns `c0 …`.
        binding: the file's columns.
        tidy: whether the scan saw no blank at either end of a cell and no quoted empty cell.
    """
    texts: list[pl.Expr] = []
    for field in given_fields(binding):
        texts.extend(_texts(field, binding))
    frame = raw if tidy else raw.with_columns(map(_trimmed, _places(binding)))
    return frame.with_columns(texts)


def _trimmed(place: int) -> pl.Expr:
    text = pl.col(cell(place)).str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text).alias(cell(place))


def _places(binding: Binding) -> list[int]:
    """The columns of the file that anything reads."""
    spec, header = binding.spec, binding.header
    steps = (step for derive in spec.derive.values() for step in derive.choose)
    names = [*spec.drop, *spec.skip_empty, *(name for step in steps for name in step.when)]
    read = {*binding.columns.values(), *(p for ps in binding.derived.values() for p in ps)}
    return sorted(read | {place for place in map(header.find, names) if place is not None})


def _texts(field: Field, binding: Binding) -> list[pl.Expr]:
    spec, name = binding.spec, text_of(field.name)
    if field.name in spec.constants:
        return [pl.lit(spec.constants[field.name].strip() or None, pl.String).alias(name)]
    derive = spec.derive.get(field.name)
    if field.name not in binding.derived or derive is None:
        text = pl.col(cell(binding.columns[field.name]))
        if field.type is Type.CURRENCY and not field.required and binding.base_currency:
            text = text.fill_null(pl.lit(binding.base_currency))
        return [text.alias(name)]
    if derive.choose:
        return [_chosen(derive.choose, binding).alias(name)]
    places = [pl.col(cell(place)) for place in binding.derived[field.name]]
    if derive.first_of:
        return [pl.coalesce(places).alias(name)]
    return [text.alias(f"{name}_{n}" if n else name) for n, text in enumerate(places)]


def _chosen(steps: Sequence[Step], binding: Binding) -> pl.Expr:
    chain: pl.Expr = pl.lit(None, pl.String)
    for step in reversed(steps):
        tests = [_one_of(header, values, binding) for header, values in step.when.items()]
        value = pl.lit(step.value)
        chain = pl.when(pl.all_horizontal(tests)).then(value).otherwise(chain) if tests else value
    return chain


def _one_of(header: str, values: Sequence[str], binding: Binding) -> pl.Expr:
    """Whether a cell holds one of some values; never, when the file has no such column."""
    place = binding.header.find(header)
    if place is None:
        return pl.lit(value=False)
    folded = [value.casefold() for value in values]
    return pl.col(cell(place)).str.to_lowercase().fill_null("").is_in(folded)


def as_typed(texts: pl.LazyFrame, binding: Binding, clock: Clock) -> pl.LazyFrame:
    """Add every given canonical column typed; null where its text is empty or refused."""
    fields = given_fields(binding)
    currency = next((f for f in binding.spec.table.fields if f.type is Type.CURRENCY), None)
    frame = texts
    if any(field.type is Type.MONEY for field in fields):
        frame = frame.with_columns(_step(binding, currency).alias("step"))
    return frame.with_columns(
        *(_typed(field, binding, clock).alias(field.name) for field in fields), *_updated(binding)
    ).with_columns(_line_id(binding))


def _step(binding: Binding, currency: Field | None) -> pl.Expr:
    if currency is not None and binding.given(currency):
        return step_of(currency_code(pl.col(text_of(currency.name))))
    if binding.base_currency:
        return step_of(currency_code(pl.lit(binding.base_currency)))
    return pl.lit(None, pl.Int64)


def _typed(field: Field, binding: Binding, clock: Clock) -> pl.Expr:
    text = pl.col(text_of(field.name))
    spec = binding.spec
    if field.type is Type.DATE:
        return day(text, field.name, clock)
    if field.type is not Type.MONEY:
        return typed(field, text, spec.values.get(field.name, {}))
    minor = money(text, spec.units, pl.col("step"))
    for n in range(1, len(binding.derived.get(field.name, ()))):
        other = pl.col(f"{text_of(field.name)}_{n}")
        taken = money(other, spec.units, pl.col("step"))
        minor = minor - pl.when(other.is_not_null()).then(taken).otherwise(0)
    return -minor if field.name in spec.negate else minor


def _updated(binding: Binding) -> list[pl.Expr]:
    """When each row was last changed, where the source has a column that says so."""
    updated = binding.spec.updated
    place = None if updated is None else binding.header.find(updated)
    if place is None:
        return []
    text = pl.col(cell(place)).str.strip_chars()
    return [changed_at(text, binding.spec.date_format).alias(UPDATED)]


def _line_id(binding: Binding) -> list[pl.Expr]:
    """`invoice_id:row` where the file gives no line id."""
    if binding.spec.table.name != "billing_lines":
        return []
    default = pl.format("{}:{}", "invoice_id", "row")
    given = "line_id" in {field.name for field in given_fields(binding)}
    return [(pl.coalesce("line_id", default) if given else default).alias("line_id")]


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
    if field.type is Type.MONEY and currency is not None and binding.spec.units == "major":
        # Without its currency an amount cannot be judged: the currency is what is wrong.
        return bad & (pl.col(currency.name).is_not_null() | ~filled)
    return bad


def _filled(field: Field, binding: Binding) -> pl.Expr:
    name = text_of(field.name)
    others = [f"{name}_{n}" for n in range(1, len(binding.derived.get(field.name, ())))]
    return pl.any_horizontal(pl.col(column).is_not_null() for column in (name, *others))


def state(binding: Binding) -> pl.Expr:
    """Whether a row is loaded, set aside or skipped by a rule."""
    bad = pl.any_horizontal(failed(field, binding) for field in given_fields(binding))
    chain = pl.when(bad).then(BAD).otherwise(LOADED)
    # The first rule that holds counts, so the last one is tried first.
    for at, (_, skipped) in reversed(list(enumerate(skips(binding)))):
        chain = pl.when(skipped).then(SKIPPED + at).otherwise(chain)
    return chain.cast(pl.UInt8).alias("state")


def skips(binding: Binding) -> list[tuple[str, pl.Expr]]:
    """The rules by which rows are skipped, each with its words: drop, an empty key, a repeated header."""
    spec, header = binding.spec, binding.header
    rules = [
        (f"{name}: {', '.join(values)}", _one_of(name, values, binding))
        for name, values in spec.drop.items()
    ]
    for name in spec.skip_empty:
        place = header.find(name)
        if place is not None:
            rules.append((f"no {name}", pl.col(cell(place)).is_null()))
    bound = sorted(set(binding.columns.values()))[:_REPEATED]
    if len(bound) == _REPEATED:
        repeated = pl.all_horizontal(pl.col(cell(at)) == header.cells[at] for at in bound)
        rules.append(("the header once more", repeated.fill_null(value=False)))
    return rules


def typed_names(binding: Binding) -> list[str]:
    """The canonical columns of a part, in the table's order."""
    names = {field.name for field in given_fields(binding)}
    if binding.spec.table.name == "billing_lines":
        names.add("line_id")
    columns = [field.name for field in binding.spec.table.fields if field.name in names]
    return [*columns, UPDATED] if _updated(binding) else columns
