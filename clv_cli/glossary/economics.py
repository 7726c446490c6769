"""Terms: margin, acquisition cost and lifetime value."""

from __future__ import annotations

from clv_cli.glossary.term import Term
from clv_cli.kinds import Good, Kind, Window

_CLV_ARTICLE = "article “What is Customer Revenue and How to Optimize It?” (SmartKarrot)"
_CLTV_ARTICLE = "article “Customer lifetime value” (customer success KPI)"

ECONOMICS: dict[str, Term] = {
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
        calc="(revenue - cost_of_revenue) / revenue",
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
        calc="spend / new_customers",
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
        calc="mrr / customers * ((revenue - cost_of_revenue) / revenue) * min(at_risk / lost, cap)",
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
        calc="mrr / customers * ((revenue - cost_of_revenue) / revenue) * min(at_risk / lost, cap) - spend / new_customers",
    ),
    "clv_model": Term(
        "CLV, modelled",
        "What is the average customer worth, by what it has brought and what the models expect of it?",
        "clv_model = (realised margin + expected discounted future margin) / customers ever billed",
        Kind.MONEY,
        Good.UP,
        Window.AT,
        (
            "An estimate: sBG or BdW by plan interval, BTYD for free choice; see clv models.",
            "Unlike `clv` it discounts, ends at models.horizon_months, lets weak customers leave first, "
            "and averages over everyone ever billed: those who left have no future.",
            "`clv` prices a new average customer at today's ARPA and one churn rate; so the two differ.",
            "Modelled as of the as-of day only.",
        ),
        ("modelled_clv", "fitted_clv"),
        ("models",),
        "Fader and Hardie (2007, 2010); Fader, Hardie and Lee (2005)",
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
        calc="service / served * min(at_risk / lost, cap)",
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
        calc="mrr / customers * ((revenue - cost_of_revenue) / revenue) * min(at_risk / lost, cap) - spend / new_customers - service / served * min(at_risk / lost, cap)",
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
        calc="mrr / customers * ((revenue - cost_of_revenue) / revenue) * min(at_risk / lost, cap) / (spend / new_customers)",
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
        calc="spend / (new_mrr * ((revenue - cost_of_revenue) / revenue))",
    ),
}
