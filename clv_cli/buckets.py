"""The split in words: its buckets, their components, and the rules that claim revenue for them."""

from __future__ import annotations

BUCKETS: dict[str, str] = {
    "cxm": "CXM",
    "cs": "CS (success + support)",
    "sales": "Sales (the rest)",
}
COMPONENTS: dict[tuple[str, str], str] = {
    ("cxm", "switched"): "switched to us for aligned processes, policies or products",
    ("cxm", "expanded"): "expanded for aligned processes, policies or products",
    ("cs", "retained"): "bought again after an at-risk intervention",
    ("cs", "expanded"): "bought more after an at-risk intervention",
    ("cs", "referral"): "referred by customers whom CS had rescued",
    ("cs", "no_gripes"): "bought because no gripes were heard",
    ("cs", "survey"): "influenced by CS, as buyers say",
    ("cs", "estimated"): "saved by help in time, as measured against customers not helped",
    ("sales", "rest"): "all other purchases and fees",
    ("sales", "unmatched"): "customers who are no account of the CRM, as far as anything tells",
    ("sales", "unmatched_credits"): "credits for which the customer has no purchase left",
    ("sales", "fx_rounding"): "exchange differences between credits and what they take back",
    (
        "sales",
        "restated",
    ): "what lines of closed months are worth beyond what they were closed with",
}


SPLIT_RULES: tuple[str, ...] = (
    (
        "Of each purchase CXM is granted what its initiatives claim, CS what its rules claim of the "
        "rest, sales what is left: every cent once, and the total is billed revenue."
    ),
    (
        "cxm: aligned initiatives in force on the day of issue whose products, touchpoints and "
        "segments match: weight_switched of a first purchase of a customer who had another supplier, "
        "weight_expanded of what exceeds the customer's base for the product."
    ),
    (
        "cs: purchases within split.cs_window_days after a touch by Success or Support of a customer "
        "flagged as at risk before it; purchases of customers whom such customers referred; new "
        "customers who bought because no gripes were heard."
    ),
    (
        "A credit or refund takes back what its original line was granted; without an original, the "
        "customer's latest purchases (of its product) first."
    ),
)
