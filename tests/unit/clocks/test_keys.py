"""Machines that go by one name have clocks of their own; one machine's rotated logs do not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from forensics.clocks import CLOCK_SQL, name_clocks
from forensics.clocks.keys import machines

DAY = datetime(2026, 3, 14, tzinfo=UTC)


def log(
    source: str, path: str, start_h: float, hours: float, parser: str = "nginx"
) -> tuple[str, str, str, datetime, datetime]:
    begin = DAY + timedelta(hours=start_h)
    return source, parser, path, begin, begin + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("nginx/access.log", "nginx-plant/access.log", {"a": "nginx", "b": "nginx-plant"}),
        ("logs/gw1/nginx/access.log", "logs/gw2/nginx/access.log", {"a": "gw1", "b": "gw2"}),
        ("logs/access-01.log", "logs/access-02.log.gz", {"a": "access-01.log", "b": "access-02.log"}),
        ("a/2026-03-14/access.log.3.gz", "b/2026-03-14/access.log", {"a": "a", "b": "b"}),
        ("C:\\logs\\a\\access.log", "C:\\logs\\b\\access.log", {"a": "a", "b": "b"}),
        ("access.log", "plant/access.log", {"a": "access.log", "b": "plant/access.log"}),
    ],
)
def test_logs_of_one_name_and_time_are_of_two_machines(one: str, other: str, names: dict[str, str]) -> None:
    assert machines([log("a", one, 0, 24), log("b", other, 12, 24)]) == names


@pytest.mark.parametrize(
    ("one", "other", "shift_h"),
    [
        ("nginx/access.log", "old/access.log", 24),  # moved away, not another machine
        ("nginx/2026-03-14/access.log", "nginx/2026-03-15/access.log", 12),
        ("nginx/access.log.1", "nginx/access.log.2.gz", 12),
        ("nginx/access-20260314.log", "nginx/access-20260315.log", 12),
        ("nginx/access.log", "nginx/api_access.log", 0),  # two sites on one machine
    ],
)
def test_rotated_logs_are_of_one_machine(one: str, other: str, shift_h: float) -> None:
    assert machines([log("a", one, 0, 24), log("b", other, shift_h, 24)]) == {}


def test_logs_of_two_formats_are_not_compared() -> None:
    assert machines([log("a", "a/access.log", 0, 24), log("b", "b/access.log", 0, 24, parser="iis")]) == {}


def test_rotation_within_two_machines() -> None:
    rows = [log("a1", "a/access.log.1", 0, 12), log("a0", "a/access.log", 12, 12), log("b", "b/access.log", 3, 2)]
    assert machines(rows) == {"a1": "a", "a0": "a", "b": "b"}


def test_the_clock_of_an_event_names_its_machine() -> None:
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE evidence (source VARCHAR, parser VARCHAR, path VARCHAR, first_ts TIMESTAMPTZ, last_ts TIMESTAMPTZ)"
    )
    for row in (log("s1", "x/access.log", 0, 24), log("s2", "y's/access.log", 0, 24)):
        con.execute("INSERT INTO evidence VALUES (?, ?, ?, ?, ?)", row)
    con.execute("CREATE TABLE events (kind VARCHAR, system VARCHAR, host VARCHAR, source VARCHAR)")
    con.execute(
        "INSERT INTO events VALUES ('api','wms','gateway','s1'), ('api','wms','gateway','s2'), ('api','wms','gateway','s3'), ('task','wms',NULL,'s1')"
    )
    name_clocks(con)
    clocks = [row[0] for row in con.sql(f"SELECT {CLOCK_SQL} FROM events").fetchall()]
    assert clocks == ["wms@gateway/x", "wms@gateway/y's", "wms@gateway", "wms"]


def test_without_evidence_nothing_is_told_apart() -> None:
    con = duckdb.connect()
    name_clocks(con)
    assert con.sql("SELECT getvariable('clock_sources')['s1']").fetchall() == [(None,)]
