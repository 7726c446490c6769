"""`clv check`: can these files be trusted?"""

from clv_cli.commands.options import Shared, shared, show


@shared
def check(options: Shared) -> None:
    """Check config and files; list all findings.

    What was read, loaded, set aside and skipped, in rows and in money.

    Example: clv check -f json
    """
    from clv_cli import run

    show(run.check(options.request()), options)
