"""A file that a preset knows: which columns it gives, which the preset leaves to the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.frames import TABLES, Type
from clv_cli.sources.headers import fold
from clv_cli.sources.preset import FROM_INVOICE
from clv_cli.sources.presets import load_presets
from clv_cli.sources.proposal.model import Column, Proposal, Question, Sure
from clv_cli.sources.proposal.tables import named_alike
from clv_cli.sources.proposal.values import UNDECIDED, day_format, fits
from clv_cli.sources.proposal.words import COLUMNS

if TYPE_CHECKING:
    from clv_cli.frames import TableSchema
    from clv_cli.sources.preset import Preset
    from clv_cli.sources.proposal.peek import Peek

# Columns that name billing customers: other files can confirm them.
REFERENCES = ("customer_id", "billing_id", "referrer_customer_id", "referrer_id", "referred_id")


def known_export(peek: Peek) -> Proposal:
    """What the config must say of a file that exactly one preset knows.

    Args:
        peek: the file.
    """
    (name,) = peek.presets
    preset = load_presets()[name]
    table = TABLES[preset.table]
    columns = _bound(preset, peek)
    columns += _named(table, columns, peek)
    columns += _worded(table, columns, peek)
    given = {column.name for column in columns} | preset.constants.keys()
    questions = [*_missing(preset, table, given), *_days(preset, table, columns, peek)]
    ordered = [c for field in table.fields for c in columns if c.name == field.name]
    return Proposal(
        peek,
        preset.table,
        name,
        Sure.CERTAIN if preset.verified else Sure.LIKELY,
        "its header" if preset.verified else "its header; no real export was ever checked",
        columns=tuple(ordered),
        questions=tuple(questions),
    )


def _bound(preset: Preset, peek: Peek) -> list[Column]:
    """What the preset finds by itself."""
    header, found = peek.header, []
    for name in TABLES[preset.table].dtypes:
        derive = preset.derive.get(name)
        aliases = preset.columns.get(name, ())
        if derive is None:
            place = header.first(aliases)
            text = header.cells[place] if place is not None else None
        elif derive.choose:
            text = ", ".join(dict.fromkeys(h for step in derive.choose for h in step.when)) or None
        else:
            there = [
                h
                for h in (*derive.subtract, *derive.first_of, *derive.join)
                if header.find(h) is not None
            ]
            complete = len(there) == len(derive.subtract) or not derive.subtract
            text = (" - " if derive.subtract else ", ").join(there) if complete else None
        if text is not None:
            found.append(Column(name, text, Sure.CERTAIN, "by the preset", written=False))
    return found


def _named(table: TableSchema, found: list[Column], peek: Peek) -> list[Column]:
    """Headers that carry the very name of a column, such as `segment (metadata)`."""
    names = {fold(f.name): f for f in table.fields if f.name not in {c.name for c in found}}
    columns: dict[str, Column] = {}
    for header in peek.header.cells:
        field = names.get(named_alike(header))
        if field is not None and fits(field, peek.values(header)):
            columns.setdefault(
                field.name, Column(field.name, header, Sure.CERTAIN, "the same name")
            )
    return list(columns.values())


def _worded(table: TableSchema, found: list[Column], peek: Peek) -> list[Column]:
    """Headers that may name a billing customer; the other files must confirm them."""
    taken, names = {c.header for c in found}, {c.name for c in found}
    columns = []
    for field in table.fields:
        if field.name not in REFERENCES or field.name in names:
            continue
        words = COLUMNS.get(field.name, ())
        fitting = [h for h in peek.header.cells if h and h not in taken and named_alike(h) in words]
        if fitting:
            columns.append(Column(field.name, fitting[0], Sure.GUESS, "a usual name of it"))
            taken.add(fitting[0])
    return columns


def _missing(preset: Preset, table: TableSchema, given: set[str]) -> list[Question]:
    """The required columns that neither file nor preset gives."""
    from_invoice = FROM_INVOICE if preset.enrich else ()
    questions = []
    for field in table.fields:
        if not field.required or field.name in given or field.name in from_invoice:
            continue
        if field.type is Type.CURRENCY:
            continue
        if field.type in {Type.CHOICE, Type.DATE}:
            example = field.choices[0] if field.choices else "2026-01-01"
            told = f" ({', '.join(field.choices)})" if field.choices else ""
            text = f"no column gives {field.name}{told}"
            questions.append(Question(text, "constants", field.name, example))
        else:
            text = f"which column gives {field.name} ({field.doc})?"
            questions.append(Question(text, "columns", field.name, "HEADER"))
    if table.name == "touches" and not given & {"customer_id", "account_id"}:
        text = "which column gives customer_id (billing customer) or account_id (CRM account)?"
        questions.append(Question(text, "columns", "customer_id", "HEADER"))
    return questions


def _days(preset: Preset, table: TableSchema, columns: list[Column], peek: Peek) -> list[Question]:
    """Whether days are day or month first, where the preset allows both and no value tells."""
    if not {"dmy", "mdy"} <= set(preset.date_format):
        return []
    days = {field.name for field in table.fields if field.type is Type.DATE}
    formats = {day_format(peek.values(c.header)) for c in columns if c.name in days}
    if UNDECIDED not in formats:
        return []
    decided = formats & {"dmy", "mdy"}
    if decided:
        return []
    return [Question("are its days written day or month first?", "date_format", value="dmy")]
