"""The sample case is what it says: reproducible, small, a consistent world except where its truth names a fault."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

ROOT = Path(__file__).resolve().parents[2]
CASE = ROOT / "samples" / "mixed-day"
EVIDENCE = CASE / "evidence"
CAUSES = {"F-S-02-01.1", "F-S-02-01.2", "F-S-02-02.2", "F-S-02-05.2", "F-S-02-05.3"}


def table(name: str, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((EVIDENCE / name).read_bytes().decode(encoding))))


@pytest.fixture(scope="module")
def truth() -> dict[str, list[dict[str, object]]]:
    loaded: dict[str, list[dict[str, object]]] = json.loads((CASE / "truth.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def ledger() -> list[dict[str, str]]:
    return table("wms/stock_ledger_20260311.csv", "gb18030")


def test_composing_again_gives_the_same_case(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "samples/compose/mixed_day.py", tmp_path], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr

    def content(base: Path) -> dict[str, bytes]:
        found = {}
        for path in sorted(p for p in base.rglob("*") if p.is_file() and p.name != "README.md"):
            data = path.read_bytes()
            if path.suffix == ".gz":  # two zlibs may pack differently
                data = gzip.decompress(data)
            if path.suffix == ".xlsx":
                with zipfile.ZipFile(path) as book:
                    data = book.read("xl/worksheets/sheet1.xml")
            found[str(path.relative_to(base))] = data
        return found

    assert content(tmp_path) == content(CASE)


def test_case_is_small() -> None:
    assert sum(path.stat().st_size for path in CASE.rglob("*") if path.is_file()) < 3_000_000


def test_every_cause_has_two_instances_and_every_cause_a_look_alike(truth: dict[str, list[dict[str, object]]]) -> None:
    assert {f["cause"] for f in truth["faults"]} == CAUSES
    for cause in CAUSES:
        assert sum(f["cause"] == cause for f in truth["faults"]) >= 2, cause
        assert any(i["looks_like"] == cause for i in truth["innocent"]), cause


def test_ledger_chain_breaks_only_where_an_update_was_lost(
    ledger: list[dict[str, str]], truth: dict[str, list[dict[str, object]]]
) -> None:
    rows = defaultdict(list)
    for row in sorted(ledger, key=lambda r: int(r["流水号"])):
        assert int(row["变动前数量"]) + int(row["变动数量"]) == int(row["变动后数量"])
        rows[row["物料编码"], row["库位编码"], row["托盘号"]].append(row)
    broken = {
        key[1] for key, chain in rows.items() for one, two in pairwise(chain) if one["变动后数量"] != two["变动前数量"]
    }
    assert broken == {f["subject"]["location"] for f in truth["faults"] if f["cause"] == "F-S-02-05.2"}  # type: ignore[index]


def test_ledger_starts_where_the_snapshot_ends(ledger: list[dict[str, str]]) -> None:
    stock = {
        (r["物料编码"], r["库位编码"], r["托盘号"]): int(r["库存数量"]) for r in table("wms/stock_snapshot_0700.csv")
    }
    seen = set()
    for row in sorted(ledger, key=lambda r: int(r["流水号"])):
        key = (row["物料编码"], row["库位编码"], row["托盘号"])
        if key not in seen:
            seen.add(key)
            assert int(row["变动前数量"]) == stock.get(key, 0), row


def test_only_ties_are_out_of_order_and_book_is_negative_only_after_a_fault(
    ledger: list[dict[str, str]], truth: dict[str, list[dict[str, object]]]
) -> None:
    times = [row["操作时间"] for row in ledger]
    assert times == sorted(times)
    numbers = [int(row["流水号"]) for row in ledger]
    assert sum(a > b for a, b in pairwise(numbers)) == 3
    faces = {f["subject"]["location"] for f in truth["faults"] if str(f["cause"]).startswith("F-S-02-05")}  # type: ignore[index]
    assert {row["库位编码"] for row in ledger if int(row["变动后数量"]) < 0} <= faces


def test_every_task_ends_except_those_whose_callback_was_lost(truth: dict[str, list[dict[str, object]]]) -> None:
    last: dict[str, str] = {}
    for row in table("wms/task_log.csv"):
        last[row["任务号"]] = row["任务状态"]
    open_tasks = {task for task, state in last.items() if state not in ("已完成", "已取消")}
    assert open_tasks == {f["subject"]["task"] for f in truth["faults"] if f["cause"] == "F-S-02-02.2"}  # type: ignore[index]


def test_no_slot_holds_two_pallets_in_the_book(ledger: list[dict[str, str]]) -> None:
    stock: dict[tuple[str, str], int] = {}
    held: dict[str, set[str]] = defaultdict(set)
    for row in table("wms/stock_snapshot_0700.csv"):
        if row["托盘号"]:
            stock[row["库位编码"], row["托盘号"]] = int(row["库存数量"])
    for row in sorted(ledger, key=lambda r: int(r["流水号"])):
        if row["托盘号"]:
            stock[row["库位编码"], row["托盘号"]] = int(row["变动后数量"])
            held[row["库位编码"]] = {p for (slot, p), qty in stock.items() if slot == row["库位编码"] and qty}
            assert len(held[row["库位编码"]]) <= 1, row


def test_evidence_reaches_an_hour_past_every_fault(truth: dict[str, list[dict[str, object]]]) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    end = max(
        datetime.fromisoformat(row["receive_time"]).replace(tzinfo=zone) for row in table("wms/interface_log.csv")
    )
    for fault in truth["faults"]:
        assert end - datetime.fromisoformat(str(fault["ended_at"])) > timedelta(hours=1), fault


def test_only_failed_calls_left_a_stack_trace() -> None:
    text = (EVIDENCE / "wcs/wcs.log").read_text(encoding="utf-8")
    calls = table("wms/interface_log.csv")
    failed = sum(row["src_client_code"] == "HIK" and not row["out_param"] for row in calls)
    refused = 1  # the connection that the gateway could not open
    assert text.count("SocketTimeoutException") == failed + refused
    assert text.count("回调WMS成功") > 500
