"""Terms: rates of churn, retention and growth."""

from __future__ import annotations

from clv_cli.glossary.term import Term
from clv_cli.kinds import Good, Kind, Window

RATES: dict[str, Term] = {
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
        calc="closing / base",
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
        calc="kept / base",
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
        calc="lost / opening_customers",
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
        calc="-(churn + contraction) / opening_mrr",
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
        calc="-(churn + contraction + expansion) / opening_mrr",
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
        calc="(new + expansion + reactivation) / -(churn + contraction)",
    ),
}
