"""What the files say about each other: shared ids, currencies, test accounts, what is not there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from clv_cli.sources.presets import load_presets
from clv_cli.sources.proposal.influence import influence
from clv_cli.sources.proposal.known import REFERENCES
from clv_cli.sources.proposal.model import Constant, Proposal, Question, Sure, Unused
from clv_cli.sources.proposal.words import TESTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clv_cli.sources.proposal.model import Column

BILLING = ("billing_lines", "invoices")
_ALMOST_ALL, _HALF = 0.9, 0.5


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole proposal.

    Args:
        proposals: the files that are recognised.
        unused: the others.
        base_currency: currency of the totals, with the evidence, if it can be told.
        own_domains: domains of test accounts, with the evidence.
        questions: what the files together leave open.
        cs_choices: options of an influence question that mean customer success, with the evidence.
    """

    proposals: tuple[Proposal, ...]
    unused: tuple[Unused, ...]
    base_currency: Constant | None
    own_domains: tuple[Constant, ...]
    questions: tuple[Question, ...]
    cs_choices: tuple[Constant, ...] = ()


def compare(proposals: Sequence[Proposal], unused: Sequence[Unused]) -> Whole:
    """Hold the files of a folder against each other.

    Args:
        proposals: what each file is.
        unused: the files that are left out.
    """
    customers = _customers(proposals)
    confirmed = [_with_invoices(_confirmed(one, customers), proposals) for one in proposals]
    currencies = _values(confirmed, BILLING, "currency")
    codes = {code.upper() for code in currencies}
    priced = {code.upper() for code in _values(confirmed, ("fx_rates",), "currency")}
    base = _base_currency(codes, priced)
    choices, asked = influence(confirmed)
    return Whole(
        tuple(confirmed),
        tuple(unused),
        base,
        _own_domains(confirmed),
        (*_open(confirmed, codes, priced, base), *asked),
        choices,
    )


def _values(proposals: Iterable[Proposal], tables: Sequence[str], column: str) -> set[str]:
    """All values of a canonical column in some tables, as they stand in the files."""
    found: set[str] = set()
    for one in proposals:
        if one.table not in tables:
            continue
        header = one.header_of(column)
        found |= set(one.peek.values(header)) if header else set()
        found |= {constant.value for constant in one.constants if constant.name == column}
    return found


def _customers(proposals: Sequence[Proposal]) -> set[str]:
    return _values(proposals, (*BILLING, "customers"), "customer_id")


def _confirmed(one: Proposal, customers: set[str]) -> Proposal:
    """Columns that name customers, with the share of their values that are billing customers."""
    if one.table in {*BILLING, "customers"} or not customers:
        return one
    columns = [_checked(column, one, customers) for column in one.columns]
    return replace(one, columns=tuple(column for column in columns if column is not None))


def _checked(column: Column, one: Proposal, customers: set[str]) -> Column | None:
    """The column with its evidence; None for a guess that the other files do not bear out."""
    values = one.peek.values(column.header)
    if column.name not in REFERENCES or not values:
        return column
    share = sum(value in customers for value in values) / len(values)
    how = f"{100 * share:.1f} % are billing customers"
    if column.sure is Sure.GUESS and share < _HALF:
        return None
    if column.written or share < _HALF:
        sure = Sure.CERTAIN if share >= _ALMOST_ALL else Sure.LIKELY
        return replace(column, how=f"{column.how}; {how}", sure=sure)
    return column


def _with_invoices(one: Proposal, proposals: Sequence[Proposal]) -> Proposal:
    """Lines of an API dump cannot be read without the invoices that name their customers."""
    preset = load_presets().get(one.preset or "")
    if not (preset and preset.enrich) or any(other.table == "invoices" for other in proposals):
        return one
    asked = Question("these lines name neither customer nor day: where are their invoices?")
    return replace(one, questions=(*one.questions, asked))


def _base_currency(codes: set[str], priced: set[str]) -> Constant | None:
    if len(codes) == 1:
        return Constant("base_currency", next(iter(codes)), Sure.CERTAIN, "the only one billed")
    left = codes - priced
    if len(left) == 1 and priced:
        how = "the only one billed that fx_rates does not price"
        return Constant("base_currency", left.pop(), Sure.LIKELY, how)
    return None


def _own_domains(proposals: Sequence[Proposal]) -> tuple[Constant, ...]:
    """Domains of which every customer is called a test, and more than one is."""
    seen: dict[str, list[bool]] = {}
    for one in proposals:
        name, email = one.header_of("name"), one.header_of("email")
        places = [one.peek.header.find(header) for header in (name, email) if header]
        if one.table != "customers" or len(places) != 2 or None in places:
            continue
        at_name, at_email = (place for place in places if place is not None)
        for row in one.peek.rows:
            user, _, domain = row[at_email].casefold().rpartition("@")
            words = set(re.split(r"[\W_\d]+", f"{user} {row[at_name].casefold()}"))
            if domain:
                seen.setdefault(domain, []).append(bool(words & set(TESTS)))
    return tuple(
        Constant(domain, domain, Sure.LIKELY, f"all {len(marks)} customers there are called tests")
        for domain, marks in sorted(seen.items())
        if len(marks) > 1 and all(marks)
    )


def _open(
    proposals: Sequence[Proposal], codes: set[str], priced: set[str], base: Constant | None
) -> list[Question]:
    questions = []
    live = [one for one in proposals if one.works]
    if not any(one.table in {*BILLING, "worksheet"} for one in live):
        waiting = sorted(one.peek.name for one in proposals if one.table in BILLING)
        text = "no file holds invoices or their lines: clv report needs one"
        if waiting:
            text = f"clv report needs invoices: first answer what is open in {', '.join(waiting)}"
        questions.append(Question(text, blocks=False))
    if base is None and len(codes) > 1:
        text = f"in which currency shall totals be? Billed are {', '.join(sorted(codes))}"
        questions.append(Question(text, "base_currency", value=min(codes)))
    if not codes and any(one.table in BILLING for one in live):
        questions.append(
            Question("no billing file names its currency", "base_currency", value="USD")
        )
    lacking = sorted(codes - priced - {base.value if base else ""})
    if base is not None and lacking:
        text = f"rates of {', '.join(lacking)} are missing: add a file of the table fx_rates"
        questions.append(Question(text, blocks=False))
    return questions
