"""Clocks that no logged call ties to others: found off by what must follow what, within the stated error, or left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.checks import engine
from forensics.clocks import clock_relations
from forensics.clocks.follows import follow_relations
from forensics.model.result import ClockRelation
from forensics.store.schema import conform

T = datetime(2026, 3, 11, 8, tzinfo=UTC)
FEW = settings(max_examples=25, deadline=None)


def database(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    base = {"source": "s", "line": 1, "part": 0, "ts_precision": "ms", "ts_quality": "recorded"}
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    rows = [base | {"byte_offset": n} | row for n, row in enumerate(rows)]
    con.register("events", conform(pl.DataFrame(rows, infer_schema_length=None)).to_arrow())
    return con


def bound(
    offsets: dict[str, float], pairs: int, seed: int, *, drift_ppm: float = 0.0, delay: tuple[float, float] = (0.5, 8.0)
) -> list[dict[str, Any]]:
    """Every handheld binds pallets over a day; the WMS writes each binding a little later."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for device, offset in offsets.items():
        for n, after in enumerate(np.sort(rng.uniform(0, 28_800, pairs))):
            true = T + timedelta(seconds=float(after))
            shown = true + timedelta(seconds=offset + drift_ppm * 1e-6 * float(after))
            pallet = f"{device}-{n}"
            rows += [
                {"kind": "scan", "system": "scanner", "action": "bind", "outcome": "ok", "device": device, "pallet": pallet, "ts": shown},
                {"kind": "binding", "system": "wms", "action": "bind", "pallet": pallet, "ts": true + timedelta(seconds=float(rng.uniform(*delay)))},
            ]  # fmt: skip
    return rows


def truth(relation: ClockRelation, offset: float, drift_ppm: float = 0.0) -> bool:
    """Whether the relation holds all the time it speaks of."""
    ends = [offset + drift_ppm * 1e-6 * (at - T).total_seconds() for at in (relation.since, relation.until)]
    return all(abs(relation.offset_s - end) <= relation.error_s for end in ends)


@FEW
@given(
    offset=st.one_of(st.floats(20, 900), st.floats(-900, -20), st.sampled_from([28_800.0, -28_800.0])),
    drift=st.floats(-60, 60), pairs=st.integers(10, 60), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_one_clock_for_handhelds_that_agree(offset: float, drift: float, pairs: int, seed: int) -> None:
    found = follow_relations(database(bound({"P1": offset, "P2": offset}, pairs, seed, drift_ppm=drift)), set())
    assert found
    assert {(one.clock, one.reference, one.method.split()[-1]) for one in found} == {("scanner", "wms", "one-way")}
    assert all(truth(one, offset, drift) for one in found)
    assert abs(offset) < 20_000 or all(one.method.startswith("zone") for one in found)


@FEW
@given(
    offsets=st.lists(st.floats(-600, 600), min_size=2, max_size=6),
    pairs=st.integers(10, 60),
    seed=st.integers(0, 10**6),
)
def test_handhelds_that_disagree_are_clocks_of_their_own(offsets: list[float], pairs: int, seed: int) -> None:
    fleet = {f"P{n}": offset for n, offset in enumerate(offsets)}
    found = follow_relations(database(bound(fleet, pairs, seed)), set())
    own = [one for one in found if "@" in one.clock]
    assert all(truth(one, fleet[one.clock.partition("@")[2]]) for one in own)
    if max(offsets) - min(offsets) > 60:
        assert {one.clock for one in own} == {f"scanner@{device}" for device in fleet}
    for one in found:  # of a handheld that was not measured no more is known than how far the others are off
        if "@" not in one.clock and own:
            assert one.offset_s == 0
            assert one.error_s >= max(abs(offset) for offset in offsets) - 8


@pytest.mark.parametrize("seed", range(5))
def test_clocks_that_may_be_right_are_left_alone(seed: int) -> None:
    assert follow_relations(database(bound({"P1": 0.0, "P2": 3.0}, 40, seed)), set()) == []


def test_labels_bound_the_evening_before_prove_nothing() -> None:
    """The binding comes first, hours before, and the handheld's clock is right."""
    assert follow_relations(database(bound({"P1": 0.0}, 40, 1, delay=(-36_000, -20_000))), set()) == []


def test_a_clock_that_calls_tie_to_others_needs_no_guess() -> None:
    con = database(bound({"P1": 300.0}, 40, 1))
    assert follow_relations(con, {"wms"})
    assert follow_relations(con, {"wms", "scanner"}) == []


@FEW
@given(offset=st.floats(-900, 900), pairs=st.integers(12, 80), seed=st.integers(0, 10**6))
def test_two_directions_close_in_on_a_control_system(offset: float, pairs: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(pairs):
        sent = T + timedelta(seconds=float(n * 300))
        start = sent + timedelta(seconds=float(rng.uniform(1, 40)))
        put = start + timedelta(seconds=float(rng.uniform(60, 200)))
        wrong = timedelta(seconds=offset)
        rows += [
            {"kind": "task", "system": "wms", "state": "SENT", "task": f"T{n}", "ts": sent},
            {"kind": "device", "system": "wcs", "action": "start", "task": f"T{n}", "ts": start + wrong},
            {"kind": "device", "system": "wcs", "action": "put_done", "task": f"T{n}", "ts": put + wrong},
            {"kind": "task", "system": "wms", "state": "DONE", "actor_type": "wcs", "task": f"T{n}", "ts": put + timedelta(seconds=float(rng.uniform(0.1, 20)))},
        ]  # fmt: skip
    found = follow_relations(database(rows), set())
    assert all(truth(one, offset) for one in found)
    assert {one.method for one in found} <= {"sequence"}
    assert found if abs(offset) > 60 else True


def test_nobody_scans() -> None:
    assert (
        follow_relations(database([{"kind": "task", "system": "wms", "state": "SENT", "task": "T1", "ts": T}]), set())
        == []
    )


def test_events_are_corrected_by_the_clock_of_their_handheld() -> None:
    fleet = {"P1": 300.0, "P2": -200.0}
    con = database(bound(fleet, 30, 3))
    engine.prepare(con, clocks=clock_relations(con))
    engine.ensure_views(con, ["events_ordered"])
    rows = con.execute(
        "SELECT device, clock, (us - epoch_us(ts)) / 1e6, err_us / 1e6 FROM events_ordered WHERE kind = 'scan'"
    ).fetchall()
    assert len(rows) == 60
    for device, clock, moved, error in rows:
        assert clock == f"scanner@{device}"
        assert abs(-moved - fleet[device]) <= error < 15


def test_documents_tell_of_an_erp_whose_interface_nobody_logged() -> None:
    rows: list[dict[str, Any]] = []
    wrong = timedelta(minutes=11)
    for n in range(60):
        ordered = T + timedelta(minutes=5 * n)
        rows += [
            {"kind": "document", "system": "erp", "state": "SENT", "doc": f"E{n}", "ts": ordered + wrong},
            {"kind": "document", "system": "wms", "state": "CREATED", "doc": f"CK{n}", "partner_doc": f"E{n}", "ts": ordered + timedelta(seconds=2)},
            {"kind": "document", "system": "wms", "state": "DONE", "doc": f"CK{n}", "partner_doc": f"E{n}", "ts": ordered + timedelta(minutes=20)},
            {"kind": "document", "system": "erp", "state": "DONE", "doc": f"E{n}", "partner_doc": f"CK{n}", "ts": ordered + timedelta(minutes=20, seconds=4 if n % 9 else 7_000) + wrong},
        ]  # fmt: skip
    (found,) = follow_relations(database(rows), set())
    assert (found.clock, found.reference, found.method) == ("erp", "wms", "sequence")
    assert truth(found, 660.0)
    assert found.error_s < 10
