"""Matched messages as bounds on the difference of two clocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from forensics.clocks.hull import Floats, Lines, fit

MAX_DRIFT: Final = 1e-3
"""Steepest drift believed (1000 ppm): a free quartz stays below 200, a slewing NTP client below 500; more is a step."""
_TICK_S = 1e-6  # times are rounded to microseconds


@dataclass(frozen=True)
class Bounds:
    """What all pairs of two clocks say; seconds, times since the epoch on the reference's clock.

    Infinite where a pair bounds one side only. Rows are ordered by `time`.
    """

    time: Floats
    low_t: Floats
    low: Floats
    high_t: Floats
    high: Floats

    def take(self, rows: object) -> Bounds:
        """Some of the rows."""
        return Bounds(*(getattr(self, name)[rows] for name in ("time", "low_t", "low", "high_t", "high")))

    def widened(self, tolerance: float) -> Bounds:
        """With every bound that much looser, in seconds."""
        return Bounds(self.time, self.low_t, self.low - tolerance, self.high_t, self.high + tolerance)

    def lines(self, origin: float) -> Lines | None:
        """The lines that fit, with times counted from `origin`; None if none does or one side is unbounded."""
        has_low, has_high = np.isfinite(self.low), np.isfinite(self.high)
        if not has_low.any() or not has_high.any():
            return None
        return fit(
            self.low_t[has_low] - origin,
            self.low[has_low],
            self.high_t[has_high] - origin,
            self.high[has_high],
            MAX_DRIFT,
        )


def by_clocks(pairs: pl.DataFrame) -> dict[tuple[str, str], Bounds]:
    """The bounds of every two clocks, whichever of them called, about the clock that called more often."""
    if pairs.is_empty():
        return {}
    slacks = [
        (pl.col(c) if c in pairs.columns else pl.lit(0.0)).fill_null(0.0).alias(c)
        for c in ("slack_low_s", "slack_high_s")
    ]
    t = {n: pl.col(n).dt.epoch("us") for n in ("t1", "t2", "t3", "t4")}
    callee_first, callee_last = pl.coalesce(t["t2"], t["t3"]), pl.coalesce(t["t3"], t["t2"])
    rows = (
        pairs.with_columns(slacks)
        .select(
            "clock",
            "reference",
            caller_low_t=t["t1"] / 1e6,
            caller_high_t=t["t4"] / 1e6,
            callee_low_t=callee_first / 1e6,
            callee_high_t=callee_last / 1e6,
            low=(t["t1"] - callee_first) / 1e6 - pl.col("slack_low_s") - _TICK_S,
            high=(t["t4"] - callee_last) / 1e6 + pl.col("slack_high_s") + _TICK_S,
        )
        .filter(pl.col("clock") != pl.col("reference"))
        # A call cannot be shorter for the one who waits for it: such a pair is no pair.
        .filter(~(pl.col("low") > pl.col("high")).fill_null(False))
        .filter(pl.col("low").is_not_null() | pl.col("high").is_not_null())
    )
    counts = {(c, r): n for c, r, n in rows.group_by("clock", "reference").len().sort("clock", "reference").rows()}
    result: dict[tuple[str, str], Bounds] = {}
    for (clock, reference), calls in counts.items():
        back = counts.get((reference, clock), 0)
        if calls < back or (calls == back and clock > reference):
            continue
        there = rows.filter((pl.col("clock") == clock) & (pl.col("reference") == reference))
        again = rows.filter((pl.col("clock") == reference) & (pl.col("reference") == clock))
        result[clock, reference] = _join(there, again)
    return result


def _join(there: pl.DataFrame, again: pl.DataFrame) -> Bounds:
    """Both directions as bounds on one difference: a call back bounds it from the other side."""
    columns = [
        np.concatenate([_array(there, "callee_low_t", np.nan), _array(again, "caller_high_t", np.nan)]),
        np.concatenate([_array(there, "low", -np.inf), -_array(again, "high", np.inf)]),
        np.concatenate([_array(there, "callee_high_t", np.nan), _array(again, "caller_low_t", np.nan)]),
        np.concatenate([_array(there, "high", np.inf), -_array(again, "low", -np.inf)]),
    ]
    low_t, low, high_t, high = columns
    low_t = np.where(np.isfinite(low), low_t, high_t)
    high_t = np.where(np.isfinite(high), high_t, low_t)
    time = (low_t + high_t) / 2
    return Bounds(time, low_t, low, high_t, high).take(np.lexsort((high, low, time)))


def _array(frame: pl.DataFrame, name: str, missing: float) -> Floats:
    return frame[name].cast(pl.Float64).fill_null(missing).to_numpy().astype(np.float64, copy=True)
