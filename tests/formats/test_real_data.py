"""Recorded evidence of real servers and one real interface log: every file is recognised, nothing is lost, and the counts are those known."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from formats.real import DATA, Source, read

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is absent")

MARIADB, NGINX, POSTGRES = "recorded/mariadb10.11", "recorded/nginx1.22", "recorded/postgres15"
EXPECTED = {
    f"{MARIADB}/api.jsonl": "gateway-calls",
    f"{MARIADB}/error.log": "mysql-error-log",
    f"{MARIADB}/general.log": "mysql-general-log",
    f"{MARIADB}/innodb_lock_waits.jsonl": "innodb-lock-waits",
    f"{MARIADB}/innodb_status.txt": "innodb-status",
    f"{MARIADB}/mysqlbinlog_v.txt": "mysqlbinlog",
    f"{MARIADB}/mysqlbinlog_vv_utc.txt": "mysqlbinlog",
    f"{MARIADB}/pt_heartbeat_like.tsv": "heartbeat-lag",
    f"{MARIADB}/redis_monitor.log": "redis-monitor",
    f"{MARIADB}/redis_slowlog.txt": "redis-slowlog",
    f"{MARIADB}/slave_status.txt": "mysql-replica-status",
    f"{MARIADB}/slow.log": "mysql-slow-log",
    f"{MARIADB}/slow_replica.log": "mysql-log-banner",
    f"{MARIADB}/stock.csv": "table-stock",
    f"{MARIADB}/stock_ledger.csv": "table-ledger",
    f"{MARIADB}/stock_summary.csv": "table-stock",
    f"{NGINX}/bad_json.log": "nginx-json-broken",
    f"{NGINX}/combined.log": "nginx-combined",
    f"{NGINX}/error.log": "nginx-error",
    f"{NGINX}/ext.log": "nginx-extended",
    f"{NGINX}/json.log": "nginx-json",
    f"{POSTGRES}/pg-20261122": "postgres-log",
    f"{POSTGRES}/pg-20261122.csv": "postgres-csvlog",
    f"{POSTGRES}/pg-20261122.json": "postgres-jsonlog",
    f"{POSTGRES}/pg_locks.csv": "pg-locks",
    f"{POSTGRES}/pg_stat_activity.csv": "pg-stat-activity",
    f"{POSTGRES}/pg_stat_replication.csv": "pg-stat-replication",
    f"{POSTGRES}/pg_stat_replication_after.csv": "pg-stat-replication",
    f"{POSTGRES}/test_decoding.txt": "pg-test-decoding",
    "samples/slowlogs/mysql5.7.log": "mysql-slow-log",
    "samples/slowlogs/slow002.txt": "mysql-slow-log",
    "samples/slowlogs/slow036.txt": "mysql-slow-log",
    "samples/snippets/innodb_deadlock_mysql80_id2095427574.txt": "innodb-status",
    "samples/snippets/mysqlbinlog_mysql80_header_times_id39572569111.txt": "mysqlbinlog",
    "samples/snippets/mysqlbinlog_vv_mysql57_id40693100992.txt": "mysqlbinlog-no-gtid",
    "samples/snippets/mysqld_exporter_innodb_status.txt": "innodb-status",
    "samples/snippets/show_slave_status_mysql57_id36543268181.txt": "mysql-replica-status",
}
EIS = sorted(str(path.relative_to(DATA)) for path in DATA.glob("eis/FileLog/*/*.txt"))


@cache
def source(name: str) -> Source:
    return read(DATA / name)


def counts(name: str, *columns: str) -> dict[object, int]:
    """How many events there are of each value of the columns."""
    rows = source(name).events.group_by(columns).len().iter_rows()
    return {row[0] if len(columns) == 1 else row[:-1]: row[-1] for row in rows}


@pytest.mark.parametrize("name", [*EXPECTED, *EIS])
def test_every_file_is_recognised_and_every_line_accounted_for(name: str) -> None:
    found = source(name)
    assert found.format == EXPECTED.get(name, "eis-filelog")
    assert found.rejects.is_empty(), found.rejects["reason"].to_list()
    blank = sum(not line.strip() for line in found.lines)
    assert 0 <= found.unaccounted() <= blank


def test_interface_log_of_a_real_warehouse() -> None:
    events = pl.concat([source(name).events for name in EIS], how="diagonal")
    calls = events.filter(pl.col("kind") == "api")
    assert dict(calls.group_by("state").len().iter_rows()) == {"REQUEST": 117, "RESPONSE": 75}
    requests = calls.filter(pl.col("state") == "REQUEST")
    assert dict(requests.group_by("doc_type").len().iter_rows()) == {"inbound": 96, "outbound": 21}
    assert requests["request_id"].n_unique() == 63
    assert requests.filter(pl.col("doc").is_null() | pl.col("sku").is_null() | pl.col("qty").is_null()).is_empty()
    answers = calls.filter(pl.col("state") == "RESPONSE")
    assert dict(answers.group_by("outcome").len().iter_rows()) == {"ok": 12, "fail": 63}
    assert answers.filter(pl.col("error") == "agv小车不能跨层!!!").height == 42
    assert events.filter(pl.col("kind") == "log").height == 17


def test_both_ends_of_the_calls() -> None:
    name = f"{MARIADB}/api.jsonl"
    assert counts(name, "kind", "host") == {("api", "gateway"): 359 - 0, ("api", "app"): 359, ("stock", "app"): 87}
    late = source(name).events.filter(pl.col("outcome") == "timeout")
    assert late["host"].to_list() == ["gateway"]
    assert late["request_id"].to_list() == ["DUP-1"]


def changes(name: str) -> pl.DataFrame:
    return source(f"{MARIADB}/{name}").events.filter(pl.col("kind") == "change").sort("line", "part")


def test_row_images_are_the_same_whoever_printed_them() -> None:
    here, utc = changes("mysqlbinlog_v.txt"), changes("mysqlbinlog_vv_utc.txt")
    same = [c for c in here.columns if c not in ("raw", "byte_offset", "log_position", "line")]
    assert here.select(same).equals(utc.select(same))
    assert here["log_position"].str.extract(r":(\d+)$").equals(utc["log_position"].str.extract(r":(\d+)$"))
    assert str(here["ts"].min()) == "2026-11-22 10:31:43+00:00"


def test_ledger_rows_of_the_binary_log_are_those_of_the_table() -> None:
    logged = changes("mysqlbinlog_v.txt").filter(pl.col("table_name") == "wms.stock_ledger")
    table = source(f"{MARIADB}/stock_ledger.csv").events
    assert logged.height == table.height == 266
    key = ["request_id", "sku", "qty"]
    ids = pl.col("extra").str.json_path_match("$.after.id").alias("id")
    joined = logged.select(*key, ids).sort(pl.col("id").cast(pl.Int64)).select(key)
    assert joined.equals(
        table.with_columns(pl.col("extra").str.json_path_match("$.id").alias("id"))
        .sort(pl.col("id").cast(pl.Int64))
        .select(key)
    )


def test_stock_rows_have_a_balance_and_trigger_rows_say_so() -> None:
    images = changes("mysqlbinlog_v.txt")
    stock = images.filter((pl.col("table_name") == "wms.stock") & (pl.col("action") == "update"))
    moved = stock.filter(pl.col("qty_before").is_not_null() & pl.col("qty_after").is_not_null())
    assert moved.height >= 260
    # Minimal images name neither the material nor the place: both are known from the row's earlier image.
    assert stock["sku"].null_count() == 0
    assert stock["location"].null_count() == 0
    assert (
        images.filter(pl.col("table_name") != "wms.stock")["qty_after"].null_count()
        == images.height - images.filter(pl.col("table_name") == "wms.stock").height
    )
    origin = (
        images.with_columns(pl.col("extra").str.json_path_match("$.origin").alias("origin"))
        .group_by("table_name", "origin")
        .len()
    )
    assert dict(origin.filter(pl.col("origin") == "trigger").select("table_name", "len").iter_rows()) == {
        "wms.stock_summary": 269
    }
    assert stock["log_position"].is_sorted()
    assert not stock.filter((pl.col("sku") == "S02-OVERSELL") & (pl.col("qty_after") < 0)).is_empty()


def test_replica_lag_is_unknown_while_the_replica_stands_still() -> None:
    events = source(f"{MARIADB}/slave_status.txt").events
    assert events.height == 48
    stopped = events.filter(pl.col("extra").str.json_path_match("$.sql_running") == "No")
    assert not stopped.is_empty()
    assert stopped["duration_ms"].null_count() == stopped.height
    assert events["ts"].null_count() == 0


def test_hidden_retries_are_attempts_of_their_own() -> None:
    for name in ("ext.log", "json.log"):
        events = source(f"{NGINX}/{name}").events
        retried = events.filter(pl.col("attempt").is_not_null())
        assert retried.height == 6
        assert retried.filter(pl.col("doc") == "SO-7").sort("attempt")["outcome"].to_list() == ["timeout", "unknown"]


@pytest.mark.parametrize("name", ["pg-20261122", "pg-20261122.csv", "pg-20261122.json"])
def test_three_layouts_of_one_server_tell_the_same(name: str) -> None:
    events = source(f"{POSTGRES}/{name}").events
    locks = events.filter(pl.col("kind") == "lock").sort("line")
    reference = source(f"{POSTGRES}/pg-20261122").events.filter(pl.col("kind") == "lock").sort("line")
    same = ["ts", "action", "duration_ms", "operator"]
    assert locks.select(same).equals(reference.select(same))


@pytest.mark.parametrize("path", sorted((DATA / "samples/slowlogs").glob("slow*.txt")), ids=lambda path: path.name)
def test_slow_logs_give_what_the_reference_parser_gives(path: Path) -> None:
    wanted = json.loads((path.parent / "expected.json").read_text())[path.name]
    events = source(str(path.relative_to(DATA))).events.filter(pl.col("kind") == "lock").sort("line")
    assert events.height == len(wanted)
    for event, entry in zip(events.to_dicts(), wanted, strict=True):
        extra = json.loads(event["extra"])
        assert event["duration_ms"] == pytest.approx(float(entry["Query_time"]) * 1000)
        assert float(extra["lock_time_s"]) == float(entry["Lock_time"])
        said = " ".join(extra.get("statement", "").split())
        assert said == " ".join(entry["arg"].split()).rstrip(";")
