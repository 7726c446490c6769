"""`clv reconcile`: from invoices to MRR, and to the general ledger."""

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared

PEOPLE = ("bridge", "general_ledger")  # the books where they are given


@shared
def reconcile(options: Shared) -> None:
    """Tie MRR to invoices, and invoices to the books.

    Invoiced with tax, less what is no MRR, per month, with the lines of other months and at the
    month's rates: MRR. The residual is 0.00, or the command ends with 3 and names the lines.

    Example: clv reconcile -p 2026Q3 -f csv
    """
    from clv_cli.run import reconciling

    report = reconciling.reconcile(options.request())
    named = [result.table.name for result in report.results]
    show(report, options, tuple(name for name in PEOPLE if name in named))
