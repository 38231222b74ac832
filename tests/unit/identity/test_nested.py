"""A box on a pallet is where the pallet is while it stands on it: not before, not after, also through one between."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import polars as pl

from forensics.checks.prepare import prepare
from forensics.identity import closure, subject_events
from forensics.identity.nested import Stay, stays
from forensics.store.schema import conform

T = datetime(2026, 3, 11, 8, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T + timedelta(minutes=minutes)


def row(minutes: float, kind: str, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    extra = None if parent is None else json.dumps({"parent": parent})
    return {"ts": at(minutes), "kind": kind, "system": "wms", "extra": extra} | fields


def database(rows: list[dict[str, Any]]) -> duckdb.DuckDBPyConnection:
    base = {"source": "s1", "part": 0, "ts_quality": "recorded", "ts_precision": "s"}
    numbered = [base | {"line": i + 1, "byte_offset": i * 10} | one for i, one in enumerate(rows)]
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("events", conform(pl.DataFrame(numbered, infer_schema_length=None)).to_arrow())
    return con


ROWS = [
    row(0, "device", pallet="P1", task="T0", action="put_done", location="A-01"),
    row(10, "binding", "P1", pallet="BOX1", action="bind"),
    row(20, "device", pallet="P1", task="T1", action="put_done", location="A-02"),
    row(25, "binding", "ROOT", pallet="P1", action="bind"),
    row(30, "device", pallet="ROOT", task="T2", action="put_done", location="A-03"),
    row(40, "binding", pallet="BOX1", action="unbind"),
    row(50, "device", pallet="P1", task="T3", action="put_done", location="A-04"),
    row(60, "binding", "P2", pallet="BOX1", action="bind"),
    row(70, "device", pallet="P2", task="T4", action="put_done", location="A-05"),
    row(80, "device", pallet="P9", task="T5", action="put_done", location="A-06"),
]


def test_stays_end_where_a_load_is_taken_off_or_put_on_another() -> None:
    assert stays(database(ROWS), ["BOX1"]) == [Stay("P1", at(10), at(40)), Stay("P2", at(60), None)]
    assert stays(database(ROWS), ["P9"]) == []
    assert stays(database(ROWS), []) == []


def test_a_load_on_itself_is_no_stay() -> None:
    assert stays(database([row(0, "stock", "(00)000000000000000017", pallet="17")]), ["17"]) == []


def test_what_carried_it_is_part_of_its_story() -> None:
    con = database(ROWS)
    events = subject_events(con, closure(con, {"pallet": "BOX1"}))
    told = dict(events.filter(pl.col("task").is_not_null()).select("task", "relation").iter_rows())
    assert told == {"T1": "via pallet P1", "T2": "via pallet ROOT", "T4": "via pallet P2"}
    assert events["ts"].is_sorted()


def test_the_story_of_a_pallet_says_what_was_put_on_it_and_taken_off() -> None:
    con = database([*ROWS, row(90, "binding", "P1", pallet="BOX2", action="unbind")])
    events = subject_events(con, closure(con, {"pallet": "P1"}))
    told = events.filter(pl.col("kind") == "binding").select("pallet", "action", "relation").rows()
    assert told == [("BOX1", "bind", "direct"), ("P1", "bind", "direct"), ("BOX2", "unbind", "direct")]


def test_the_view_knows_the_same_stays_and_those_between() -> None:
    con = database(ROWS)
    prepare(con, views=["nestings"])
    found = con.sql(
        "SELECT child, parent, at_time(from_us), CASE WHEN to_us < 9e18 THEN at_time(to_us) END FROM nestings ORDER BY ALL"
    ).fetchall()
    assert found == [
        ("BOX1", "P1", at(10), at(40)), ("BOX1", "P2", at(60), None), ("BOX1", "ROOT", at(25), at(40)), ("P1", "ROOT", at(25), None),
    ]  # fmt: skip


def test_the_physical_replay_moves_what_stands_on_a_load() -> None:
    places = [row(0, "stock", sku="S1", qty=1, location=f"A-0{n}") for n in range(1, 6)]
    con = database([*places, *ROWS])
    prepare(con, views=["physical_state"])
    found = con.sql(
        "SELECT location, at_time(from_us) FROM physical_state WHERE pallet = 'BOX1' AND state = 'at' ORDER BY from_us"
    ).fetchall()
    assert found == [("A-02", at(20)), ("A-03", at(30)), ("A-05", at(70))]
    of_p1 = con.sql(
        "SELECT location FROM physical_state WHERE pallet = 'P1' AND state = 'at' ORDER BY from_us"
    ).fetchall()
    assert of_p1 == [("A-01",), ("A-02",), ("A-03",), ("A-04",)]
