"""Which canonical table a file of the user's own is, by its headers first and its values second."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clv_cli.frames import TABLES, Type
from clv_cli.sources.headers import fold
from clv_cli.sources.proposal.model import Column, Sure
from clv_cli.sources.proposal.values import choices, fits, is_currency, unique
from clv_cli.sources.proposal.words import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clv_cli.frames import Field, TableSchema
    from clv_cli.sources.proposal.peek import Peek

WEIGHTS = {Sure.CERTAIN: 10, Sure.LIKELY: 7, Sure.GUESS: 4}
_ASSUMED = 5
# Fields that custom data of other systems carry around their own name.
_WRAPPED = re.compile(
    r"^(?:metadata|cf|custom|properties)[ _.]+(.+)$|^(.+) \(metadata\)$", re.IGNORECASE
)
_DAY_WORDS = ("on", "at", "date", "day")
_ID_WORDS = ("id", "no", "number", "key")
# A missing one of these is found out or asked for; see `constants`.
GIVEN_OTHERWISE = ("kind", "status", "team", "currency")
_OWN_ID = "unique in every row"
# Names that several tables share tell none of them apart.
_COMMON = {
    name
    for name, count in Counter(f.name for t in TABLES.values() for f in t.fields).items()
    if count > 2
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """A file held against one canonical table.

    Args:
        table: the table.
        columns: what was found.
        missing: required columns that were not.
        assumed: how many required columns must be told by other evidence, or asked for.
        headers: how many headers the file has.
    """

    table: TableSchema
    columns: tuple[Column, ...]
    missing: tuple[str, ...]
    assumed: int
    headers: int

    @property
    def score(self) -> int:
        """How much speaks for the table."""
        return sum(WEIGHTS[column.sure] for column in self.columns) - _ASSUMED * self.assumed

    @property
    def tells_apart(self) -> bool:
        """Whether more than an `id` and names of many tables speak for this one."""
        guessed = any(column.how == _OWN_ID for column in self.columns)
        own = [column for column in self.columns if column.how != _OWN_ID]
        return not guessed or any(column.name not in _COMMON for column in own)

    @property
    def covers(self) -> bool:
        """Whether the table explains at least half of the file's headers: else it is about others."""
        return 2 * len(self.columns) >= self.headers


def attempts(peek: Peek) -> list[Attempt]:
    """The file held against every table; the best first.

    Args:
        peek: the file.
    """
    tried = [attempt(table, peek) for table in TABLES.values()]
    return sorted(tried, key=lambda one: (len(one.missing), -one.score))


def attempt(table: TableSchema, peek: Peek) -> Attempt:
    """Find each canonical column of one table among the file's headers.

    Equal names come first, then known words, then what the values tell.

    Args:
        table: the canonical table.
        peek: the file.
    """
    found: dict[str, Column] = {}
    headers = [cell for cell in peek.header.cells if cell]
    for column in (*_by_name(table, headers), *_by_word(table, headers)):
        field = table.field(column.name)
        taken = {*found, *(one.header for one in found.values())}
        if field is None or column.name in taken or column.header in taken:
            continue
        if _plausible(table, field, column, peek):
            found[column.name] = column
    for guess in (_own_id, _only_day):
        taken = {one.header for one in found.values()}
        free = [header for header in headers if header not in taken]
        guessed = guess(table, found, free, peek)
        if guessed is not None:
            found[guessed.name] = guessed
    ordered = tuple(found[field.name] for field in table.fields if field.name in found)
    lacking = [f.name for f in table.fields if f.required and f.name not in found]
    if table.name == "touches" and not found.keys() & {"customer_id", "account_id"}:
        lacking.append("customer_id")
    missing = tuple(name for name in lacking if name not in GIVEN_OTHERWISE)
    assumed = sum(name in GIVEN_OTHERWISE and name != "currency" for name in lacking)
    return Attempt(table, ordered, missing, assumed, len(headers))


def named_alike(header: str) -> str:
    """A header without the wrapping of custom fields, folded: `segment (metadata)` is segment."""
    wrapped = _WRAPPED.match(header.strip())
    return fold(next(filter(None, wrapped.groups())) if wrapped else header)


def _by_name(table: TableSchema, headers: Iterable[str]) -> list[Column]:
    names = {fold(field.name): field.name for field in table.fields}
    equal = [header for header in headers if fold(header) in names]
    wrapped = [header for header in headers if header not in equal and named_alike(header) in names]
    return [
        *(Column(names[fold(h)], h, Sure.CERTAIN, "the same name", written=False) for h in equal),
        *(Column(names[named_alike(h)], h, Sure.CERTAIN, "the same name") for h in wrapped),
    ]


def _by_word(table: TableSchema, headers: Iterable[str]) -> list[Column]:
    """Other names of a column, with or without a currency behind: `total_eur`."""
    words = {header: _without_currency(named_alike(header)) for header in headers}
    return [
        Column(field.name, header, Sure.LIKELY, "a usual name of it")
        for field in table.fields
        for word in COLUMNS.get(field.name, ())
        for header, text in words.items()
        if text == word or (field.type is Type.MONEY and text == field.name)
    ]


def _without_currency(text: str) -> str:
    start, _, last = text.rpartition(" ")
    return start if start and len(last) == 3 and is_currency(last) else text


def _plausible(table: TableSchema, field: Field, column: Column, peek: Peek) -> bool:
    """Whether the values fit, and an id that must be unique is."""
    values = peek.values(column.header)
    if field.type is Type.CHOICE:
        mapped, unknown = choices(field, values)
        return len(set(values)) > len(unknown) or not values or bool(mapped)
    if not fits(field, values):
        return False
    own_id = field is table.fields[0] and field.doc == "unique"
    return not own_id or not peek.rows or len(values) == len(set(values))


def _own_id(
    table: TableSchema, found: dict[str, Column], free: list[str], peek: Peek
) -> Column | None:
    """A column that is called an id or number and tells every row apart is the table's own id.

    Where several do, the first column of the file is meant: ids stand in front.
    """
    field = table.fields[0]
    if field.type is not Type.ID or field.name in found or not field.doc.startswith("unique"):
        return None
    ids = [
        header
        for header in free
        if fold(header).rpartition(" ")[2] in _ID_WORDS
        if unique(peek.values(header), len(peek.rows))
    ]
    if not ids or (len(ids) > 1 and ids[0] != peek.header.cells[0]):
        return None
    return Column(field.name, ids[0], Sure.LIKELY, _OWN_ID)


def _only_day(
    table: TableSchema, found: dict[str, Column], free: list[str], peek: Peek
) -> Column | None:
    """The only day of the file that has no other place is the day that the table needs."""
    wanted = [
        field
        for field in table.fields
        if field.required and field.type is Type.DATE and field.name not in found
    ]
    days = [
        header
        for header in free
        if fold(header).rpartition(" ")[2] in _DAY_WORDS
        if peek.values(header) and fits(wanted[0], peek.values(header))
    ] if wanted else []  # fmt: skip
    if len(wanted) != 1 or len(days) != 1:
        return None
    return Column(wanted[0].name, days[0], Sure.LIKELY, "the only other day in the file")
