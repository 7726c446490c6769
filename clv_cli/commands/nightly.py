"""`clv nightly`: the unattended run."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clv_cli.commands.delivery import emit, show
from clv_cli.commands.options import Shared, shared

if TYPE_CHECKING:
    from clv_cli.results import Report
    from clv_cli.run.unattended import Outcome


@shared
def nightly(
    options: Shared,
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder of nights and history; default: nightly.out."),
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for another run.")
    ] = 0,
    force: Annotated[
        bool, typer.Option("--force", help="Compute again though this night is recorded.")
    ] = False,
    always: Annotated[
        bool, typer.Option("--always", help="Print the mail though nothing needs a person.")
    ] = False,
    log_format: Annotated[
        str | None,
        typer.Option("--log-format", help="text or json: log each step, to stderr by default."),
    ] = None,
    log_file: Annotated[
        Path | None, typer.Option("--log-file", help="Append the log to a file.")
    ] = None,
) -> None:
    """The unattended run: reports, history, thresholds, mail.

    Silent with exit 0 when nothing needs a person; otherwise prints a mail and exits 4. The same
    config and exports again are the same night, and nothing is done twice.

    Example: clv nightly -c /srv/clv/clv.yaml --out /srv/clv/nights
    """
    from clv_cli.render import RENDERERS
    from clv_cli.run import logbook, unattended

    log = logbook.LogBook(_log_writer(log_format, log_file), as_json=log_format == "json")
    how = unattended.Unattended(_written, RENDERERS, log, datetime.now(UTC), out, wait, force)
    outcome = unattended.nightly(options.request(), how)
    if not options.quiet and (outcome.night.flags or always):
        if options.format is None and options.output is None and not options.table:
            emit(_mail(outcome))
        else:
            show(outcome.report, options)
    if outcome.exit_code:
        raise typer.Exit(int(outcome.exit_code))


def _written(report: "Report", name: str) -> tuple[str, bytes]:
    """A report in a format, and the suffix of its file."""
    from clv_cli.render import SUFFIXES, render
    from clv_cli.render.layout import View

    content = render(report, name, View())
    suffix = next((end for end, of in SUFFIXES.items() if of == name), ".txt")
    return suffix, content if isinstance(content, bytes) else content.encode()


def _mail(outcome: "Outcome") -> str:
    """The night as a mail: headers, an empty line, the plain report."""
    from email.message import EmailMessage
    from email.policy import EmailPolicy

    message = EmailMessage(EmailPolicy(cte_type="8bit", max_line_length=900))
    message["Subject"] = _subject(outcome)
    if outcome.mail_to:
        message["To"] = ", ".join(outcome.mail_to)
    body = _written(outcome.report, "plain")[1].decode()
    message.set_content(body, cte="8bit")
    return message.as_bytes().decode()


def _subject(outcome: "Outcome") -> str:
    from clv_cli.render.formats import safe_text

    report, flags = outcome.report, outcome.night.flags
    names = ", ".join(dict.fromkeys(flag.name for flag in flags)) or "nothing to do"
    parts = ["clv", report.company, str(report.as_of), names]
    return safe_text(": ".join([parts[0], ", ".join(part for part in parts[1:] if part)]))


def _log_writer(form: str | None, path: Path | None) -> Callable[[str], None] | None:
    """Where log lines go: a file that is only ever appended to, or standard error.

    Raises:
        UsageError: no such format, or a file that cannot be written.
    """
    from clv_cli.errors import UsageError

    if form not in {None, "text", "json"}:
        raise UsageError(
            f'there is no log format "{form}"', where="--log-format", hint="text or json"
        )
    if path is None:
        return None if form is None else lambda line: typer.echo(line, err=True)
    try:
        path.touch(mode=0o600, exist_ok=True)
        file = path.open("a", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot write {path.name}: {error.strerror}",
            where=str(path),
            hint="the folder of --log-file must exist and be writable",
        ) from error

    def append(line: str) -> None:
        file.write(f"{line}\n")
        file.flush()

    return append
