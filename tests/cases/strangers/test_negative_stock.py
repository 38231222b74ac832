"""F-S-02-05 as strangers write it: calls in two halves of a log, opening balances in an import of their own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cases.strangers.evidence import START, audited, lines, movements, stamp, table

SKUS = ["700100", "700101", "700102"]
HEAD = [
    "流水ID",
    "操作时间",
    "物料编码",
    "货位",
    "业务类型",
    "变动前数量",
    "变动数量",
    "变动后数量",
    "单据号",
    "行号",
    "请求号",
]


def ledger(path: Path, moves: list[dict]) -> None:
    rows = [
        [
            i,
            stamp(m["at"]),
            m["sku"],
            "10090702",
            "入库" if m["qty"] > 0 else "出库",
            m["before"],
            m["qty"],
            m["after"],
            m["doc"],
            1,
            m.get("request", f"r{i}"),
        ]
        for i, m in enumerate(sorted(moves, key=lambda m: m["at"]))
    ]
    table(path, HEAD, rows, encoding="gb18030")


@pytest.mark.parametrize(("apart_s", "cause"), [(0.15, "F-S-02-05.1"), (300.0, None)])
def test_overlapping_calls_in_two_halves_of_a_log(tmp_path: Path, apart_s: float, cause: str | None) -> None:
    """Two shipments of one row: at the same time each passes its check; far apart the second is an issue booked before its receipt."""
    moves, at = movements(51, SKUS), START + timedelta(seconds=3000)
    hot = {"sku": "700199", "at": at, "qty": -25, "before": 30, "after": 5, "doc": "SO88000011"}
    last = {
        "sku": "700199",
        "at": at + timedelta(seconds=apart_s),
        "qty": -20,
        "before": 5,
        "after": -15,
        "doc": "SO88000012",
    }
    first = {"sku": "700199", "at": START, "qty": 30, "before": 0, "after": 30, "doc": "ASN1"}
    log = []
    for i, m in enumerate([*moves, first, hot, last]):
        m["request"], took = f"rq-{i:05d}", 500 if m["sku"] == "700199" else 40
        begun = m["at"] - timedelta(milliseconds=took)
        if m["qty"] < 0:
            asked = f'{{"reqNo":"{m["request"]}","orderNo":"{m["doc"]}","lineNo":1,"skuCode":"{m["sku"]}","locCode":"10090702","qty":{-m["qty"]}}}'
            log.append(
                (begun, f"{stamp(begun)} [exec-1] INFO  c.a.StockController - >>> POST /wms/api/deductStock {asked}")
            )
            log.append(
                (
                    m["at"],
                    f'{stamp(m["at"])} [exec-1] INFO  c.a.StockController - <<< POST /wms/api/deductStock reqNo={m["request"]} {{"code":0,"msg":"success"}} cost={took}ms',
                )
            )
    lines(tmp_path / "evidence/wms/app.log", [text for _, text in sorted(log)])
    ledger(tmp_path / "evidence/wms/库存流水.csv", [*moves, first, hot, last])
    found = audited(tmp_path)
    assert [c for c, _ in found] == ([cause] if cause else [])
    assert all(subject["sku"] == "700199" for _, subject in found)


@pytest.mark.parametrize(("opening", "cause"), [(-15, "F-S-02-05.4"), (15, None)])
def test_an_import_of_opening_balances(tmp_path: Path, opening: int, cause: str | None) -> None:
    moves = movements(54, SKUS)
    rows = [[stamp(START - timedelta(hours=1)), sku, "10090702", 200, "INIT1", "期初"] for sku in SKUS]
    rows.append([stamp(START - timedelta(hours=1)), "700199", "10090702", opening, "INIT1", "期初"])
    table(tmp_path / "evidence/wms/期初导入.csv", ["导入时间", "物料编码", "货位", "期初数量", "单据号", "类型"], rows)
    issue = {
        "sku": "700199",
        "at": START + timedelta(hours=1),
        "qty": -3,
        "before": opening,
        "after": opening - 3,
        "doc": "SO660",
    }
    ledger(tmp_path / "evidence/wms/库存流水.csv", [*moves, issue])
    found = audited(tmp_path)
    assert [c for c, _ in found] == ([cause] if cause else [])
    assert all(subject["sku"] == "700199" for _, subject in found)
