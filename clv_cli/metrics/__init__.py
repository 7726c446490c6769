"""The metrics, in the order of reports, and the tables made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli.errors import UsageError, did_you_mean
from clv_cli.measures.dimensions import DIMENSIONS
from clv_cli.metrics import tables
from clv_cli.metrics.annual_recurring_revenue import ARR
from clv_cli.metrics.at_risk_mrr import AT_RISK_MRR
from clv_cli.metrics.average_revenue_per_account import ARPA
from clv_cli.metrics.average_selling_price import ASP
from clv_cli.metrics.billed_revenue import NET_REVENUE
from clv_cli.metrics.cac_payback import CAC_PAYBACK
from clv_cli.metrics.change_causes import CHANGE_METRICS
from clv_cli.metrics.churn_by_reason import CHURN_REASONS, INVOLUNTARY_SHARE
from clv_cli.metrics.cltv_net import CLTV_NET
from clv_cli.metrics.clv_model import CLV_MODEL
from clv_cli.metrics.committed_arr import CARR
from clv_cli.metrics.concentration import HHI, TOP1_SHARE, TOP10_SHARE
from clv_cli.metrics.contract_mrr import CONTRACT_MRR, DISCOUNT_MRR
from clv_cli.metrics.cost_to_serve import COST_TO_SERVE
from clv_cli.metrics.customer_acquisition_cost import CAC
from clv_cli.metrics.customer_lifetime_value import CLV
from clv_cli.metrics.customer_net_worth import CUSTOMER_NET_WORTH
from clv_cli.metrics.customers import CUSTOMERS
from clv_cli.metrics.earned_growth_rate import EARNED_GROWTH_RATE
from clv_cli.metrics.efficiency import BURN_MULTIPLE, MAGIC_NUMBER, RULE_OF_40
from clv_cli.metrics.empirical_payback import CAC_PAYBACK_EMPIRICAL
from clv_cli.metrics.gross_margin import GROSS_MARGIN
from clv_cli.metrics.gross_mrr_churn import GROSS_MRR_CHURN
from clv_cli.metrics.gross_revenue_retention import GRR
from clv_cli.metrics.growth import CMGR, MRR_GROWTH
from clv_cli.metrics.intra_period import INTRA_PERIOD
from clv_cli.metrics.logo_churn import LOGO_CHURN
from clv_cli.metrics.ltv_cac import LTV_CAC
from clv_cli.metrics.monthly_recurring_revenue import MRR
from clv_cli.metrics.mrr_movement import MOVEMENT_METRICS
from clv_cli.metrics.net_mrr_churn import NET_MRR_CHURN
from clv_cli.metrics.net_revenue_retention import NRR
from clv_cli.metrics.other_revenue import CASH_COLLECTED, ONE_OFF_REVENUE, REFUNDS, USAGE_REVENUE
from clv_cli.metrics.paused_mrr import PAUSED_MRR
from clv_cli.metrics.payments import COLLECTION_METRICS
from clv_cli.metrics.prior_period import PRIOR_PERIOD_ADJUSTMENT
from clv_cli.metrics.provisional_mrr import PROVISIONAL_MRR
from clv_cli.metrics.quick_ratio import QUICK_RATIO
from clv_cli.metrics.receivables import DSO, OVERDUE_METRICS
from clv_cli.metrics.renewal_rate import RENEWAL_RATE
from clv_cli.metrics.satisfaction import SURVEY_METRICS
from clv_cli.metrics.subscriptions import SUBSCRIPTIONS
from clv_cli.metrics.tables.bridge import books_table, bridge_table
from clv_cli.metrics.tables.channels import cac_by_channel_table
from clv_cli.metrics.tables.customer_list import (
    customers_by_table,
    customers_tables,
    require_field,
)
from clv_cli.metrics.tables.customer_story import customer_tables
from clv_cli.metrics.tables.matching import matching_tables
from clv_cli.metrics.tables.model_tables import models_tables
from clv_cli.metrics.tables.movements import mrr_movements_table
from clv_cli.metrics.tables.noticing import findings_table, noticed
from clv_cli.metrics.tables.reconciliation import reconciliation_table
from clv_cli.metrics.tables.restatements import restatements_table
from clv_cli.metrics.tables.rfm_table import rfm_tables
from clv_cli.metrics.tables.value_tables import value_tables
from clv_cli.metrics.winning import LEAD_VELOCITY, TRIAL_CONVERSION, WIN_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.pipeline import Metric, Scope
    from clv_cli.results import Table

__all__ = [
    "KPIS",
    "METRICS",
    "books_table",
    "bridge_table",
    "cac_by_channel_table",
    "chosen",
    "cohort_tables",
    "customer_tables",
    "customers_by_table",
    "customers_tables",
    "dimension_named",
    "explain_tables",
    "findings_table",
    "kpi_table",
    "matching_tables",
    "metrics_tables",
    "models_tables",
    "mrr_movements_table",
    "noticed",
    "reconciliation_table",
    "require_field",
    "require_triangle",
    "restatements_table",
    "retention_table",
    "segment_tables",
    "segmentation_named",
    "segments_table",
    "trace_table",
]

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        MRR,
        ARR,
        NET_REVENUE,
        CUSTOMERS,
        ARPA,
        *MOVEMENT_METRICS.values(),
        *CHANGE_METRICS,
        PRIOR_PERIOD_ADJUSTMENT,
        CONTRACT_MRR,
        DISCOUNT_MRR,
        CARR,
        USAGE_REVENUE,
        ONE_OFF_REVENUE,
        CASH_COLLECTED,
        REFUNDS,
        SUBSCRIPTIONS,
        ASP,
        AT_RISK_MRR,
        PAUSED_MRR,
        PROVISIONAL_MRR,
        *CHURN_REASONS.values(),
        INTRA_PERIOD,
        LOGO_CHURN,
        GROSS_MRR_CHURN,
        NET_MRR_CHURN,
        NRR,
        GRR,
        QUICK_RATIO,
        MRR_GROWTH,
        CMGR,
        RENEWAL_RATE,
        TOP1_SHARE,
        TOP10_SHARE,
        HHI,
        EARNED_GROWTH_RATE,
        INVOLUNTARY_SHARE,
        GROSS_MARGIN,
        CAC,
        CLV,
        CLTV_NET,
        CLV_MODEL,
        COST_TO_SERVE,
        CUSTOMER_NET_WORTH,
        LTV_CAC,
        CAC_PAYBACK,
        CAC_PAYBACK_EMPIRICAL,
        MAGIC_NUMBER,
        BURN_MULTIPLE,
        RULE_OF_40,
        *COLLECTION_METRICS,
        DSO,
        *OVERDUE_METRICS,
        *SURVEY_METRICS,
        TRIAL_CONVERSION,
        WIN_RATE,
        LEAD_VELOCITY,
    )
}
KPIS = (
    "mrr",
    "arr",
    "net_revenue",
    "customers",
    "arpa",
    "nrr",
    "grr",
    "logo_churn",
    "quick_ratio",
    "gross_margin",
    "cac",
    "clv",
    "customer_net_worth",
    "ltv_cac",
    "cac_payback",
)
# Ways to put customers side by side that are no recorded property of theirs.
SEGMENTATIONS: dict[str, Callable[[], list[Table]]] = {
    "rfm": rfm_tables,
    "value_tier": value_tables,
}
# Tables that take a metric apart beyond its inputs, customers and rows.
BROKEN_DOWN: dict[str, Callable[[Scope], Table]] = {"cac": cac_by_channel_table}
MAIN_BY = ("mrr", "customers", "logo_churn", "nrr")
MAIN = ("mrr", "net_revenue", "customers", "logo_churn", "nrr", "grr")


def chosen(names: Sequence[str] = ()) -> list[Metric]:
    """The metrics that some names, aliases or titles mean; default: `MAIN`, which fit a terminal.

    Raises:
        UsageError: there is no such metric.
    """
    return tables.chosen(METRICS, names or MAIN)


def kpi_table(scope: Scope, names: Sequence[str] = ()) -> Table:
    """Where do we stand? One row a metric: now, before, change, window, series, reason.

    Args:
        scope: the Book, day and period.
        names: metrics by id, alias or title; default: `KPIS`.

    Raises:
        UsageError: there is no such metric.
    """
    return tables.kpi_table(scope, tables.chosen(METRICS, names or KPIS))


def metrics_tables(
    names: Sequence[str] = (), grain: str = "month", by: str | None = None
) -> list[Table]:
    """How did some metrics go? One row a month, quarter or year, one column a metric.

    Args:
        names: metrics by id, alias or title; default: `MAIN` or `MAIN_BY`, which fit a terminal.
        grain: month, quarter or year.
        by: segment, plan, channel or country; None for all customers.

    Returns:
        The table that people read, and `figures`: every figure in full.

    Raises:
        UsageError: there is no such metric or dimension.
    """
    wanted = names or (MAIN_BY if by else MAIN)
    asked = tables.Asked(tuple(chosen(wanted)), tables.Grain(grain), dimension_named(by))
    return tables.metrics_tables(asked)


def cohort_tables(scope: Scope, of: str = "customers", by: str = "month") -> list[Table]:
    """How do cohorts hold, age by age?

    Args:
        scope: the Book, day and period.
        of: customers, revenue or margin.
        by: month, quarter, channel, plan, segment or country.

    Raises:
        UsageError: there is no such table.
    """
    require_triangle(of, by)
    return tables.cohort_tables(scope, tables.Triangle(of, by))


def require_triangle(of: str, by: str) -> None:
    """Stop unless there is such a cohort table.

    Raises:
        UsageError: there is none.
    """
    for text, known, option in ((of, tables.OF, "--of"), (by, tables.BY, "--by")):
        if text not in known:
            raise UsageError(
                f'there are no cohorts "{text}"',
                where=option,
                hint=did_you_mean(text, known) or f"one of {', '.join(known)}",
            )


def segments_table(by: str = "segment") -> Table:
    """Which part of the customers brings what, stays, and is worth it?

    Args:
        by: segment, plan, channel or country.
    """
    return tables.segments_table(METRICS, by)


def segment_tables(by: str = "segment") -> list[Table]:
    """The parts of the customers side by side: by a dimension, by RFM scores, or in tiers of value.

    Args:
        by: segment, plan, channel, country, rfm or value_tier.

    Raises:
        UsageError: customers cannot be cut by it.
    """
    segmentation_named(by)
    return SEGMENTATIONS[by]() if by in SEGMENTATIONS else [segments_table(by)]


def segmentation_named(name: str) -> str:
    """The name itself, when customers can be put side by side by it.

    Raises:
        UsageError: they cannot.
    """
    return _known(name, (*DIMENSIONS, *SEGMENTATIONS))


def dimension_named(name: str | None) -> str | None:
    """The name itself, when customers can be cut by it.

    Raises:
        UsageError: they cannot.
    """
    return None if name is None else _known(name, DIMENSIONS)


def _known(name: str, known: Sequence[str]) -> str:
    if name not in known:
        raise UsageError(
            f'metrics cannot be cut by "{name}"',
            where="--by",
            hint=did_you_mean(name, known) or f"one of {', '.join(known)}",
        )
    return name


def retention_table() -> Table:
    """How much of customers and MRR was kept, month by month?"""
    return tables.retention_table(METRICS)


def explain_tables(
    scope: Scope, name: str, period: str | None = None, customer: str | None = None
) -> list[Table]:
    """What is behind a figure: the formula with its numbers, customers, ledger rows, source rows.

    Args:
        scope: the Book, day and period.
        name: a metric by id, alias or title.
        period: a month, quarter or year; default: the last month reported.
        customer: only the rows of this one.

    Raises:
        UsageError: there is no such metric, period or customer.
    """
    metric = tables.chosen(METRICS, [name])[0]
    asked = tables.question(scope, metric, period, customer)
    numbers, *behind = tables.explain_tables(scope, asked)
    here = all(scope.book.has(table) for table in metric.requires)
    by = BROKEN_DOWN.get(metric.name) if here and not customer else None
    return [numbers, *([by(scope)] if by else []), *behind]


def trace_table(
    scope: Scope, name: str, period: str | None = None, customer: str | None = None
) -> Table:
    """Everything behind a figure in one table: inputs, ledger rows, source rows.

    Args:
        scope: the Book, day and period.
        name: a metric by id, alias or title.
        period: a month, quarter or year; default: the last month reported.
        customer: only the rows of this one.

    Raises:
        UsageError: there is no such metric, period or customer.
    """
    metric = tables.chosen(METRICS, [name])[0]
    return tables.trace_table(scope, tables.question(scope, metric, period, customer))
