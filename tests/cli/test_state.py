"""`forensics state`: where a pallet was, by the book and physically."""

from __future__ import annotations

import csv
import io

import pytest

LEDGER = """流水号,时间,托盘号,物料编码,库位,数量,变动前,变动后,单据类型,单据号
1,2026-03-11 08:00:00,TP000001,10023,A-01,48,0,48,入库,RK1
2,2026-03-11 08:05:00,TP000002,10024,A-02,40,0,40,入库,RK2
3,2026-03-11 12:00:00,TP000002,10024,A-02,-40,40,0,出库,CK2
"""
SCANS = """扫描时间,设备号,操作,条码,托盘号,库位,结果
2026-03-11 08:01:00,PDA-01,上架,TP000001,TP000001,A-01,成功
2026-03-11 10:00:00,PDA-01,装车,TP000001,TP000001,O-01,成功
"""


@pytest.fixture
def case(forensics, tmp_path):
    (tmp_path / "库存流水.csv").write_text(LEDGER, encoding="utf-8")
    (tmp_path / "扫描记录.csv").write_text(SCANS, encoding="utf-8")
    done = forensics("ingest", "库存流水.csv", "扫描记录.csv")
    assert done.code == 0, done.err
    return forensics


def test_a_pallet_at_a_moment(case):
    """The zone is the case's: 10:20 in Shanghai."""
    rows = case("state", "pallet", "TP000001", "--at", "2026/3/11 10:20", "--format", "json").json
    assert [(r["side"], r["says"], r["location"]) for r in rows] == [
        ("book", "stock", "A-01"),
        ("physical", "out", None),
    ]
    assert rows[1]["since"] == "2026-03-11T02:00:00Z"
    assert rows[1]["file"].endswith("扫描记录.csv")
    assert rows[1]["line"] == 3


def test_the_same_moment_in_another_zone(case):
    one = case(
        "state", "pallet", "TP000001", "--at", "2026-03-11T01:59:59Z", "--show", "physical", "--format", "json"
    ).json
    assert [(r["state"], r["location"]) for r in one] == [("at", "A-01")]
    assert case("state", "pallet", "TP000001", "--at", "2026-03-11 01:59:59", "--tz", "UTC", "--show", "physical",
                "--format", "json").json[0]["state"] == "at"  # fmt: skip


def test_the_difference_as_csv_and_table(case):
    out = case("state", "--show", "difference", "--lasting", "30m", "--format", "csv").out
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["pallet"], row["book_location"], row["state"], row["until"]) == ("TP000001", "A-01", "out", "")
    table = case("state", "--show", "difference").out
    assert "2026-03-11" in table
    assert "扫描记录.csv:3" in table.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pallet"], "which pallet?"),
        ([], "say of what, or at which moment"),
        (["pallet", "TP000001", "--at", "yesterday"], "'yesterday' is no moment in time"),
        (["pallet", "TP00009"], "the case knows nothing of pallet TP00009"),
        (["--at", "2026-03-11", "--lasting", "1h"], "--lasting is about disagreements"),
    ],
)
def test_mistakes(case, arguments, said):
    done = case("state", *arguments)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
