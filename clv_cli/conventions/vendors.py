"""The vendors' conventions, rule by rule, with what each rests on."""

from __future__ import annotations

from clv_cli.conventions.bundle import Convention, Rule

ANY_GAP = Rule("churn.bridge_gap_days", 0, "any gap is churn and a return is reactivation")
NO_REFUNDS = Rule("mrr.refunds", "ignore", "refunds never change MRR")
IGNORED_CREDITS = Rule(
    "mrr.credit_notes",
    "ignore",
    "refunds and credits are ignored; said of refunds only",
    documented=False,
)
NET_OF_DISCOUNTS = Rule("mrr.discounts", "all", "amounts after every discount")
PRICE_COUNTS = Rule(
    "mrr.proration", "exclude", "the price counts, not the prorated charge", documented=False
)
NO_GRACE_END = Rule(
    "churn.grace_days", None, "a past due subscription counts until it is cancelled"
)

CHARTMOGUL = Convention(
    "chartmogul",
    "ChartMogul",
    (
        Rule("mrr.basis", "lines", "MRR from invoice line items with a service period"),
        Rule("mrr.rounding", "cents_per_line", "each line to the closest integer, in cents"),
        NET_OF_DISCOUNTS,
        Rule("mrr.free", "keep_active", "a customer on a free plan stays active by default"),
        Rule("mrr.paused", "keep", "kept for Stripe, Chargebee and GoCardless sources"),
        Rule("churn.date", "cancel_effective", "when the subscription ends in the billing system"),
        NO_GRACE_END,
        Rule(
            "churn.bridge_gap_days", 0, "no allowance for late renewals is named", documented=False
        ),
        Rule(
            "movements.mode",
            "snapshot",
            "customer churn leaves out who came and went",
            documented=False,
        ),
        Rule("grain", "customer", "movements by customer"),
        IGNORED_CREDITS,
        NO_REFUNDS,
        Rule("mrr.proration", "factor", "full period / prorated period"),
        Rule("fx.mode", "service_start", "rate of the service start, with its own row"),
    ),
    ("net MRR churn counts reactivation", "LTV over six months without the current one"),
)
STRIPE = Convention(
    "stripe",
    "Stripe Billing (classic)",
    (
        Rule("mrr.basis", "subscriptions", "subscription state at its price"),
        Rule("mrr.discounts", "forever_only", "only forever coupons lower MRR; now two toggles"),
        Rule("mrr.usage", "exclude", "metered usage is left out"),
        Rule("mrr.paused", "keep", "a paused collection keeps the subscription", documented=False),
        Rule("churn.date", "cancel_request", "churn when the subscription is cancelled"),
        NO_GRACE_END,
        Rule("churn.bridge_gap_days", 0, "a subscription has no gaps", documented=False),
        Rule("movements.mode", "events", "new and churn of one month count in both"),
        Rule("grain", "customer", "by subscriber"),
        NO_REFUNDS,
        PRICE_COUNTS,
    ),
    (
        "past due counts, unpaid is dropped: the subscription table holds no history of it",
        "logo churn over 30 days on start plus new; lifetime of 60 months at zero churn",
    ),
)
PROFITWELL = Convention(
    "profitwell",
    "ProfitWell (Paddle Metrics)",
    (
        Rule("mrr.basis", "lines", "not stated for all sources", documented=False),
        NET_OF_DISCOUNTS,
        Rule("mrr.usage", "by_period", "all recurring metered billing is MRR"),
        Rule("mrr.paused", "churn", "a paused subscription is 0"),
        Rule("churn.date", "period_end", "at the end of the paid period"),
        Rule(
            "churn.grace_days", 15, "asks for a dunning window of 15 days or more", documented=False
        ),
        ANY_GAP,
        Rule("movements.mode", "snapshot", "new and churn of one month are not counted"),
        Rule("grain", "customer", "by customer", documented=False),
        IGNORED_CREDITS,
        NO_REFUNDS,
    ),
    ("early refunds of annual plans are taken out",),
)
BAREMETRICS = Convention(
    "baremetrics",
    "Baremetrics",
    (
        Rule("mrr.basis", "lines", "not stated", documented=False),
        Rule("mrr.discounts", "all", "not stated", documented=False),
        Rule("churn.bridge_gap_days", 0, "no allowance is named", documented=False),
        Rule("movements.mode", "events", "changed to counting new and churn of one month"),
        Rule(
            "mrr.refunds",
            "at_issue",
            "counted on the day they happen; third-party pages",
            documented=False,
        ),
    ),
    ("quick ratio without reactivation", "NRR printed without contraction, over 30 days"),
)
CHARGEBEE = Convention(
    "chargebee",
    "Chargebee RevenueStory",
    (
        Rule("mrr.basis", "subscriptions", "subscription state", documented=False),
        Rule("mrr.discounts", "recurring", "one-time coupons do not lower MRR"),
        Rule("churn.date", "cancel_effective", "when the subscription ends", documented=False),
        ANY_GAP,
        Rule(
            "movements.mode",
            "snapshot",
            "cancellations of subscriptions won in the month are left out",
        ),
        Rule("grain", "subscription", "NRR and GRR by subscription"),
        IGNORED_CREDITS,
        NO_REFUNDS,
        PRICE_COUNTS,
        Rule("fx.mode", "period_end", "period-end rates, with their own row"),
    ),
    (
        "a 12-month coupon on a yearly plan counts as one-time",
        "an unknown reason of cancellation counts as voluntary",
        "GRR as the smaller of two totals in its own example",
    ),
)
RECURLY = Convention(
    "recurly",
    "Recurly",
    (
        Rule("mrr.basis", "lines", "line items with a start and an end date"),
        Rule("mrr.one_off", "dated", "a one-time charge with dates counts"),
        Rule("mrr.discounts", "all", "coupons are taken off by default"),
        Rule("mrr.usage", "exclude", "usage is left out"),
        Rule("mrr.paused", "churn", "a paused subscription is 0"),
        Rule("churn.grace_days", None, "failed invoices stay until dunning expires"),
        Rule(
            "churn.bridge_gap_days",
            27,
            "a return counts after a month or more; 27 days is our longest bridge",
            documented=False,
        ),
        Rule("grain", "customer", "by account"),
        Rule("mrr.credit_notes", "at_issue", "credits are subtracted"),
        Rule("mrr.refunds", "at_issue", "a refund of a dated line counts"),
    ),
    ("daily exchange rates",),
)
MAXIO = Convention(
    "maxio",
    "Maxio",
    (
        Rule("mrr.basis", "lines", "subscriptions and invoices", documented=False),
        NET_OF_DISCOUNTS,
        Rule("mrr.usage", "exclude", "usage is a category of its own"),
        Rule("mrr.paused", "keep", "a paused subscription keeps its MRR"),
        Rule("churn.date", "cancel_request", "churn at cancellation"),
        NO_GRACE_END,
        Rule("churn.bridge_gap_days", 0, "no allowance is named", documented=False),
        Rule("churn.reactivation_window_days", 90, "after more than 90 days a return is new"),
        Rule("movements.mode", "events", "new and churn of one month count in both"),
        IGNORED_CREDITS,
        NO_REFUNDS,
        Rule(
            "mrr.proration",
            "exclude",
            "changes within a period show in the next one",
            documented=False,
        ),
        Rule("fx.mode", "service_start", "rates of the transaction", documented=False),
    ),
    ("MRR recalculation restates the past",),
)
VENDORS = (CHARTMOGUL, STRIPE, PROFITWELL, BAREMETRICS, CHARGEBEE, RECURLY, MAXIO)
