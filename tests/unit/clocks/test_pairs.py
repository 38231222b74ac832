from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from forensics.clocks import CLOCK_SQL, clock_key, correction_table, estimate, find_pairs
from forensics.store.schema import conform

RECORDED = Path(__file__).parents[4] / "shared/data/recorded/mariadb10.11/api.jsonl"
T = datetime(2026, 3, 11, 10, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T + timedelta(seconds=seconds)


def database(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    base = {"source": "s", "line": 1, "byte_offset": 0, "part": 0, "kind": "api", "system": "wms", "state": "CALL"}
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    events = conform(pl.DataFrame([base | row for row in rows], infer_schema_length=None))
    con.register("events", events.to_arrow())
    return con


def gateway(request: str, **more: Any) -> dict[str, Any]:
    return {"host": "gateway", "request_id": request, "ts": at(0.35), "duration_ms": 100.0} | more


def app(request: str, **more: Any) -> dict[str, Any]:
    return {"host": "app", "request_id": request, "ts": at(0.01), "duration_ms": 80.0} | more


def seconds(value: datetime | None) -> float | None:
    return None if value is None else (value - T).total_seconds()


def test_the_longer_call_is_the_callers() -> None:
    (row,) = find_pairs(database([app("R1"), gateway("R1")])).rows(named=True)
    assert (row["clock"], row["reference"], row["request_id"]) == ("wms@gateway", "wms@app", "R1")
    assert [seconds(row[t]) for t in ("t1", "t2", "t3", "t4")] == pytest.approx([0.35, 0.01, 0.09, 0.45])


def test_names_decide_who_called() -> None:
    caller = {"system": "wcs", "caller": "WCS", "callee": "WMS", "ts": at(5), "request_id": "R1"}
    callee = {"system": "wms", "caller": "WCS", "callee": "WMS", "ts": at(1), "request_id": "R1"}
    (row,) = find_pairs(database([callee, caller])).rows(named=True)
    assert (row["clock"], row["reference"]) == ("wcs", "wms")
    assert (seconds(row["t1"]), seconds(row["t2"]), row["t3"], row["t4"]) == (5, 1, None, None)


def test_the_name_by_which_the_other_knows_it_is_enough() -> None:
    """A robot control's log knows only what it sent; the receiver's interface table says from whom it came."""
    sent = {"system": "wcs", "state": "REQUEST", "ts": at(-98), "request_id": "R1"}
    received = {"system": "wms", "caller": "WCS", "ts": at(1), "duration_ms": 40.0, "request_id": "R1"}
    (row,) = find_pairs(database([received, sent])).rows(named=True)
    assert (row["clock"], row["reference"]) == ("wcs", "wms")
    assert (seconds(row["t1"]), seconds(row["t2"]), row["t4"]) == (-98, 1, None)


def test_without_names_or_lengths_there_is_no_direction() -> None:
    assert find_pairs(database([app("R1", duration_ms=None), gateway("R1")])).is_empty()


def test_who_gave_up_waiting_gives_no_upper_bound() -> None:
    (row,) = find_pairs(
        database([app("R1", duration_ms=900.0), gateway("R1", outcome="timeout", status_code="504")])
    ).rows(named=True)
    assert row["clock"] == "wms@gateway"
    assert row["t4"] is None


def test_halves_are_joined() -> None:
    rows = [
        gateway("R1", state="REQUEST", duration_ms=None),
        gateway("R1", state="RESPONSE", ts=at(0.45), duration_ms=None),
        app("R1", state="REQUEST", duration_ms=None),
        app("R1", state="RESPONSE", ts=at(0.09), duration_ms=None),
    ]
    (row,) = find_pairs(database(rows)).rows(named=True)
    assert [seconds(row[t]) for t in ("t1", "t2", "t3", "t4")] == pytest.approx([0.35, 0.01, 0.09, 0.45])


def test_a_reused_id_gives_no_pair() -> None:
    assert find_pairs(database([app("R1"), gateway("R1"), gateway("R1", ts=at(60))])).is_empty()


def test_attempts_pair_with_their_own_number() -> None:
    rows = [gateway("R1", attempt=1), gateway("R1", attempt=2, ts=at(10.35)), app("R1", attempt=2, ts=at(10.01))]
    (row,) = find_pairs(database(rows)).rows(named=True)
    assert (row["attempt"], seconds(row["t1"])) == (2, pytest.approx(10.35))
    rows[2]["attempt"] = None  # which of the two it was is not known
    assert find_pairs(database(rows)).is_empty()


def test_other_actions_under_the_same_id_are_other_calls() -> None:
    assert find_pairs(database([app("R1", action="report"), gateway("R1", action="create")])).is_empty()


@pytest.mark.parametrize(
    "change", [{"ts_quality": "inferred"}, {"ts_precision": "min"}, {"kind": "log"}, {"request_id": ""}]
)
def test_events_without_a_usable_time_or_id_do_not_count(change: dict[str, Any]) -> None:
    assert find_pairs(database([app("R1"), gateway("R1") | change])).is_empty()


def test_coarse_stamps_widen_the_bounds() -> None:
    (row,) = find_pairs(database([app("R1", ts_precision="s", duration_ms=80.5), gateway("R1")])).rows(named=True)
    assert row["slack_low_s"] == pytest.approx(1.001)


def test_many_events_are_thinned_by_id() -> None:
    rows = [maker(f"R{i}") for i in range(400) for maker in (app, gateway)]
    found = find_pairs(database(rows), max_events=200)
    assert 40 < len(found) < 160
    assert found["request_id"].n_unique() == len(found)


def test_the_key_is_the_same_in_sql_and_python() -> None:
    rows = [app("R1"), {"host": None, "request_id": "x"}, {"system": None, "host": "h"}, {"system": None}]
    rows.append({"kind": "cache", "system": "cache", "host": "10.0.0.1"})
    con = database(rows)
    for system, host, source, kind, key in con.execute(
        f"SELECT system, host, source, kind, {CLOCK_SQL} FROM events"
    ).fetchall():
        assert clock_key(system, host, source, kind) == key


@pytest.mark.skipif(not RECORDED.exists(), reason="shared/data is absent")
def test_recorded_gateway_clock_is_recovered() -> None:
    rows: list[dict[str, Any]] = []
    with RECORDED.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            times = {
                k: datetime.fromisoformat(record[k])
                for k in ("gw_send", "gw_recv", "app_recv", "app_send")
                if record.get(k)
            }
            status = str(record["status"])
            for host, first, last in (("gateway", "gw_send", "gw_recv"), ("app", "app_recv", "app_send")):
                if first not in times:
                    continue
                length = (times[last] - times[first]) / timedelta(milliseconds=1) if last in times else None
                rows.append(
                    {"host": host, "request_id": record["request_id"], "ts": times[first], "duration_ms": length}
                    | ({"outcome": "timeout"} if host == "gateway" and status == "504" else {})
                )
    pairs = find_pairs(database(rows))
    (relation,) = estimate(pairs)
    assert (relation.clock, relation.reference, relation.method) == ("wms@gateway", "wms@app", "line")
    assert relation.pairs > 300
    start = relation.offset_s - relation.drift_ppm * 1e-6 * (relation.at - relation.since).total_seconds()
    assert start == pytest.approx(0.350302, abs=0.0003)
    assert abs(start - 0.350) <= relation.error_s < 0.001
    assert relation.drift_ppm == pytest.approx(207.6, abs=5)
    table = correction_table([relation], reference="wms@app")
    assert table.filter(pl.col("measured") & (pl.col("clock") == "wms@gateway")).height == 1
