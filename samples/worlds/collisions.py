"""Lost updates on busy faces: two of the day's ordinary picks meet, and the second writes over the first."""

from __future__ import annotations

import numpy as np
import polars as pl
from day import Day
from stories.stage import Stage
from times import MS, SECOND

CLOSE, CLEAR = 90 * SECOND, 5 * SECOND
_MS = 300


def collide(day: Day, picks: pl.DataFrame, wanted: int) -> pl.DataFrame:
    """The picks with `effect` (what the row changes by) and `stale` (how far the balance read is from the row's).

    For `wanted` pairs of neighbours on a face the second is brought forward into the first's time; its effect gives back
    what the first took.
    """
    picks = picks.with_columns(effect=pl.col("change"), stale=pl.lit(0))
    if not wanted:
        return picks
    order = np.lexsort((picks["booked"].to_numpy(), picks["row"].to_numpy()))
    row, asked, booked = (picks[c].to_numpy()[order] for c in ("row", "asked", "booked"))
    single = day.site.factor[day.site.row_sku[row]] == 1
    first = np.arange(1, len(row) - 2)
    fits = (
        (row[first - 1] == row[first]) & (row[first] == row[first + 1]) & (row[first] == row[first + 2]) & single[first]
    )
    fits &= (
        (row[first] < day.site.common)
        & (booked[first + 1] - booked[first] < CLOSE)
        & (asked[first] > day.t0 + 7 * 3600 * SECOND)
    )
    fits &= (asked[first] - booked[first - 1] > CLEAR) & (asked[first + 2] - booked[first] > CLEAR)
    fits &= day.site.book[row[first]] == day.site.goods[row[first]]  # one on a face
    candidates = day.rng.permutation(first[fits])
    _, one_each = np.unique(row[candidates], return_index=True)
    chosen = candidates[np.sort(one_each)[:wanted]]
    if len(chosen) < wanted:
        raise RuntimeError(f"only {len(chosen)} of {wanted} picks could collide on day {day.index}")
    ahead, behind = order[chosen], order[chosen + 1]
    columns = {
        name: picks[name].to_numpy().copy() for name in ("asked", "booked", "commit", "ms", "effect", "stale", "qty")
    }
    columns["ms"][ahead] = columns["ms"][behind] = _MS
    columns["booked"][ahead] = columns["asked"][ahead] + 200 * MS
    columns["asked"][behind] = columns["asked"][ahead] + 30 * MS
    columns["booked"][behind] = columns["asked"][behind] + 240 * MS
    columns["commit"][ahead], columns["commit"][behind] = columns["booked"][ahead], columns["booked"][behind]
    lost = columns["qty"][ahead]
    columns["effect"][behind] += lost
    columns["stale"][behind] = lost
    picks = picks.with_columns(pl.Series(name, values) for name, values in columns.items())
    for n, m in zip(ahead.tolist(), behind.tolist(), strict=True):
        _tell(day, picks.row(n, named=True), picks.row(m, named=True))
    return picks


def _tell(day: Day, one: dict[str, object], two: dict[str, object]) -> None:
    """The truth of a pair."""
    Stage(day).fault(
        "F-S-02-05.2", int(str(one["asked"])), int(str(two["booked"])), int(str(one["qty"])), "two picks of a busy face started from one balance; the second wrote over the first",
        location=one["location"], sku=one["sku"], doc=[one["doc"], two["doc"]], doc_line=sorted({one["doc_line"], two["doc_line"]}),
        request_id=[one["request_id"], two["request_id"]],
    )  # fmt: skip
