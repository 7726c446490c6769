"""The CXM / CS / sales split: every cent in exactly one bucket, with its rule and evidence."""

from clv_cli.attribution.explain_line import explain_line
from clv_cli.attribution.facts import SPLIT_FACTS, split_facts, split_lines
from clv_cli.attribution.split import METHODS, split_buckets_table, split_table, split_tables
from clv_cli.attribution.split_by import SPLIT_BY, split_by_table

__all__ = [
    "METHODS",
    "SPLIT_BY",
    "SPLIT_FACTS",
    "explain_line",
    "split_buckets_table",
    "split_by_table",
    "split_facts",
    "split_lines",
    "split_table",
    "split_tables",
]
