"""Single stories of the physical replay: what counts as a change, how sure it is, and what is no change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
import polars as pl
import pytest

from forensics.checks import engine
from forensics.ledger import difference, physical
from forensics.model.errors import ConfigError

from .recorded import Row, frame

BEGIN = datetime(2026, 3, 11, tzinfo=UTC)


def prepared(*events: Row, clocks: list[Row] | None = None) -> duckdb.DuckDBPyConnection:
    """Events with `at` in seconds; each source is its kind and system, the lines in the order given."""
    rows = []
    for number, event in enumerate(events):
        base = {
            "source": f"{event['kind']}-{event['system']}", "line": number + 1, "byte_offset": 100 * number, "part": 0, "raw": "",
            "ts_precision": "us", "ts": BEGIN + timedelta(seconds=event["at"]),
        }  # fmt: skip
        rows.append({**base, **{key: value for key, value in event.items() if key != "at"}})
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("events", frame(rows))
    con.execute("CREATE TABLE evidence AS SELECT DISTINCT source, source AS path, NULL::VARCHAR AS member FROM events")
    engine.prepare(con, clocks)
    engine.ensure_views(con, ["book_state", "physical_state", "state_difference", "tasks"])
    return con


def signal(at: float, action: str, location: str, system: str = "wcs", task: str | None = "T1", **more: object) -> Row:
    return {
        "at": at,
        "kind": "device",
        "system": system,
        "action": action,
        "location": location,
        "pallet": "P1",
        "task": task,
        **more,
    }


def place(name: str) -> Row:
    return {"at": 0, "kind": "count", "system": "wms", "location": name, "pallet": "P9", "qty_counted": Decimal(1)}


def stays(con: duckdb.DuckDBPyConnection, pallet: str = "P1") -> list[tuple[str, str | None, float, str, str]]:
    found = physical(con, subject={"pallet": pallet})
    return [
        (r["state"], r["location"], (r["since"] - BEGIN).total_seconds(), r["confidence"], r["because"])
        for r in found.iter_rows(named=True)
    ]


def test_a_callback_that_arrives_late_does_not_move_the_pallet_back():
    """The WMS writes down the repeated callback of an inbound task after the pallet has left again with another one."""
    con = prepared(
        signal(100, "pick_done", "IN-1"),
        signal(160, "put_done", "A-01"),
        signal(4000, "pick_done", "A-01", task="T2"),
        signal(4060, "put_done", "OUT-1", task="T2"),
        signal(7200, "put_done", "A-01", system="wms"),
        place("A-01"), place("IN-1"), place("OUT-1"),
    )  # fmt: skip
    assert [one[:3] for one in stays(con)] == [
        ("moving", None, 100), ("at", "A-01", 160), ("moving", None, 4000), ("at", "OUT-1", 4060),
    ]  # fmt: skip
    there = physical(con, BEGIN + timedelta(seconds=200), {"pallet": "P1"})
    assert there["witnesses"].item() == 2


def test_repeated_by_the_same_device_is_said_once():
    con = prepared(
        signal(100, "put_done", "A-01"), signal(160, "put_done", "A-01"), signal(220, "put_done", "A-01"), place("A-01")
    )
    assert [one[:3] for one in stays(con)] == [("at", "A-01", 100)]


def test_what_only_the_receiver_tells_is_less_sure():
    con = prepared(signal(100, "put_done", "A-01", system="wms"), place("A-01"))
    assert stays(con) == [("at", "A-01", 100, "medium", "told by the receiver only")]


@pytest.mark.parametrize(("error_s", "confidence"), [(1, "high"), (20, "low")])
def test_the_order_of_two_clocks(error_s, confidence):
    """A handheld sees the pallet loaded ten seconds after the device put it down: who was first depends on the clocks."""
    clocks = [
        {"system": "scanner", "offset_s": 0, "error_s": error_s},
        {"system": "wcs", "offset_s": 0, "error_s": 0},
    ]
    loaded = {"at": 170, "kind": "scan", "system": "scanner", "action": "load", "location": "OUT-1", "pallet": "P1"}
    con = prepared(signal(160, "put_done", "OUT-1"), loaded, place("OUT-1"), clocks=clocks)
    assert stays(con)[-1][3:] == (confidence, "seen" if confidence == "high" else "order uncertain")


def test_clocks_are_corrected():
    """The device's clock is an hour fast: what it says an hour later came first."""
    clocks = [{"system": "wcs", "offset_s": 3600, "error_s": 1}, {"system": "scanner", "offset_s": 0, "error_s": 1}]
    loaded = {"at": 170, "kind": "scan", "system": "scanner", "action": "load", "location": "OUT-1", "pallet": "P1"}
    con = prepared(signal(3600 + 100, "put_done", "OUT-1"), loaded, place("OUT-1"), clocks=clocks)
    assert [one[:3] for one in stays(con)] == [("at", "OUT-1", 100), ("out", None, 170)]


def test_an_empty_place_makes_a_pallet_missing():
    con = prepared(
        signal(100, "put_done", "A-01"), signal(900, "empty_pick", "A-01", task="T7", pallet="P2"), place("A-01")
    )
    assert [one[:2] for one in stays(con)] == [("at", "A-01"), ("missing", None)]
    assert stays(con)[-1][3:] == ("medium", "place found empty")


def test_the_position_of_a_device_map_is_read_with_the_task():
    task = {"at": 90, "kind": "task", "system": "wms", "state": "CREATED", "task": "T1", "pallet": "P1", "doc_type": "inbound",
            "from_location": "IN-1", "to_location": "A-01"}  # fmt: skip
    con = prepared(
        task, signal(160, "put_done", "17AB0042"), signal(170, "put_done", "17AB0043", task="T5", pallet="P5")
    )
    assert stays(con) == [("at", "A-01", 160, "medium", "read with its task")]
    assert stays(con, "P5") == []


def test_an_occupied_target_is_not_where_the_pallet_is():
    con = prepared(signal(100, "pick_done", "IN-1"), signal(160, "occupied_put", "A-01"), place("A-01"), place("IN-1"))
    assert [one[:2] for one in stays(con)] == [("moving", None)]
    full = physical(con, subject={"location": "A-01"}).filter(pl.col("pallet").is_null())
    assert full["state"].to_list() == ["occupied"]


def test_a_sensor_against_the_book():
    """The book has an opening pallet that no witness ever named; the sensor of its place says vacant, later goods stand again."""
    posted = {"at": 10, "kind": "ledger", "system": "wms", "pallet": "P1", "location": "A-01", "sku": "S", "qty": Decimal(5),
              "qty_before": Decimal(0), "qty_after": Decimal(5), "doc_type": "opening"}  # fmt: skip
    vacant = {"at": 500, "kind": "device", "system": "wcs", "action": "vacant", "location": "A-01"}
    con = prepared(posted, vacant, vacant | {"at": 800, "action": "occupied"})
    (row,) = difference(con).iter_rows(named=True)
    assert (row["pallet"], row["book_location"], row["state"]) == ("P1", "A-01", "empty")
    assert [(row[name] - BEGIN).total_seconds() for name in ("since", "until")] == [500, 800]
    assert difference(con, lasting=timedelta(minutes=10)).is_empty()


def test_a_strange_subject():
    with pytest.raises(ConfigError, match="no state is kept by 'colour'"):
        physical(prepared(place("A-01")), subject={"colour": "red"})
