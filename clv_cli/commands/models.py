"""`clv models`: which models stand behind customers' values, and how good they are."""

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared


@shared
def models(options: Shared) -> None:
    """Models: which were fitted, tested and chosen, and why.

    The test on months that the models had not seen, against the naive rate, by customers' past and
    month by month; parameters with standard errors, as it happened and without help; survival by
    renewal beside Kaplan-Meier; and how far ARPA / churn is off.

    Example: clv models --table survival -f csv
    """
    from clv_cli.run import valuing

    show(valuing.models(options.request()), options)
