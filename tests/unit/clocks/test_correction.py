from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.clocks import choose_reference, correction_table
from forensics.clocks.correction import CORRECTION_SCHEMA
from forensics.model.result import ClockRelation

T = datetime(2026, 3, 11, 8, tzinfo=UTC)


def relation(
    clock: str,
    reference: str,
    offset: float,
    *,
    ppm: float = 0.0,
    error: float = 0.001,
    since: float = 0,
    until: float = 3600,
) -> ClockRelation:
    start, end = T + timedelta(seconds=since), T + timedelta(seconds=until)
    return ClockRelation(clock, reference, offset, ppm, error, 100, start + (end - start) / 2, start, end, "line")


def correct(table: pl.DataFrame, clock: str, ts: datetime) -> tuple[datetime, float]:
    """As the views do it."""
    rows = table.filter(
        (pl.col("clock") == clock)
        & (pl.col("since").is_null() | (pl.col("since") <= ts))
        & (pl.col("until").is_null() | (pl.col("until") > ts))
    ).rows(named=True)
    assert len(rows) == 1, "every stamp has exactly one row"
    (row,) = rows
    off = row["offset_s"] + row["drift_ppm"] * 1e-6 * (ts - row["at"]).total_seconds()
    return ts - timedelta(seconds=off), row["error_s"]


offsets = st.floats(-40_000, 40_000)
drifts = st.floats(-300, 300)


@settings(max_examples=60, deadline=None)
@given(offsets, drifts, st.floats(0, 3599))
def test_correction_inverts_the_clock(offset: float, ppm: float, when: float) -> None:
    r = relation("a", "b", offset, ppm=ppm)
    true = T + timedelta(seconds=when)
    shown = true + timedelta(seconds=offset + ppm * 1e-6 * (true - r.at).total_seconds())
    for table in (correction_table([r], "b"), correction_table([flip(r)], "b")):
        found, error = correct(table, "a", shown)
        assert abs((found - true).total_seconds()) <= max(error, 1e-5)


def flip(r: ClockRelation) -> ClockRelation:
    """The same relation told the other way round (drift small enough to ignore its second order)."""
    shift = timedelta(seconds=r.offset_s)
    return ClockRelation(
        r.reference, r.clock, -r.offset_s, -r.drift_ppm, r.error_s + 1e-3, r.pairs, r.at + shift, r.since + shift, r.until + shift, "line"
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(offsets, offsets, drifts, drifts, st.floats(100, 3500))
def test_chains_add_up(first: float, second: float, ppm_a: float, ppm_b: float, when: float) -> None:
    b = relation("b", "root", first, ppm=ppm_a)
    a = relation("a", "b", second, ppm=ppm_b, since=first - 10, until=first + 3700)
    true = T + timedelta(seconds=when)
    on_b = true + timedelta(seconds=first + ppm_a * 1e-6 * (true - b.at).total_seconds())
    on_a = on_b + timedelta(seconds=second + ppm_b * 1e-6 * (on_b - a.at).total_seconds())
    found, error = correct(correction_table([a, b], "root"), "a", on_a)
    assert abs((found - true).total_seconds()) <= error + 1e-5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(10, 500), st.floats(0, 60)), min_size=1, max_size=6))
def test_rows_of_a_clock_are_gapless(stretches: list[tuple[float, float, float]]) -> None:
    relations, start = [], 0.0
    for offset, length, pause in stretches:
        relations.append(relation("a", "b", offset, since=start, until=start + length))
        start += length + pause
    rows = correction_table(relations, "b").filter(pl.col("clock") == "a").rows(named=True)
    assert rows[0]["since"] is None
    assert rows[-1]["until"] is None
    assert all(x["until"] == y["since"] for x, y in pairwise(rows))


def test_a_clock_set_back_shows_some_times_twice() -> None:
    table = correction_table(
        [relation("a", "b", 10.0, until=100), relation("a", "b", 0.5, since=100.1, until=200)], "b"
    )
    _, error = correct(table, "a", T + timedelta(seconds=105))  # 95 or 104.5
    assert error >= 4.75
    found, error = correct(table, "a", T + timedelta(seconds=50))
    assert error == pytest.approx(0.001)
    assert found == T + timedelta(seconds=40)


def test_a_clock_that_may_be_right_is_left_alone() -> None:
    rows = correction_table([relation("a", "b", 0.2, error=0.3)], "b").filter(pl.col("clock") == "a")
    assert rows["offset_s"].unique().to_list() == [0.0]
    assert rows["error_s"].max() == pytest.approx(0.5)


def test_beyond_the_messages_the_error_grows_to_the_difference_at_most() -> None:
    table = correction_table([relation("a", "b", 2.0)], "b")
    errors = [correct(table, "a", T + timedelta(seconds=s))[1] for s in (1800, 3610, 4000, 30_000, 10_000_000)]
    assert errors == sorted(errors)
    assert errors[0] == pytest.approx(0.001)
    assert errors[-1] == pytest.approx(2.001)


def test_the_reference_is_whom_most_agree_with() -> None:
    relations = [
        relation("wms@gw", "wms@app", 5.0),
        relation("wcs", "wms@app", 0.0, error=0.1),
        relation("erp", "wms@app", 0.01, error=0.1),
        relation("wms@gw", "wcs", 5.0),
    ]
    assert choose_reference(relations) == "wms@app"
    table = correction_table(relations)
    assert table["reference"].unique().to_list() == ["wms@app"]
    assert set(table["clock"]) == {"wms@gw", "wms@app", "wcs", "erp"}


def test_unconnected_clocks_have_no_rows() -> None:
    table = correction_table([relation("a", "b", 1.0), relation("x", "y", 1.0)], "b")
    assert set(table["clock"]) == {"a", "b"}


def test_nothing_known() -> None:
    table = correction_table([])
    assert table.is_empty()
    assert table.schema == pl.Schema(CORRECTION_SCHEMA)
