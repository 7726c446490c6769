"""Terms: what customers say, and how they are won."""

from __future__ import annotations

from clv_cli.glossary.term import Term
from clv_cli.kinds import Good, Kind, Window

LISTENING: dict[str, Term] = {
    "nps": Term(
        "NPS",
        "Would customers recommend us?",
        "NPS = 100 x (promoters - detractors) / answers",
        Kind.SCORE,
        Good.UP,
        Window.MONTH,
        notes=(
            "Promoters answer 9 or 10, detractors 0 to 6; other scales are stretched to ten.",
            "Interval: 1.96 x 100 x sqrt((p + d - (p - d)^2) / n), 95 %. Below 30 answers read the interval first.",
        ),
        aliases=("net_promoter_score",),
        source="Reichheld (2003); interval: cybaea.net (2016)",
        calc="100 * (promoters - detractors) / answers",
    ),
    "csat": Term(
        "CSAT",
        "Which share of customers is satisfied?",
        "CSAT = answers with one of the two highest scores / answers",
        Kind.RATIO,
        Good.UP,
        Window.MONTH,
        notes=("Interval: Wilson score, 95 %.",),
        aliases=("customer_satisfaction",),
        calc="satisfied / answers",
    ),
    "ces": Term(
        "CES",
        "Which share of customers finds us easy to deal with?",
        "CES = answers with one of the two highest scores / answers",
        Kind.RATIO,
        Good.UP,
        Window.MONTH,
        notes=("Interval: Wilson score, 95 %.",),
        aliases=("customer_effort_score",),
        calc="satisfied / answers",
    ),
    "response_rate": Term(
        "Response rate",
        "Which share of the surveys sent was answered?",
        "response rate = surveys answered / surveys sent",
        Kind.RATIO,
        Good.UP,
        Window.MONTH,
        notes=("By the month of sending; all kinds of question.",),
        calc="answered / asked",
    ),
    "detractor_mrr_share": Term(
        "MRR of detractors",
        "Which share of MRR is that of unhappy customers?",
        "MRR of detractors = MRR of customers whose latest NPS answer is 0 to 6 / MRR of customers who answered",
        Kind.RATIO,
        Good.DOWN,
        Window.AT,
        settings=("mrr",),
        calc="detractor_mrr / answered_mrr",
    ),
    "trial_conversion": Term(
        "Trial conversion",
        "Which share of trials became paying customers?",
        "trial conversion = trials of the month paying within trials.window_days / trials started in the month",
        Kind.RATIO,
        Good.UP,
        Window.MONTH,
        notes=(
            "Customers who paid before their trial are left out.",
            "Interval: Wilson score, 95 %.",
        ),
        settings=("trials",),
        calc="converted / started",
    ),
    "win_rate": Term(
        "Win rate",
        "Which share of the decided deals was won?",
        "win rate = deals won / deals won or lost",
        Kind.RATIO,
        Good.UP,
        Window.MONTH,
        notes=("By the day of closing; all types of deal.", "Interval: Wilson score, 95 %."),
        calc="won / decided",
    ),
    "lead_velocity": Term(
        "Lead velocity",
        "By how much did new deals grow over the month before?",
        "lead velocity = (deals opened - deals opened the month before) / deals opened the month before",
        Kind.RATIO,
        Good.UP,
        Window.MONTH,
        notes=(
            "Deals for new business, by the day they were opened.",
            "Over a quarter or a year: that of its last month.",
        ),
        aliases=("lead_velocity_rate",),
        calc="(opened - opened_before) / opened_before",
    ),
}
