"""The same figures once more, in plain Python: whole numbers, fractions, one day at a time.

Slow and simple on purpose. It shares no code with the product but the settings it is given, and
reads rows as `tests.books.line` writes them.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clv_cli.settings import Settings

UNITS = 55_440
DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAY = timedelta(days=1)
MOVES = ("new", "expansion", "contraction", "churn", "reactivation", "paused", "fx")
BACK = {"credit", "refund"}
Row = dict[str, Any]
Levels = dict[str, int]
Span = tuple[str, str, date, date, int]  # customer, currency, first day, end, units
Remainder = tuple[str, str, date, date, int, str | None]


@dataclass(eq=False)
class Ledger:
    """Rows, rates (base units for one unit, in 1e-10) and the question asked of them."""

    rows: Sequence[Row]
    as_of: date
    settings: Settings
    rates: dict[tuple[str, date], int] = field(default_factory=dict)
    base: str = "USD"
    test_customers: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self.billed = [row for row in self.rows if self.rule(row) is None]
        self.spanned = [(row, spans) for row in self.billed if (spans := self.spans(row))]
        self.active = [span for _, spans in self.spanned for span in spans]
        self.remainders = self.left_by_credits()
        self.customers = sorted({self.unit(row) for row in self.billed})
        days = [day for _, _, first, end, _ in self.active for day in (first, end)]
        self.days = (min(days), max(days)) if days else (self.as_of, self.as_of)
        self._levels = {c: self.by_day(c) for c in self.customers}
        issued = [r["issued_on"] for r in self.rows if r["status"] not in {"draft", "void"}]
        starts = [
            month
            for c in self.customers
            for month in range(index(self.days[0]), self.closing + 1)
            if self.level(c, month)
        ]
        self.first = min([index(min(issued)), *starts]) if issued else self.closing + 1

    @property
    def closing(self) -> int:
        return index(self.as_of)

    @property
    def months(self) -> range:
        return range(self.first, self.closing + 1)

    # --- billed revenue -----------------------------------------------------------------------

    def rule(self, row: Row) -> str | None:
        """The first rule that leaves a line out."""
        if row["status"] in {"draft", "void"}:
            return "draft_or_void"
        if row["customer_id"] in self.test_customers:
            return "test_customer"
        if row["issued_on"] > self.as_of:
            return "after_as_of"
        if row["kind"] == "refund" and self.covered(row):
            return "covered_refund"
        return None

    def covered(self, refund: Row) -> bool:
        return any(
            credit["kind"] == "credit"
            and credit["status"] not in {"draft", "void"}
            and credit["issued_on"] <= self.as_of
            and abs(credit["amount"]) >= abs(refund["amount"])
            and (same(credit, refund, "original_line_id") or same(credit, refund, "invoice_id"))
            for credit in self.rows
        )

    def in_base(self, amount: int, currency: str, day: date) -> int:
        if currency == self.base:
            return amount
        factor = Fraction(self.rates[currency, day], 10**10)
        return round(amount * factor * Fraction(10) ** (DIGITS[self.base] - DIGITS[currency]))

    def revenue(self) -> dict[int, int]:
        sums: dict[int, int] = defaultdict(int)
        for row in self.billed:
            sums[index(row["issued_on"])] += self.in_base(
                row["amount"], row["currency"], row["issued_on"]
            )
        return sums

    def unit(self, row: Row) -> str:
        """Whose MRR a line moves."""
        return str(row["customer_id"])

    # --- MRR ----------------------------------------------------------------------------------

    def spans(self, row: Row) -> list[tuple[str, str, date, date, int]]:
        """Customer, currency, first day, end and MRR units of a line; empty when it is no MRR."""
        start, end = row.get("period_start"), row.get("period_end")
        if not start or not end or start >= end:
            return []
        mrr, kind = self.settings.mrr, row["kind"]
        value: Fraction | None = None
        if kind == "recurring":
            value = self.per_month(row, Fraction(row["amount"]))
        elif kind == "proration" and mrr.proration != "exclude" and row.get("interval"):
            value = self.prorated(row)
        elif kind == "credit" and mrr.credit_notes == "at_issue":
            value = self.by_length(Fraction(row["amount"]), start, end)
            start = max(start, row["issued_on"])
        units = round(value * UNITS) if value else 0
        if not units or start >= end:
            return []
        return [(row["customer_id"], row["currency"], start, end, units)]

    def per_month(self, row: Row, amount: Fraction) -> Fraction:
        if not row.get("interval"):
            return self.by_length(amount, row["period_start"], row["period_end"])
        factor: Fraction = getattr(self.settings.mrr.interval_factor, row["interval"])
        return amount * factor / (row.get("interval_count") or 1)

    def by_length(self, amount: Fraction, start: date, end: date) -> Fraction:
        months, days = index(end) - index(start), (end - start).days
        if months > 0 and (
            start.day == end.day or (is_last(end) and (start.day > end.day or is_last(start)))
        ):
            return amount / months
        if days in {7, 14}:
            return amount * self.settings.mrr.interval_factor.week / (days // 7)
        return amount * 365 / (12 * days)

    def prorated(self, row: Row) -> Fraction:
        amount = row["amount"]
        if (
            self.settings.mrr.proration == "price"
            and row.get("quantity") is not None
            and row.get("unit_price") is not None
        ):
            sign = (amount > 0) - (amount < 0)
            price = Fraction(str(row["quantity"])) * abs(row["unit_price"]) * sign
            return self.per_month(row, price)
        end, count = row["period_end"], row.get("interval_count") or 1
        if row["interval"] in MONTHS:
            full = (end - back(end, MONTHS[row["interval"]] * count)).days
        else:
            full = {"day": 1, "week": 7}[row["interval"]] * count
        days = (end - row["period_start"]).days
        return self.per_month(row, Fraction(amount) * full / days)

    def line_of(self, row: Row) -> Row | None:
        """The line that a credit names."""
        if row["kind"] not in BACK or row.get("original_line_id") is None:
            return None
        of = (row["customer_id"], row["original_line_id"])
        mine = [line for line in self.rows if (line["customer_id"], line.get("line_id")) == of]
        return mine[0] if mine else None

    def subscription(self, row: Row) -> str | None:
        """The subscription of a line, for a credit that says none that of the line it names."""
        own, line = row.get("subscription_id"), self.line_of(row)
        found: str | None = line.get("subscription_id") if own is None and line else own
        return found

    def owner(self, row: Row) -> str:
        """Among whose lines a credit finds what it takes back."""
        return str(row["customer_id"])

    def left_by_credits(self) -> list[Remainder]:
        """What brings lines that are credited in full to exactly 0."""
        found = []
        credited = {
            (self.owner(row), row["currency"], takes(row), self.subscription(row))
            for row, _ in self.spanned
            if row["kind"] in BACK
        }
        for key in credited:
            owner, currency, what, subscription = key
            mine = [
                (row, spans)
                for row, spans in self.spanned
                if self.owner(row) == owner and row["currency"] == currency
            ]
            back = [
                (row, whole(spans))
                for row, spans in mine
                if row["kind"] in BACK
                and takes(row) == what
                and self.subscription(row) == subscription
            ]
            lines = [
                (row, spans)
                for row, spans in mine
                if row["kind"] not in BACK and what in {row.get("line_id"), takes_until(row)}
            ]
            for day in sorted({span[2] for _, span in back}):
                rest = remainder(
                    day, [c for c in back if c[1][2] <= day], [e for e in lines if began(e) <= day]
                )
                later = [span[2] for _, span in back if span[2] > day]
                if rest:
                    unit, end = self.unit(back[0][0]), min([rest[0], *later])
                    found += [
                        (unit, currency, first, until, rest[1], subscription)
                        for first, until in active_days(what, lines, day, end)
                    ]
        return found

    def by_day(self, customer: str) -> dict[date, Levels]:
        """The level of each currency on each day on which there is any."""
        days: dict[date, Levels] = defaultdict(lambda: defaultdict(int))
        spans = [*self.active, *(rest[:5] for rest in self.remainders)]
        for owner, currency, start, end, units in spans:
            day = start
            while owner == customer and day < end:
                days[day][currency] += units
                day += DAY
        return {
            day: {c: v for c, v in levels.items() if v}
            for day, levels in days.items()
            if any(levels.values())
        }

    def paying(self, customer: str, day: date) -> bool:
        return any(value > 0 for value in self._levels[customer].get(day, {}).values())

    @cache  # noqa: B019
    def level(self, customer: str, month: int) -> Levels:
        """MRR units by currency at a month's snapshot, short gaps bridged."""
        return self.level_on(customer, snapshot(month, self.as_of))

    @cache  # noqa: B019
    def level_on(self, customer: str, day: date) -> Levels:
        """MRR units by currency on a day, short gaps bridged."""
        levels = dict(self._levels[customer].get(day, {}))
        if self.paying(customer, day):
            return levels
        last, following = self.neighbours(customer, day)
        limit = self.settings.churn.bridge_gap_days
        if last and following and (following - last - DAY).days <= limit:
            for currency, value in self._levels[customer][last].items():
                if value > 0:
                    levels[currency] = levels.get(currency, 0) + value
        return {currency: value for currency, value in levels.items() if value}

    def neighbours(self, customer: str, day: date) -> tuple[date | None, date | None]:
        """The last paying day before a day, and the first one after it."""
        days = [d for d in self._levels[customer] if self.paying(customer, d)]
        return (
            max((d for d in days if d < day), default=None),
            min((d for d in days if d > day), default=None),
        )

    def value(self, levels: Levels, month: int) -> int:
        """Units of the base currency, each currency rounded by itself."""
        day = snapshot(month, self.as_of)
        return sum(self.in_base(units, currency, day) for currency, units in levels.items())

    def movements(self) -> dict[tuple[str, int], dict[str, int]]:
        """Opening, movements and closing by customer and month."""
        rows = {}
        for customer in self.customers:
            had = False
            for month in range(min(self.first, index(self.days[0])), self.closing + 1):
                before, after = self.level(customer, month - 1), self.level(customer, month)
                opening = self.value(before, month - 1) if before else 0
                revalued, closing = self.value(before, month), self.value(after, month)
                row = {"opening": opening, **dict.fromkeys(MOVES, 0), "closing": closing}
                row["fx"] = revalued - opening
                name = self.kind(customer, month, (opening, revalued, closing), had=had)
                row[name] = closing - revalued
                had = had or closing > 0
                rows[customer, month] = row
        return rows

    def kind(self, customer: str, month: int, values: tuple[int, int, int], *, had: bool) -> str:
        opening, revalued, closing = values
        if opening > 0 and closing <= 0:
            return "churn"
        if opening <= 0 and closing > 0:
            window = self.settings.churn.reactivation_window_days
            again = had and (window is None or self.idle(customer, month) <= window)
            return "reactivation" if again else "new"
        return "expansion" if closing > revalued else "contraction"

    def idle(self, customer: str, month: int) -> int:
        """The longest silence before a start of service in the month."""
        day, found = snapshot(month - 1, self.as_of) + DAY, 0
        while day <= snapshot(month, self.as_of):
            if self.paying(customer, day) and not self.paying(customer, day - DAY):
                last, _ = self.neighbours(customer, day)
                found = max(found, (day - last - DAY).days if last else 0)
            day += DAY
        return found

    @cache  # noqa: B019 - a ledger lives as long as its test
    def mrr_months(self) -> dict[int, dict[str, int]]:
        rows = self.movements()
        names = ("opening", *MOVES, "closing")
        months = {}
        for month in self.months:
            mine = [row for (_, m), row in rows.items() if m == month]
            months[month] = {
                **{name: sum(row[name] for row in mine) for name in names},
                "customers_opening": sum(row["opening"] > 0 for row in mine),
                "customers_new": sum(row["new"] != 0 for row in mine),
                "customers_churned": sum(row["churn"] != 0 for row in mine),
                "customers_reactivated": sum(row["reactivation"] != 0 for row in mine),
                "customers_paused": 0,
                "customers_closing": sum(row["closing"] > 0 for row in mine),
            }
        return months

    def retention(self) -> dict[int, tuple[int, int, int, int]]:
        """Month: base, closing, kept, customers."""
        found = {}
        for month in range(self.first, self.closing + 1):
            sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
            count = 0
            for customer in self.customers:
                pair = self.pair(customer, month)
                if pair is None:
                    continue
                currency, base, now = pair
                count += 1
                for place, part in enumerate((base, max(0, now), max(0, min(base, now)))):
                    sums[currency][place] += part
            if count:
                totals = [
                    sum(self.value({c: parts[i]}, month) for c, parts in sums.items())
                    for i in range(3)
                ]
                found[month] = (totals[0], totals[1], totals[2], count)
        return found

    def net(self, customer: str, month: int) -> Levels:
        """The level without what pauses hold: here nothing."""
        return self.level(customer, month)

    def pair(self, customer: str, month: int) -> tuple[str, int, int] | None:
        """The MRR then and now: in the customer's only currency, else in the base."""
        then = self.net(customer, month - self.settings.nrr.months)
        now = self.net(customer, month)
        currencies = {
            c for m in range(index(self.days[0]), self.closing + 1) for c in self.level(customer, m)
        }
        if len(currencies) > 1:
            pair = (self.base, self.value(then, month), self.value(now, month))
        else:
            only = next(iter(currencies), self.base)
            pair = (only, then.get(only, 0), now.get(only, 0))
        return pair if pair[1] > 0 else None

    # --- the articles' unit economics -----------------------------------------------------------

    def arpa(self, month: int) -> Fraction | None:
        row = self.mrr_months()[month]
        customers = row["customers_closing"]
        return Fraction(row["closing"], UNITS * customers) if customers else None

    def lifetime(self, month: int) -> Fraction | None:
        ltv = self.settings.ltv
        rows = self.mrr_months()
        window = [m for m in range(month + 1 - ltv.churn_window_months, month + 1) if m in rows]
        lost = sum(rows[m]["customers_churned"] for m in window)
        risk = sum(rows[m]["customers_opening"] for m in window)
        return (
            min(Fraction(risk, lost), Fraction(ltv.cap_months))
            if (lost >= ltv.min_churn_events)
            else None
        )


def takes_until(row: Row) -> tuple[str | None, date]:
    return row.get("subscription_id"), row["period_end"]


def takes(row: Row) -> Any:  # noqa: ANN401
    """What a credit takes back: the line it names, or what of its subscription ends with it."""
    return row.get("original_line_id") or takes_until(row)


def whole(spans: list[Span]) -> Span:
    """A line that was unpaid for a while as if it had been active throughout."""
    return *spans[0][:2], min(s[2] for s in spans), max(s[3] for s in spans), spans[0][4]


def active_days(
    what: Any,  # noqa: ANN401
    lines: list[tuple[Row, list[Span]]],
    first: date,
    end: date,
) -> list[tuple[date, date]]:
    """The part of some days on which a line that a credit names counts."""
    if not isinstance(what, str):
        return [(first, end)]
    spans = [span for _, spans in lines for span in spans]
    days = [(max(first, span[2]), min(end, span[3])) for span in spans]
    return [(a, b) for a, b in days if a < b]


def began(line: tuple[Row, list[Span]]) -> date:
    return min(span[2] for span in line[1])


def remainder(
    day: date, back: list[tuple[Row, Span]], lines: list[tuple[Row, list[Span]]]
) -> tuple[date, int] | None:
    """Until when and by how much full credits miss their lines; None where they are not full."""
    left = sum(span[4] for _, span in back) + sum(spans[0][4] for _, spans in lines)
    if not lines:
        return None
    near = abs(left) <= sum(abs(span[4]) // abs(row["amount"] or 1) + 1 for row, span in back)
    starts = {row["period_start"] for row, _ in back}
    ends = {row["period_end"] for row, _ in [*back, *lines]}
    if len(lines) == len(starts) == len(ends) == 1:
        line, start, end = lines[0][0], *starts, *ends
        share = Fraction((end - start).days, (end - line["period_start"]).days)
        given = sum(row["amount"] for row, _ in back)
        near = near or abs(line["amount"] * share + given) < len(back)
    until = min(
        *(span[3] for _, span in back), *(max(s[3] for s in spans) for _, spans in lines), date.max
    )
    return (until, -left) if near and day < until else None


def same(one: Row, other: Row, key: str) -> bool:
    return one.get(key) is not None and one.get(key) == other.get(key)


def index(day: date) -> int:
    return day.year * 12 + day.month - 1


def snapshot(month: int, as_of: date) -> date:
    year, zero_based = divmod(month, 12)
    return min(date(year, zero_based + 1, monthrange(year, zero_based + 1)[1]), as_of)


def is_last(day: date) -> bool:
    return (day + DAY).day == 1


def back(day: date, months: int) -> date:
    year, zero_based = divmod(index(day) - months, 12)
    return date(year, zero_based + 1, min(day.day, monthrange(year, zero_based + 1)[1]))
