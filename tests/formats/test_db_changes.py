"""Row changes from logical logs: exact decimals, what null and absent mean, transactions, and lag out of log positions."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from formats.real import DATA, read
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.load import load_formats
from forensics.formats.samples import parse_sample
from forensics.formats.spec import Sample


def parsed(format_id: str, *messages: Any) -> pl.DataFrame:
    lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    return parse_sample(load_formats().get(format_id), Sample("\n".join(lines))).events.sort("line", "part")


def images(events: pl.DataFrame) -> list[dict[str, Any]]:
    return [json.loads(extra) for extra in events["extra"].to_list()]


decimals = st.decimals(min_value=-(10**11), max_value=10**11, places=3)


@settings(max_examples=20, deadline=None)
@given(before=decimals, after=decimals)
def test_quantities_are_exact_whoever_wrote_them(before: Decimal, after: Decimal) -> None:
    def encoded(number: Decimal) -> str:
        unscaled = int(number.scaleb(3))
        return base64.b64encode(unscaled.to_bytes(8, "big", signed=True)).decode()

    row = {
        "type": "bytes",
        "name": "org.apache.kafka.connect.data.Decimal",
        "parameters": {"scale": "3"},
        "field": "qty",
    }
    layout = {"fields": [{"field": side, "fields": [row]} for side in ("before", "after")]}
    source = {"db": "w", "table": "stock", "ts_ms": 1773191646000}
    debezium = {
        "schema": layout,
        "payload": {
            "op": "u",
            "source": source,
            "before": {"sku": "1", "qty": encoded(before)},
            "after": {"sku": "1", "qty": encoded(after)},
        },
    }
    canal = {
        "database": "w", "table": "stock", "type": "UPDATE", "es": 1773191646000, "ts": 1, "isDdl": False,
        "data": [{"sku": "1", "qty": f"{after}"}], "old": [{"qty": f"{before}"}],
    }  # fmt: skip
    wal = '{"action":"U","schema":"w","table":"stock","columns":[{"name":"sku","value":"1"},{"name":"qty","value":%s}],"identity":[{"name":"sku","value":"1"},{"name":"qty","value":%s}]}'
    for events in (
        parsed("debezium", debezium),
        parsed("canal", canal),
        parsed("wal2json", wal % (f"{after:f}", f"{before:f}")),
    ):
        assert events.select("qty_before", "qty_after").row(0) == (before, after)
        assert events["table_name"].to_list() == ["w.stock"]


def test_absent_is_unchanged_and_null_was_null() -> None:
    (image,) = images(
        parsed(
            "maxwell",
            {
                "database": "w",
                "table": "t",
                "type": "update",
                "ts": 1773191646,
                "data": {"a": "1", "b": "2", "c": None},
                "old": {"b": None},
            },
        )
    )
    assert image["before"] == {"a": "1", "b": None, "c": None}
    assert image["after"] == {"a": "1", "b": "2", "c": None}


def test_a_column_that_the_server_did_not_send_is_no_value() -> None:
    message = {
        "op": "u", "before": None, "after": {"id": 1, "note": "__debezium_unavailable_value"}, "source": {"db": "w", "table": "t", "ts_ms": 0},
    }  # fmt: skip
    events = parsed("debezium", message)
    assert images(events) == [{"after": {"id": "1"}}]
    assert events["ts"].to_list() == [None]


def test_a_number_in_a_text_stays_a_text() -> None:
    (image,) = images(
        parsed(
            "maxwell",
            '{"database":"w","table":"t","type":"insert","ts":1773191646,"data":{"note":"from:1.50, to,2.50","q":1.50}}',
        )
    )
    assert image["after"]["note"] == "from:1.50, to,2.50"


def test_rows_take_time_and_transaction_from_where_they_begin() -> None:
    rows = [
        {"action": "I", "schema": "w", "table": "t", "columns": [{"name": "sku", "value": str(n)}]} for n in range(3)
    ]
    begin = {"action": "B", "xid": 7, "timestamp": "2026-03-11 01:14:06.5+00"}
    events = parsed("wal2json", begin, rows[0], rows[1], {"action": "C"}, begin | {"xid": 8}, rows[2])
    assert events.filter(pl.col("kind") == "change")["txn"].to_list() == ["7", "7", "8"]
    assert str(events.filter(pl.col("kind") == "change")["ts"][0]) == "2026-03-11 01:14:06.500000+00:00"


HEADER = "sampled_at,application_name,client_addr,state,sent_lsn,write_lsn,flush_lsn,replay_lsn,write_lag,flush_lag,replay_lag,sync_state,reply_time"


def samples(*lsns: tuple[str, str]) -> list[float | None]:
    rows = [
        f"2026-03-11 09:00:{n:02d}+08,walreceiver,10.3.1.6,streaming,{sent},{sent},{sent},{done},,,00:00:00.0002,async,"
        for n, (sent, done) in enumerate(lsns)
    ]
    spec = load_formats().get("pg-stat-replication")
    return parse_sample(spec, Sample("\n".join([HEADER, *rows]))).events.sort("line")["duration_ms"].to_list()


def test_lag_is_what_has_been_waiting_and_not_what_the_frozen_interval_says() -> None:
    assert samples(("0/10", "0/10"), ("0/10", "0/10")) == [0.0, 0.0]
    assert samples(("0/20", "0/10"), ("0/30", "0/10"), ("0/30", "0/10")) == [None, 1000.0, 2000.0]
    assert samples(("0/20", "0/10"), ("0/30", "0/20"), ("0/40", "0/20")) == [None, None, 1000.0]
    assert samples(("1/0", "0/FFFFFFFF"), ("1/0", "1/0")) == [None, 0.0]


@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is absent")
def test_recorded_standby_is_behind_while_its_interval_says_it_is_not() -> None:
    paused = read(DATA / "recorded/postgres15/pg_stat_replication_lag2.csv").events
    assert paused["duration_ms"].to_list() == [None]
    assert json.loads(paused["extra"][0])["behind_bytes"] == "128"
    caught_up = read(DATA / "recorded/postgres15/pg_stat_replication_after.csv").events
    assert caught_up["duration_ms"].to_list() == [0.0]


@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is absent")
def test_recorded_logical_decoding_has_commit_times_and_both_rows_of_a_transaction() -> None:
    changes = (
        read(DATA / "recorded/postgres15/test_decoding.txt").events.filter(pl.col("kind") == "change").sort("line")
    )
    assert changes.select("txn", "sku", "qty_after").rows() == [
        ("725", "A", Decimal(90)), ("726", "A", Decimal(89)), ("730", "B", Decimal(99)), ("730", "A", Decimal(88)), ("731", "B", Decimal(98)),
    ]  # fmt: skip
    assert str(changes["ts"][0]) == "2026-11-22 10:35:52.030373+00:00"
    assert changes["log_position"].is_sorted()
