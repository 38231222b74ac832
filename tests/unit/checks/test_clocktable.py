"""Clocks are corrected piece by piece against one root, errors add up, and order within the error is no order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import duckdb
import pytest

from forensics.checks import engine
from forensics.checks.cases import event_frame
from forensics.checks.clocktable import FOREVER_US, clock_table
from forensics.model.result import ClockRelation

T0, T1, T2 = (datetime(2026, 3, 11, hour, tzinfo=UTC) for hour in (8, 12, 18))


def _relation(
    clock: str, reference: str, offset: float, error: float = 0.0, since: datetime = T0, until: datetime = T2
) -> ClockRelation:
    return ClockRelation(clock, reference, offset, 0.0, error, 10, since, since, until, "test")


def _table(*relations: ClockRelation) -> dict[str, list[tuple[int, int, int, int]]]:
    """Rows of `clock_offsets` by clock: from, to, offset and error in microseconds, in order of time."""
    con = duckdb.connect()
    clock_table(con, relations)
    made: dict[str, list[tuple[int, int, int, int]]] = {}
    for clock, *row in con.execute(
        "SELECT clock, from_us, to_us, offset_us, err_us FROM clock_offsets ORDER BY ALL"
    ).fetchall():
        made.setdefault(clock, []).append(tuple(row))
    return made


def _at(made: dict[str, list[tuple[int, int, int, int]]], clock: str, moment: datetime) -> tuple[int, int]:
    us = int(moment.timestamp() * 1e6)
    return next((offset, error) for since, until, offset, error in made[clock] if since <= us < until)


def test_chained_clocks_add_offsets_and_errors() -> None:
    made = _table(_relation("wcs", "scanner", 10, 0.5), _relation("scanner", "wms", -3, 0.25))
    middle = T0 + (T2 - T0) / 2
    offsets = {clock: _at(made, clock, middle)[0] for clock in made}
    assert 0 in offsets.values()  # one of them is the reference
    assert offsets["scanner"] - offsets["wms"] == -3_000_000
    assert offsets["wcs"] - offsets["wms"] == 7_000_000
    assert sorted(_at(made, clock, middle)[1] for clock in made) == [0, 250_000, 500_000]


def test_every_clock_is_covered_for_all_time_and_surer_where_it_was_measured() -> None:
    rows = _table(_relation("wcs", "wms", 10, 0.5))["wcs"]
    assert rows[0][0] == -FOREVER_US
    assert rows[-1][1] == FOREVER_US
    assert all(a[1] == b[0] for a, b in pairwise(rows))
    made = {"wcs": rows}
    assert _at(made, "wcs", T0 - timedelta(days=30))[1] > _at(made, "wcs", T1)[1]


def test_a_stepped_clock_has_pieces_before_and_after() -> None:
    made = _table(_relation("wcs", "wms", 1, 0.1, until=T1), _relation("wcs", "wms", 90, 0.1, since=T1))
    assert _at(made, "wcs", T1 - timedelta(hours=1))[0] == 1_000_000
    assert _at(made, "wcs", T1 + timedelta(hours=1))[0] == 90_000_000


def test_clocks_that_nothing_relates_have_no_rows() -> None:
    made = _table(_relation("wcs", "wms", 10), _relation("pda", "wms", 10), _relation("gw2", "gw1", 5, 0.1))
    assert "gw1" not in made
    assert {"wms", "wcs", "pda"} <= set(made)


def test_a_clock_that_may_be_right_is_left_alone() -> None:
    assert _at(_table(_relation("wcs", "wms", 0.2, 0.5)), "wcs", T1) == (0, 700_000)


def test_a_zone_mistake_with_drift_is_read_on_the_clocks_own_time() -> None:
    drift = 200.0
    relation = ClockRelation("wcs", "wms", 8 * 3600.0, drift, 0.001, 10, T0, T0, T2, "line")
    con = duckdb.connect()
    con.register("events", event_frame([{"kind": "log", "system": "wcs", "ts": "2026-03-11T20:00:00Z"}]))  # 12:00 UTC
    engine.prepare(con, [relation], views=["events_ordered"])
    (us,) = con.execute("SELECT us FROM events_ordered").fetchall()[0]
    true = T1.timestamp() - drift * 1e-6 * (T1 - T0).total_seconds()
    assert us / 1e6 == pytest.approx(true, abs=0.01)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (("wcs", "10:00:00"), ("wms", "10:00:08"), [(0,)]),
        (("wcs", "10:00:00"), ("wms", "10:00:20"), [(-1,)]),
        (("wms", "10:00:01"), ("wms", "10:00:00"), [(1,)]),
        (("wms", "10:00:00"), ("wms", "10:00:00"), [(0,)]),
        (("wms", "10:00:00.100"), ("wms", "10:00:00.101"), [(-1,)]),
    ],
)
def test_order_is_three_valued(a: tuple[str, str], b: tuple[str, str], expected: list[tuple[int]]) -> None:
    con = duckdb.connect()
    con.register(
        "events",
        event_frame(
            [
                {"kind": "log", "system": system, "ts": ts, "operator": name}
                for name, (system, ts) in zip("ab", (a, b), strict=True)
            ]
        ),
    )
    engine.prepare(con, clock_tolerance_s=10, views=["events_ordered"])
    found = con.execute(
        """SELECT time_order(a.us, a.res_us, a.err_us, a.clock, b.us, b.res_us, b.err_us, b.clock)
           FROM events_ordered a, events_ordered b WHERE a.operator = 'a' AND b.operator = 'b'"""
    ).fetchall()
    assert found == expected
