"""Every figure of the catalogue once more, from its definition, in plain Python.

It shares nothing with the product but the settings: rows are those of `tests.companies`, MRR is that
of `tests.oracle`, and everything else is counted here, one row at a time.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tests.oracle import UNITS, Ledger, index, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.companies import Company

Value = Fraction | int | None
LIMIT = timedelta(days=30)
MARGIN = ("cogs", "hosting", "payment_fees")
SERVICE = ("support", "success")
AGES = {
    "overdue": (1, 10**6),
    "overdue_1_30": (1, 30),
    "overdue_31_60": (31, 60),
    "overdue_61_90": (61, 90),
    "overdue_over_90": (91, 10**6),
}


def over(above: Value, below: Value) -> Fraction | None:
    return None if above is None or not below else Fraction(above) / Fraction(below)


class Catalogue:
    """All figures of one company."""

    def __init__(self, company: Company, ledger: Ledger) -> None:
        self.tables, self.ledger = company.tables, ledger
        self.settings, self.as_of = ledger.settings, ledger.as_of
        self.rows = ledger.mrr_months()
        sent = [r["issued_on"] for r in company.lines if r["status"] not in {"draft", "void"}]
        self.begins = index(min(sent))

    def figure(self, name: str, month: int) -> Value:
        """A figure; None where it cannot be estimated, as before the first invoice."""
        if month < self.begins:
            return None
        find: Callable[[int], Value] | None = getattr(self, name, None)
        if find is not None:
            return find(month)
        for family in (self._moves, self._reasons, self._ages):
            found = family(name, month)
            if found is not NotImplemented:
                value: Value = found
                return value
        raise LookupError(name)

    # --- families -------------------------------------------------------------------------------

    def _moves(self, name: str, month: int) -> Any:  # noqa: ANN401
        moves = ("new", "expansion", "contraction", "churn", "reactivation", "fx")
        if name in {"paused", "paused_mrr"}:
            return 0
        return Fraction(self.rows[month][name], UNITS) if name in moves else NotImplemented

    def _reasons(self, name: str, month: int) -> Any:  # noqa: ANN401
        if not name.startswith("churn_"):
            return NotImplemented
        gone = {
            c: row["churn"] for (c, m), row in self.moved.items() if m == month and row["churn"]
        }
        return Fraction(
            sum(v for c, v in gone.items() if self._why(c, month) == name[len("churn_") :]), UNITS
        )

    def _why(self, customer: str, month: int) -> str:
        ends = [
            (row["ended_on"], row["cancel_reason"] or "")
            for row in self.tables["subscriptions"]
            if row["customer_id"] == customer
            and row["ended_on"]
            and row["ended_on"] <= self.day(month)
        ]
        reason = max(ends)[1] if ends else ""
        return {"": "unknown", "payment_failed": "involuntary"}.get(reason, "voluntary")

    def _ages(self, name: str, month: int) -> Any:  # noqa: ANN401
        if name not in AGES:
            return NotImplemented
        low, high = AGES[name]
        day = self.day(month)
        return sum(v for due, v in self._open(month) if low <= (day - due).days <= high)

    # --- MRR ------------------------------------------------------------------------------------

    @cached_property
    def moved(self) -> dict[tuple[str, int], dict[str, int]]:
        return self.ledger.movements()

    def day(self, month: int) -> Any:  # noqa: ANN401
        return snapshot(month, self.as_of)

    def levels(self, month: int) -> dict[str, int]:
        """MRR units of every paying customer."""
        found = {
            c: self.ledger.value(self.ledger.level(c, month), month) for c in self.ledger.customers
        }
        return {customer: value for customer, value in found.items() if value > 0}

    def worth(self, entries: Iterable[tuple[Any, str, int]], month: int) -> dict[Any, int]:
        """Units by key, each key's currency converted by itself."""
        sums: dict[tuple[Any, str], int] = defaultdict(int)
        for key, currency, units in entries:
            sums[key, currency] += units
        found: dict[Any, int] = defaultdict(int)
        for (key, currency), units in sums.items():
            found[key] += self.ledger.value({currency: units}, month)
        return found

    def active(self, month: int) -> list[tuple[dict[str, Any], str, int]]:
        """The lines active at a month's end: row, currency, units."""
        day = self.day(month)
        return [
            (row, currency, units)
            for row in self.ledger.billed
            for _, currency, start, end, units in self.ledger.spans(row)
            if start <= day < end
        ]

    def mrr(self, month: int) -> Value:
        return Fraction(self.rows[month]["closing"], UNITS)

    def arr(self, month: int) -> Value:
        return 12 * Fraction(self.rows[month]["closing"], UNITS)

    def customers(self, month: int) -> Value:
        return self.rows[month]["customers_closing"]

    def arpa(self, month: int) -> Value:
        return over(self.mrr(month), self.customers(month))

    def asp(self, month: int) -> Value:
        return over(Fraction(self.rows[month]["new"], UNITS), self.rows[month]["customers_new"])

    def discount_mrr(self, month: int) -> Value:
        parts = [
            (row["customer_id"], c, round(Fraction(units * row["discount"], row["amount"])))
            for row, c, units in self.active(month)
            if row.get("discount")
        ]
        return Fraction(sum(self.worth(parts, month).values()), UNITS)

    def contract_mrr(self, month: int) -> Value:
        return Fraction(self.mrr(month) or 0) + Fraction(self.discount_mrr(month) or 0)

    def subscriptions(self, month: int) -> Value:
        entries = [
            ((row["customer_id"], self.ledger.subscription(row)), c, units)
            for row, c, units in self.active(month)
        ]
        day = self.day(month)
        entries += [
            ((customer, name), currency, units)
            for customer, currency, start, end, units, name in self.ledger.left_by_credits()
            if start <= day < end
        ]
        return sum(value > 0 for value in self.worth(entries, month).values())

    def carr(self, month: int) -> Value:
        day, paying = self.day(month), self.levels(month)
        ahead = [
            (row["customer_id"], currency, units)
            for row in self.ledger.billed
            for _, currency, start, _, units in self.ledger.spans(row)
            if row["issued_on"] <= day < start and row["issued_on"] < start
            if row["customer_id"] not in paying
        ]
        waiting = sum(worth for worth in self.worth(ahead, month).values() if worth > 0)
        return 12 * (Fraction(self.mrr(month) or 0) + Fraction(waiting, UNITS))

    def at_risk_mrr(self, month: int) -> Value:
        day, entries = self.day(month), []
        for row, currency, units in self.active(month):
            since = row.get("due_on") or row["issued_on"]
            unpaid = row["status"] in {"open", "uncollectible"} and not row.get("paid_on")
            late = unpaid or (row.get("paid_on") and row["paid_on"] > max(day, since))
            if row["kind"] == "recurring" and late and since <= day:
                entries.append((row["customer_id"], currency, units))
        return Fraction(sum(self.worth(entries, month).values()), UNITS)

    def intra_period(self, month: int) -> Value:
        found = 0
        for customer in self.ledger.customers:
            if any(customer in self.levels(m) for m in (month - 1, month)):
                continue
            day = self.day(month - 1) + timedelta(days=1)
            most = 0
            while day <= self.day(month):
                levels = self.ledger._levels[customer].get(day, {})
                most = max(most, self.ledger.value(levels, month))
                day += timedelta(days=1)
            found += most
        return Fraction(found, UNITS)

    def provisional_mrr(self, month: int) -> Value:
        day, limit, found = self.day(month), self.settings.churn.bridge_gap_days, 0
        for customer in self.ledger.customers:
            days = [d for d in self.ledger._levels[customer] if self.ledger.paying(customer, d)]
            ended = max(days) + timedelta(days=1) if days else None
            if ended and ended <= day and (self.as_of - ended).days < limit:
                last = self.ledger._levels[customer][ended - timedelta(days=1)]
                found += self.ledger.value({c: v for c, v in last.items() if v > 0}, month)
        return Fraction(found, UNITS)

    # --- rates ----------------------------------------------------------------------------------

    def logo_churn(self, month: int) -> Value:
        return over(self.rows[month]["customers_churned"], self.rows[month]["customers_opening"])

    def gross_mrr_churn(self, month: int) -> Value:
        row = self.rows[month]
        return over(-row["churn"] - row["contraction"], max(0, row["opening"]))

    def net_mrr_churn(self, month: int) -> Value:
        row = self.rows[month]
        return over(-row["churn"] - row["contraction"] - row["expansion"], max(0, row["opening"]))

    def quick_ratio(self, month: int) -> Value:
        row = self.rows[month]
        return over(
            row["new"] + row["expansion"] + row["reactivation"], -row["churn"] - row["contraction"]
        )

    @cached_property
    def kept(self) -> dict[int, tuple[int, int, int, int]]:
        return self.ledger.retention()

    def nrr(self, month: int) -> Value:
        return over(self.kept[month][1], self.kept[month][0]) if month in self.kept else None

    def grr(self, month: int) -> Value:
        return over(self.kept[month][2], self.kept[month][0]) if month in self.kept else None

    def mrr_growth(self, month: int) -> Value:
        row = self.rows[month]
        return over(row["closing"] - row["opening"], row["opening"])

    def cmgr(self, month: int) -> Value:
        then = self.rows[month - 12]["closing"] if month - 12 >= self.begins else 0
        ratio = over(self.rows[month]["closing"], then)
        if ratio is None or ratio < 0:
            return None
        return Fraction(str(round(float(ratio) ** (1 / 12), 12))) - 1

    def renewal_rate(self, month: int) -> Value:
        ended = [
            (row["customer_id"], currency, units)
            for row in self.ledger.billed
            for _, currency, _, end, units in self.ledger.spans(row)
            if row["kind"] == "recurring" and end <= self.as_of and index(end) == month
        ]
        due = sum(self.worth(ended, month).values())
        return over(due + self.rows[month]["contraction"] + self.rows[month]["churn"], due)

    def top1_share(self, month: int) -> Value:
        return over(max(self.levels(month).values(), default=0), self.rows[month]["closing"])

    def top10_share(self, month: int) -> Value:
        top = sorted(self.levels(month).values())[-10:]
        return over(sum(top), self.rows[month]["closing"])

    def hhi(self, month: int) -> Value:
        squares = sum(v * v for v in self.levels(month).values())
        return over(squares, self.rows[month]["closing"] ** 2)

    def earned_growth_rate(self, month: int) -> Value:
        if month not in self.kept:
            return None
        named = {row["referred_id"] for row in self.tables["referrals"]} | {
            row["customer_id"]
            for row in self.tables["deals"]
            if row["referrer_customer_id"] and row["outcome"] == "won"
        }
        window = self.window(month, self.settings.nrr.months)
        won = sum(row["new"] for (c, m), row in self.moved.items() if c in named and m in window)
        base, closing, _, _ = self.kept[month]
        return over(closing + won - base, base)

    def involuntary_churn_share(self, month: int) -> Value:
        return over(
            self.figure("churn_involuntary", month), Fraction(self.rows[month]["churn"], UNITS)
        )

    # --- billed and paid ------------------------------------------------------------------------

    def net_revenue(self, month: int) -> Value:
        return self.ledger.revenue().get(month, 0)

    def _billed(self, month: int, kind: str) -> int:
        return sum(
            self.ledger.in_base(row["amount"], row["currency"], row["issued_on"])
            for row in self.ledger.billed
            if row["kind"] == kind and index(row["issued_on"]) == month
        )

    def usage_revenue(self, month: int) -> Value:
        return self._billed(month, "usage")

    def one_off_revenue(self, month: int) -> Value:
        return self._billed(month, "one_off")

    def refunds(self, month: int) -> Value:
        return sum(
            self.ledger.in_base(-row["amount"], row["currency"], row["issued_on"])
            for row in self.ledger.rows
            if row["kind"] == "refund" and row["status"] not in {"draft", "void"}
            if row["issued_on"] <= self.as_of and index(row["issued_on"]) == month
        )

    @cached_property
    def payments(self) -> list[dict[str, Any]]:
        return [row for row in self.tables["payments"] if row["attempted_on"] <= self.as_of]

    def cash_collected(self, month: int) -> Value:
        return sum(
            self.ledger.in_base(row["amount"], row["currency"], row["attempted_on"])
            for row in self.payments
            if row["outcome"] == "succeeded" and index(row["attempted_on"]) == month
        )

    @cached_property
    def attempts(self) -> dict[str, tuple[int, Any, Any]]:
        """Invoice: month of the first attempt, day of the first failure, of the recovery."""
        found = {}
        for invoice in {row["invoice_id"] for row in self.payments}:
            mine = [row for row in self.payments if row["invoice_id"] == invoice]
            failed = min(
                (r["attempted_on"] for r in mine if r["outcome"] == "failed"), default=None
            )
            back = [
                row["attempted_on"]
                for row in mine
                if failed and row["outcome"] == "succeeded"
                if timedelta(0) <= row["attempted_on"] - failed <= LIMIT
            ]
            first = index(min(row["attempted_on"] for row in mine))
            found[invoice] = (first, failed, min(back, default=None))
        return found

    def _attempted(self, month: int) -> tuple[int, int, int, int]:
        mine = [(f, b) for m, f, b in self.attempts.values() if m == month]
        days = sum((back - failed).days for failed, back in mine if back)
        return (
            len(mine),
            sum(f is not None for f, _ in mine),
            sum(b is not None for _, b in mine),
            days,
        )

    def payment_failure_rate(self, month: int) -> Value:
        attempts, failed, _, _ = self._attempted(month)
        return over(failed, attempts)

    def recovery_rate(self, month: int) -> Value:
        _, failed, back, _ = self._attempted(month)
        return over(back, failed)

    def net_loss_rate(self, month: int) -> Value:
        attempts, failed, back, _ = self._attempted(month)
        return over(failed - back, attempts)

    def time_to_recover(self, month: int) -> Value:
        _, _, back, days = self._attempted(month)
        return over(days, back)

    def recovered_mrr(self, month: int) -> Value:
        entries = [
            (row["customer_id"], currency, units)
            for row in self.ledger.billed
            for _, currency, _, _, units in self.ledger.spans(row)
            if self.attempts.get(row["invoice_id"], (0, None, None))[0] == month
            if self.attempts[row["invoice_id"]][2]
        ]
        return Fraction(sum(self.worth(entries, month).values()), UNITS)

    def _open(self, month: int) -> list[tuple[Any, int]]:
        """Due day and gross amount of what is open at a month's end."""
        day, found = self.day(month), []
        for row in self.ledger.billed:
            paid = [
                p["attempted_on"]
                for p in self.payments
                if p["invoice_id"] == row["invoice_id"] and p["outcome"] == "succeeded"
            ]
            at_once = row["issued_on"] if row["status"] == "paid" else None
            settled = row.get("paid_on") or min(paid, default=None) or at_once
            if row["issued_on"] <= day and (settled is None or settled > day):
                found.append((row.get("due_on") or row["issued_on"], self._gross(row)))
        return found

    def _gross(self, row: dict[str, Any]) -> int:
        gross = row["amount"] + (row.get("tax") or 0)
        return self.ledger.in_base(gross, row["currency"], row["issued_on"])

    def dso(self, month: int) -> Value:
        recent = sum(
            self._gross(row)
            for row in self.ledger.billed
            if month - 2 <= index(row["issued_on"]) <= month
        )
        first = snapshot(month - 3, self.as_of)
        share = over(sum(value for _, value in self._open(month)), recent)
        return None if share is None else share * (self.day(month) - first).days

    # --- unit economics -------------------------------------------------------------------------

    def window(self, month: int, length: int) -> range:
        return range(month + 1 - length, month + 1)

    def _costs(self, table: str, months: Iterable[int], categories: tuple[str, ...]) -> list[int]:
        wanted = set(months)
        return [
            row["amount"]
            for row in self.tables[table]
            if index(row["period_start"]) in wanted and row["category"] in categories
        ]

    def _revenue(self, months: Iterable[int]) -> int:
        revenue = self.ledger.revenue()
        return sum(revenue.get(month, 0) for month in months)

    def _sum(self, months: Iterable[int], column: str) -> int:
        return sum(self.rows[month][column] for month in months if month in self.rows)

    def gross_margin(self, month: int) -> Value:
        months = self.window(month, self.settings.ltv.churn_window_months)
        revenue = self._revenue(months)
        cost = sum(self._costs("service_costs", months, MARGIN))
        return over(revenue - cost, revenue) if revenue > 0 else None

    def clv(self, month: int) -> Value:
        parts = (self.ledger.arpa(month), self.gross_margin(month), self.ledger.lifetime(month))
        each, margin, life = (None if part is None else Fraction(part) for part in parts)
        return None if each is None or margin is None or life is None else each * margin * life

    def _spend(self, months: Iterable[int]) -> int | None:
        found = self._costs("spend", months, ("marketing", "sales", "onboarding", "tools"))
        return sum(found) if found else None

    def _won(self, month: int) -> tuple[int | None, range]:
        cac = self.settings.cac
        new = self.window(month, cac.window_months)
        return self._spend(m - cac.lag_months for m in new), new

    def cac(self, month: int) -> Value:
        spend, new = self._won(month)
        return over(spend, self._sum(new, "customers_new"))

    def cltv_net(self, month: int) -> Value:
        gross, cost = self.clv(month), self.cac(month)
        return None if gross is None or cost is None else gross - cost

    def cost_to_serve(self, month: int) -> Value:
        months = self.window(month, self.settings.ltv.churn_window_months)
        cost, life = self._costs("service_costs", months, SERVICE), self.ledger.lifetime(month)
        each = over(sum(cost), self._sum(months, "customers_closing")) if cost else None
        return None if each is None or life is None else each * life

    def customer_net_worth(self, month: int) -> Value:
        net, serve = self.cltv_net(month), self.cost_to_serve(month)
        return None if net is None or serve is None else net - serve

    def ltv_cac(self, month: int) -> Value:
        return over(self.clv(month), self.cac(month))

    def cac_payback(self, month: int) -> Value:
        (spend, new), margin = self._won(month), self.gross_margin(month)
        gained = Fraction(self._sum(new, "new"), UNITS)
        return over(spend, gained * margin) if margin is not None and margin > 0 else None

    def cac_payback_empirical(self, month: int) -> Value:
        cac = self.settings.cac
        cohort = month + 1 - cac.window_months
        cost = self._spend([cohort - cac.lag_months])
        mine = {c for (c, m), row in self.moved.items() if m == cohort and row["new"]}
        if not cost or not mine:
            return None
        earned = Fraction(0)
        for at in range(cohort, month + 1):
            revenue = self._revenue([at])
            margin = (
                Fraction(revenue - sum(self._costs("service_costs", [at], MARGIN)), revenue)
                if revenue > 0
                else 0
            )
            billed = sum(
                self.ledger.in_base(row["amount"], row["currency"], row["issued_on"])
                for row in self.ledger.billed
                if row["customer_id"] in mine and index(row["issued_on"]) == at
            )
            earned += billed * margin
            if earned >= cost:
                return at - cohort + 1
        return None

    def magic_number(self, month: int) -> Value:
        before = range(month - 5, month - 2)
        if before[0] < self.begins:
            return None
        grown = self._revenue(range(month - 2, month + 1)) - self._revenue(before)
        return over(4 * grown, self._spend(before))

    def _item(self, item: str, months: range) -> int | None:
        found = [
            r["amount"]
            for r in self.tables["finance"]
            if r["item"] == item and index(r["month"]) in months
        ]
        return sum(found) if len(found) == len(months) else None

    def burn_multiple(self, month: int) -> Value:
        burnt = self._item("net_burn", self.window(month, 12))
        then = self.rows.get(month - 12, {"closing": 0})["closing"]
        grown = 12 * Fraction(self.rows[month]["closing"] - then, UNITS)
        return over(burnt, grown) if grown > 0 and month - 12 >= self.begins else None

    def rule_of_40(self, month: int) -> Value:
        window = self.window(month, 12)
        if window[0] - 12 < self.begins:
            return None
        profit, now = self._item("fcf", window), self._revenue(window)
        growth = over(
            now - self._revenue(m - 12 for m in window), self._revenue(m - 12 for m in window)
        )
        margin = over(profit, now)
        return None if growth is None or margin is None else growth + margin

    # --- what customers say, and how they are won -----------------------------------------------

    def _scores(self, kind: str, month: int) -> list[int]:
        return [
            row["score"]
            for row in self.tables["surveys"]
            if row["kind"] == kind and row["score"] is not None
            if row["answered_on"] <= self.as_of and index(row["answered_on"]) == month
        ]

    def nps(self, month: int) -> Value:
        scores = self._scores("nps", month)
        return over(100 * (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)), len(scores))

    def csat(self, month: int) -> Value:
        scores = self._scores("csat", month)
        return over(sum(s >= 4 for s in scores), len(scores))

    def ces(self, month: int) -> Value:
        scores = self._scores("ces", month)
        return over(sum(s >= 4 for s in scores), len(scores))

    def response_rate(self, month: int) -> Value:
        sent = [
            r
            for r in self.tables["surveys"]
            if r["asked_on"] <= self.as_of and index(r["asked_on"]) == month
        ]
        back = [r for r in sent if r["answered_on"] and r["answered_on"] <= self.as_of]
        return over(len(back), len(sent))

    def detractor_mrr_share(self, month: int) -> Value:
        latest: dict[str, tuple[Any, int]] = {}
        for row in self.tables["surveys"]:
            known = row["kind"] == "nps" and row["score"] is not None
            if known and row["answered_on"] <= self.as_of and index(row["answered_on"]) <= month:
                old = latest.get(row["customer_id"])
                if old is None or row["answered_on"] >= old[0]:
                    latest[row["customer_id"]] = (row["answered_on"], row["score"])
        levels = {c: v for c, v in self.levels(month).items() if c in latest}
        return over(sum(v for c, v in levels.items() if latest[c][1] <= 6), sum(levels.values()))

    def trial_conversion(self, month: int) -> Value:
        starts: dict[str, Any] = {}
        for row in self.ledger.billed:
            if row["kind"] == "trial":
                start = row["period_start"] or row["issued_on"]
                starts[row["customer_id"]] = min(start, starts.get(row["customer_id"], start))
        begun = []
        for customer, start in starts.items():
            days = [d for d in self.ledger._levels[customer] if self.ledger.paying(customer, d)]
            paid = min(days, default=None)
            if index(start) == month and (paid is None or paid >= start):
                begun.append((start, paid))
        limit = timedelta(days=self.settings.trials.window_days)
        if any(self.as_of - start < limit for start, _ in begun):
            return None
        return over(sum(p is not None and p - s <= limit for s, p in begun), len(begun))

    def _deals(self, column: str, month: int) -> list[dict[str, Any]]:
        return [
            r
            for r in self.tables["deals"]
            if r[column] and r[column] <= self.as_of and index(r[column]) == month
        ]

    def win_rate(self, month: int) -> Value:
        closed = [r["outcome"] for r in self._deals("closed_on", month)]
        return over(closed.count("won"), closed.count("won") + closed.count("lost"))

    def lead_velocity(self, month: int) -> Value:
        now, before = (
            len([r for r in self._deals("created_on", m) if r["type"] in {"new", None}])
            for m in (month, month - 1)
        )
        return over(now - before, before)

    def prior_period_adjustment(self, _month: int) -> Value:
        return None
