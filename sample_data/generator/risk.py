"""Risk episodes: who is flagged, what could be seen then, who was helped, and what help changed.

The order matters. Without help every customer follows its own leaving chance. Flags go up before
many (not all) departures, and before some non-events. Tickets and usage dips are worse when a
departure is coming, so they confound; help is then given on tickets, dips, size and segment only.
Hence help is as good as random *given what is in the files*, and the naive comparison is biased.
"""

from __future__ import annotations

from datetime import date
from math import exp, log
from typing import TYPE_CHECKING

from . import planted
from .behaviour import days_into, tickets, usage_decline
from .billing import bill
from .catalog import PRODUCTS
from .clock import END, add_months, days, month_index
from .model import Account, Customer, Episode
from .money_back import settle
from .reckon import mrr_usd, net_revenue_usd

if TYPE_CHECKING:
    from .fate import Window

FLAG_BEFORE_LOSS = 0.85
FALSE_ALARM = 0.075  # a month
COOL_DOWN = 395  # days until a customer can be flagged again: one episode in twelve months


def first_day(episode: Episode) -> date:
    """Return t0, the day from which the outcome counts in both arms."""
    return episode.flagged + days(planted.GRACE_DAYS)


def window(episode: Episode) -> Window:
    """Return the twelve months in which help works and the outcome is measured."""
    start = first_day(episode)
    return start, add_months(start, 12)


def live_through(customer: Customer) -> tuple[Account, list[Episode]]:
    """Simulate a customer with its risk episodes; return the world that happened."""
    rescued: list[Window] = []
    episodes: list[Episode] = []
    cursor = customer.first_bill + days(50)
    while customer.kind == "paying":
        account = bill(customer, rescued)
        flagged = _next_flag(account, cursor, len(episodes))
        if flagged is None:
            break
        episode = _episode(account, flagged, len(episodes), rescued)
        episodes.append(episode)
        if episode.saved:
            rescued.append(window(episode))
        cursor = flagged + days(COOL_DOWN)
    account = settle(bill(customer, rescued))
    for episode in episodes:
        _outcome(account, episode, rescued)
    return account, episodes


def _next_flag(account: Account, cursor: date, number: int) -> date | None:
    """Return the day of the next flag: ahead of a departure, or a false alarm."""
    draws, spell = account.customer.draws, account.spells[0]
    gone = spell.ended or date(2028, 1, 1)
    found: list[date] = []
    if spell.ended and not spell.early and draws.u("foreseen", number) < FLAG_BEFORE_LOSS:
        room = (spell.ended - days(36) - cursor).days
        lead = draws.between(0, min(room, 250), "lead", number)
        if room > 0:
            found.append(spell.ended - days(36 + lead))
    for month in range(month_index(cursor), min(month_index(gone), 42)):
        day = days_into(month, int(draws.u("alarm_day", month) * 27))
        if draws.u("alarm", month) < FALSE_ALARM and cursor <= day < gone - days(8):
            found.append(day)
            break
    flagged = min(found, default=None)
    return flagged if flagged is not None and flagged <= END - days(2) else None


def _episode(account: Account, flagged: date, number: int, rescued: list[Window]) -> Episode:
    """Lay down the symptoms of an episode, read them as an observer would, and decide on help."""
    customer, draws = account.customer, account.customer.draws
    start = flagged + days(planted.GRACE_DAYS)
    gone = account.spells[0].ended
    coming = gone is not None and start <= gone < add_months(start, 12)
    customer.extra_tickets += [
        flagged - days(2 + draws.u(f"symptom{turn}", number) * 84)
        for turn in range(draws.poisson(1.7 if coming else 0.6, "symptoms", number))
    ]
    depth = (
        draws.between(0.12, 0.5, "dip", number)
        if coming
        else draws.between(-0.05, 0.25, "dip", number)
    )
    if any(PRODUCTS[item.product].metric for item in account.items):
        customer.dips.append((month_index(flagged), max(depth, 0.0)))
    recent = [day for day in tickets(customer, flagged) if day >= flagged - days(90)]
    seen = bill(customer, rescued)
    mrr = mrr_usd(seen, flagged)
    decline = usage_decline(seen, flagged)
    chance = _propensity(customer.segment, mrr, len(recent), decline)
    treated = draws.u("help", number) < chance
    saved = treated and coming and draws.u("save", number) < planted.SAVE_SHARE
    reason = "usage falling" if decline > 0.2 else "open complaints" if len(recent) > 1 else ""
    reason = reason or draws.pick(
        ("sponsor left", "renewal in doubt", "price remark", "low engagement"), "why", number
    )
    return Episode(
        customer, number, flagged, reason, len(recent), decline, mrr, chance, treated, saved
    )


def _propensity(segment: str, mrr: float, recent: int, decline: float) -> float:
    """Return the chance of help, from observed facts only."""
    weight = planted.PROPENSITY
    score = weight["intercept"] + planted.PROPENSITY_SEGMENT[segment]
    score += weight["log_mrr"] * (log(max(mrr, 20.0)) - log(400.0))
    score += weight["tickets"] * (min(recent, 6) - 1.3) + weight["decline"] * decline
    low, high = planted.PROPENSITY_RANGE
    return min(max(1 / (1 + exp(-score)), low), high)


def _outcome(account: Account, episode: Episode, rescued: list[Window]) -> None:
    """Measure 12-month net revenue with and without this episode's help, same luck in both."""
    start, end = window(episode)
    gone = account.spells[0].ended
    episode.eligible = end <= END + days(1) and (gone is None or gone >= start)
    episode.y = episode.y0 = net_revenue_usd(account, start, end)
    if episode.saved:
        without = [span for span in rescued if span != (start, end)]
        episode.y0 = net_revenue_usd(settle(bill(account.customer, without)), start, end)
