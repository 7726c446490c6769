"""Invoices, MRR and the books: what must tie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import metrics
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from clv_cli.results import Report
    from clv_cli.run.opening import Request


def reconcile(request: Request) -> Report:
    """The bridge from invoices to MRR and, where given, to the general ledger.

    Raises:
        DataError: a residual is left; with the lines that cause it.
    """
    with opened(request) as scope:
        require_lines(scope)
        books = [metrics.books_table(scope)] if scope.book.has("general_ledger") else []
        tables = [metrics.bridge_table(scope), *books, metrics.reconciliation_table(scope)]
        return finished("reconcile", scope, tables)
