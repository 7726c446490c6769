"""The CXM / CS / sales split: every cent in exactly one bucket, with its rule and evidence.

A seam for methods: whoever measures rates instead of declaring rules (a survey's share, an effect per
stratum) writes one measure that returns claims in the columns of `claims.CLAIM` (which customers and
days, which bucket and component, `rate` with `low` and `high` as exact decimal text) and adds one line
to `methods.CLAIM_SOURCES`; the name must also stand in `settings.split.Split.method`, and a component
of its own in `buckets.COMPONENTS`. The waterfall grants it like any claim of its tier, allocation cuts
the same integer cells, and the split table gains the columns `low` and `high`. Such a measure may need
any reduction or derived measure below `attribution`; none of it runs unless the method is asked for.
"""

from clv_cli.attribution.closed import to_freeze
from clv_cli.attribution.contested_table import split_claims_table
from clv_cli.attribution.driver_tables import driver_tables
from clv_cli.attribution.evidence import evidence_tables, require_causal
from clv_cli.attribution.explain_line import explain_line
from clv_cli.attribution.facts import SPLIT_FACTS, split_facts, split_lines
from clv_cli.attribution.general_ledger import split_general_ledger_table
from clv_cli.attribution.split import METHODS, split_buckets_table, split_table, split_tables
from clv_cli.attribution.split_by import SPLIT_BY, split_by_table
from clv_cli.attribution.tornado import split_tornado_table

__all__ = [
    "METHODS",
    "SPLIT_BY",
    "SPLIT_FACTS",
    "driver_tables",
    "evidence_tables",
    "explain_line",
    "require_causal",
    "split_buckets_table",
    "split_by_table",
    "split_claims_table",
    "split_facts",
    "split_general_ledger_table",
    "split_lines",
    "split_table",
    "split_tables",
    "split_tornado_table",
    "to_freeze",
]
