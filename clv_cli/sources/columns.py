"""The raw text columns of one file, turned into the typed columns of its table.

Stages, each a `with_columns` on the same lazy frame: `c0, c1 …` as polars reads them, `t_…` the canonical
columns as text, and the canonical columns typed. What becomes of a row then is judged in `judging`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.frames import DTYPES, Type
from clv_cli.sources.dates import add_days
from clv_cli.sources.numbers import PLAIN, add_plain, signs_agree
from clv_cli.sources.reading import cents, currency_code, money, step_of, typed, whole
from clv_cli.sources.versions import changed_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.frames import Field
    from clv_cli.settings import Units
    from clv_cli.sources.binding import Binding
    from clv_cli.sources.dates import Clock
    from clv_cli.sources.preset import Spec, Step

UPDATED = "updated"


@dataclass(frozen=True, slots=True)
class Forms:
    """The form of every column of numbers and days.

    Args:
        clock: of the days.
        numbers: number format of each numeric column; `plain` where none is named.
        quick: columns that are read the short way (`quick`).
    """

    clock: Clock
    numbers: Mapping[str, str]
    quick: frozenset[str] = frozenset()


def cell(place: int) -> str:
    """Internal name of a column of the file: names may be empty or twice."""
    return f"c{place}"


def text_of(name: str) -> str:
    """Internal name of a canonical column's text."""
    return f"t_{name}"


def given_fields(binding: Binding) -> list[Field]:
    """The canonical columns that the file or the config gives, in the table's order."""
    return [field for field in binding.spec.table.fields if binding.given(field)]


def number_texts(field: Field, binding: Binding) -> list[pl.Expr]:
    """The text of a column, and of all that its operator takes off it."""
    constant = field.name in binding.spec.constants
    count = 1 if constant else max(binding.terms(field.name), 1)
    name = text_of(field.name)
    return [pl.col(f"{name}_{n}" if n else name) for n in range(count)]


def units_of(field: Field, spec: Spec) -> Units:
    """The units an amount column is in."""
    return spec.column_units.get(field.name, spec.units)


def as_text(raw: pl.LazyFrame, binding: Binding, *, tidy: bool) -> pl.LazyFrame:
    """Add every given canonical column as text: null when empty, without blanks around it.

    A name is what it is: it keeps them, so that it leaves `clv` as it came.

    Args:
        raw: text columns `c0 …`.
        binding: the file's columns.
        tidy: whether the scan saw no blank at either end of a cell and no quoted empty cell.
    """
    texts: list[pl.Expr] = []
    verbatim = [] if tidy else _verbatim(binding)
    for field in given_fields(binding):
        texts.extend([_as_is(field, binding)] if field in verbatim else _texts(field, binding))
    frame = raw
    if not tidy:
        # Names first take their text as it came: trimming rewrites the cells.
        kept = [_kept(binding.columns[field.name]) for field in verbatim]
        frame = raw.with_columns(*kept, *map(_trimmed, places(binding)))
    filled = [binding.header.find(name) for name in binding.spec.fill_down]
    downs = [pl.col(cell(place)).forward_fill() for place in filled if place is not None]
    return (frame.with_columns(downs) if downs else frame).with_columns(texts)


def _trimmed(place: int) -> pl.Expr:
    text = pl.col(cell(place)).str.strip_chars()
    return pl.when(text.str.len_bytes() > 0).then(text).alias(cell(place))


def _verbatim(binding: Binding) -> list[Field]:
    """The columns read to the byte: names that stand in one column of their own."""
    filled = {binding.header.find(name) for name in binding.spec.fill_down}
    return [
        field
        for field in given_fields(binding)
        if field.verbatim
        and field.name not in binding.derived
        and field.name not in binding.spec.constants
        and binding.columns[field.name] not in filled
    ]


def _kept(place: int) -> pl.Expr:
    text = pl.col(cell(place))
    return pl.when(text.str.len_bytes() > 0).then(text).alias(f"{cell(place)} as it came")


def _as_is(field: Field, binding: Binding) -> pl.Expr:
    """What came, unless it is one of the file's words for an empty cell."""
    place = cell(binding.columns[field.name])
    said = _emptied(pl.col(place), field, binding.spec)
    came = pl.col(f"{place} as it came")
    empty = said.is_null() & pl.col(place).is_not_null()
    return pl.when(~empty).then(came).alias(text_of(field.name))


def places(binding: Binding) -> list[int]:
    """The columns of the file that anything reads."""
    spec, header = binding.spec, binding.header
    steps = (step for derive in spec.derive.values() for step in derive.choose)
    names = [*spec.drop, *spec.skip_empty, *spec.negate_when, *spec.zone_column, *spec.fill_down]
    names += [name for step in steps for name in step.when]
    read = {*binding.columns.values(), *(p for ps in binding.derived.values() for p in ps)}
    return sorted(read | {place for place in map(header.find, names) if place is not None})


def _texts(field: Field, binding: Binding) -> list[pl.Expr]:
    spec, name = binding.spec, text_of(field.name)
    if field.name in spec.constants:
        return [pl.lit(spec.constants[field.name].strip() or None, pl.String).alias(name)]
    derive = spec.derive.get(field.name)
    if field.name not in binding.derived or derive is None:
        text = _zoned(
            _emptied(pl.col(cell(binding.columns[field.name])), field, spec), field, binding
        )
        if field.type is Type.CURRENCY and not field.required and binding.base_currency:
            text = text.fill_null(pl.lit(binding.base_currency))
        return [text.alias(name)]
    if derive.choose:
        return [_chosen(derive.choose, binding).alias(name)]
    places = [_emptied(pl.col(cell(at)), field, spec) for at in binding.derived[field.name]]
    if derive.first_of:
        return [_zoned(pl.coalesce(places), field, binding).alias(name)]
    if derive.join:
        joined = pl.concat_str(places, separator=" ", ignore_nulls=True)
        filled = pl.any_horizontal(place.is_not_null() for place in places)
        return [pl.when(filled).then(joined).alias(name)]
    return [text.alias(f"{name}_{n}" if n else name) for n, text in enumerate(places)]


def _emptied(text: pl.Expr, field: Field, spec: Spec) -> pl.Expr:
    """Null for texts that mean an empty cell; an id may be NULL, NA or None."""
    if not spec.empty or field.type is Type.ID:
        return text
    return pl.when(~text.is_in(spec.empty)).then(text)


def _zoned(text: pl.Expr, field: Field, binding: Binding) -> pl.Expr:
    """A time followed by the zone that stands in a column of its own."""
    place = binding.header.first(binding.spec.zone_column)
    if place is None or field.type is not Type.DATE:
        return text
    zoned = pl.concat_str([text, pl.col(cell(place))], separator=" ", ignore_nulls=True)
    return pl.when(text.str.contains(":", literal=True)).then(zoned).otherwise(text)


def _chosen(steps: Sequence[Step], binding: Binding) -> pl.Expr:
    chain: pl.Expr = pl.lit(None, pl.String)
    for step in reversed(steps):
        tests = [one_of(header, values, binding) for header, values in step.when.items()]
        value = pl.lit(step.value)
        chain = pl.when(pl.all_horizontal(tests)).then(value).otherwise(chain) if tests else value
    return chain


def one_of(header: str, values: Sequence[str], binding: Binding) -> pl.Expr:
    """Whether a cell holds one of some values; never, when the file has no such column."""
    place = binding.header.find(header)
    if place is None:
        return pl.lit(value=False)
    folded = [value.casefold() for value in values]
    return pl.col(cell(place)).str.to_lowercase().fill_null("").is_in(folded)


def as_typed(
    texts: pl.LazyFrame, binding: Binding, forms: Forms, *, closed: bool = False
) -> pl.LazyFrame:
    """Add every given canonical column typed; null where its text is empty or refused.

    Args:
        texts: canonical columns as text.
        binding: the file's columns.
        forms: how they are written.
        closed: leave values of closed sets as such, a byte each, for the part; else they are texts.
    """
    fields = given_fields(binding)
    currency = next((f for f in binding.spec.table.fields if f.type is Type.CURRENCY), None)
    frame = texts
    if any(field.type in {Type.MONEY, Type.CURRENCY} for field in fields):
        # Stages: what several columns read is computed once.
        frame = frame.with_columns(_known_currency(binding, currency).alias("iso")).with_columns(
            step_of(pl.col("iso")).alias("step")
        )
    return (
        _prepared(frame, binding, forms)
        .with_columns(
            *(
                _typed(field, binding, forms).alias(field.name)
                if closed or field.type not in {Type.CHOICE, Type.CURRENCY}
                else _typed(field, binding, forms).cast(pl.String).alias(field.name)
                for field in fields
            ),
            *_updated(binding),
        )
        .with_columns(_line_id(binding))
    )


def _prepared(frame: pl.LazyFrame, binding: Binding, forms: Forms) -> pl.LazyFrame:
    """Add what takes stages of its own: numbers and days in other forms than the usual ones."""
    mark = binding.spec.negative_mark
    for field in given_fields(binding):
        form = forms.numbers.get(field.name, PLAIN)
        for text in number_texts(field, binding) if form != PLAIN else ():
            name = text.meta.output_name()
            frame = add_plain(frame, name, f"n{name}", form, mark)
        if field.type is Type.DATE:
            name = text_of(field.name)
            frame = add_days(frame, name, f"n{name}", field.name, forms.clock)
    return frame


def plain_numbers(field: Field, binding: Binding, forms: Forms) -> list[pl.Expr]:
    """The texts of a column's numbers in the plain form, as `as_typed` leaves them."""
    texts = number_texts(field, binding)
    if forms.numbers.get(field.name, PLAIN) == PLAIN:
        return texts
    return [pl.col(f"n{text.meta.output_name()}") for text in texts]


def _known_currency(binding: Binding, currency: Field | None) -> pl.Expr:
    """The currency of each row; null throughout where the file and the config name none."""
    if _currency_known(binding, currency):
        return _currency(binding, currency)
    return currency_code(pl.lit(None, pl.String))


def _currency_known(binding: Binding, currency: Field | None) -> bool:
    given = currency is not None and binding.given(currency)
    return given or binding.base_currency is not None


def _currency(binding: Binding, currency: Field | None) -> pl.Expr:
    """The currency of each row, as a value of the closed set."""
    if currency is not None and binding.given(currency):
        return currency_code(pl.col(text_of(currency.name)))
    return currency_code(pl.lit(binding.base_currency, pl.String))


def currency_of(binding: Binding) -> pl.Expr:
    """The currency of each row as text; null where it is not known."""
    fields = binding.spec.table.fields
    currency = next((f for f in fields if f.type is Type.CURRENCY), None)
    if not _currency_known(binding, currency):
        return pl.lit(None, pl.String)
    return _currency(binding, currency).cast(pl.String)


def _typed(field: Field, binding: Binding, forms: Forms) -> pl.Expr:
    spec = binding.spec
    if field.type is Type.DATE:
        at = pl.col(f"n{text_of(field.name)}")
        return at.dt.offset_by("1d") if field.name in spec.inclusive else at
    if field.type is Type.CURRENCY:
        return pl.col("iso")
    plain, *others = plain_numbers(field, binding, forms)
    if field.name in forms.quick:
        if field.type is Type.MONEY:
            return _signed(cents(plain, pl.col("step")), field, binding)
        return whole(plain).cast(DTYPES[field.type])
    if field.type is not Type.MONEY:
        return typed(field, plain, spec.values.get(field.name, {}))
    units, step = units_of(field, spec), pl.col("step")
    minor = money(plain, units, step)
    for other in others:
        minor = minor - pl.when(other.is_not_null()).then(money(other, units, step)).otherwise(0)
    if forms.numbers.get(field.name, PLAIN) != PLAIN:
        texts = number_texts(field, binding)
        agree = [signs_agree(text, currency_of(binding)) | text.is_null() for text in texts]
        minor = pl.when(pl.all_horizontal(agree)).then(minor)
    return _signed(minor, field, binding)


def _signed(minor: pl.Expr, field: Field, binding: Binding) -> pl.Expr:
    """An amount with the sign that `negate` and `negate_when` give it."""
    spec = binding.spec
    if spec.negate_when:
        turned = pl.any_horizontal(
            one_of(header, values, binding) for header, values in spec.negate_when.items()
        )
        minor = pl.when(turned).then(-minor).otherwise(minor)
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
    """`invoice_id:row` where the file gives no line id; written out for those rows only."""
    if binding.spec.table.name != "billing_lines":
        return []
    given = "line_id" in {field.name for field in given_fields(binding)}
    row = pl.when(pl.col("line_id").is_null()).then("row") if given else pl.col("row")
    made = pl.format("{}:{}", "invoice_id", row)
    return [(pl.coalesce("line_id", made) if given else made).alias("line_id")]


def typed_names(binding: Binding) -> list[str]:
    """The canonical columns of a part, in the table's order."""
    names = {field.name for field in given_fields(binding)}
    if binding.spec.table.name == "billing_lines":
        names.add("line_id")
    columns = [field.name for field in binding.spec.table.fields if field.name in names]
    return [*columns, UPDATED] if _updated(binding) else columns
