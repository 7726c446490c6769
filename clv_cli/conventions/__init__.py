"""Each vendor's convention as a named bundle of settings, and the switches they are made of.

Data only: no step of the ledger knows a vendor, it reads settings. Read 2026-11 from the vendors'
own help pages; vendors change, so every rule says whether it is documented or our reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clv_cli.conventions.bundle import Convention, Rule
from clv_cli.conventions.vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CONVENTIONS", "OURS", "SWITCHES", "Convention", "Rule", "as_keys", "as_tree"]

OURS = "clv"
CONVENTIONS: dict[str, Convention] = {
    OURS: Convention(OURS, "clv's defaults", ()),
    **{vendor.name: vendor for vendor in VENDORS},
}
# One question each, in the order in which a comparison turns them.
SWITCHES: dict[str, tuple[str, ...]] = {
    "mrr.basis": ("mrr.basis",),
    "mrr.interval_factor": tuple(
        f"mrr.interval_factor.{name}" for name in ("day", "week", "month", "quarter", "year")
    ),
    **{
        key: (key,)
        for key in (
            "mrr.rounding",
            "mrr.discounts",
            "mrr.tax",
            "mrr.one_off",
            "mrr.usage",
            "mrr.trials",
            "mrr.free",
            "mrr.paused",
            "mrr.paused_max_days",
            "churn.date",
            "churn.grace_days",
            "churn.book",
            "churn.bridge_gap_days",
            "churn.reactivation_window_days",
            "movements.mode",
            "grain",
            "mrr.credit_notes",
            "mrr.refunds",
            "mrr.proration",
            "mrr.proration_snap",
            "mrr.negative",
            "mrr.overlaps",
        )
    },
    "fx.mode": ("fx.mode", "fx.constant_on"),
}


def as_tree(keys: Mapping[str, object]) -> dict[str, Any]:
    """Dotted keys as nested mappings: `{"mrr.tax": "include"}` to `{"mrr": {"tax": "include"}}`."""
    tree: dict[str, Any] = {}
    for key, value in keys.items():
        *parents, leaf = key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return tree


def as_keys(tree: Mapping[str, Any], prefix: str = "") -> dict[str, object]:
    """Nested mappings as dotted keys."""
    keys: dict[str, object] = {}
    for name, value in tree.items():
        key = f"{prefix}{name}"
        keys |= as_keys(value, f"{key}.") if isinstance(value, dict) else {key: value}
    return keys
