"""Replica status samples: times, channels, and lag that is not known."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
from unit.readers.texts import parse, records

from forensics.readers import READERS, SourceContext

ROW = "*************************** {} row ***************************\n{}"
NEW = "  Replica_IO_Running: Yes\n Replica_SQL_Running: {}\nSeconds_Behind_Source: {}\n        Channel_Name: {}\n"


def block(number: int, sql: str = "Yes", behind: str = "0", channel: str = "") -> str:
    return ROW.format(f"{number}.", NEW.format(sql, behind, channel))


def test_all_channels_of_a_sample_have_its_time() -> None:
    text = f"### 2026-03-11T09:00:00+08:00\n{block(1, channel='a')}{block(2, channel='b')}### 2026-03-11T09:00:10+08:00\n{block(1)}"
    for chunk in (0, 1):
        events = parse(text, format_id="mysql-replica-status", chunk=chunk).events
        assert [str(ts)[11:19] for ts in events["ts"]] == ["01:00:00", "01:00:00", "01:00:10"]
    assert events["extra"].str.json_path_match("$.channel").to_list() == ["a", "b", None]


def test_null_is_not_zero() -> None:
    events = parse(f"2026-03-11 09:00:00\n{block(1, 'No', 'NULL')}", format_id="mysql-replica-status").events
    assert events["duration_ms"].to_list() == [None]
    assert events["outcome"].to_list() == ["fail"]
    assert "seconds_behind" not in json.loads(events["extra"][0])


def test_a_sample_without_a_time_does_not_inherit_that_of_the_one_before() -> None:
    events = parse(f"2026-03-11 09:00:00\n{block(1)}{block(1)}", format_id="mysql-replica-status").events
    assert events["ts"].null_count() == 1
    assert events["ts_quality"].to_list() == ["recorded", "none"]


def test_one_sample_without_a_time_was_taken_when_the_file_was_written() -> None:
    written = datetime(2026, 3, 11, 1, tzinfo=UTC)
    reader = READERS["replica_status"](SourceContext(mtime=written))
    events = reader.parse(records(block(1), "mysql-replica-status")).events
    assert events["ts"].to_list() == [written]
    assert events["ts_quality"].to_list() == ["inferred"]


def test_every_record_is_in_the_events() -> None:
    text = f"mysql> SHOW REPLICA STATUS\\G\n2026-03-11 09:00:00\n{block(1)}1 row in set (0.00 sec)\n\n2026-03-11 09:00:00\n"
    assert set(records(text, "mysql-replica-status")["line"]) == set(
        parse(text, format_id="mysql-replica-status").events["line"]
    )
    assert "log" in set(parse(text, format_id="mysql-replica-status").events.get_column("kind"))
    assert isinstance(parse(text, format_id="mysql-replica-status").events, pl.DataFrame)
