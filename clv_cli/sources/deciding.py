"""Which form each column of numbers and days has: one for the whole column, by its own values.

Of several forms the one that reads most values is the column's. Two that read as many but not alike
leave it open, and the run stops with the key to set: a guess would be wrong by a factor of a thousand,
or by months.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError
from clv_cli.frames import Type
from clv_cli.sources.columns import Forms, given_fields, number_texts, text_of
from clv_cli.sources.dates import (
    AUTO_FORMS,
    EPOCH,
    EPOCH_MS,
    EXCEL,
    ISO,
    NAMED_ZONE,
    Clock,
    add_days,
    day,
)
from clv_cli.sources.numbers import FORMATS, PLAIN, add_plain, carries_mark
from clv_cli.sources.preset import AUTO
from clv_cli.sources.units import assert_no_decimals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clv_cli.frames import Field
    from clv_cli.settings import Settings
    from clv_cli.sources.binding import Binding

    # A column's text and name, to whether each row is as asked; an empty cell is no evidence.
    _Test = Callable[[pl.Expr, str], pl.Expr]

NUMERIC = frozenset({Type.MONEY, Type.NUMBER, Type.RATE, Type.WEIGHT})
_PLAIN_NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_DAY_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Undecided:
    """What deciding the columns of one file needs.

    Args:
        texts: the whole file's canonical columns as text.
        sample: those of its first rows.
        binding: the file's columns.
        settings: for the reporting zone.
        name: the file, for errors.
        records: how many there are.
    """

    texts: pl.LazyFrame
    sample: pl.LazyFrame
    binding: Binding
    settings: Settings
    name: str
    records: int = 0

    def fields(self, types: frozenset[Type]) -> list[Field]:
        """The given columns of some types."""
        return [field for field in given_fields(self.binding) if field.type in types]


def first_forms(file: Undecided) -> Forms:
    """The forms to begin with, of which `settled` may find that others read more.

    A sample that is plain throughout begins as plain, since that is how most files go on; any other
    column is decided by all of its values at once.
    """
    spec = file.binding.spec
    numeric, dates = file.fields(NUMERIC), file.fields(frozenset({Type.DATE}))
    head = file.sample.select(
        text for field in (*numeric, *dates) for text in number_texts(field, file.binding)
    ).collect()
    plain = {field.name: PLAIN for field in numeric}
    clock = Clock(
        {field.name: ISO for field in dates},
        frozenset(_holding(head, dates, file.binding, _are_days)),
        {field.name: _zone(file.binding, field.name) for field in dates},
        file.settings.timezone,
    )
    forms = Forms(clock, plain)
    wanted = spec.date_format
    if ISO not in wanted and AUTO not in wanted and len(wanted) == 1:
        forms = replace(
            forms, clock=replace(clock, formats=dict.fromkeys(clock.formats, wanted[0]))
        )
    open_days = [] if len(wanted) == 1 and AUTO not in wanted else dates
    iso = _holding(head, open_days, file.binding, _begin_as_iso(forms))
    points = spec.numbers in {"auto", "us", "si", "swiss"}
    fine = _holding(head, numeric, file.binding, _are_plain) if points else set()
    odd_numbers, odd_days = (
        [field for field in fields if field.name not in known]
        for fields, known in ((numeric, fine), (open_days, iso))
    )
    return _decided(file, forms, odd_numbers, odd_days)


def settled(file: Undecided, forms: Forms, bad: pl.DataFrame) -> Forms:
    """The forms after a first reading that refused some values; the same ones, if nothing reads more.

    Args:
        file: what is read.
        forms: those of the first reading.
        bad: the rows it refused, with texts and typed columns.

    Raises:
        DataError: a column can be read in two ways, or its units are not what its values say.
    """
    refused = {field.name for field in given_fields(file.binding) if _refused(bad, field, file)}
    numbers = [f for f in file.fields(NUMERIC) if f.name in refused]
    days = [f for f in file.fields(frozenset({Type.DATE})) if f.name in refused]
    found = _decided(file, forms, numbers, days)
    assert_no_decimals(bad, file.binding, found, file.name)
    return found


def _refused(bad: pl.DataFrame, field: Field, file: Undecided) -> bool:
    if field.type not in {*NUMERIC, Type.DATE}:
        return False
    filled = pl.any_horizontal(text.is_not_null() for text in number_texts(field, file.binding))
    return bool(bad.select((pl.col(field.name).is_null() & filled).any()).item())


def _decided(
    file: Undecided, forms: Forms, numeric: Sequence[Field], dates: Sequence[Field]
) -> Forms:
    numbers, clock = dict(forms.numbers), forms.clock
    for field in numeric:
        numbers[field.name] = _number_form(file, field)
    if dates:
        named = {field.name: _named_zones(file, field) for field in dates}
        clock = replace(clock, day_only=frozenset(), named=named)
        formats = {field.name: _date_form(file, field, clock) for field in dates}
        clock = replace(clock, formats={**clock.formats, **formats})
    _assert_one_style(file, numbers)
    return Forms(clock, numbers)


def _number_form(file: Undecided, field: Field) -> str:
    """The number format of a column."""
    spec = file.binding.spec
    texts = number_texts(field, file.binding)
    if spec.negative_mark is None:
        marked = pl.any_horizontal(carries_mark(text).any() for text in texts)
        if file.texts.select(marked.fill_null(value=False)).collect().item():
            raise DataError(
                f"{_label(file, field)} marks amounts with CR and DR: which is negative is not known",
                where=f"{file.name}, column {_label(file, field)}",
                hint=f"set negative_mark: CR (credits lower revenue) or DR at {spec.where}",
            )
    if spec.numbers != AUTO:
        return spec.numbers

    def read(values: pl.LazyFrame, form: str) -> pl.LazyFrame:
        plain = add_plain(values, "text", form, form, spec.negative_mark)
        return plain.with_columns(pl.col(form).cast(pl.Decimal(38, 6), strict=False))

    return _best(file, field, tuple(FORMATS), read, "numbers")


def _date_form(file: Undecided, field: Field, clock: Clock) -> str:
    """The date form of a column."""
    wanted = file.binding.spec.date_format
    forms = tuple(f for w in wanted for f in (AUTO_FORMS if w == AUTO else (w,)))

    def read(values: pl.LazyFrame, form: str) -> pl.LazyFrame:
        clock_of_form = replace(clock, formats={field.name: form})
        return add_days(values, "text", form, field.name, clock_of_form)

    form = _best(file, field, tuple(dict.fromkeys(forms)), read, "date_format")
    if wanted == (AUTO,):
        _assert_no_count(file, field, form, read)
    return form


def _best(
    file: Undecided,
    field: Field,
    forms: Sequence[str],
    read: Callable[[pl.LazyFrame, str], pl.LazyFrame],
    key: str,
) -> str:
    """The form that reads most values of a column."""
    if len(forms) == 1:
        return forms[0]
    columns = [text.meta.output_name() for text in number_texts(field, file.binding)]
    values = pl.concat([file.texts.select(pl.col(column).alias("text")) for column in columns])
    for form in forms:
        values = read(values, form)
    counts = dict(zip(forms, values.select(forms).count().collect().row(0), strict=True))
    best = max(forms, key=lambda form: (counts[form], -forms.index(form)))
    rivals = [f for f in forms if f != best and counts[f] == counts[best] > 0]
    # ISO cannot be mistaken: what it does not read is set aside, not read in another way.
    if best == ISO or not rivals:
        return best
    for rival in rivals:
        differ = values.filter(pl.col(best).ne_missing(pl.col(rival))).head(1).collect()
        for row in differ.iter_rows(named=True):
            raise DataError(
                f'{_label(file, field)} can be read as {best} and as {rival}, such as "{row["text"]}"',
                where=f"{file.name}, column {_label(file, field)}",
                hint=f"set {key}: {best} or {key}: {rival} at {file.binding.spec.where}",
            )
    return best


def _assert_no_count(
    file: Undecided,
    field: Field,
    form: str,
    read: Callable[[pl.LazyFrame, str], pl.LazyFrame],
) -> None:
    """Stop at a column of bare numbers that are days only if somebody says so.

    46027 may be a day of a workbook or anything else; that is for the user to say.
    """
    values = file.texts.select(pl.col(text_of(field.name)).alias("text"))
    counts = (EXCEL, EPOCH, EPOCH_MS)
    for kind in (form, *counts):
        values = read(values, kind)
    found = values.select(form, *counts).count().collect().row(0, named=True)
    likely = max(counts, key=lambda count: found[count])
    if found[likely] > found[form]:
        names = {EXCEL: "days of a workbook", EPOCH: "seconds", EPOCH_MS: "milliseconds"}
        raise DataError(
            f"{_label(file, field)} holds bare numbers, perhaps {names[likely]}",
            where=f"{file.name}, column {_label(file, field)}",
            hint=f"set date_format: {likely} at {file.binding.spec.where}, if that is what they are",
        )


def _named_zones(file: Undecided, field: Field) -> tuple[str, ...]:
    """The zones such as Europe/Berlin that stand within a column's values."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - reads the disk; for odd columns only

    zones = pl.col(text_of(field.name)).str.extract(NAMED_ZONE, 1).drop_nulls().unique()
    found = file.texts.select(zones.alias("zone")).collect()["zone"]
    return tuple(sorted(set(found) & available_timezones()))


def _assert_one_style(file: Undecided, numbers: Mapping[str, str]) -> None:
    """Stop when a plain column could be in the commas of the others: 1.234 beside 1.234,56."""
    styles = {form for form in numbers.values() if form in {"eu", "space"}}
    if file.binding.spec.numbers != AUTO or len(styles) != 1:
        return
    (style,) = styles
    for field in file.fields(NUMERIC):
        if numbers[field.name] != PLAIN:
            continue
        for text in number_texts(field, file.binding):
            values = file.texts.select(text.alias("text"))
            there = add_plain(values, "text", "there", style, None)
            points = pl.col("text").str.contains(r"\.").any()
            doubt = points & (pl.col("there").count() == pl.col("text").count())
            if there.select(doubt).collect().item():
                raise DataError(
                    f"{_label(file, field)} can be read as plain and as {style}, as other columns are",
                    where=f"{file.name}, column {_label(file, field)}",
                    hint=f"set numbers: {style} at {file.binding.spec.where}, if all columns are so",
                )


def _holding(head: pl.DataFrame, fields: list[Field], binding: Binding, test: _Test) -> set[str]:
    """The fields of whose texts a test holds throughout, all asked at once."""
    if not fields:
        return set()
    tests = {
        field.name: pl.all_horizontal(
            test(text, field.name).all() for text in number_texts(field, binding)
        )
        for field in fields
    }
    found = head.select(**tests).row(0, named=True)
    return {name for name, holds in found.items() if holds}


def _are_days(text: pl.Expr, _name: str) -> pl.Expr:
    return text.str.len_bytes() <= _DAY_LENGTH


def _are_plain(text: pl.Expr, _name: str) -> pl.Expr:
    return text.str.contains(_PLAIN_NUMBER)


def _begin_as_iso(forms: Forms) -> _Test:
    clock = replace(forms.clock, day_only=frozenset())

    def test(text: pl.Expr, name: str) -> pl.Expr:
        read = day(text, name, replace(clock, formats={name: ISO}))
        return read.is_not_null() | text.is_null()

    return test


def _zone(binding: Binding, column: str) -> str:
    place = binding.columns.get(column)
    stated = None if place is None else binding.header.zone(place)
    return stated or binding.spec.timezone


def _label(file: Undecided, field: Field) -> str:
    return file.binding.label(field.name)
