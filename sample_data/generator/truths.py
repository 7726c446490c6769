"""truths/: what was planted and what it amounted to in this sample, for tests."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from . import planted
from .billing import bill
from .catalog import PRICE_RISE, PRICE_RISE_PERCENT, PRODUCTS
from .clock import END, MONTHS, START, add_months, days, month_index
from .company import Company, holds_metered
from .fate import live
from .files_care import usage_rows
from .files_finance import ledger
from .fit import Counts, fit_sbg
from .money_back import settle
from .reckon import mrr_usd, net_revenue_usd
from .risk import first_day, window
from .write import major, table, text

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from .model import Account, Episode, Spell

Facts = dict[str, Any]


def write_truths(root: Path, company: Company) -> None:
    """Write everything below truths/."""
    header = "customer_id,metric,from_month,monthly_decline"
    table(root, "truths/declining_usage.csv", header, _declining(company))
    header = "customer_id,metric,first_month_over,quantity,quota,months_over"
    table(root, "truths/quota_crossings.csv", header, _crossings(company))
    header = "flag_id,t0,treated,eligible,tickets_90d,usage_decline,mrr_usd,propensity,saved,net_revenue,net_revenue_without"
    table(root, "truths/episodes.csv", header, map(_episode, company.episodes))
    facts = {
        "window": {"start": START.isoformat(), "end": END.isoformat(), "months": MONTHS},
        "counts": _counts(company),
        "billed": _billed(company),
        "monthly": _monthly(company),
        "churn": _churn(company),
        "interventions": _interventions(company),
        "initiative": _initiative(company),
        "channels": _channels(company),
        "driver_weights": planted.DRIVER_WEIGHTS,
        "price_rise": {"from_term_start": PRICE_RISE.isoformat(), "percent": PRICE_RISE_PERCENT},
    }
    text(root, "truths/summary.json", json.dumps(facts, indent=1) + "\n")


def _declining(company: Company) -> list[list[object]]:
    """List accounts whose usage was made to fall up to the last day."""
    rows: list[list[object]] = []
    for account in company.paying:
        plan = account.customer.decline
        for item in holds_metered(account) if plan and account.active_at(END) else ():
            metric = PRODUCTS[item.product].metric
            if plan and item.quantity_at(END) and month_index(item.started) <= plan[0] - 6:
                rows.append(
                    [account.customer.id, metric, add_months(START, plan[0]), f"{plan[1]:.4f}"]
                )
    return rows


def _crossings(company: Company) -> list[list[object]]:
    """List every customer and metric that was ever above its quota, with the first such month."""
    found: dict[tuple[str, str], list[Any]] = {}
    for customer, month, metric, quantity, quota in usage_rows(company):
        if int(str(quantity)) > int(str(quota)):
            row = found.setdefault(
                (str(customer), str(metric)), [customer, metric, month, quantity, quota, 0]
            )
            row[5] += 1
    return [found[key] for key in sorted(found)]


def _episode(episode: Episode) -> list[object]:
    """Write one risk episode with what only the simulator knows."""
    return [
        episode.id,
        first_day(episode),
        int(episode.treated),
        int(episode.eligible),
        episode.tickets,
        f"{episode.decline:.3f}",
        f"{episode.mrr:.2f}",
        f"{episode.propensity:.3f}",
        int(episode.saved),
        f"{episode.y:.2f}" if episode.eligible else "",
        f"{episode.y0:.2f}" if episode.eligible and episode.saved else "",
    ]


def _counts(company: Company) -> Facts:
    """Count what the files hold."""
    kinds = Counter(account.customer.kind for account in company.accounts)
    uncovered = sum(refund.credit is None for refund in company.refunds)
    return {
        "customers": len(company.accounts),
        "paying": kinds["paying"],
        "trial_only": kinds["trial_only"],
        "test": kinds["test"],
        "test_customer_ids": [a.customer.id for a in company.accounts if a.customer.kind == "test"],
        "invoices": len(company.invoices),
        "invoices_by_status": dict(sorted(Counter(i.status for i in company.invoices).items())),
        "lines": sum(len(i.lines) for i in company.invoices),
        "subscriptions": len(company.items),
        "credit_notes": len(company.credits),
        "refunds_covered": len(company.refunds) - uncovered,
        "refunds_uncovered": uncovered,
        "returned_customers": sum(len(a.spells) > 1 for a in company.paying),
        "paused_customers": sum(any(s.pauses for s in a.spells) for a in company.paying),
        "switched_to_annual": sum(_switched(a.spells[0]) is not None for a in company.paying),
        "units": len({(i.product, a.customer.segment) for a in company.paying for i in a.items}),
    }


def _switched(spell: Spell) -> date | None:
    """Return when a monthly stay moved to annual terms, if it did within the data."""
    if spell.terms[0].interval == "year":
        return None
    return next(
        (term.start for term in spell.terms if term.interval == "year" and term.start <= END), None
    )


def _billed(company: Company) -> Facts:
    """Add up billed revenue by month and currency, as the general ledger has it."""
    months: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    totals: dict[str, int] = defaultdict(int)
    for (month, _, currency), amount in sorted(ledger(company).items()):
        months[currency.upper()][month] += amount
        totals[currency.upper()] += amount
    return {
        "total": {currency: major(amount) for currency, amount in sorted(totals.items())},
        "by_month": {
            c: {m: major(v) for m, v in sorted(rows.items())} for c, rows in sorted(months.items())
        },
    }


def _monthly(company: Company) -> list[Facts]:
    """State MRR, customers and losses at each month's end, by the simplest rule (see README)."""
    rows: list[Facts] = []
    before: set[str] = set()
    for month in range(MONTHS):
        last = add_months(START, month + 1) - days(1)
        values = {a.customer.id: mrr_usd(a, last) for a in company.paying}
        now = {customer for customer, value in values.items() if value > 0}
        row = {
            "month": last.isoformat()[:7],
            "mrr_usd": round(sum(values.values()), 2),
            "customers": len(now),
        }
        row |= {"new_or_back": len(now - before), "lost_or_paused": len(before - now)}
        rows.append(row)
        before = now
    return rows


def _churn(company: Company) -> Facts:
    """State the planted betas, the renewals that happened and the fits of both worlds."""
    facts: Facts = {"monthly_beta": planted.MONTHLY_BETA, "annual_beta": planted.ANNUAL_BETA}
    for interval in ("month", "year"):
        stays = [a for a in company.paying if a.customer.interval == interval]
        seen = _renewals([a.spells[0] for a in stays], interval)
        plain = _renewals([live(a.customer, 1, a.customer.first_bill, []) for a in stays], interval)
        facts[interval] = {
            "customers": len(stays),
            "lost_at_renewal": seen[0],
            "renewed_at_renewal": seen[1],
            "fit_observed": fit_sbg(seen),
            "fit_without_interventions": fit_sbg(plain),
        }
    return facts


def _renewals(spells: list[Spell], interval: str) -> Counts:
    """Count first-stay renewals that were lost and won, up to the last day or a change of interval."""
    lost, won = [0] * 42, [0] * 42
    for spell in spells:
        for (index, leaves), term in zip(spell.renewals, spell.terms, strict=True):
            if term.end > END or term.interval != interval:
                break
            (lost if leaves else won)[index] += 1
    size = max(k for k in range(42) if lost[k] or won[k]) + 1
    return lost[:size], won[:size]


def _interventions(company: Company) -> Facts:
    """State the planted effect of help and the effect that it had in this sample."""
    eligible = [e for e in company.episodes if e.eligible]
    helped = [e for e in eligible if e.treated]
    others = [e for e in eligible if not e.treated]
    gains = [e.y - e.y0 for e in helped]
    return {
        "episodes": len(company.episodes),
        "eligible_treated": len(helped),
        "eligible_untreated": len(others),
        "grace_days": planted.GRACE_DAYS,
        "save_share": planted.SAVE_SHARE,
        "propensity": {
            **planted.PROPENSITY,
            **planted.PROPENSITY_SEGMENT,
            "range": planted.PROPENSITY_RANGE,
        },
        "saved_customers": len({e.customer.id for e in company.episodes if e.saved}),
        "saved_eligible": sum(e.saved for e in helped),
        "att_usd": round(sum(gains) / len(gains), 2),
        "att_total_usd": round(sum(gains), 2),
        "naive_usd": round(
            sum(e.y for e in helped) / len(helped) - sum(e.y for e in others) / len(others), 2
        ),
        "mean_net_revenue_treated": round(sum(e.y for e in helped) / len(helped), 2),
        "mean_net_revenue_untreated": round(sum(e.y for e in others) / len(others), 2),
        "stayed_12m_treated": _stayed(helped, company),
        "stayed_12m_untreated": _stayed(others, company),
    }


def _stayed(episodes: list[Episode], company: Company) -> float:
    """Return the share of episodes whose customer was still there twelve months after t0."""
    first = {a.customer.id: a.spells[0] for a in company.paying}
    kept = [
        first[e.customer.id].ended is None or str(first[e.customer.id].ended) >= str(window(e)[1])
        for e in episodes
    ]
    return round(sum(kept) / len(kept), 4)


def _initiative(company: Company) -> Facts:
    """Compare with the same company, same luck, without the aligned initiative."""
    units = [f"{planted.INITIATIVE_PRODUCT}/{segment}" for segment in planted.INITIATIVE_SEGMENTS]
    touched = [a for a in company.paying if a.customer.segment in planted.INITIATIVE_SEGMENTS]
    pairs = [(account, _without(account, company)) for account in touched if _connected(account)]
    start = month_index(planted.INITIATIVE_START)
    lasts = [add_months(START, month + 1) - days(1) for month in range(start, MONTHS)]
    product = planted.INITIATIVE_PRODUCT
    real = [sum(mrr_usd(a, day, product) for a, _ in pairs) for day in lasts]
    plain = [sum(mrr_usd(b, day, product) for _, b in pairs) for day in lasts]
    revenue = sum(
        net_revenue_usd(a, planted.INITIATIVE_START, END + days(1))
        - net_revenue_usd(b, planted.INITIATIVE_START, END + days(1))
        for a, b in pairs
    )
    return {
        "initiative_id": "cx1",
        "from": planted.INITIATIVE_START.isoformat(),
        "units": units,
        "extra_expansion_chance_a_month": planted.INITIATIVE_CHANCE,
        "expansion_step": planted.INITIATIVE_STEP,
        "unit_mrr_at_end_usd": round(real[-1], 2),
        "unit_mrr_at_end_without_usd": round(plain[-1], 2),
        "mrr_lift_at_end": round(real[-1] / plain[-1] - 1, 4),
        "mean_mrr_lift_after_start": round(
            sum(r / p for r, p in zip(real, plain, strict=True)) / len(real) - 1, 4
        ),
        "extra_billed_usd": round(revenue, 2),
    }


def _connected(account: Account) -> bool:
    """Say whether a customer ever held the initiative's product."""
    return any(item.product == planted.INITIATIVE_PRODUCT for item in account.items)


def _without(account: Account, company: Company) -> Account:
    """Bill a customer again as if there had been no initiative."""
    own = [e for e in company.episodes if e.customer is account.customer and e.saved]
    return settle(bill(account.customer, [window(e) for e in own], initiative=False))


def _channels(company: Company) -> Facts:
    """State the response curves and how many new payers each channel brought."""
    brought = Counter(a.customer.channel for a in company.paying)
    facts: Facts = {
        channel: {"k": k, "alpha": alpha, "new_paying_customers": brought[channel]}
        for channel, (k, alpha, _) in planted.CHANNELS.items()
    }
    facts["noise_sigma"] = planted.CHANNEL_SIGMA
    facts["referral_customers"] = brought["referral"]
    return facts
