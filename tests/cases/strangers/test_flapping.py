"""F-S-02-06 as strangers write it: the values shown stand in the answers of an interface log, replication status is JSON lines."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cases.strangers.evidence import audited, epoch_ms, lines, movements, stamp, table

SKUS = ["SKU-A100", "SKU-B101", "SKU-C102"]


def write(folder: Path, moves: list[dict[str, Any]], served: str, late: timedelta) -> None:
    """For 40 s after the 60th posting, what is not served from the primary is `late` behind."""
    change = moves[60]

    def shown(sku: str, at: datetime) -> int:
        return next((m["after"] for m in reversed(moves) if m["sku"] == sku and m["at"] <= at), 200)

    chance, reads = random.Random(6), []
    for m in moves:
        at = m["at"] + timedelta(seconds=25)
        if abs(at - change["at"]) > timedelta(seconds=50):
            reads.append((at, chance.choice(SKUS), chance.choice([served, "primary"]), timedelta(0)))
    for s, source in ((2, "primary"), (5, served), (7, "primary"), (9.5, served), (12, "primary")):
        reads.append(
            (change["at"] + timedelta(seconds=s), change["sku"], source, late if source == served else timedelta(0))
        )
    reads = [r for r in reads if all(abs(m["at"] - r[0]) > timedelta(seconds=1.5) for m in moves if m["sku"] == r[1])]
    answers = [
        {
            "timestamp": epoch_ms(at), "uri": "/api/inventory/query", "requestId": f"q{i}", "readFrom": source,
            "params": {"skuCode": sku, "locationCode": f"R0{SKUS.index(sku)}C03L02"},
            "response": {"code": 200, "data": {"skuCode": sku, "quantity": shown(sku, at - old)}},
        }
        for i, (at, sku, source, old) in enumerate(sorted(reads))
    ]  # fmt: skip
    lines(folder / "bff/queries.jsonl", answers)
    samples, at = [], moves[0]["at"]
    while at < moves[-1]["at"]:
        behind = round(late.total_seconds()) if abs(at - change["at"]) < timedelta(seconds=40) else 0
        samples.append(
            {
                "ts": epoch_ms(at),
                "host": "r2",
                "seconds_behind_source": behind,
                "replica_io_running": "Yes",
                "replica_sql_running": "Yes",
            }
        )
        at += timedelta(seconds=5)
    lines(folder / "db/replication.jsonl", samples)
    head = ["时间", "物料编码", "货位", "类型", "变动前", "数量", "结存", "单据号"]
    rows = [
        [
            stamp(m["at"]),
            m["sku"],
            f"R0{SKUS.index(m['sku'])}C03L02",
            "入库" if m["qty"] > 0 else "出库",
            m["before"],
            m["qty"],
            m["after"],
            m["doc"],
        ]
        for m in moves
    ]
    table(folder / "wms/库存流水.csv", head, rows, encoding="gb18030")


@pytest.mark.parametrize(("late", "cause"), [(11, "F-S-02-06.3"), (0, None)])
def test_values_in_answers_are_values_shown(tmp_path: Path, late: int, cause: str | None) -> None:
    moves = movements(63, SKUS)
    write(tmp_path / "evidence", moves, "replica", timedelta(seconds=late))
    found = audited(tmp_path)
    assert [c for c, _ in found] == ([cause] if cause else [])
    assert all(subject["sku"] == moves[60]["sku"] for _, subject in found)
