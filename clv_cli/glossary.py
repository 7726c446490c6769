"""Every metric's name, meaning, formula and convention, as data. Imports nothing heavy.

`clv explain`, the README, the report headings and the tests all read it: a metric that is printed
anywhere has an entry, and an entry that no metric computes fails a test.
"""

from __future__ import annotations

from dataclasses import dataclass

from clv_cli.kinds import Good, Kind, Window

__all__ = ["GLOSSARY", "Good", "Kind", "Term", "Window", "find_term"]


@dataclass(frozen=True, slots=True)
class Term:
    """One metric in the words of the field.

    Args:
        title: the heading of reports.
        question: the question it answers, in one sentence.
        formula: one line, in the names of its inputs.
        kind: what its values mean.
        good: which direction is good news.
        window: what span of time it covers.
        notes: who counts, who does not, edge cases; the convention chosen.
        aliases: other names by which `explain` and `metrics` find it.
        setting: prefixes of the settings that change it.
        source: where the definition comes from.
    """

    title: str
    question: str
    formula: str
    kind: Kind
    good: Good
    window: Window
    notes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    source: str = ""


_CLV_ARTICLE = "article “What is Customer Revenue and How to Optimize It?” (SmartKarrot)"
_CLTV_ARTICLE = "article “Customer lifetime value” (customer success KPI)"

GLOSSARY: dict[str, Term] = {
    "mrr": Term(
        "MRR",
        "How much do active customers pay a month for subscriptions?",
        "MRR = sum of (line amount / months of its billing interval) over recurring lines active "
        "on the last day of the month",
        Kind.MONEY,
        Good.UP,
        Window.AT,
        (
            "A line is active on a day when period_start <= day < period_end.",
            "Ex tax, after discounts; one-off fees, usage and trials do not count.",
            "Kept exactly, in 1/55,440 of a minor unit; rounded once, when printed.",
            "Foreign currencies at the rate of the month's end; the change shows as `fx`.",
        ),
        ("monthly_recurring_revenue",),
        ("mrr", "churn.bridge_gap_days", "fx"),
        "ChartMogul, Recurly: lines with a service period; week = 52/12",
    ),
    "arr": Term(
        "ARR",
        "What do today's subscriptions bring in a year, if nothing changes?",
        "ARR = 12 x exact MRR",
        Kind.MONEY,
        Good.UP,
        Window.AT,
        ("Twelve times the exact MRR, never twelve times a rounded one.",),
        ("annual_recurring_revenue",),
        ("mrr",),
    ),
    "net_revenue": Term(
        "Billed revenue",
        "What was billed in the month, ex tax, less credits?",
        "net revenue = invoice lines + credits + cash refunds that no credit covers, by day of issue",
        Kind.MONEY,
        Good.UP,
        Window.MONTH,
        (
            "Drafts, voids and test accounts are left out, and counted.",
            "Foreign currencies at the rate of the day of issue, once a line.",
        ),
        ("revenue", "billed_revenue"),
        ("fx", "own_domains"),
    ),
    "customers": Term(
        "Customers",
        "How many customers pay for a subscription?",
        "customers = customers with MRR > 0 on the last day of the month",
        Kind.COUNT,
        Good.UP,
        Window.AT,
        settings=("mrr", "churn"),
    ),
    "arpa": Term(
        "ARPA",
        "What does the average customer pay a month?",
        "ARPA = MRR / customers",
        Kind.MONEY,
        Good.UP,
        Window.AT,
        ("Without customers there is no value.",),
        ("arpu", "average_revenue_per_account"),
        ("mrr",),
    ),
    "new": Term(
        "New MRR",
        "How much MRR did customers bring who never paid before?",
        "new = MRR at the month's end of customers whose first MRR this is",
        Kind.MONEY,
        Good.UP,
        Window.MONTH,
        settings=("mrr", "churn"),
    ),
    "expansion": Term(
        "Expansion",
        "How much more do customers pay who paid already?",
        "expansion = sum of increases of customers with MRR at both month ends, in constant rates",
        Kind.MONEY,
        Good.UP,
        Window.MONTH,
        aliases=("upgrade",),
        settings=("mrr", "churn"),
    ),
    "contraction": Term(
        "Contraction",
        "How much less do customers pay who stayed?",
        "contraction = sum of decreases of customers with MRR at both month ends, in constant rates",
        Kind.MONEY,
        Good.DOWN,
        Window.MONTH,
        ("Printed as a negative movement.",),
        ("downgrade",),
        ("mrr", "churn"),
    ),
    "churn": Term(
        "Churned MRR",
        "How much MRR left with customers who stopped paying?",
        "churn = MRR at the last month's end of customers with none at this month's end",
        Kind.MONEY,
        Good.DOWN,
        Window.MONTH,
        (
            "Booked in the month in which the paid period ends.",
            "A renewal up to churn.bridge_gap_days late is no churn.",
            "Printed as a negative movement.",
        ),
        ("churned_mrr",),
        ("churn",),
    ),
    "reactivation": Term(
        "Reactivation",
        "How much MRR came back with customers who had left?",
        "reactivation = MRR at the month's end of customers who paid before, but not at the last "
        "month's end",
        Kind.MONEY,
        Good.UP,
        Window.MONTH,
        ("The whole returning MRR, never split into reactivation and expansion.",),
        settings=("churn",),
    ),
    "fx": Term(
        "FX",
        "How much of the change in MRR is only the exchange rate?",
        "fx = opening MRR at the closing rate - opening MRR at the opening rate",
        Kind.MONEY,
        Good.NEITHER,
        Window.MONTH,
        settings=("fx",),
    ),
    "logo_churn": Term(
        "Customer churn",
        "Which share of the customers left in the month?",
        "logo churn = customers with MRR at the last month's end and none at this one / customers "
        "with MRR at the last month's end",
        Kind.RATIO,
        Good.DOWN,
        Window.MONTH,
        ("Customers who came and went inside the month are in neither term.",),
        ("customer_churn",),
        ("churn",),
    ),
    "gross_mrr_churn": Term(
        "Gross MRR churn",
        "Which share of MRR was lost in the month, before any gain?",
        "gross MRR churn = (churn + contraction) / opening MRR",
        Kind.RATIO,
        Good.DOWN,
        Window.MONTH,
        ("In constant exchange rates.",),
        settings=("churn",),
    ),
    "net_mrr_churn": Term(
        "Net MRR churn",
        "Which share of MRR was lost in the month, after expansion?",
        "net MRR churn = (churn + contraction - expansion) / opening MRR",
        Kind.RATIO,
        Good.DOWN,
        Window.MONTH,
        ("On the opening customers: reactivation and new business are not in it.",),
        settings=("churn",),
    ),
    "nrr": Term(
        "NRR",
        "How much do the customers of a year ago pay today?",
        "NRR = MRR today of the customers active at the opening / their MRR at the opening",
        Kind.RATIO,
        Good.UP,
        Window.NRR,
        (
            "Point to point; in constant exchange rates (those of today).",
            "Customers won since count in neither term; one who left and came back counts.",
        ),
        ("net_revenue_retention", "ndr", "net_dollar_retention"),
        ("nrr", "churn"),
    ),
    "grr": Term(
        "GRR",
        "How much of last year's MRR was kept, without any expansion?",
        "GRR = sum over the opening customers of min(MRR at the opening, MRR today) / their MRR at "
        "the opening",
        Kind.RATIO,
        Good.UP,
        Window.NRR,
        ("The minimum is taken customer by customer: GRR is never above 100 % nor above NRR.",),
        ("gross_revenue_retention", "gdr"),
        ("nrr", "churn"),
    ),
    "quick_ratio": Term(
        "Quick ratio",
        "How much MRR is gained for each unit lost?",
        "quick ratio = (new + expansion + reactivation) / (churn + contraction)",
        Kind.FACTOR,
        Good.UP,
        Window.MONTH,
        ("Without losses there is no value.",),
        settings=("churn",),
    ),
    "gross_margin": Term(
        "Gross margin",
        "Which share of billed revenue is left after the cost of delivering it?",
        "gross margin = (billed revenue - cogs - hosting - payment fees) / billed revenue",
        Kind.RATIO,
        Good.UP,
        Window.LTV,
        ("Without cost data the margin is 100 %, and labelled so.",),
        ("margin",),
        ("ltv.churn_window_months",),
    ),
    "cac": Term(
        "CAC",
        "What does winning one customer cost?",
        "CAC = acquisition spend / new customers",
        Kind.MONEY,
        Good.DOWN,
        Window.CAC,
        (
            "Spend precedes the customers it wins by cac.lag_months.",
            "Reactivated customers are not new; without new customers there is no value.",
        ),
        ("customer_acquisition_cost",),
        ("cac",),
        _CLV_ARTICLE,
    ),
    "clv": Term(
        "CLV",
        "What is the average customer worth over its lifetime, before the cost of winning it?",
        "CLV = ARPA x gross margin x min(1 / monthly churn, ltv.cap_months)",
        Kind.MONEY,
        Good.UP,
        Window.LTV,
        (
            "Gross of CAC. Churn is pooled: customers lost / customers at risk over the window.",
            "One rate for everyone and no discounting: the articles' formula, not a forecast.",
            "Below ltv.min_churn_events lost customers there is no value.",
        ),
        ("ltv", "ltv_simple", "customer_lifetime_value"),
        ("ltv",),
        _CLV_ARTICLE,
    ),
    "cltv_net": Term(
        "CLTV net of CAC",
        "What is the average customer worth after the cost of winning it?",
        "CLTV net = CLV - CAC",
        Kind.MONEY,
        Good.UP,
        Window.LTV,
        ("A second article calls this figure CLTV; it is never the base of customer net worth.",),
        ("cltv",),
        ("ltv", "cac"),
        _CLTV_ARTICLE,
    ),
    "cost_to_serve": Term(
        "Cost to serve",
        "What do Support and Success cost per customer over its lifetime?",
        "cost to serve = support and success cost per customer and month x min(1 / monthly churn, "
        "ltv.cap_months)",
        Kind.MONEY,
        Good.DOWN,
        Window.LTV,
        ("Over the same lifetime as CLV; without cost data there is no value.",),
        settings=("ltv",),
    ),
    "customer_net_worth": Term(
        "Net worth per customer",
        "What is the average customer worth after winning and serving it?",
        "customer net worth = CLV - CAC - cost to serve",
        Kind.MONEY,
        Good.UP,
        Window.LTV,
        (
            "The lifetime value is `clv`, gross of CAC, so CAC is taken off once.",
            "Without support and success costs the row says so and is CLV - CAC.",
        ),
        ("cnw", "net_worth"),
        ("ltv", "cac"),
        _CLV_ARTICLE,
    ),
    "ltv_cac": Term(
        "LTV:CAC",
        "How many times does a customer return what winning it cost?",
        "LTV:CAC = CLV / CAC",
        Kind.FACTOR,
        Good.UP,
        Window.LTV,
        ("With the gross CLV; a net one would print one less.",),
        settings=("ltv", "cac"),
    ),
    "cac_payback": Term(
        "CAC payback",
        "After how many months has a customer paid back what winning it cost?",
        "CAC payback = acquisition spend / (new MRR x gross margin)",
        Kind.MONTHS,
        Good.DOWN,
        Window.CAC,
        ("New MRR, not new ARR. Without new MRR or margin there is no value.",),
        settings=("cac",),
    ),
}


def find_term(name: str) -> str | None:
    """The metric's id for a name, alias or title in any case; None when unknown."""
    wanted = name.strip().casefold().replace("-", "_").replace(" ", "_")
    for key, term in GLOSSARY.items():
        names = (key, *term.aliases, term.title.casefold().replace(" ", "_"))
        if wanted in names:
            return key
    return None
