"""How long a customer stays: the renewals, pauses and the end of a spell."""

from __future__ import annotations

from datetime import date

from .clock import HORIZON, add_months, days
from .model import Customer, Spell, Term

PAUSE_CHANCE = 0.004
EARLY_SHARE = 0.10  # of annual leavers, who go before the term ends
FAILED_SHARE = 0.2  # of monthly leavers, who go because the card failed
RETURN_SHARE = 0.14

Window = tuple[date, date]


def live(customer: Customer, number: int, start: date, rescued: list[Window]) -> Spell:
    """Build a spell. A leaving decision that falls within a rescued window is not taken."""
    draws, spell, interval, months = customer.draws, Spell(number), customer.interval, 0
    if number > 1:
        interval = "month"
    while (begin := add_months(start, months)) < HORIZON:
        index = len(spell.terms)
        months += 12 if interval == "year" else 1
        end = add_months(start, months)
        spell.terms.append(Term(index, begin, end, interval))
        chance = customer.annual_p if interval == "year" else customer.monthly_p
        leaves = draws.u(f"renew{number}", index) < chance
        leaves = leaves and not any(low <= end < high for low, high in rescued)
        spell.renewals.append((index, leaves))
        if leaves:
            _end(customer, spell)
            break
        if interval == "month" and index >= 3 and draws.u(f"pause{number}", index) < PAUSE_CHANCE:
            months += 1 + int(draws.u(f"pause_length{number}", index) * 2)
            spell.pauses.append((end, add_months(start, months)))
        if number == 1 and index + 1 == customer.switch_at:
            interval = "year"
    return spell


def _end(customer: Customer, spell: Spell) -> None:
    """Decide when exactly and why the spell ends."""
    draws, last = customer.draws, spell.terms[-1]
    spell.ended, spell.reason = last.end, "cancellation_requested"
    if last.interval == "year":
        if draws.u("early", last.index) < EARLY_SHARE:
            spell.early = True
            spell.ended = last.end - days(draws.between(40, 150, "early_days", last.index))
    elif not customer.by_invoice and draws.u("failed", last.index) < FAILED_SHARE:
        spell.reason = "payment_failed"


def comeback(customer: Customer, first: Spell) -> date | None:
    """Return the day on which a leaver starts again, always more than 40 days after it left."""
    if first.ended is None or customer.draws.u("return") >= RETURN_SHARE:
        return None
    return first.ended + days(customer.draws.between(45, 220, "return_days"))
