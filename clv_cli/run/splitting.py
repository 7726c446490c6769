"""The revenue split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clv_cli import attribution
from clv_cli.errors import UsageError
from clv_cli.pipeline import Scope
from clv_cli.run.finishing import finished
from clv_cli.run.opening import opened, require_lines

if TYPE_CHECKING:
    from collections.abc import Container

    from clv_cli.results import Report, Table
    from clv_cli.run.opening import Request


# What finance opens a workbook for, beside the totals.
LEDGERS = ("line", "rule")


def split(
    request: Request,
    by: str | None,
    method: str | None,
    *,
    require_causal: bool = False,
    ledgers: bool = False,
) -> Report:
    """The revenue split: by bucket and component, or by one of `attribution.SPLIT_BY`.

    Args:
        request: what to read.
        by: a grouping, or None.
        method: of the split; None for the config's.
        require_causal: whether only a measured effect will do.
        ledgers: whether the split line by line and by rule come with it, where it knows lines.

    Raises:
        DataError: a causal figure is required, and the data cannot give it; or a given general
            ledger does not tie.
    """
    with opened(request) as scope:
        asked = _with_method(scope, method)
        if require_causal:
            attribution.require_causal(asked)
        tables = [*attribution.split_tables(asked), attribution.split_claims_table(asked)]
        tables += attribution.evidence_tables(asked)
        if asked.settings.split.method == "worksheet":
            tables.append(attribution.split_tornado_table(asked))
        tables += _books(asked)
        if by is not None:
            tables.insert(0, attribution.split_by_table(asked, by))
        if ledgers:
            tables += ledger_tables(asked, {by})
        return finished("split", asked, tables)


def ledger_tables(scope: Scope, but: Container[str | None] = ()) -> list[Table]:
    """The split line by line and by rule; a worksheet knows no lines.

    Args:
        scope: of what.
        but: groupings that are there already.
    """
    known = LEDGERS if scope.settings.split.method != "worksheet" else LEDGERS[1:]
    return [attribution.split_by_table(scope, by) for by in known if by not in but]


def split_journal(
    request: Request, method: str | None, *, require_causal: bool = False
) -> tuple[Report, dict[str, str]]:
    """The ledger of the split, line by line, and the accounts that its journal is written to.

    Raises:
        DataError: a causal figure is required, and the data cannot give it; or a given general
            ledger does not tie.
    """
    with opened(request) as scope:
        require_lines(scope)
        asked = _with_method(scope, method)
        if require_causal:
            attribution.require_causal(asked)
        tables = [attribution.split_by_table(asked, "line")]
        accounts = {name: str(value) for name, value in asked.settings.split.journal}
        return finished("split", asked, tables, _books(asked)), accounts


def _books(scope: Scope) -> list[Table]:
    """The table that stops the run where a given general ledger does not tie."""
    given = scope.book.has("general_ledger") and scope.book.lines.rows
    return [attribution.split_general_ledger_table(scope)] if given else []


def _with_method(scope: Scope, method: str | None) -> Scope:
    if method is None:
        return scope
    if method not in attribution.METHODS:
        raise UsageError(
            f'there is no split method "{method}"',
            where="--method",
            hint=f"one of {', '.join(attribution.METHODS)}",
        )
    chosen = scope.settings.split.model_copy(update={"method": method})
    settings = scope.settings.model_copy(update={"split": chosen})
    return Scope(scope.book, scope.as_of, scope.period, settings)
