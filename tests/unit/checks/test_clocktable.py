"""Clocks are corrected piece by piece against one root, errors add up, and order within the error is no order."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from forensics.checks import engine
from forensics.checks.cases import event_frame
from forensics.checks.clocktable import FOREVER_US, pieces
from forensics.model.result import ClockRelation

T0, T1, T2 = (datetime(2026, 3, 11, hour, tzinfo=UTC) for hour in (8, 12, 18))


def _relation(
    clock: str, reference: str, offset: float, error: float = 0.0, since: datetime = T0, until: datetime = T2
) -> ClockRelation:
    return ClockRelation(clock, reference, offset, 0.0, error, 10, since, since, until, "test")


def test_chained_clocks_add_offsets_and_errors() -> None:
    made = {
        p.clock: p for p in pieces([_relation("wcs", "scanner", 10, 0.5), _relation("scanner", "wms", -3, 0.25)], 0)
    }
    assert (made["wms"].offset_us, made["scanner"].offset_us, made["wcs"].offset_us) == (0, -3_000_000, 7_000_000)
    assert (made["wms"].err_us, made["scanner"].err_us, made["wcs"].err_us) == (0, 250_000, 750_000)


def test_the_orders_own_system_is_the_root_whichever_way_the_relation_runs() -> None:
    made = {p.clock: p.offset_us for p in pieces([_relation("wms", "wcs", 60)], 0)}
    assert made == {"wms": 0, "wcs": -60_000_000}


def test_a_stepped_clock_has_a_piece_before_and_after() -> None:
    made = [
        p
        for p in pieces([_relation("wcs", "wms", 1, since=T0, until=T1), _relation("wcs", "wms", 90, since=T1)], 0)
        if p.clock == "wcs"
    ]
    step = int(T1.timestamp() * 1e6)
    assert [(p.from_us, p.to_us, p.offset_us) for p in made] == [
        (-FOREVER_US, step, 1_000_000),
        (step, FOREVER_US, 90_000_000),
    ]


def test_groups_that_nothing_relates_keep_the_unknown_error() -> None:
    relations = [_relation("wcs", "wms", 1), _relation("pda", "wms", 1), _relation("gw2", "gw1", 5, 0.1)]
    made = {p.clock: p.err_us for p in pieces(relations, 7)}
    assert made["wcs"] == 0
    assert made["gw1"] == 7


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
