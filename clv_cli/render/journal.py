"""The ledger of the split as a journal: one balanced transaction a billing line, in its own currency.

    debit receivable = sum of the credits to CXM, CS and sales (a credit note: the other way round)

Amounts are the integer cells, so transactions balance with a tolerance of 0. hledger and beancount read
different dialects; both get the rule, its version, the evidence and the exact share of every posting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import UsageError, did_you_mean
from clv_cli.harmless import HIDDEN
from clv_cli.render.as_csv import cell_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from clv_cli.results import Result

STYLES = ("hledger", "beancount")
LINE = ["issued_on", "line_id", "customer_id", "currency", "source", "row"]


def require_style(name: str) -> str:
    """The name itself, when it is a dialect.

    Raises:
        UsageError: there is no such dialect.
    """
    if name not in STYLES:
        raise UsageError(
            f'there is no journal "{name}"',
            where="--journal",
            hint=did_you_mean(name, STYLES) or f"one of {', '.join(STYLES)}",
        )
    return name


def render(ledger: Result, style: str, accounts: Mapping[str, str], currency: str) -> str:
    """The ledger of the split as a journal.

    Args:
        ledger: the table `split_by_line`.
        style: one of `STYLES`.
        accounts: of `receivable`, `cxm`, `cs` and `sales`.
        currency: the base currency.
    """
    frame = ledger.rows.frame
    columns = {column.name: column for column in ledger.table.columns}
    parent = pl.col("bucket").replace_strict({b: accounts[b] for b in ("cxm", "cs", "sales")})
    child = pl.col("component").str.replace_all("_", "-").str.to_titlecase()
    # What an exchange rate moved has no amount in the line's own currency, and no posting.
    cells = frame.filter(pl.col("own") != 0).with_columns(
        account=parent + pl.lit(":") + child,
        issued_on=pl.col("issued_on").cast(pl.String),
        **{
            name: _clean(name)
            for name in ("line_id", "customer_id", "source", "evidence", "rule_id")
        },
    )
    amounts = cell_text(columns["own"], cells.with_columns(-pl.col("own")), currency)
    credited = cells.with_columns(-pl.col("own")).with_columns(text=amounts)
    posting, head, opening = _HLEDGER if style == "hledger" else _BEANCOUNT
    booked = credited.group_by(LINE, maintain_order=True).agg(
        pl.col("own").cast(pl.Int128).sum().cast(pl.Int64), posting().str.join("\n")
    )
    totals = booked.with_columns(own=0 - pl.col("own"))
    debit = cell_text(columns["own"], totals, currency)
    entries = totals.with_columns(debit=debit, receivable=pl.lit(accounts["receivable"]))
    texts = entries.select(head())["entry"].to_list()
    names = sorted({accounts["receivable"], *credited["account"]})
    first = str(frame["issued_on"].min())
    return "\n\n".join([opening(names, first), *texts]) + "\n"


def _clean(name: str) -> pl.Expr:
    """Ids without what either dialect reads as syntax."""
    syntax = r'[;|"\\,]'
    return pl.col(name).fill_null("").str.replace_all(f"{HIDDEN}|{syntax}", "_")


def _share() -> pl.Expr:
    evidence = pl.when(pl.col("evidence") == "").then("evidence_row").otherwise("evidence")
    return pl.format(
        "rule:{}, version:{}, evidence:{}, share:{}",
        "rule_id",
        "rule_version",
        evidence,
        "exact_share",
    )


def _hledger_posting() -> pl.Expr:
    text = pl.format("    {}  {} {}  ; {}", "account", "text", "currency", _share())
    return text.alias("postings")


def _hledger_head() -> pl.Expr:
    return pl.format(
        "{} {} {}  ; source:{}, row:{}\n    {}  {} {}\n{}",
        "issued_on", "line_id", "customer_id", "source", "row",
        "receivable", "debit", "currency", "postings",
    ).alias("entry")  # fmt: skip


def _hledger_opening(names: list[str], _: str) -> str:
    return "\n".join(["; the split of revenue by clv", *(f"account {name}" for name in names)])


def _beancount_posting() -> pl.Expr:
    text = pl.format('  {}  {} {}\n    split: "{}"', "account", "text", "currency", _share())
    return text.alias("postings")


def _beancount_head() -> pl.Expr:
    return pl.format(
        '{} * "{}" "{}"\n  source: "{}:{}"\n  {}  {} {}\n{}',
        "issued_on", "customer_id", "line_id", "source", "row",
        "receivable", "debit", "currency", "postings",
    ).alias("entry")  # fmt: skip


def _beancount_opening(names: list[str], first: str) -> str:
    # Zero, where beancount would otherwise infer half of the last digit.
    options = ['option "inferred_tolerance_multiplier" "0"']
    return "\n".join([*options, *(f"{first} open {name}" for name in names)])


_Dialect = tuple[
    "Callable[[], pl.Expr]", "Callable[[], pl.Expr]", "Callable[[list[str], str], str]"
]
_HLEDGER: _Dialect = (_hledger_posting, _hledger_head, _hledger_opening)
_BEANCOUNT: _Dialect = (_beancount_posting, _beancount_head, _beancount_opening)
