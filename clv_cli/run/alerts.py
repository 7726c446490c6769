"""The thresholds of the config, judged on a night's figures."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from clv_cli.glossary import GLOSSARY, Kind, Window
from clv_cli.history import Flag
from clv_cli.metrics.tables.parts import text_of
from clv_cli.money import from_text
from clv_cli.periods import month_end

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from clv_cli.history import Figure
    from clv_cli.settings import Alert


class Figures:
    """The figures of one night, by metric and month.

    Args:
        figures: all of them.
        as_of: the night's last day that counts.
        currency: of money.
    """

    def __init__(self, figures: Sequence[Figure], as_of: date, currency: str) -> None:
        self.currency = currency
        self.as_of = as_of
        self._by_key = {(f.metric, f.month): f for f in figures}
        self._last = max((f.month for f in figures), default=0)

    def now(self, metric: str, back: int = 0) -> Figure | None:
        """The figure that reports call "now": of the last month that its window completes.

        Args:
            metric: its id.
            back: so many months before.
        """
        unfinished = self.as_of < month_end(self._last) if self._last else False
        month = self._last - (unfinished and GLOSSARY[metric].window is Window.MONTH)
        return self._by_key.get((metric, month - back))


def judged(alerts: Sequence[Alert], now: Figures, before: Figures | None) -> Iterator[Flag]:
    """A flag for every threshold that tonight's figures are outside of.

    A figure that has no value cannot be watched, which is flagged too: silence would look like health.

    Args:
        alerts: the thresholds.
        now: tonight's figures.
        before: last night's; None on the first night, when nothing has changed yet.
    """
    for alert in alerts:
        figure = now.now(alert.term)
        title = GLOSSARY[alert.term].title
        if figure is None or figure.value is None:
            reason = figure.reason if figure else "not computed"
            yield Flag(alert.name, alert.term, f"{title} has no value: {reason}")
            continue
        for sentence in _breaches(alert, now, before, figure):
            yield Flag(alert.name, alert.term, f"{title} {sentence}")


def _breaches(alert: Alert, now: Figures, before: Figures | None, figure: Figure) -> Iterator[str]:
    value, kind = Fraction(figure.value or 0), Kind(figure.kind)
    told = said(value, kind, now.currency)
    if alert.min is not None and value < alert.min:
        yield f"is {told}, below {said(alert.min, kind, now.currency)}"
    if alert.max is not None and value > alert.max:
        yield f"is {told}, above {said(alert.max, kind, now.currency)}"
    old = (
        now.now(alert.term, back=1)
        if alert.against == "last_month"
        else (before.now(alert.term) if before else None)
    )
    if old is None or old.value is None:
        return
    moved = changed(Fraction(old.value), value, kind)
    if moved is None:
        return
    since = f"since {alert.against.replace('_', ' ')}, from {said(Fraction(old.value), kind, now.currency)} to {told}"
    if alert.min_change is not None and moved < alert.min_change:
        yield f"changed by {_step(moved, kind)} {since}; allowed is {_step(alert.min_change, kind)}"
    if alert.max_change is not None and moved > alert.max_change:
        yield f"changed by {_step(moved, kind)} {since}; allowed is {_step(alert.max_change, kind)}"


def changed(before: Fraction, now: Fraction, kind: Kind) -> Fraction | None:
    """The difference of shares, the relative change of anything else; None from nothing.

    Args:
        before: the older value.
        now: the newer one.
        kind: what both mean.
    """
    if kind is Kind.RATIO:
        return now - before
    return (now - before) / abs(before) if before else None


def said(value: Fraction, kind: Kind, currency: str) -> str:
    """A canonical value inside a sentence; money is in whole units."""
    if kind is not Kind.MONEY:
        return text_of(value, kind, currency)
    digits = from_text("1", currency)
    return text_of(round(value * digits), kind, currency)


def _step(change: Fraction, kind: Kind) -> str:
    return f"{float(change) * 100:+.1f} {'pp' if kind is Kind.RATIO else '%'}"
