"""What customers are worth, and the models behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import metrics
from clv_cli.moments import customer_moments_table
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from clv_cli.results import Report
    from clv_cli.run.opening import Request


def customers(
    request: Request,
    sort: str = "value",
    top: int | None = None,
    condition: str | None = None,
    by: str | None = None,
) -> Report:
    """Customers by value, their sum with its interval, and net worth in four parts."""
    metrics.require_field(sort)
    metrics.dimension_named(by)
    with opened(request) as scope:
        require_lines(scope)
        tables = metrics.customers_tables(scope, sort, top, condition)
        return finished("customers", scope, [metrics.customers_by_table(by)] if by else tables)


def customer(request: Request, customer_id: str) -> Report:
    """One customer's story.

    Raises:
        UsageError: no such customer was billed.
    """
    with opened(request) as scope:
        require_lines(scope)
        story = metrics.customer_tables(scope, customer_id)
        return finished("customers", scope, [*story, customer_moments_table(scope, customer_id)])


def models(request: Request) -> Report:
    """Which models were fitted, tested and chosen, and how far the naive figure is off."""
    with opened(request) as scope:
        require_lines(scope)
        return finished("models", scope, metrics.models_tables(scope))
