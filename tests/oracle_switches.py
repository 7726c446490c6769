"""The second calculator under every switch of the ledger: days, dictionaries and fractions.

Written from the definitions of the settings; it shares no code with the product. Slow on purpose.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from tests.oracle import DAY, UNITS, Ledger, Levels, Row, index, snapshot

BEYOND = timedelta(days=60)
CHARGES = {"recurring", "proration", "usage", "one_off"}
CHANGES = ("new", "expansion", "contraction", "churn", "reactivation")
Part = tuple[
    str, str, str | None, date, date, int
]  # part, currency, subscription, start, end, units
Daily = dict[str, dict[date, int]]


@dataclass(eq=False)
class Switched(Ledger):
    """A ledger with its subscriptions (`cancel_requested_on, ended_on, pauses`) and parents."""

    subscriptions: dict[str, Row] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.parts: dict[str, list[Part]] = defaultdict(list)
        self.held: dict[str, dict[date, Levels]] = {}
        self.everyone = sorted({row["customer_id"] for row in self.rows})
        self.last = self.as_of + BEYOND
        super().__post_init__()

    # --- whose, how much, when --------------------------------------------------------------------

    def unit(self, row: Row) -> str:
        customer = str(row["customer_id"])
        if self.settings.grain == "subscription":
            return f"{customer}|{self.subscription(row) or ''}"
        if self.settings.grain == "customer":
            return customer
        root = self.parents.get(customer, customer)
        family = [c for c in self.everyone if self.parents.get(c, c) == root]
        return (
            root
            if root in family and root not in self.parents
            else min([c for c in family if c not in self.parents] or family)
        )

    def owner(self, row: Row) -> str:
        own = self.settings.grain == "subscription"
        return str(row["customer_id"]) if own else self.unit(row)

    def amount(self, row: Row) -> Fraction:
        mrr, value = self.settings.mrr, Fraction(row["amount"])
        given_back = {
            "all": (),
            "recurring": ("once",),
            "forever_only": ("once", "repeating"),
            "none": ("once", "repeating", "forever", None),
        }[mrr.discounts]
        if row.get("discount_kind") in given_back:
            value += row.get("discount") or 0
        return value + ((row.get("tax") or 0) if mrr.tax == "include" else 0)

    def spans(self, row: Row) -> list[tuple[str, str, date, date, int]]:
        found = self.worth(row)
        if found is None or (
            self.settings.fx.mode == "per_currency" and row["currency"] != self.base
        ):
            return []
        start, end, value = found
        units = round(value * UNITS)
        if self.settings.mrr.rounding == "cents_per_line":
            units = round(Fraction(units, UNITS)) * UNITS
        end = min(end, self.cut(row) or end)
        unit, subscription = self.unit(row), self.subscription(row)
        unpriced = row.get("quantity") is None or row.get("unit_price") is None
        part = "recurring" if row["kind"] == "recurring" else "other"
        part = "unpriced" if row["kind"] == "proration" and unpriced else part
        days = [(a, b) for a, b in self.paid_days(row, start, end) if a < b and units]
        for first, stop in days:
            self.parts[unit].append((part, row["currency"], subscription, first, stop, units))
        return [(unit, row["currency"], first, stop, units) for first, stop in days]

    def worth(self, row: Row) -> tuple[date, date, Fraction] | None:
        """First day, end and MRR of a line, before anything cuts it short."""
        mrr, kind, start, end = (
            self.settings.mrr,
            row["kind"],
            row.get("period_start"),
            row.get("period_end"),
        )
        if kind == "usage" and mrr.usage in {"last_month", "trailing_3m"} and row["amount"]:
            months = {"last_month": 1, "trailing_3m": 3}[mrr.usage]
            return (
                first_of(row["issued_on"], 0),
                first_of(row["issued_on"], months),
                (self.amount(row) / months),
            )
        if not start or not end or start >= end:
            return None
        if kind == "trial":
            priced = row.get("interval") and row.get("quantity") and row.get("unit_price")
            if mrr.trials == "exclude" or not priced:
                return None
            price = Fraction(str(row["quantity"])) * row["unit_price"]
            return start, end, self.per_month(row, price)
        amount = self.amount(row)
        if not amount:
            return None
        if kind == "recurring":
            return start, end, self.per_month(row, amount)
        if kind == "proration":
            usable = mrr.proration != "exclude" and row.get("interval")
            return (start, end, self.prorated({**row, "amount": amount})) if usable else None
        by_kind: dict[str, Any] = {
            "credit": mrr.credit_notes,
            "refund": mrr.refunds,
            "usage": "retroactive" if mrr.usage == "by_period" else "ignore",
            "one_off": "retroactive" if mrr.one_off == "dated" else "ignore",
        }
        when = by_kind.get(kind, "ignore")
        if when == "ignore":
            return None
        first = start if when == "retroactive" else max(start, row["issued_on"])
        return first, end, self.by_length(amount, start, end)

    def cut(self, row: Row) -> date | None:
        """The day from which a cancelled subscription counts for nothing."""
        known = self.subscriptions.get(self.subscription(row) or "")
        how = self.settings.churn.date
        if known is None or how == "period_end":
            return None
        day: date | None = known.get("ended_on")
        if how == "cancel_request":
            day = known.get("cancel_requested_on") or day
        return day if day and day <= self.as_of else None

    def paid_days(self, row: Row, start: date, end: date) -> list[tuple[date, date]]:
        """The days of a line, or a credit's, without those on which the line was unpaid too long."""
        churn = self.settings.churn
        row = self.line_of(row) or row
        due = row.get("due_on") or row["issued_on"]
        paid = row.get("paid_on")
        if paid is None:
            paid = date.max if row["status"] in {"open", "uncollectible"} else due
        if churn.grace_days is None or row["kind"] not in CHARGES:
            return [(start, end)]
        expiry = due + timedelta(days=churn.grace_days + 1)
        if paid <= expiry:
            return [(start, end)]
        if churn.book == "detection":
            return [(start, min(end, expiry)), (max(start, paid), end)]
        if expiry > self.as_of:
            return [(start, end)]
        return [(start, min(end, due)), (max(start, paid), end)]

    # --- levels by day ----------------------------------------------------------------------------

    def by_day(self, customer: str) -> dict[date, Levels]:
        levels: dict[date, Levels] = defaultdict(lambda: defaultdict(int))
        self.held[customer] = defaultdict(lambda: defaultdict(int))
        for subscription in {part[2] for part in self.parts[customer]}:
            mine = [part for part in self.parts[customer] if part[2] == subscription]
            daily = self.daily(mine)
            self.snap(mine, daily, subscription)
            self.round_off(customer, daily, subscription)
            self.pause(customer, daily, subscription)
            for currency, days in daily.items():
                for day, units in days.items():
                    levels[day][currency] += units
        return {
            day: {c: v for c, v in found.items() if v}
            for day, found in levels.items()
            if any(found.values())
        }

    def daily(self, parts: list[Part], only: str | None = None) -> Daily:
        found: Daily = defaultdict(lambda: defaultdict(int))
        for part, currency, _, start, end, units in parts:
            day = start
            while day < min(end, self.last) and only in {None, part}:
                found[currency][day] += units
                day += DAY
        return found

    def snap(self, parts: list[Part], daily: Daily, subscription: str | None) -> None:
        """Scaled prorations become the increment of their renewal when they nearly are it."""
        mrr = self.settings.mrr
        if mrr.proration != "price" or not mrr.proration_snap or subscription is None:
            return
        recurring = self.daily(parts, "recurring")
        scaled: dict[tuple[str, date], list[Part]] = defaultdict(list)
        for part in parts:
            if part[0] == "unpriced":
                scaled[part[1], part[4]].append(part)
        for (currency, end), lines in scaled.items():
            served = recurring[currency]
            days = range(self.settings.churn.bridge_gap_days + 1)
            begun = [end + n * DAY for n in days if self.serves(parts, currency, end + n * DAY)]
            if not begun:
                continue
            total = sum(line[5] for line in lines)
            increment = served.get(begun[0], 0) - served.get(end - DAY, 0)
            if abs(increment - total) <= mrr.proration_snap * abs(increment):
                day = max(line[3] for line in lines)
                while day < min(end, self.last):
                    daily[currency][day] += increment - total
                    day += DAY

    def round_off(self, customer: str, daily: Daily, subscription: str | None) -> None:
        """What full credits leave goes with them."""
        for unit, currency, start, end, units, of in self.remainders:
            day = start
            while (unit, of) == (customer, subscription) and day < min(end, self.last):
                daily[currency][day] += units
                day += DAY

    def serves(self, parts: list[Part], currency: str, day: date) -> bool:
        return any(p[0] == "recurring" and p[1] == currency and p[3] <= day < p[4] for p in parts)

    def pause(self, customer: str, daily: Daily, subscription: str | None) -> None:
        """Pauses hold, drop or keep what the subscription was worth on their eve."""
        mrr = self.settings.mrr
        known = self.subscriptions.get(subscription or "", {})
        original = {c: dict(days) for c, days in daily.items()}
        for start, end in merged(known.get("pauses", ()), self.as_of):
            for currency, before in original.items():
                held = max(before.get(start - DAY, 0), 0) or max(before.get(start, 0), 0)
                longest = mrr.paused_max_days if mrr.paused == "own_line" else None
                until = end if longest is None else min(end, start + timedelta(days=longest))
                day = start
                while day < min(end, self.last):
                    billed = before.get(day, 0)
                    if mrr.paused == "keep":
                        daily[currency][day] = billed if billed > 0 or not held else billed + held
                    else:
                        kept = held if mrr.paused == "own_line" and day < until else 0
                        daily[currency][day] = kept
                        self.held[customer][day][currency] += kept
                    day += DAY

    def off(self, customer: str, month: int) -> Levels:
        """What pauses hold at a month's end."""
        return dict(self.held[customer].get(snapshot(month, self.as_of), {}))

    def net(self, customer: str, month: int) -> Levels:
        found, held = dict(self.level(customer, month)), self.off(customer, month)
        for currency, units in held.items():
            found[currency] = found.get(currency, 0) - units
        return {currency: units for currency, units in found.items() if units}

    def value(self, levels: Levels, month: int) -> int:
        fx = self.settings.fx
        if fx.mode != "constant":
            return super().value(levels, month)
        assert fx.constant_on is not None
        return sum(self.in_base(units, c, fx.constant_on) for c, units in levels.items())

    # --- movements --------------------------------------------------------------------------------

    @cache  # noqa: B019
    def movements(self) -> dict[tuple[str, int], dict[str, int]]:
        rows = {}
        for unit in self.customers:
            had = False
            for month in range(min(self.first, index(self.days[0])), self.closing + 1):
                row = self.moved(unit, month, had=had)
                had = had or row.pop("had") > 0
                rows[unit, month] = row
        return rows

    def moved(self, unit: str, month: int, *, had: bool) -> dict[str, int]:
        before, after = self.level(unit, month - 1), self.level(unit, month)
        off_before, off_after = self.off(unit, month - 1), self.off(unit, month)
        opening = self.value(before, month - 1)
        revalued, closing = self.value(before, month), self.value(after, month)
        held = self.value(off_before, month - 1)
        held_revalued, held_closing = self.value(off_before, month), self.value(off_after, month)
        row = dict.fromkeys((*CHANGES, "won", "back", "lost"), 0)
        if self.settings.movements.mode == "snapshot":
            self.book(
                row,
                unit,
                (opening > 0, closing > 0),
                closing - revalued,
                had=had,
                idle=self.idle(unit, month),
            )
            had = closing > 0
        else:
            had = self.every_day(row, unit, month, revalued, had=had)
        paying = (opening > held, closing > held_closing)
        gained = row["won"] + row["back"] - row["lost"]
        return {
            **row,
            "opening": opening - held,
            "paused": held_revalued - held_closing,
            "fx": (revalued - held_revalued) - (opening - held),
            "closing": closing - held_closing,
            "stopped": gained - (paying[1] - paying[0]),
            "had": int(had),
        }

    def every_day(
        self, row: dict[str, int], unit: str, month: int, value: int, *, had: bool
    ) -> bool:
        """Each day's change by itself."""
        day = snapshot(month - 1, self.as_of) + DAY
        while day <= snapshot(month, self.as_of):
            now = self.value(self.level_on(unit, day), month)
            if self.level_on(unit, day) != self.level_on(unit, day - DAY):
                last, _ = self.neighbours(unit, day)
                idle = (day - last - DAY).days if last else 0
                self.book(row, unit, (value > 0, now > 0), now - value, had=had, idle=idle)
            had, value = had or now > 0, now
            day += DAY
        return had

    def book(
        self,
        row: dict[str, int],
        _: str,
        counts: tuple[bool, bool],
        change: int,
        *,
        had: bool,
        idle: int,
    ) -> None:
        before, after = counts
        window = self.settings.churn.reactivation_window_days
        again = had and (window is None or idle <= window)
        if before == after:
            row["expansion" if change > 0 else "contraction"] += change
        elif before:
            row["churn"] += change
            row["lost"] += 1
        else:
            row["reactivation" if again else "new"] += change
            row["back" if again else "won"] += 1

    @cache  # noqa: B019
    def mrr_months(self) -> dict[int, dict[str, int]]:
        names = ("opening", *CHANGES, "paused", "fx", "closing")
        months = {}
        for month in self.months:
            mine = [row for (_, m), row in self.movements().items() if m == month]
            months[month] = {
                **{name: sum(row[name] for row in mine) for name in names},
                "customers_opening": sum(row["opening"] > 0 for row in mine),
                "customers_new": sum(row["won"] for row in mine),
                "customers_churned": sum(row["lost"] for row in mine),
                "customers_reactivated": sum(row["back"] for row in mine),
                "customers_paused": sum(row["stopped"] for row in mine),
                "customers_closing": sum(row["closing"] > 0 for row in mine),
            }
        return months


def first_of(day: date, months: int) -> date:
    year, zero_based = divmod(index(day) + months, 12)
    return date(year, zero_based + 1, 1)


def merged(pauses: Any, as_of: date) -> list[tuple[date, date]]:  # noqa: ANN401
    """Known pauses, those that touch joined."""
    found: list[tuple[date, date]] = []
    for text in sorted(pauses):
        first, _, last = text.partition("/")
        start, end = date.fromisoformat(first), date.fromisoformat(last) if last else date.max
        if start >= end or start > as_of:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found
