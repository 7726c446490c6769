"""Last days of service against the days after them: what a source says is held against its periods.

`period_end` is the day after the last day of service. An export that writes the last day instead makes every
month a day short, and full of small changes and a churn at its end: no single row tells, whole months do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from clv_cli.errors import DataError

if TYPE_CHECKING:
    from clv_cli.sources.binding import Binding

START, END = "period_start", "period_end"
MIN_SHORT = 3  # one or two periods may well be a day short


def asked(binding: Binding) -> bool:
    """Whether a file has periods of which nobody has said what their last day is."""
    spec = binding.spec
    fields = [spec.table.field(name) for name in (START, END)]
    given = all(field is not None and binding.given(field) for field in fields)
    return given and not spec.inclusive_stated and END not in spec.inclusive


def assert_days_after(
    periods: pl.LazyFrame, sample: pl.LazyFrame, binding: Binding, name: str
) -> None:
    """Stop when most whole months of a file end a day early and nobody said that ends are last days.

    Args:
        periods: `period_start, period_end` of the whole file.
        sample: those of its first rows, which spare most files the look at all of them.
        binding: the file's columns.
        name: the file.

    Raises:
        DataError: with the key to set, whichever it is.
    """
    whole, short, _ = counted(sample)
    if whole >= short and whole:
        return
    whole, short, example = counted(periods)
    if not are_last(whole, short):
        return
    label = binding.label(END)
    raise DataError(
        f"{label} looks like the last day of service, not the day after: {short:,} of "
        f"{short + whole:,} whole months end a day early, such as {example}",
        where=f"{name}, column {label}",
        hint=f"set inclusive: {END} at {binding.spec.where} (inclusive: [] if it is the day after)",
    )


def are_last(whole: int, short: int) -> bool:
    """Whether ends are last days, by periods of whole months and those a day short of them."""
    return short >= MIN_SHORT and short > whole


def counted(periods: pl.LazyFrame) -> tuple[int, int, str]:
    """Periods of whole months, those that would be with one more day, and the first of these.

    Args:
        periods: `period_start, period_end`, days.
    """
    start, end = pl.col(START), pl.col(END)
    found = (
        periods.select(
            START,
            END,
            whole=_whole_months(start, end),
            short=_whole_months(start, end.dt.offset_by("1d")),
        )
        .select(
            pl.col("whole", "short").sum(),
            pl.col(START, END).filter("short").first().cast(pl.String),
        )
        .collect()
    )
    whole, short, first, last = found.row(0)
    return whole, short, f"{first} to {last}"


def _whole_months(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    """Whether a day is one or more months after another; the 31st falls on a shorter month's last day."""
    later = end.dt.month_start() > start.dt.month_start()
    due = pl.min_horizontal(start.dt.day(), end.dt.month_end().dt.day())
    return (later & (end.dt.day() == due)).fill_null(value=False)
