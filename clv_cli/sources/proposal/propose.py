"""What one file is: a known export, a table of the user's own, or neither."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from clv_cli.frames import Type
from clv_cli.sources.detect import nearest
from clv_cli.sources.headers import fold
from clv_cli.sources.proposal.known import known_export
from clv_cli.sources.proposal.last_days import last_days
from clv_cli.sources.proposal.model import Constant, Proposal, Question, Sure, Unused
from clv_cli.sources.proposal.tables import Attempt, attempts
from clv_cli.sources.proposal.values import (
    UNDECIDED,
    choices,
    day_format,
    is_currency,
    look_minor,
    never_negative,
)
from clv_cli.sources.proposal.words import KINDS
from clv_cli.sources.proposal.yaml_text import scalar

if TYPE_CHECKING:
    from clv_cli.frames import Field
    from clv_cli.sources.proposal.peek import Peek

TAKING_BACK = ("credit", "refund", "writeoff")
# What a file without an own column for it is about, by a word in its name.
_NAMED: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("billing_lines", "kind"): KINDS,
    ("touches", "team"): {"success": ("success", "cs", "csm"), "support": ("support", "tickets")},
    ("surveys", "kind"): {"nps": ("nps",), "csat": ("csat",), "ces": ("ces",)},
    ("referrals", "kind"): {"referral": ("referral", "referrals"), "testimonial": ("testimonials",)},
}  # fmt: skip


def propose(peek: Peek) -> Proposal | Unused:
    """Say what a file is and how it would be read.

    Args:
        peek: the file.
    """
    if len(peek.presets) == 1:
        return known_export(peek)
    if peek.presets:
        return Unused(
            peek.name, f"could be {' or '.join(peek.presets)}: name the preset", data=True
        )
    tried = attempts(peek)
    fit = [one for one in tried if not one.missing and one.covers and one.tells_apart]
    whole = [one for one in fit if one.score > 10]
    best = sorted(whole, key=lambda one: -one.score)
    if not best:
        return Unused(peek.label, _nearest(peek, tried), data=True)
    if len(best) > 1 and best[0].score == best[1].score:
        names = f"{best[0].table.name} or {best[1].table.name}"
        return Unused(peek.label, f"could be {names}: name the table", data=True)
    return _own_table(best[0], peek)


def _nearest(peek: Peek, tried: list[Attempt]) -> str:
    """The known exports and tables that it lacks least of."""
    near = [f"{miss.preset} ({miss.reason})" for miss in nearest(peek.headers)]
    fair = [one for one in tried if one.covers and one.score >= 20 and 0 < len(one.missing) <= 2]
    near += [f"table {one.table.name} (lacks {', '.join(one.missing)})" for one in fair[:1]]
    return "no known export" + (f"; nearest: {'; '.join(near)}" if near else "")


def _own_table(found: Attempt, peek: Peek) -> Proposal:
    """A table of the user's own: its columns, and what values and names tell beside them."""
    constants, questions = _constants(found, peek)
    values, unknown = _values(found, peek)
    date_format, undecided = _days(found, peek)
    kind = next((one.value for one in constants if one.name == "kind"), None)
    header = {column.name: column.header for column in found.columns}
    amounts = peek.values(header["amount"]) if "amount" in header else ()
    turned = kind in TAKING_BACK and never_negative(amounts)
    how = f"none of its {len(amounts):,} amounts is negative"
    sure = {column.sure for column in found.columns} | {one.sure for one in constants}
    return Proposal(
        peek,
        found.table.name,
        None,
        next(s for s in (Sure.GUESS, Sure.LIKELY, Sure.CERTAIN) if s in sure),
        "its column names",
        columns=found.columns,
        constants=tuple(constants),
        values=values,
        negate=(("amount", how),) if turned else (),
        inclusive=last_days(found.columns, peek, date_format),
        date_format=date_format,
        questions=(*questions, *unknown, *undecided, *_cents(found, peek)),
    )


def _constants(found: Attempt, peek: Peek) -> tuple[list[Constant], list[Question]]:
    """The required columns that no header gives, from the file's name or as questions."""
    names = {column.name for column in found.columns}
    words = set(re.split(r"[\W_\d]+", PurePosixPath(peek.name).stem.casefold()))
    constants: list[Constant] = []
    questions: list[Question] = []
    for field in found.table.fields:
        if not field.required or field.name in names:
            continue
        if field.type is Type.CURRENCY:
            constants += _currency(found)
            continue
        by_name = _NAMED.get((found.table.name, field.name), {})
        told = [choice for choice, marks in by_name.items() if words & set(marks)]
        kind = next((one.value for one in constants if one.name == "kind"), None)
        if len(told) == 1:
            how = "a word in the file's name"
            constants.append(Constant(field.name, told[0], Sure.LIKELY, how))
        elif field.name == "status" and kind in TAKING_BACK:
            constants.append(
                Constant("status", "paid", Sure.LIKELY, "what is given back is settled")
            )
        elif field.name == "status":
            how = "no column says: every row counts as issued"
            constants.append(Constant("status", "paid", Sure.GUESS, how))
        else:
            text = f"no column gives {field.name} ({', '.join(field.choices)})"
            questions.append(Question(text, "constants", field.name, field.choices[0]))
    return constants, questions


def _currency(found: Attempt) -> list[Constant]:
    """The currency that a header such as `total_eur` names."""
    money = {field.name for field in found.table.fields if field.type is Type.MONEY}
    codes = {
        fold(column.header).rpartition(" ")[2].upper()
        for column in found.columns
        if column.name in money
    }
    if len(codes) != 1 or not is_currency(next(iter(codes))):
        return []
    return [Constant("currency", codes.pop(), Sure.LIKELY, "the header of the amount")]


def _values(
    found: Attempt, peek: Peek
) -> tuple[dict[str, dict[str, tuple[str, ...]]], list[Question]]:
    """The value maps of closed sets, and the values that nothing explains."""
    maps: dict[str, dict[str, tuple[str, ...]]] = {}
    questions: list[Question] = []
    for column in found.columns:
        field = _field(found, column.name)
        if field.type is not Type.CHOICE:
            continue
        mapped, unknown = choices(field, peek.values(column.header))
        if mapped:
            maps[column.name] = mapped
        if unknown:
            told = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
            meanings = ", ".join(field.choices)
            text = f"what is meant by {column.header} {told}? WHICH of {meanings}"
            answer = f"{{WHICH: [{', '.join(map(scalar, unknown))}]}}"
            questions.append(Question(text, "values", column.name, answer))
    return maps, questions


def _days(found: Attempt, peek: Peek) -> tuple[tuple[str, ...], list[Question]]:
    """The format of the file's days; a question where day and month cannot be told apart."""
    formats = {
        day_format(peek.values(column.header))
        for column in found.columns
        if _field(found, column.name).type is Type.DATE
    }
    named = sorted(name for name in formats if name not in {None, "iso", UNDECIDED})
    if UNDECIDED in formats and not set(named) & {"dmy", "mdy"}:
        return (), [
            Question("are its days written day or month first?", "date_format", value="dmy")
        ]
    known = tuple(str(name) for name in named)
    return (("iso", *known) if known and "iso" in formats else known), []


def _cents(found: Attempt, peek: Peek) -> list[Question]:
    """Whether amounts are cents, where they look it: nobody but the user can know."""
    amounts = [
        peek.values(column.header)
        for column in found.columns
        if _field(found, column.name).type is Type.MONEY
    ]
    if peek.header.style != "snake" or not any(map(look_minor, amounts)):
        return []
    return [Question("are its amounts in cents (1234 for 12.34)?", "units", value="minor")]


def _field(found: Attempt, name: str) -> Field:
    field = found.table.field(name)
    if field is None:
        raise LookupError(name)
    return field
