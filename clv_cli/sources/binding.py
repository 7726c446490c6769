"""Which column of one file feeds which canonical column, and what to say when one is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv_cli.errors import ConfigError, DataError, did_you_mean
from clv_cli.frames import Type
from clv_cli.sources.headers import Header, assert_unique, fold
from clv_cli.sources.preset import FROM_INVOICE, Spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clv_cli.frames import Field


@dataclass(frozen=True, slots=True)
class Binding:
    """One file's header, bound to its table.

    Args:
        spec: how the source is read.
        header: the file's header.
        columns: canonical column to the place of its column in the file.
        derived: canonical column to the places its operator reads.
        enriched: canonical columns that come from the invoices.
        base_currency: currency of money without a currency of its own, if the config has one.
    """

    spec: Spec
    header: Header
    columns: Mapping[str, int]
    derived: Mapping[str, tuple[int, ...]]
    enriched: tuple[str, ...]
    base_currency: str | None

    def given(self, field: Field) -> bool:
        """Whether the file or the config gives the column a value."""
        return (
            field.name in self.columns
            or field.name in self.derived
            or field.name in self.spec.constants
        )

    def terms(self, name: str) -> int:
        """How many cells of a row make up a canonical column: several for `subtract`, else one."""
        derive = self.spec.derive.get(name)
        return len(self.derived.get(name, ())) if derive and derive.subtract else 1

    def label(self, name: str) -> str:
        """What the user calls a canonical column: its header in the file, where it has one."""
        if name in self.columns:
            return self.header.cells[self.columns[name]]
        if name in self.derived:
            mark = " - " if self.spec.derive[name].subtract else " or "
            return mark.join(self.header.cells[place] for place in self.derived[name]) or name
        return name


def choose_header(headers: Sequence[Header], spec: Spec) -> Header:
    """The record and delimiter that give the most columns of the source.

    Args:
        headers: the first records under each delimiter, in the order of preference.
        spec: how the source is read.
    """
    return max(headers, key=lambda header: (_matches(header, spec), -headers.index(header)))


def _matches(header: Header, spec: Spec) -> int:
    names = [*spec.columns.values(), *(d.subtract for d in spec.derive.values() if d.subtract)]
    return sum(header.first(aliases) is not None for aliases in names)


def bind(spec: Spec, header: Header, name: str, base_currency: str | None) -> Binding:
    """Bind a header to the source's table.

    Args:
        spec: how the source is read.
        header: the file's header.
        name: the file, for errors.
        base_currency: the config's.

    Raises:
        DataError: two columns of one name, a missing column, or units that the header contradicts.
        ConfigError: money without any currency.
    """
    assert_unique(header, name)
    _assert_style(spec, header, name)
    columns = {
        canonical: place
        for canonical, aliases in spec.columns.items()
        if canonical not in spec.constants and (place := header.first(aliases)) is not None
    }
    derived = {
        canonical: _places(spec, header, canonical, name)
        for canonical in spec.derive
        if canonical not in spec.constants
    }
    for canonical in derived:
        columns.pop(canonical, None)
    enriched = tuple(
        column
        for column in (FROM_INVOICE if spec.enrich else ())
        if column not in columns and column not in spec.constants
    )
    stated = _stated_currency(spec, header, columns, name)
    binding = Binding(spec, header, columns, derived, enriched, stated or base_currency)
    _assert_asked(binding, name)
    _assert_required(binding, name)
    _assert_currency(binding, name)
    return binding


def _stated_currency(
    spec: Spec, header: Header, columns: Mapping[str, int], name: str
) -> str | None:
    """The currency in the headers of the amounts, such as `Amount spent (USD)`, if there is one.

    Raises:
        DataError: the headers state several, of which a row can have only one.
    """
    currency = next((f for f in spec.table.fields if f.type is Type.CURRENCY), None)
    if currency is None or currency.name in {*columns, *spec.constants, *spec.derive}:
        return None
    amounts = [f.name for f in spec.table.fields if f.type is Type.MONEY and f.name in columns]
    found = sorted({code for n in amounts if (code := header.currency(columns[n]))})
    for column in amounts:
        _assert_one_column(spec, header, column, name)
    if len(found) > 1:
        raise DataError(
            f"the headers state {' and '.join(found)}; a row has one currency",
            where=name,
            hint=f"map only the columns of one of them at {spec.where}.columns",
        )
    return found[0] if found else None


def _assert_one_column(spec: Spec, header: Header, canonical: str, name: str) -> None:
    """Stop when one name fits columns of several currencies: which is meant cannot be known."""
    for alias in spec.columns[canonical]:
        if alias in header.cells:
            return
        fits = [cell for cell in header.cells if cell and fold(cell) == fold(alias)]
        if len(fits) > 1:
            raise DataError(
                f"{canonical} may be {' or '.join(fits)}",
                where=f"{name}:{header.row}",
                hint=f"name one of them at {spec.where}.columns",
            )


def _places(spec: Spec, header: Header, canonical: str, name: str) -> tuple[int, ...]:
    """The columns an operator reads: all of `subtract` and `join`, what is there of the others."""
    derive = spec.derive[canonical]
    found = [place for place in map(header.find, derive.first_of) if place is not None]
    if found or derive.choose:
        return tuple(found)
    places = []
    for wanted in (*derive.subtract, *derive.join, *derive.first_of[:1]):
        place = header.find(wanted)
        if place is None:
            raise _missing(
                f'column "{wanted}", which makes {canonical}', wanted, header, name, spec
            )
        places.append(place)
    return tuple(places)


def _assert_style(spec: Spec, header: Header, name: str) -> None:
    if spec.style is None or spec.style == header.style:
        return
    kinds = {"title": "a dashboard's export in major units", "snake": "an API dump in minor units"}
    raise DataError(
        f"the headers look like {kinds[header.style]}, but {spec.preset} is {kinds[spec.style]}",
        where=name,
        hint=f"choose the other preset, or state units: major or units: minor at {spec.where}",
    )


def _assert_asked(binding: Binding, name: str) -> None:
    """Every column that the config maps itself, or reads rows by, must be there."""
    spec, header = binding.spec, binding.header
    for canonical in sorted(spec.asked):
        if not binding.given(_field(spec, canonical)):
            wanted = spec.columns[canonical][0]
            raise _missing(f'column "{wanted}" for {canonical}', wanted, header, name, spec)
    for wanted in sorted(spec.forced):
        if header.find(wanted) is None:
            raise _missing(
                f'column "{wanted}", which this source names', wanted, header, name, spec
            )


def _assert_required(binding: Binding, name: str) -> None:
    spec = binding.spec
    for field in spec.table.fields:
        # A currency may come from base_currency, which has its own check.
        if not field.required or field.type is Type.CURRENCY or binding.given(field):
            continue
        if field.name in binding.enriched:
            continue
        wanted = (spec.columns.get(field.name) or (field.name,))[0]
        raise _missing(f"column for {field.name}", wanted, binding.header, name, spec)


def _assert_currency(binding: Binding, name: str) -> None:
    spec = binding.spec
    currency = next((f for f in spec.table.fields if f.type is Type.CURRENCY), None)
    money = [f for f in spec.table.fields if f.type is Type.MONEY and binding.given(f)]
    if currency is None or not money or binding.given(currency) or binding.base_currency:
        return
    if currency.name in binding.enriched and spec.units == "minor":
        return
    raise ConfigError(
        f"{name} holds amounts and no currency",
        where=spec.where,
        hint="set base_currency, or constants: {currency: USD} for this source",
    )


def _missing(what: str, wanted: str, header: Header, name: str, spec: Spec) -> DataError:
    near = did_you_mean(wanted, header.cells)
    key = f"{spec.where}.columns"
    return DataError(
        f"the file has no {what}",
        where=f"{name} (columns: {header.listed()})",
        hint=f"{near} Set it at {key}" if near else f"name its header at {key}",
    )


def _field(spec: Spec, name: str) -> Field:
    found = spec.table.field(name)
    if found is None:
        raise LookupError(name)
    return found
