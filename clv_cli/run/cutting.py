"""Customers in cohorts and in segments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import metrics
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from clv_cli.results import Report
    from clv_cli.run.opening import Request


def cohorts(request: Request, of: str, by: str) -> Report:
    """How cohorts hold: of customers, revenue or margin, by the time they first paid or a segment."""
    metrics.require_triangle(of, by)  # a typo is told before anything is read
    with opened(request) as scope:
        require_lines(scope)
        return finished("cohorts", scope, metrics.cohort_tables(scope, of, by))


def segments(request: Request, by: str) -> Report:
    """Segments (or plans, channels, countries, RFM groups, tiers of value) side by side."""
    metrics.segmentation_named(by)
    with opened(request) as scope:
        require_lines(scope)
        return finished("segments", scope, metrics.segment_tables(by))
