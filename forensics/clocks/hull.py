"""Straight lines between two clouds of bounds: the heart of the clock estimation.

A pair of matched messages says that the difference of two clocks at some time lies above a point (`low`) or below one
(`high`). All lines a + b·t above every low and below every high are the possible clock relations. In the plane of
(b, a) they form a convex polygon: a is at least f(b) = max(low - b·t), convex, and at most g(b) = min(high - b·t),
concave, both piecewise linear with their corners at the slopes of the hulls' edges. So everything asked of the
polygon (is it empty, its widest place, how far it reaches at a time) is answered exactly at those corners.

Method: separation of convex hulls (Duda et al. 1987); linear programming of one-way delays (Moon, Skelly, Towsley 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PASSES = 40


@dataclass(frozen=True)
class Lines:
    """All lines that keep between the bounds, none of them steeper than `max_slope`.

    Attributes:
        offset: a of the line with the widest margin on both sides, in the unit of the bounds (seconds).
        slope: its b, per unit of time.
        margin: its vertical distance to the nearest bound.
        slopes: corners of the polygon in b, ascending; the ends are the least and greatest slope.
        floor: f(b) at the corners.
        ceiling: g(b) at the corners.
        level: lowest and highest constant that fits, None if no constant does.
    """

    offset: float
    slope: float
    margin: float
    slopes: Floats
    floor: Floats
    ceiling: Floats
    level: tuple[float, float] | None

    def span(self, time: float) -> tuple[float, float]:
        """Least and greatest value that any of the lines has at `time`."""
        return float(np.min(self.floor + self.slopes * time)), float(np.max(self.ceiling + self.slopes * time))


def fit(low_t: Floats, low: Floats, high_t: Floats, high: Floats, max_slope: float) -> Lines | None:
    """The lines above all points (`low_t`, `low`) and below all points (`high_t`, `high`).

    Both clouds need at least one point. O(n log n).

    Returns:
        None if there is no such line.
    """
    lower_t, lower = upper_hull(low_t, low)
    upper_t, upper = upper_hull(high_t, -high)
    upper = -upper
    lower_edges = -np.diff(lower) / np.diff(lower_t)  # ascending: minus the falling slopes of the lows' hull
    upper_edges = np.diff(upper) / np.diff(upper_t)  # ascending

    def floor(b: Floats) -> Floats:
        at = np.searchsorted(lower_edges, -b)
        return lower[at] - b * lower_t[at]

    def ceiling(b: Floats) -> Floats:
        at = np.searchsorted(upper_edges, b)
        return upper[at] - b * upper_t[at]

    ends = np.array([-max_slope, max_slope])
    corners = np.unique(np.clip(np.concatenate([-lower_edges, upper_edges, ends]), -max_slope, max_slope))
    height = ceiling(corners) - floor(corners)
    best = float(height.max())
    if best < 0:
        return None
    top = corners[height >= best - 1e-12]
    slope = float(top[0] + top[-1]) / 2  # the middle of a flat top
    inside = np.flatnonzero(height >= 0)
    first, last = int(inside[0]), int(inside[-1])
    kept = corners[first : last + 1]
    if first > 0:
        kept = np.insert(kept, 0, _root(corners, height, first - 1))
    if last < len(corners) - 1:
        kept = np.append(kept, _root(corners, height, last))
    chosen = np.array([slope])
    bottom, roof = float(floor(chosen)[0]), float(ceiling(chosen)[0])
    flat_bottom, flat_roof = float(low.max()), float(high.min())
    return Lines(
        offset=(bottom + roof) / 2,
        slope=slope,
        margin=(roof - bottom) / 2,
        slopes=kept,
        floor=floor(kept),
        ceiling=ceiling(kept),
        level=(flat_bottom, flat_roof) if flat_bottom <= flat_roof else None,
    )


def _root(corners: Floats, height: Floats, left: int) -> float:
    """Where the height crosses zero between two neighbouring corners; it is linear there."""
    h0, h1 = float(height[left]), float(height[left + 1])
    return float(corners[left]) + (float(corners[left + 1]) - float(corners[left])) * h0 / (h0 - h1)


def upper_hull(t: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Corners of the upper convex hull, by rising `t`."""
    order = np.lexsort((-y, t))
    t, y = t[order], y[order]
    first = np.ones(len(t), dtype=bool)
    first[1:] = t[1:] > t[:-1]
    t, y = t[first], y[first]
    # A point on or below the chord of any two others is no corner, whether or not those two stay: drop them at once.
    for _ in range(_PASSES):
        if len(t) < 3:
            return t, y
        keep = np.ones(len(t), dtype=bool)
        keep[1:-1] = _turn(t[:-2], y[:-2], t[1:-1], y[1:-1], t[2:], y[2:]) < 0
        if keep.all():
            return t, y
        t, y = t[keep], y[keep]
    return _chain(t, y)


def _turn(t0: Floats, y0: Floats, t1: Floats, y1: Floats, t2: Floats, y2: Floats) -> Floats:
    """Negative where the middle point lies above the chord."""
    return (t1 - t0) * (y2 - y0) - (y1 - y0) * (t2 - t0)


def _chain(t: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Andrew's monotone chain, for the few points that the passes left."""
    hull: list[int] = []
    ts, ys = t.tolist(), y.tolist()
    for i in range(len(ts)):
        while len(hull) > 1:
            a, b = hull[-2], hull[-1]
            if (ts[b] - ts[a]) * (ys[i] - ys[a]) - (ys[b] - ys[a]) * (ts[i] - ts[a]) < 0:
                break
            hull.pop()
        hull.append(i)
    return t[hull], y[hull]
