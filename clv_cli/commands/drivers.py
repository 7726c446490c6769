"""`clv drivers`: what moves customers' scores and revenue."""

from clv_cli.commands.delivery import show
from clv_cli.commands.options import Shared, shared


@shared
def drivers(options: Shared) -> None:
    """What moves customers: score drivers, complaints, initiatives.

    Importance of each driver with its rank interval; revenue of customers who complained, by theme;
    CS effort for a million of revenue; growth where initiatives applied against everywhere else.

    Example: clv drivers --table drivers -f csv
    """
    from clv_cli.run import driving

    show(driving.drivers(options.request()), options)
