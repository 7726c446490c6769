"""Terms: efficiency of growth."""

from __future__ import annotations

from clv_cli.glossary.term import Term
from clv_cli.kinds import Good, Kind, Window

EFFICIENCY: dict[str, Term] = {
    "cac_payback_empirical": Term(
        "Empirical CAC payback",
        "After how many months had new customers really paid back what winning them cost?",
        "empirical CAC payback = first month in which the cumulative margin of the customers won in a month reaches the spend that won them",
        Kind.MONTHS,
        Good.DOWN,
        Window.CAC,
        notes=(
            "Of the customers won cac.window_months ago.",
            "1 is the month they were won in.",
        ),
        settings=("cac",),
        calc="age",
    ),
    "magic_number": Term(
        "Magic number",
        "How much yearly revenue does a unit of acquisition spend bring?",
        "magic number = (billed revenue of 3 months - of the 3 before) x 4 / acquisition spend of the 3 before",
        Kind.FACTOR,
        Good.UP,
        Window.QUARTER,
        notes=("With magic_number.basis arr: growth of MRR x 12; ARR is never multiplied by 4.",),
        settings=("magic_number", "cac.fully_loaded"),
        source="Scale Venture Partners",
        calc="(gained - base) * per_year / spend",
    ),
    "burn_multiple": Term(
        "Burn multiple",
        "How much cash is burnt for each unit of new ARR?",
        "burn multiple = net burn of 12 months / net new ARR",
        Kind.FACTOR,
        Good.DOWN,
        Window.YEAR,
        notes=("Without growth of ARR there is no value.",),
        source="Sacks, Craft Ventures (2020)",
        calc="net_burn / (12 * (mrr - mrr_then))",
    ),
    "rule_of_40": Term(
        "Rule of 40",
        "Do growth and margin together reach 40 %?",
        "rule of 40 = growth of billed revenue on the year before + fcf or ebitda / billed revenue",
        Kind.RATIO,
        Good.UP,
        Window.YEAR,
        notes=("The margin is that of rule_of_40.margin, from the finance table.",),
        settings=("rule_of_40",),
        calc="(revenue - revenue_before) / revenue_before + profit / revenue",
    ),
}
