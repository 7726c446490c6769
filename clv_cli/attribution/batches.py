"""The split of some customers at a time: what is decided of one customer never looks at another.

Credits take back purchases of their own customer, bases are made of its past, and rules claim a part of a
purchase by itself. So customers are worked on in batches, several at once, and what is made of a batch on
the way is gone with it. Batches follow from the lines alone, never from the machine. Only rounding looks
across customers: it comes after them (`rounded`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from clv_cli.attribution.concerned import CODED, as_history, split_history, split_scanned
from clv_cli.attribution.cs import NAMES, split_hindsight, split_interventions, split_introductions
from clv_cli.attribution.cxm import split_initiatives, split_segments
from clv_cli.attribution.frozen import split_frozen, split_kept, split_kept_back
from clv_cli.attribution.grouping import enumerated
from clv_cli.attribution.held import split_held
from clv_cli.attribution.matching import split_credits, split_takings
from clv_cli.attribution.methods import source_of, split_method_claims
from clv_cli.attribution.motion import split_switched_deals, split_switchers
from clv_cli.attribution.names import split_names
from clv_cli.attribution.reach import numbers, split_bought, split_concerned
from clv_cli.attribution.renewed import split_terms
from clv_cli.attribution.tallied import split_hindsight_lines, split_unknown_bases
from clv_cli.attribution.tiers import unit_of
from clv_cli.attribution.to_cut import split_divided, split_undivided
from clv_cli.attribution.waterfall import split_claims, split_parts, split_tiers, split_unit
from clv_cli.pipeline import Measure, derived
from clv_cli.ranges import NO_END, Range, arranged
from clv_cli.results import Frames
from clv_cli.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Names = Mapping[str, pl.Enum]
    from clv_cli.pipeline import Scope
    from clv_cli.ranges import Passing

# Enough to make the fixed price of a batch small beside it, and few enough for little memory.
LINES = 2**19
# Of many customers: each batch gets its own rows.
OF_CUSTOMERS = (
    split_concerned,
    split_segments,
    split_interventions,
    split_introductions,
    split_hindsight,
    split_switchers,
)
# Small, or asked whether they hold anything at all: every batch gets all of them.
OF_ALL = (
    split_initiatives,
    split_method_claims,
    split_frozen,
    split_terms,
    split_switched_deals,
    split_kept,
    split_kept_back,
)
TALLIES = (split_unknown_bases, split_hindsight_lines)
# What comes of a batch before and after the unit of all weights is known.
BEFORE = (
    split_held,
    split_bought,
    split_takings,
    split_credits,
    *TALLIES,
    split_parts,
    split_claims,
)
AFTER = (split_tiers, split_undivided, split_divided)
# Read once more where a claim is measured, for the ends of its range; of no use after else.
OF_RANGES = (split_parts, split_claims)
Made = dict[str, pl.DataFrame]


def batches(some: Range, most: int) -> list[Range]:
    """Customers in the order of their codes, in batches of about so many lines; at least one batch.

    Args:
        some: lines with `code`; emptied, for two of them would take twice the memory.
        most: a batch holds no more lines, or those of a single customer beyond.
    """
    lines = some.rows
    count = -(-lines.height // most)
    if count <= 1:
        return [some]
    code = lines["code"].to_numpy()
    of_customer = np.bincount(code)
    batch = (np.cumsum(of_customer) - of_customer) * count // len(code)
    ordered = arranged(lines, batch[code])
    firsts = [some.first, *np.searchsorted(batch, np.arange(1, count)).tolist(), some.end]
    ends = np.cumsum(np.bincount(batch, of_customer, count)).astype(int).tolist()
    return [
        Range(first, after, ordered[begin:end])
        for (first, after), begin, end in zip(pairwise(firsts), [0, *ends], ends, strict=False)
    ]


@derived("split_batches", split_scanned, split_names, *OF_CUSTOMERS, *OF_ALL)
def split_batches(
    scope: Scope, lines: Passing, names: pl.DataFrame, *inputs: pl.DataFrame
) -> pl.DataFrame:
    """The measures `BEFORE` and `AFTER` of all customers: one row, a frame in each column.

    Rows of `split_bought` (`at`) and of `split_credits` (`credit`) are numbered through all batches. Where
    no claim is measured, `OF_RANGES` have no rows.
    """
    own = dict(zip((m.name for m in OF_CUSTOMERS), inputs, strict=False))
    common = dict(zip((m.name for m in OF_ALL), inputs[len(OF_CUSTOMERS) :], strict=True))

    def before(batch: Range) -> Made:
        cut = {name: batch.own(frame) for name, frame in own.items()}
        given = {**common, **cut, split_history.name: as_history(scope, batch.rows)}
        return _placed(_made(scope, (split_names, *BEFORE), given))

    found = [made for some in _batches(scope, lines) for made in side_by_side(before, some)]
    unit = unit_of(*(made[split_claims.name] for made in found))
    every = {name: cast("pl.Enum", names.schema[name]) for name in NAMES} | _coded(found)
    known = {**common, split_unit.name: pl.DataFrame({"unit": [unit]})}

    def after(made: Made) -> Made:
        both = {**made, **_made(scope, AFTER, {**known, **made})}
        # Else all that was made before would be held until everything stands together once more.
        made.clear()
        # How a tier divides its claim has done its work.
        both[split_tiers.name] = both[split_tiers.name].drop(pl.selectors.matches("_k$|_sum$"))
        if source_of(scope) is None:
            both |= {measure.name: both[measure.name].clear() for measure in OF_RANGES}
        return {name: _numbered(frame, every) for name, frame in both.items()}

    return _together(side_by_side(after, found), every)


def _batches(scope: Scope, lines: Passing) -> Iterator[list[Range]]:
    """All customers in batches, those of one range of the lines at a time."""
    ranges = lines.ranges
    if scope.book.frozen is not None:
        # Frozen rows may name lines that are another customer's today.
        ranges = iter([Range(0, NO_END, lines.whole())])
    for some in ranges:
        for name in CODED:
            # In place, as in `batches`: two frames would take twice the memory.
            some.rows.replace_column(some.rows.get_column_index(name), enumerated(some.rows[name]))
        yield batches(some, LINES if scope.book.frozen is None else max(some.rows.height, 1))


def _made(scope: Scope, measures: tuple[Measure, ...], given: Made) -> Made:
    """Some measures derived from others; all that is derived on the way is let go."""
    frames = Frames(scope, given)
    return {measure.name: frames[measure] for measure in measures}


def _placed(made: Made) -> Made:
    """What is made of a batch with its takings by the purchase (`at`; null for those of closed months)."""
    bought, takings = made[split_bought.name], made[split_takings.name]
    closed = takings["closed"]
    at = pl.Series([None], dtype=pl.UInt32).new_from_index(0, takings.height)
    if not closed.all():
        at = numbers(bought, takings["original"].fill_null(0)).set(closed, None)
    return {**made, split_takings.name: takings.with_columns(at=at)}


def _coded(found: list[Made]) -> dict[str, pl.Enum]:
    """The products and currencies of all ranges of customers, where each has others; else nothing."""
    every = {}
    for name in CODED:
        kinds = [
            kind
            for made in found
            for frame in made.values()
            if isinstance(kind := frame.schema.get(name), pl.Enum)
        ]
        if any(kind != kinds[0] for kind in kinds):
            every[name] = pl.Enum(pl.concat([kind.categories for kind in kinds]).unique().sort())
    return every


def _numbered(frame: pl.DataFrame, names: Names) -> pl.DataFrame:
    """A frame whose cells bear, for their names, the places of these among those of all batches.

    A batch has few names, and what an enumeration costs grows with its length: so its own one is small, and
    that of all is looked at once.
    """
    places = []
    for name, every in names.items():
        own = frame.schema.get(name)
        if isinstance(own, pl.Enum):
            place = every.categories.search_sorted(own.categories)
            places.append(place.gather(frame[name].to_physical()).alias(name))
    return frame.with_columns(places)


def _named(frame: pl.DataFrame, names: Names) -> pl.DataFrame:
    """The same with the names themselves."""
    found = []
    for name, every in names.items():
        if name in frame.columns and frame.schema[name].is_integer():
            physical = pl.Series([], dtype=every).to_physical().dtype
            found.append(frame[name].cast(physical).cat.to(every))
    return frame.with_columns(found)


def _together(found: list[Made], names: Names) -> pl.DataFrame:
    """What is made of all batches, numbered through."""
    lines = _offsets(found, split_bought), _offsets(found, split_credits)
    measures = (*BEFORE, *AFTER)

    def whole(measure: Measure) -> pl.Series:
        frames = [made.pop(measure.name) for made in found]
        moved = [_moved(*each) for each in zip(frames, *lines, strict=True)]
        frame = _named(pl.concat(moved, rechunk=True), names)
        return pl.Series(measure.name, [frame], dtype=pl.Object)

    return pl.DataFrame(side_by_side(whole, measures))


def _offsets(found: list[Made], measure: Measure) -> list[int]:
    heights = [made[measure.name].height for made in found]
    return [sum(heights[:place]) for place in range(len(heights))]


def _moved(frame: pl.DataFrame, at: int, credit: int) -> pl.DataFrame:
    """A frame whose numbers of purchases and credits count on from the batches before."""
    steps = {name: step for name, step in (("at", at), ("credit", credit)) if step}
    return frame.with_columns(
        (pl.col(name) + step).cast(frame.schema[name])
        for name, step in steps.items()
        if name in frame.columns
    )


def _of_all(measure: Measure) -> Measure:
    """A measure of batches for all customers."""

    @derived(f"{measure.name}_of_all", split_batches)
    def of_all(_: Scope, found: pl.DataFrame) -> pl.DataFrame:
        frame: pl.DataFrame = found[measure.name].item()
        # What batches counted is added up; a batch has no null.
        return frame.sum() if measure in TALLIES else frame

    return of_all


all_bought, all_takings, all_credits = (
    _of_all(measure) for measure in (split_bought, split_takings, split_credits)
)
all_parts, all_claims, all_tiers = (
    _of_all(measure) for measure in (split_parts, split_claims, split_tiers)
)
all_held, all_undivided, all_divided = (
    _of_all(measure) for measure in (split_held, split_undivided, split_divided)
)
unknown_bases, hindsight_lines = (_of_all(measure) for measure in TALLIES)
