"""Tables made of metrics. They are handed the metrics; they import none."""

from clv_cli.metrics.tables.bridge import books_table, bridge_table
from clv_cli.metrics.tables.channels import cac_by_channel_table
from clv_cli.metrics.tables.cohorts import BY, OF, Triangle, cohort_tables
from clv_cli.metrics.tables.explain import explain_tables, question, trace_table
from clv_cli.metrics.tables.kpis import kpi_table
from clv_cli.metrics.tables.matching import matching_tables
from clv_cli.metrics.tables.monthly import Asked, metrics_tables, retention_table
from clv_cli.metrics.tables.movements import mrr_movements_table
from clv_cli.metrics.tables.noticing import findings_table, noticed
from clv_cli.metrics.tables.parts import chosen
from clv_cli.metrics.tables.reconciliation import reconciliation_table
from clv_cli.metrics.tables.segments import segments_table
from clv_cli.metrics.tables.spans import Grain

__all__ = [
    "BY",
    "OF",
    "Asked",
    "Grain",
    "Triangle",
    "books_table",
    "bridge_table",
    "cac_by_channel_table",
    "chosen",
    "cohort_tables",
    "explain_tables",
    "findings_table",
    "kpi_table",
    "matching_tables",
    "metrics_tables",
    "mrr_movements_table",
    "noticed",
    "question",
    "reconciliation_table",
    "retention_table",
    "segments_table",
    "trace_table",
]
