"""The tables of `clv forecast`: the forecast with its bands, its layers, and its errors before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from clv_cli.glossary import Kind
from clv_cli.metrics.tables.parts import canonical
from clv_cli.periods import month_of
from clv_cli.planning.backtest import ORIGINS, TRAINING
from clv_cli.planning.business import business_of
from clv_cli.planning.forecast import contracted, forecasts, needs_of, whole
from clv_cli.planning.layers import COHORTS, DAMPED, NAIVE, SEASONAL, SURVIVAL
from clv_cli.results import Column, Rows, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clv_cli.models.arrays import Array
    from clv_cli.pipeline import Scope
    from clv_cli.planning.backtest import Backtest, Test
    from clv_cli.planning.forecast import Forecast
    from clv_cli.results import Frames

NAMES = {"mrr": "MRR", "net_revenue": "Revenue", "customers": "Customers", "buyers": "Buyers"}
KINDS = dict.fromkeys(NAMES, Kind.COUNT) | dict.fromkeys(("mrr", "net_revenue"), Kind.MONEY)
LAYER_NAMES = {
    SURVIVAL: "contracts, survival",
    COHORTS: "cohorts of buyers",
    DAMPED: "damped trend",
    SEASONAL: "seasonal naive",
    NAIVE: "naive",
}
BANDS = (0.5, 0.8, 0.95)
SHOWN = (1, 3, 6, 12, 24)
TOO_SHORT = "too little history for a backtest: 18 months are needed"
NO_MRR = "There is no MRR to forecast, and nothing billed."
ESTIMATES = (
    "Estimates. A band holds the truth in the share it names, by the errors of the backtest."
)
MEASURES = (
    "Off: mean error as a share of the actual, by months ahead. MASE: mean error over the mean change "
    "from month to month. To naive: mean error over that of naive, below 1 is better. In 80 %: actuals "
    "inside the band made of the other origins' errors."
)
HINDSIGHT = "Each try knows only the months before it, and the contracts of its day."
HINDSIGHT_OF_BUYERS = "Each try knows only the months before it, and who had bought by then."
WALL = (
    "Contracted: MRR of today whose paid term still runs, if nobody renews. Up for renewal: MRR of "
    "today whose term ends in the month, the renewal wall."
)
AGES = "Cohorts: customers of one first month buy on as those before them did at their age."
_TEXT_COLUMNS = {"series": pl.String, "kind": pl.String, "month": pl.Int32, "value": pl.String}


class _Once:
    """The forecasts of one run, judged once for all of its tables."""

    def __init__(self) -> None:
        self._found: dict[str, Forecast] | None = None

    def __call__(self, frames: Frames) -> dict[str, Forecast]:
        if self._found is None:
            self._found = forecasts(frames)
        return self._found


def forecast_tables(scope: Scope) -> list[Table]:
    """What comes, what each layer says, and how wrong each was before."""
    judged = _Once()
    return [
        forecast_table(scope, judged),
        layers_table(scope, judged),
        backtest_table(scope, judged),
        horizons_table(scope, judged),
    ]


def long_enough(scope: Scope) -> bool:
    """Whether the history is long enough for a backtest, seen from the lines' first issue."""
    if not scope.book.lines.rows:
        return False
    return scope.closing - month_of(scope.book.lines.first_issued) + 1 >= TRAINING + ORIGINS


def forecast_table(
    scope: Scope, judged: Callable[[Frames], dict[str, Forecast]] = forecasts
) -> Table:
    """MRR, billed revenue and customers ahead, each with bands.

    Args:
        scope: the months ahead.
        judged: how the forecasts are made.
    """
    bands = [_band_columns(level) for level in BANDS]
    columns = (
        Column("series", Kind.TEXT, "Of", labels=NAMES, rigid=True),
        Column("kind", Kind.TEXT, "Kind", people=False),
        Column("month", Kind.MONTH, "Month"),
        Column("value", Kind.BY_ROW, "Forecast", whole=True),
        *(column for pair in bands for column in pair),
    )

    def finish(frames: Frames) -> Rows:
        found = judged(frames)
        rows = [row for one in found.values() for row in _ahead(one, scope)]
        names = {c.name: pl.String for pair in bands for c in pair}
        frame = pl.DataFrame(rows, schema={**_TEXT_COLUMNS, **names}, orient="row")
        empty = [
            (row, column, TOO_SHORT)
            for row, values in enumerate(rows)
            for column, value in zip(names, values[4:], strict=True)
            if value is None
        ]
        notes = [_verdict(one) for one in found.values()] or [NO_MRR]
        return Rows(frame, reasons=empty, notes=[*notes, *[ESTIMATES] * bool(found)])

    title = f"Forecast of {scope.settings.planning.months} months (estimates)"
    return Table("forecast", title, columns, needs_of(scope), finish)


def _band_columns(level: float) -> tuple[Column, Column]:
    name = f"{level * 100:.0f}"
    # Three bands are wider than a terminal; the narrow one is for programs and charts.
    seen = level > BANDS[0]
    return (
        Column(f"low_{name}", Kind.BY_ROW, f"{name} % from", whole=True, people=seen),
        Column(f"high_{name}", Kind.BY_ROW, "to", whole=True, people=seen),
    )


def _ahead(one: Forecast, scope: Scope) -> list[tuple[object, ...]]:
    """One row a month ahead."""
    kind, currency = KINDS[one.series], scope.currency
    ends = [end for level in BANDS for end in one.band(level) or (None, None)]
    sides = [None if end is None else whole(end) for end in ends]
    return [
        (
            one.series,
            kind.value,
            scope.closing + 1 + ahead,
            canonical(value, kind, currency),
            *(None if side is None else canonical(side[ahead], kind, currency) for side in sides),
        )
        for ahead, value in enumerate(whole(one.path))
    ]


def _verdict(one: Forecast) -> str:
    """Which layer stands, how wrong it was, and whether that is better than nothing."""
    name, layer = NAMES[one.series], LAYER_NAMES[one.chosen]
    if one.test is None:
        return f"{name}: {layer}, {TOO_SHORT}."
    if one.chosen == NAIVE:
        best = min((t for n, t in one.test.tests.items() if n != NAIVE), key=lambda t: t.score)
        lost = f"{LAYER_NAMES[best.layer]}, the best of the others, was {(best.score - 1) * 100:+.0f} % off it"
        return f"{name}: no layer beats naive ({lost}); tomorrow is forecast like today."
    worse = one.test.worse_than_naive()
    lost = f"on the whole, but loses to it {_listed(worse)} ahead"
    said = lost if worse else "at every horizon"
    shown = [ahead for ahead in SHOWN if ahead <= len(one.path)]
    errors = [
        f"{one.test.best.mape[ahead - 1] * 100:.1f} % at {ahead}"
        for ahead in shown
        if np.isfinite(one.test.best.mape[ahead - 1])
    ]
    return f"{name}: {layer}, which beats naive {said}. Months ahead, it was off by {', '.join(errors)}."


def _listed(horizons: Sequence[int]) -> str:
    """`1 month`, `1, 2, 5 months`."""
    return f"{', '.join(map(str, horizons))} month{'s' * (horizons != [1])}"


def layers_table(scope: Scope, judged: Callable[[Frames], dict[str, Forecast]]) -> Table:
    """The first series ahead by layer; under contracts with what is contracted, and what is due."""
    business = business_of(scope)
    series, layers = business.series[0], tuple(reversed(business.layers))
    labels = {name: text[0].upper() + text[1:] for name, text in LAYER_NAMES.items()}
    wall = (
        Column("contracted", Kind.MONEY, "Contracted", whole=True),
        Column("due", Kind.MONEY, "Up for renewal", whole=True),
    )
    columns = (
        Column("month", Kind.MONTH, "Month"),
        *(wall if business.under_contract else ()),
        *(Column(name, Kind.MONEY, labels[name], whole=True) for name in layers),
    )

    def finish(frames: Frames) -> Rows:
        found = judged(frames)
        if not found:
            return Rows(pl.DataFrame(schema=_schema(columns)), notes=[NO_MRR])
        paths = {name: found[series].layers[name] for name in layers}
        if business.under_contract:
            paths = dict(zip(("contracted", "due"), contracted(frames), strict=True)) | paths
        months = range(scope.closing + 1, scope.closing + 1 + scope.settings.planning.months)
        values = {"month": list(months), **{name: whole(path) for name, path in paths.items()}}
        notes = [WALL if business.under_contract else AGES]
        return Rows(pl.DataFrame(values, schema=_schema(columns)), notes=notes)

    return Table("layers", f"{NAMES[series]} ahead by layer", columns, needs_of(scope), finish)


def _schema(columns: Sequence[Column]) -> dict[str, Any]:
    return {c.name: pl.Int32 if c.kind is Kind.MONTH else pl.Int64 for c in columns}


def backtest_table(scope: Scope, judged: Callable[[Frames], dict[str, Forecast]]) -> Table:
    """How each layer would have done, in one row."""
    shown = SHOWN[:4]
    columns = (
        Column("series", Kind.TEXT, "Of", labels=NAMES),
        Column("layer", Kind.TEXT, "Layer", labels=LAYER_NAMES, rigid=True),
        Column("used", Kind.TEXT, "Used"),
        *(Column(f"mape_{ahead}", Kind.RATIO, f"Off at {ahead}") for ahead in shown),
        Column("mase", Kind.FACTOR, "MASE"),
        Column("against_naive", Kind.FACTOR, "To naive"),
        Column("coverage_80", Kind.RATIO, "In 80 %"),
        Column("origins", Kind.COUNT, "Tries", people=False),
    )

    def finish(frames: Frames) -> Rows:
        tested = [(one.series, one.test) for one in judged(frames).values() if one.test]
        rows = [
            _summary(series, test, tested_layer, shown)
            for series, test in tested
            for tested_layer in test.tests.values()
        ]
        schema: dict[str, Any] = {c.name: _float_type(c) for c in columns}
        under_contract = business_of(scope).under_contract
        notes = [MEASURES, HINDSIGHT if under_contract else HINDSIGHT_OF_BUYERS]
        found = pl.DataFrame(rows, schema=schema, orient="row")
        return Rows(found, notes=notes if rows else [f"No backtest: {TOO_SHORT}."])

    return Table("backtest", "Backtest", columns, needs_of(scope), finish)


def _float_type(column: Column) -> type[pl.DataType]:
    if column.kind is Kind.TEXT:
        return pl.String
    return pl.Int64 if column.kind is Kind.COUNT else pl.Float64


def _summary(series: str, test: Backtest, one: Test, shown: Sequence[int]) -> tuple[object, ...]:
    mape = [one.mape[ahead - 1] if ahead <= len(one.mape) else np.nan for ahead in shown]
    return (
        series,
        one.layer,
        "yes" if test.chosen == one.layer else "no",
        *(_known(value) for value in mape),
        _known(_mean(one.mase)),
        _known(one.score),
        _known(_mean(one.coverage)),
        int(one.tried[0]),
    )


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else np.nan


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def horizons_table(scope: Scope, judged: Callable[[Frames], dict[str, Forecast]]) -> Table:
    """The backtest by horizon, for machines."""
    columns = (
        Column("series", Kind.TEXT, "Of", labels=NAMES),
        Column("layer", Kind.TEXT, "Layer", labels=LAYER_NAMES, rigid=True),
        Column("ahead", Kind.COUNT, "Months ahead"),
        Column("origins", Kind.COUNT, "Tries"),
        Column("mape", Kind.RATIO, "Off by"),
        Column("mase", Kind.FACTOR, "MASE"),
        Column("against_naive", Kind.FACTOR, "To naive"),
        Column("coverage_80", Kind.RATIO, "In 80 %"),
    )

    def finish(frames: Frames) -> Rows:
        rows = [
            (one.series, test.layer, at + 1, int(test.tried[at]), *values)
            for one in judged(frames).values()
            if one.test
            for test in one.test.tests.values()
            for at, values in enumerate(_by_horizon(test))
        ]
        schema: dict[str, Any] = {c.name: _float_type(c) for c in columns}
        return Rows(pl.DataFrame(rows, schema=schema, orient="row"))

    title = "Backtest by months ahead"
    return Table("backtest_horizons", title, columns, needs_of(scope), finish)


def _by_horizon(test: Test) -> list[tuple[float | None, ...]]:
    columns = (test.mape, test.mase, test.against_naive, test.coverage)
    return [tuple(map(_known, values)) for values in zip(*columns, strict=True)]
