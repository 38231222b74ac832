from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.clocks import estimate, zone_minutes
from forensics.clocks.hull import fit, upper_hull
from forensics.model.result import ClockRelation

from .simulate import START, calls, frame

seeds = st.integers(0, 10_000)


def off(relation: ClockRelation, theta: object) -> float:
    """Largest error of the relation over its stretch, in seconds."""
    times = np.linspace((relation.since - START).total_seconds(), (relation.until - START).total_seconds(), 50)
    at = (relation.at - START).total_seconds()
    found = relation.offset_s + relation.drift_ppm * 1e-6 * (times - at)
    return float(np.abs(found - theta(times)).max())  # type: ignore[operator]


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(-5, 5), st.floats(0.0001, 0.05), st.floats(0.0001, 0.05))
def test_constant_offset_is_within_the_stated_error(seed: int, offset: float, there: float, back: float) -> None:
    def theta(t: np.ndarray) -> np.ndarray:
        return np.full_like(t, offset)

    (relation,) = estimate(calls(theta, seed, there_s=there, back_s=back))
    assert off(relation, theta) <= relation.error_s
    assert relation.error_s < 0.05
    assert relation.pairs == 200


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(-5, 5), st.floats(-400, 400))
def test_drift_is_within_the_stated_error(seed: int, offset: float, ppm: float) -> None:
    def theta(t: np.ndarray) -> np.ndarray:
        return offset + ppm * 1e-6 * t

    (relation,) = estimate(calls(theta, seed))
    assert off(relation, theta) <= relation.error_s
    assert relation.error_s < 0.01
    if abs(ppm) > 50:
        assert relation.method == "line"
        assert relation.drift_ppm == pytest.approx(ppm, abs=10)


@settings(max_examples=25, deadline=None)
@given(seeds, st.floats(0.2, 0.8), st.sampled_from([-3.0, -0.5, 0.5, 30.0, 600.0]), st.floats(-100, 100))
def test_a_step_splits_the_record(seed: int, where: float, step: float, ppm: float) -> None:
    def theta(t: np.ndarray) -> np.ndarray:
        return 0.1 + ppm * 1e-6 * t + np.where(t > where * 600, step, 0.0)

    before, after = estimate(calls(theta, seed, n=400))
    assert before.until < after.since
    assert (before.until - START).total_seconds() < where * 600 + 1 < (after.since - START).total_seconds() + 6
    assert off(before, theta) <= before.error_s
    assert off(after, theta) <= after.error_s


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(-100, 100))
def test_wrong_matches_do_not_move_the_clock(seed: int, ppm: float) -> None:
    def theta(t: np.ndarray) -> np.ndarray:
        return 1.0 + ppm * 1e-6 * t

    pairs = calls(theta, seed, n=300)
    rng = np.random.default_rng(seed)
    wrong = rng.choice(300, 12, replace=False)
    shift = np.zeros(300)
    shift[wrong] = rng.choice([-1, 1], 12) * rng.uniform(0.5, 3000, 12)
    moved = pl.Series([timedelta(microseconds=int(s * 1e6)) for s in shift])
    pairs = pairs.with_columns(t1=pl.col("t1") + moved, t4=pl.col("t4") + moved)
    (relation,) = estimate(pairs)
    assert off(relation, theta) <= relation.error_s < 0.02
    assert 270 <= relation.pairs <= 288


def test_a_wandering_clock_is_few_lines_with_a_larger_error() -> None:
    def theta(t: np.ndarray) -> np.ndarray:
        return 0.2 + 0.004 * np.sin(t / 60)

    relations = estimate(calls(theta, 1, n=5000, span_s=3600))
    assert 1 <= len(relations) <= 12
    assert all(off(r, theta) <= r.error_s < 0.03 for r in relations)


def test_matches_that_are_all_wrong_claim_nothing() -> None:
    rng = np.random.default_rng(1)
    pairs = calls(lambda t: rng.normal(0, 100, len(t)), 2, n=500)
    assert estimate(pairs) == []


def test_both_directions_of_one_way_messages_bound_each_other() -> None:
    begin = np.linspace(0, 100, 50)
    none = np.full(50, np.nan)
    there = frame(begin + 2.0, begin + 0.003, none, none)
    back = frame(begin + 1, begin + 1 + 2.0 + 0.004, none, none).with_columns(
        clock=pl.lit("wms@app"), reference=pl.lit("wms@gateway")
    )
    (relation,) = estimate(pl.concat([there, back]))
    assert (relation.clock, relation.reference) == ("wms@app", "wms@gateway")
    assert relation.method == "constant"
    assert relation.offset_s == pytest.approx(-2.0, abs=0.001)
    assert relation.error_s < 0.005


def test_one_direction_only_gives_a_median_with_a_large_error() -> None:
    begin = np.linspace(0, 100, 50)
    none = np.full(50, np.nan)
    (relation,) = estimate(frame(begin + 2.0, begin + 0.003, none, none))
    assert relation.method == "one-way"
    assert relation.offset_s == pytest.approx(2.0, abs=0.01)
    assert relation.error_s >= 1.0


def test_a_missing_end_is_replaced_by_the_other_one() -> None:
    pairs = calls(lambda t: np.full_like(t, 0.35), 1, work_s=0.01).with_columns(
        t3=pl.lit(None, pl.Datetime("us", "UTC"))
    )
    (relation,) = estimate(pairs)
    assert abs(relation.offset_s - 0.35) <= relation.error_s < 0.02


def test_a_call_shorter_than_its_service_is_no_pair() -> None:
    begin = np.array([0.0, 10.0, 20.0, 30.0])
    pairs = frame(begin, begin + 0.1, begin + np.array([0.2, 9.0, 0.2, 0.2]), begin + 0.3)
    (relation,) = estimate(pairs)
    assert relation.pairs == 3


def test_a_pair_or_two_prove_nothing() -> None:
    assert estimate(calls(lambda t: np.full_like(t, 5.0), 0, n=2)) == []


def test_no_pairs_no_relations() -> None:
    assert estimate(calls(lambda t: t, 0).clear()) == []


@pytest.mark.parametrize(
    ("offset", "minutes"), [(28800.35, 480), (-28799.0, -480), (19800.0, 330), (900.0, None), (0.4, None)]
)
def test_zone_mistakes_are_named(offset: float, minutes: int | None) -> None:
    assert zone_minutes(offset) == minutes
    (relation,) = estimate(calls(lambda t: np.full_like(t, offset), 3))
    assert relation.method.startswith("zone") == (minutes is not None)


def test_the_widest_line_is_the_best_of_many() -> None:
    rng = np.random.default_rng(5)
    t = rng.uniform(-10, 10, 60)
    low, high = 0.3 * t - rng.uniform(0, 1, 60), 0.3 * t + rng.uniform(0, 1, 60)
    lines = fit(t, low, t, high, 1.0)
    assert lines is not None
    best = max(
        min((high - a - b * t).min(), (a + b * t - low).min())
        for b in np.linspace(lines.slope - 0.05, lines.slope + 0.05, 101)
        for a in np.linspace(lines.offset - 0.1, lines.offset + 0.1, 101)
    )
    assert lines.margin == pytest.approx(best, abs=1e-3)
    assert lines.margin >= best - 1e-9
    # nothing feasible lies outside the span
    for b in np.linspace(lines.slopes[0], lines.slopes[-1], 200):
        floor, ceiling = (low - b * t).max(), (high - b * t).min()
        for time in (-10.0, 0.0, 10.0):
            least, most = lines.span(time)
            assert least - 1e-9 <= floor + b * time
            assert most + 1e-9 >= ceiling + b * time


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-20, 20)), min_size=1, max_size=60))
def test_hull_covers_all_points_and_bends_down(points: list[tuple[int, int]]) -> None:
    t, y = (np.array(c, dtype=float) for c in zip(*points, strict=True))
    hull_t, hull = upper_hull(t, y)
    assert (np.interp(t, hull_t, hull) >= y - 1e-9).all()
    slopes = np.diff(hull) / np.diff(hull_t)
    assert all(a > b for a, b in pairwise(slopes))
    assert set(zip(hull_t, hull, strict=True)) <= set(zip(t, y, strict=True))
