from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest

from forensics.identity import closure, subject_events
from forensics.model.errors import ConfigError
from forensics.store.schema import EVENTS, conform

T = datetime(2026, 3, 11, 8, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T + timedelta(minutes=minutes)


def event(minutes: float | None, kind: str = "task", **fields: Any) -> dict[str, Any]:
    return {"ts": None if minutes is None else at(minutes), "kind": kind, "system": "wms"} | fields


def database(rows: list[dict[str, Any]], evidence: bool = False) -> duckdb.DuckDBPyConnection:
    base = {"source": "s1", "part": 0, "ts_quality": "recorded"}
    numbered = [base | {"line": i + 1, "byte_offset": i * 10} | row for i, row in enumerate(rows)]
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("events", conform(pl.DataFrame(numbered, infer_schema_length=None)).to_arrow())
    if evidence:
        con.execute("CREATE TABLE evidence AS SELECT 's1' AS source, 'wms/day.zip' AS path, 'task.log' AS member")
    return con


STORY = [
    event(0, "binding", pallet="TP1", sku="S1", batch="B1"),
    event(1, "task", task="T1", pallet="TP1", sku="S1", doc="D1", to_location="L1"),
    event(2, "device", task="T1", system="wcs", location="L1"),
    event(3, "api", task="T1", request_id="R1"),
    event(4, "api", request_id="R1", system="wcs", status_code="504"),
    event(5, "ledger", doc="D1", sku="S1", txn="X1"),
    event(6, "change", txn="X1", table_name="wms.stock"),
    event(7, "scan", task="T1", pallet="TP9", system="scanner"),  # the wrong pallet was scanned
    # another pallet of the same document, and its life
    event(1.5, "task", task="T2", pallet="TP2", sku="S1", doc="D1", to_location="L2"),
    event(2.5, "device", task="T2", system="wcs", location="L2"),
    event(3.5, "task", task="T9", pallet="TP9", sku="S9", doc="D9"),
]


def offsets(frame: pl.DataFrame) -> list[int]:
    return [offset // 10 for offset in frame["byte_offset"]]


def test_a_pallet_and_what_belongs_to_it() -> None:
    con = database(STORY)
    found = closure(con, {"pallet": "TP1"})
    assert {kind: found[kind] for kind in ("pallet", "task", "request_id", "doc", "txn")} == {
        "pallet": {"TP1"}, "task": {"T1"}, "request_id": {"R1"}, "doc": {"D1"}, "txn": {"X1"},
    }  # fmt: skip
    assert found["location"] == {"L1"}
    assert found["sku"] == {"S1"}
    timeline = subject_events(con, found)
    assert offsets(timeline) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert timeline["relation"].to_list() == [
        "direct", "direct", "via task T1", "via task T1", "via request R1", "via document D1", "via transaction X1", "via task T1",
    ]  # fmt: skip
    assert timeline["lane"].to_list() == ["wms", "wms", "wcs", "wms", "wcs", "wms", "wms", "scanner"]
    assert timeline["event_id"][1] == "s1:10:0"
    assert timeline.columns == [*EVENTS, "event_id", "file", "lane", "relation"]


def test_fewer_hops_reach_less_far() -> None:
    con = database(STORY)
    assert closure(con, {"pallet": "TP1"}, max_hops=1)["request_id"] == set()
    assert closure(con, {"pallet": "TP1"}, max_hops=2)["request_id"] == {"R1"}


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ({"task": "T1"}, [0, 1, 2, 3, 4, 5, 6, 7]),
        ({"request_id": "R1"}, [0, 1, 2, 3, 4, 5, 6, 7]),
        ({"sku": "S9"}, [10]),
        ({"location": "L2"}, [5, 6, 8, 9]),
    ],
)
def test_other_subjects(seeds: dict[str, str], expected: list[int]) -> None:
    con = database(STORY)
    found = offsets(subject_events(con, closure(con, seeds)))
    assert sorted(found) == expected


def test_a_document_of_few_pallets_has_them_all() -> None:
    con = database(STORY)
    found = closure(con, {"doc": "D1"})
    assert found["task"] == {"T1", "T2"}
    assert {"TP1", "TP2"} <= found["pallet"]
    assert 10 not in offsets(subject_events(con, found))


def test_a_document_of_many_pallets_is_not_followed() -> None:
    rows = [event(i, "task", task=f"T{i}", pallet=f"TP{i}", doc="D1", sku="S1") for i in range(40)]
    rows += [event(50, "document", doc="D1", system="erp"), event(51, "api", doc="D1", request_id="R9", sku="S2")]
    con = database(rows)
    found = closure(con, {"pallet": "TP7"})
    assert found["task"] == {"T7"}
    assert found["doc"] == {"D1"}
    assert found.hubs["doc"] == {"D1"}
    assert found["request_id"] == set()
    # what the document says of itself is part of the story, what it says of others is not
    assert offsets(subject_events(con, found)) == [7, 40]


def test_a_request_of_many_tasks_is_not_followed() -> None:
    rows = [event(i, "api", task=f"T{i}", request_id="BATCH") for i in range(40)]
    con = database([event(0, pallet="TP1", task="T3"), *rows])
    found = closure(con, {"pallet": "TP1"})
    assert found["task"] == {"T3"}
    assert found.hubs["request_id"] == {"BATCH"}
    assert offsets(subject_events(con, found)) == [0, 4]


def test_places_and_materials_are_named_but_not_followed() -> None:
    rows = [event(i, "device", location="L1", sku="S1", pallet=f"TP{i}", task=f"T{i}") for i in range(30)]
    found = closure(database(rows), {"pallet": "TP3"})
    assert (found["location"], found["sku"], found["task"]) == ({"L1"}, {"S1"}, {"T3"})


def test_reused_pallets_are_held_apart_by_the_window() -> None:
    rows = [event(day * 1440, task=f"T{day}", pallet="TP1") for day in range(20)]
    rows += [event(day * 1440 + 5, "api", task=f"T{day}", request_id=f"R{day}") for day in range(20)]
    con = database(rows)
    window = (at(5 * 1440 - 60), at(5 * 1440 + 60))
    found = closure(con, {"pallet": "TP1"}, window)
    assert (found["task"], found["request_id"]) == ({"T5"}, {"R5"})
    assert offsets(subject_events(con, found, window)) == [5, 25]
    assert len(closure(con, {"pallet": "TP1"})["task"]) == 20
    # asked for one task, the pallet's other trips are not its story
    found = closure(con, {"task": "T5"})
    assert {"T5"} <= found["task"] <= {"T4", "T5", "T6"}


def test_all_spellings_of_a_pallet() -> None:
    sscc = "340123450000000012"
    rows = [
        event(i, "scan", pallet=spelling)
        for i, spelling in enumerate([sscc, "00" + sscc, "(00)" + sscc, "340123450000000029"])
    ]
    con = database(rows)
    for spelling in (sscc, "00" + sscc, "]C100" + sscc):
        found = closure(con, {"pallet": spelling})
        assert found["pallet"] == {sscc, "00" + sscc, "(00)" + sscc, spelling}
        assert offsets(subject_events(con, found)) == [0, 1, 2]


def test_a_material_is_followed_through_its_tasks() -> None:
    rows = [
        event(0, "task", task="T1", sku="S1"),
        event(1, "device", task="T1"),
        event(2, "ledger", sku="S1", doc="D1"),
        event(3, "ledger", sku="S2", doc="D1"),
        event(4, "ledger", sku="S2", task="T1"),
    ]
    con = database(rows)
    assert offsets(subject_events(con, closure(con, {"sku": "S1"}))) == [0, 1, 2]


def test_a_subject_with_too_many_links_keeps_to_itself() -> None:
    rows = [event(i / 100, "task", task=f"T{i}", sku="S1") for i in range(2500)] + [event(30, "device", task="T5")]
    con = database(rows)
    found = closure(con, {"sku": "S1"})
    assert "task" in found.truncated
    assert len(subject_events(con, found)) == 2500


def test_several_seeds_must_all_agree() -> None:
    con = database(STORY)
    found = closure(con, {"pallet": "TP2", "sku": "S1"})
    assert found["task"] == {"T2"}


def test_files_are_named() -> None:
    con = database(STORY, evidence=True)
    assert subject_events(con, closure(con, {"task": "T1"}))["file"].unique().to_list() == ["wms/day.zip!task.log"]


def test_events_without_a_time_come_last() -> None:
    con = database([event(None, pallet="TP1"), event(1, pallet="TP1")])
    assert offsets(subject_events(con, closure(con, {"pallet": "TP1"}))) == [1, 0]
    window = (at(0), at(2))
    assert offsets(subject_events(con, closure(con, {"pallet": "TP1"}, window), window)) == [1]


def test_values_are_never_sql() -> None:
    nasty = "x' OR '1'='1"
    con = database([event(0, pallet=nasty, task="T'1"), event(1, "device", task="T'1"), event(2, pallet="TP1")])
    assert offsets(subject_events(con, closure(con, {"pallet": nasty}))) == [0, 1]


def test_nothing_found_is_an_empty_timeline() -> None:
    con = database(STORY)
    found = closure(con, {"pallet": "nobody"})
    assert subject_events(con, found).is_empty()
    assert subject_events(con, found).columns == [*EVENTS, "event_id", "file", "lane", "relation"]


@pytest.mark.parametrize("seeds", [{}, {"colour": "red"}, {"pallet": ""}])
def test_a_wrong_question_is_a_clear_error(seeds: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        closure(database(STORY), seeds)
