"""General query logs: the time of the entry before, ends of transactions, isolation levels."""

from __future__ import annotations

import json

from unit.readers.texts import parse

LOG = (
    "261122  9:31:42\t     4 Connect\troot@localhost on  using Socket\n"
    "\t\t     4 Query\tSET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED\n"
    "\t\t     4 Query\tUPDATE stock SET qty=1\n WHERE id=4\n"
    "261122  9:31:43\t     5 Query\tSAVEPOINT a\n"
    "\t\t     5 Query\tROLLBACK TO SAVEPOINT a\n"
    "\t\t     5 Query\trollback\n"
    "\t\t     5 Init DB\tw\n"
    "\t\t     5 Quit\t\n"
)


def test_entries_without_a_time_have_that_of_the_one_before() -> None:
    for chunk in (0, 1, 3):
        events = parse(LOG, format_id="mysql-general-log", chunk=chunk).events
        assert [str(ts)[17:19] for ts in events["ts"]] == ["42"] * 3 + ["43"] * 5
        assert events["ts_quality"].to_list()[:2] == ["recorded", "inferred"]


def test_ends_of_transactions_and_isolation_are_lock_events() -> None:
    events = parse(LOG, format_id="mysql-general-log").events
    assert events["action"].to_list() == [None, "isolation", None, None, None, "rollback", None, None]
    extra = [json.loads(text) for text in events["extra"]]
    assert extra[1]["isolation"] == "READ UNCOMMITTED"
    assert extra[2]["statement"] == "UPDATE stock SET qty=1\n WHERE id=4"
    assert extra[6]["command"] == "Init DB"


def test_the_operator_is_who_is_connected_not_whom_a_statement_writes_down() -> None:
    log = (
        "260330  9:52:23\t     7 Connect\twms_app@127.0.0.1 on wms using TCP/IP\n"
        "\t\t     7 Query\tINSERT INTO stock_ledger (sku, location, operator) VALUES ('10023', 'A-01', 'C03')\n"
    )
    events = parse(log, format_id="mysql-general-log").events
    assert events["operator"].to_list() == ["wms_app", "wms_app"]
    assert events["sku"].to_list() == [None, "10023"]
