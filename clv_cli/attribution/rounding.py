"""Rounding by carried remainder: cells and bucket totals are floors or ceilings of their exact values.

A line is cut by systematic rounding: its cells' fractions are laid end to end from an offset, and a
cell gets one unit for each whole number that it crosses. Cells, buckets of the line and the line itself
are then floor or ceiling of their exact values whatever the offset is; the offset is the remainder that
the lines before it left, so equal lines take turns. What is still missing from a bucket's total, which
is rounded once a scope, is moved between buckets on the lines where a move costs least. With three
buckets every set of them is one bucket or all but one, so totals within each bucket's own limits can
always be met (Bacharach, Matrix Rounding Problems, 1966); and some floors or ceilings of the exact
totals, less what earlier batches left over, always are within them (see `_totals`).

Fractions are kept in 2^-50 of a unit; a total is off its true remainder by less than 1e-9 of a unit a
million lines, which matters only where a total lies that near to a whole number, and then rounds to it.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Ints = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    # By scope: how far each bucket's total stands above its exact one, in 2^-50.
    Carry = Mapping[int, Ints]

BITS = 50
UNIT = 1 << BITS
BUCKETS = 3
LIMIT = 2**127 - 1
# The width to which denominators are cut before their remainders are scaled up.
NARROW = 2**65
# Of what is below these, floats tell a quotient to one unit, and 64 bits hold what that leaves.
SHORT = 2**62


def carried(cells: pl.DataFrame, before: Carry) -> tuple[pl.Series, dict[int, Ints]]:
    """Cut each line's total by its cells' shares so that the totals of buckets stay exact too.

    Args:
        cells: `scope` (what is rounded together) and `line` (its place in the total order), both
            integers below 2^31; `bucket` (0-2), `total` (Int64, not negative, the same on all cells of
            a line), `num`, `den` (Int128; nums sum to den). A line's cells stand together, in their
            total order, those of one bucket together.
        before: what the cells rounded earlier in the same scopes left over.

    Returns:
        Int64 cells in the order of the rows, and what they leave over.
    """
    columns = ("scope", "line", "bucket", "total")
    number = {name: cells[name].cast(pl.Int64).to_numpy() for name in columns}
    number["floor"], number["fraction"] = _floors(cells)
    out = number["floor"].copy()
    order = np.flatnonzero(_divided(number["line"], number["fraction"]))
    place = (number["scope"][order] << 32) + number["line"][order]
    order = order[np.argsort(place, kind="stable")]
    up, left = _fitted({name: values[order] for name, values in number.items()}, before)
    out[order] += up
    return pl.Series("cell", out), {**before, **left}


def _divided(line: Ints, fraction: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool]]:
    """The cells of lines that have fractions at all: whole cells take no part in any rounding."""
    begins = _begins(line)
    most = np.maximum.reduceat(fraction, begins.nonzero()[0]) if len(line) else fraction
    return np.asarray((most > 0)[begins.cumsum() - 1])


def _floors(cells: pl.DataFrame) -> tuple[Ints, Ints]:
    """Each cell's floor, and its fraction in 2^-50; exact at any size."""
    short = cells.select((pl.col("den") < SHORT) & (pl.col("total") < UNIT)).to_series()
    cells = cells.select("total", "num", "den")
    if short.all():
        return _short_floors(cells)
    floor, fraction = np.empty(cells.height, np.int64), np.empty(cells.height, np.int64)
    for rows, cut in ((short, _short_floors), (~short, _long_floors)):
        floor[rows.to_numpy()], fraction[rows.to_numpy()] = cut(cells.filter(rows))
    return floor, fraction


def _short_floors(cells: pl.DataFrame) -> tuple[Ints, Ints]:
    """The same of totals below 2^50 and denominators below 2^62: several times as fast."""
    total, num, den = (cells[name].cast(pl.Int64).to_numpy() for name in ("total", "num", "den"))
    floor, rest = _share(total, num, den)
    return floor, _share(np.full(len(den), UNIT), rest, den)[0]


def _share(whole: Ints, num: Ints, den: Ints) -> tuple[Ints, Ints]:
    """Quotient and remainder of whole * num / den, for num <= den < 2^62 and whole <= 2^50.

    Four roundings of floats are off by less than half a unit of a quotient below 2^50, so the remainder
    they leave is within one denominator of the true one. Products wrap at 2^64; their difference does not.
    """
    quotient = (whole * (num / den)).astype(np.int64)
    rest = whole * num - quotient * den
    step = (rest >= den).astype(np.int64) - (rest < 0)
    return quotient + step, rest - step * den


def _long_floors(cells: pl.DataFrame) -> tuple[Ints, Ints]:
    """The same in 128 bits, and beyond them where they do not suffice."""
    num, den = (pl.col(name).cast(pl.Int128) for name in ("num", "den"))
    wide = cells.select(num=num, den=den, total=pl.col("total").cast(pl.Int128))
    fits = wide.select(pl.col("total") <= LIMIT // pl.col("den")).to_series()
    whole, scale = pl.col("total") * pl.col("num"), pl.max_horizontal(pl.col("den") // NARROW, 1)
    rest = whole % pl.col("den") // scale
    fraction = (rest * UNIT // (pl.col("den") // scale)).clip(upper_bound=UNIT - 1)
    small = wide.filter(fits).select(floor=whole // pl.col("den"), fraction=fraction)
    found = np.empty((cells.height, 2), np.int64)
    found[fits.to_numpy()] = small.cast(pl.Int64).to_numpy()
    large = wide.filter(~fits).select("total", "num", "den").iter_rows()
    pairs = [(*divmod(a * n, d), d) for a, n, d in large]
    found[~fits.to_numpy()] = np.array(
        [(quotient, rest_ * UNIT // d) for quotient, rest_, d in pairs], np.int64
    ).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _fitted(cells: Mapping[str, Ints], before: Carry) -> tuple[Ints, dict[int, Ints]]:
    """The units that cells get above their floors, and the new carry of their scopes.

    Args:
        cells: in the order of scopes and lines, no line without fractions.
        before: see `carried`.
    """
    bucket, floors = cells["bucket"], cells["floor"]
    begins = _begins(cells["line"]) | _begins(cells["scope"])
    first, row = begins.nonzero()[0], begins.cumsum() - 1
    units = cells["total"][first] - np.add.reduceat(floors, first) if len(first) else first
    fractions = _whole_rows(cells["fraction"], row, bucket, units)
    scopes = _begins(cells["scope"][first]).nonzero()[0]
    group, shape = row * BUCKETS + bucket, (len(first), BUCKETS)
    share = _group_sums(fractions, group, len(first) * BUCKETS).reshape(shape)
    leading = _leading(cells["fraction"], group, first)
    up = _systematic(fractions, row, first, leading, scopes)
    have = _group_sums(up, group, len(first) * BUCKETS).reshape(shape)
    # A bucket's numbers side by side are read faster than a line's.
    floor, rest = np.asfortranarray(share >> BITS), np.asfortranarray(share & (UNIT - 1))
    moved, after = np.copy(have, order="F"), {}
    sums = zip(*_of_scopes(have, share, floor, rest, units, scopes), strict=True)
    ends = [*scopes.tolist(), len(first)]
    for (start, end), (had, exact, least, most) in zip(pairwise(ends), sums, strict=True):
        here, scope = slice(start, end), int(cells["scope"][first[start]])
        carry = before.get(scope, np.zeros(BUCKETS, np.int64)).tolist()
        target = [whole - before_ for whole, before_ in zip(exact, carry, strict=True)]
        wanted = _totals(target, least, most)
        got = had
        if wanted != got:
            moved[here] = _moved(moved[here], floor[here], rest[here], wanted)
            got = moved[here].sum(axis=0).tolist()
        left = [unit * UNIT - sought for unit, sought in zip(got, target, strict=True)]
        after[scope] = np.array(left, np.int64)
    _settle(up, fractions, group, moved.ravel() - have.ravel())
    return up, after


def _of_scopes(  # noqa: PLR0913, PLR0917 - what is known of the lines
    have: Ints, share: Ints, floor: Ints, rest: Ints, units: Ints, scopes: Ints
) -> Iterator[list[list[int]]]:
    """Sums of lines by scope and bucket: units had, exact 2^-50, and the least and most units."""

    def sums(values: Ints) -> list[list[int]]:
        found: list[list[int]] = np.add.reduceat(values, scopes).tolist() if len(scopes) else []
        return found

    yield sums(have)
    # Without a limit: halves are summed apart.
    halves = zip(sums(share >> 25), sums(share & (2**25 - 1)), strict=True)
    yield [[(up << 25) + low for up, low in zip(*half, strict=True)] for half in halves]
    part = rest > 0
    spare = units - floor.sum(axis=1)
    yield sums(floor + (part & (spare >= part.sum(axis=1))[:, None]))
    yield sums(floor + (part & (spare > 0)[:, None]))


def _whole_rows(fractions: Ints, row: Ints, bucket: Ints, units: Ints) -> Ints:
    """The fractions with what cutting them to 2^-50 lost put back, so that whole sums are whole.

    Thirds of one bucket add up to a little less than one; the bucket gets exactly one again, for a
    whole number has no ceiling to be rounded to. What else lacks of a row goes to its last fraction.
    """
    exact, group = fractions.copy(), row * BUCKETS + bucket
    lost = 2 * np.bincount(row)
    short = -_group_sums(exact, group, len(units) * BUCKETS) & (UNIT - 1)
    whole = short <= np.repeat(lost, BUCKETS)
    _add(exact, group, np.flatnonzero(exact), np.where(whole, short, 0))
    lacking = units * UNIT - _group_sums(exact, row, len(units))
    _add(exact, row, np.flatnonzero((exact > 0) & ~whole[group]), lacking)
    return exact


def _add(fractions: Ints, group: Ints, there: Ints, amounts: Ints) -> None:
    """Add some 2^-50 to each group: to its last cell, or as far as cells stay from 0 to 1."""
    begins = _begins(group[there]).nonzero()[0]
    ends = np.append(begins, len(there))[1:]
    last = there[ends - 1]
    wanted = fractions[last] + amounts[group[last]]
    fits = (wanted >= 0) & (wanted <= UNIT)
    fractions[last[fits]] = wanted[fits]
    for begin, end in zip(begins[~fits], ends[~fits], strict=True):
        left = int(amounts[group[there[begin]]])
        for cell in there[begin:end]:
            step = max(-int(fractions[cell]), min(left, UNIT - int(fractions[cell])))
            fractions[cell] += step
            left -= step


def _begins(keys: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool]]:
    """Where runs of equal keys begin; `np.diff` is slow on the many short arrays there are here."""
    changed = np.ones(len(keys), np.bool)
    np.not_equal(keys[1:], keys[:-1], out=changed[1:])
    return changed


def _group_sums(values: Ints, group: Ints, count: int) -> Ints:
    """Sums by group; the cells of a group stand together."""
    sums, starts = np.zeros(count, np.int64), _begins(group).nonzero()[0]
    sums[group[starts]] = np.add.reduceat(values, starts)
    return sums


def _leading(fractions: Ints, group: Ints, first: Ints) -> Ints:
    """The largest fraction in the first bucket of each row, by which the next row's offset grows.

    Not that of the first cell: names of rules decide which one comes first within a bucket, and they
    must move no unit to another line. Not that of the bucket: its rules take turns, too.
    """
    starts = _begins(group).nonzero()[0]
    largest = np.maximum.reduceat(fractions, starts) if len(starts) else fractions
    return np.asarray(largest[np.searchsorted(starts, first)])


def _systematic(fractions: Ints, row: Ints, first: Ints, leading: Ints, scopes: Ints) -> Ints:
    """One unit for each whole number that a cell crosses, from what the rows of its scope left over."""
    # Wrapping at 2^64 is harmless: only the remainder by 2^50 is read.
    over = np.cumsum(leading, dtype=np.int64) - leading
    begun = np.repeat(over[scopes], np.diff(scopes, append=len(first)))
    offset = (over - begun) & (UNIT - 1)
    running = np.cumsum(fractions, dtype=np.int64)
    before_row = (running - fractions)[first]
    ends = running - before_row[row] + offset[row]
    return np.asarray((ends >> BITS) - ((ends - fractions) >> BITS))


def _totals(exact: list[int], least: list[int], most: list[int]) -> list[int]:
    """Whole units by bucket: floors or ceilings that lines can meet, the nearest of them.

    A total can be met where each bucket's own limits allow it. One always can: line by line there is a
    bucket to give the unit to that keeps every total less than one from exact, because two buckets
    that both had to have it would leave the third more than one above.
    """
    floors = [value >> BITS for value in exact]
    left = round(sum(exact) / UNIT) - sum(floors)
    candidates = [
        [floor + (bucket in ceiled) for bucket, floor in enumerate(floors)]
        for ceiled in combinations(range(BUCKETS), left)
    ]
    met = [
        c
        for c in candidates
        if all(low <= unit <= high for low, unit, high in zip(least, c, most, strict=True))
    ]
    return min(
        met, key=lambda c: [sum(abs((u << BITS) - e) for u, e in zip(c, exact, strict=True))]
    )


def _moved(begun: Ints, floor: Ints, rest: Ints, wanted: list[int]) -> Ints:
    """Move units between buckets on the lines where it costs least, until the totals are met."""
    have = begun.copy(order="F")
    while True:
        surplus = have.sum(axis=0) - wanted
        path = _path(have, floor, rest, surplus)
        if path is None:
            return have
        way, movable = path
        steps = list(pairwise(way))
        most = min(surplus[way[0]], -surplus[way[-1]])
        rows = [
            _cheapest(rest, *step, lines, most) for step, lines in zip(steps, movable, strict=True)
        ]
        count = min(most, *(len(found) for found in rows))
        for (giving, taking), found in zip(steps, rows, strict=True):
            have[:, giving][found[:count]] -= 1
            have[:, taking][found[:count]] += 1


def _movable(have: Ints, floor: Ints, rest: Ints, giving: int, taking: int) -> Ints:
    """The lines on which a unit can go from one bucket to another."""
    can = (have[:, giving] > floor[:, giving]) & (have[:, taking] <= floor[:, taking])
    return np.flatnonzero(can & (rest[:, taking] > 0))


def _cheapest(rest: Ints, giving: int, taking: int, rows: Ints, most: int) -> Ints:
    """So many of some lines at most, where it costs least; of equals the first."""
    cost = rest[:, giving][rows] - rest[:, taking][rows]
    if len(rows) > most:
        near = cost <= np.partition(cost, most - 1)[most - 1]
        rows, cost = rows[near], cost[near]
    return np.asarray(rows[np.argsort(cost, kind="stable")][:most])


def _path(
    have: Ints, floor: Ints, rest: Ints, surplus: Ints
) -> tuple[list[int], list[Ints]] | None:
    """The shortest way from a bucket with too much to one with too little; None when there is none.

    Beside it, for each step the lines on which a unit can go.
    """
    ways: list[tuple[list[int], list[Ints]]] = [
        ([start], []) for start in np.flatnonzero(surplus > 0).tolist()
    ]
    seen = {way[0] for way, _ in ways}
    lacking_first = np.argsort(surplus >= 0, kind="stable").tolist()
    while ways:
        way, lines = ways.pop(0)
        for bucket in lacking_first:
            rows = None if bucket in seen else _movable(have, floor, rest, way[-1], bucket)
            if rows is not None and len(rows):
                longer = ([*way, bucket], [*lines, rows])
                if surplus[bucket] < 0:
                    return longer
                seen.add(bucket)
                ways.append(longer)
    return None


def _settle(up: Ints, fractions: Ints, group: Ints, change: Ints) -> None:
    """Give buckets of lines the units moved: the cells with the largest fractions keep or get them.

    Args:
        up: the units of cells above their floors, changed in place.
        fractions: of the cells.
        group: line and bucket of each cell; those of a group stand together.
        change: units of each group.
    """
    cells = np.flatnonzero(change[group])
    starts = _begins(group[cells]).nonzero()[0]
    ends = np.append(starts, len(cells))[1:]
    alone = ends - starts == 1
    single = cells[starts[alone]]
    up[single] += change[group[single]]
    for start, end in zip(starts[~alone], ends[~alone], strict=True):
        _settle_one(up, fractions, cells[start:end], int(change[group[cells[start]]]))


def _settle_one(up: Ints, fractions: Ints, cells: Ints, change: int) -> None:
    for _ in range(abs(change)):
        can = (
            cells[(up[cells] == 0) & (fractions[cells] > 0)] if change > 0 else cells[up[cells] > 0]
        )
        best = np.argmax(fractions[can]) if change > 0 else np.argmin(fractions[can])
        up[can[best]] += 1 if change > 0 else -1
