"""`case.book`, `case.physical`, `case.difference`: how they are asked, and what their frames look like."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import forensics
from forensics.ledger import states
from forensics.model.errors import ConfigError

LEDGER = """流水号,时间,托盘号,物料编码,库位,数量,变动前,变动后,单据类型,单据号
1,2026-03-11 08:00:00,TP000001,10023,A-01,48,0,48,入库,RK1
2,2026-03-11 08:05:00,TP000002,10024,A-02,40,0,40,入库,RK2
3,2026-03-11 12:00:00,TP000002,10024,A-02,-40,40,0,出库,CK2
4,2026-03-11 13:00:00,TP000001,10023,A-01,-48,48,0,盘点,PD1
"""
SCANS = """扫描时间,设备号,操作,条码,托盘号,库位,结果
2026-03-11 08:01:00,PDA-01,上架,TP000001,TP000001,A-01,成功
2026-03-11 10:00:00,PDA-01,装车,TP000001,TP000001,O-01,成功
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    opened = forensics.open_case(folder / "case", create=True)
    (folder / "库存流水.csv").write_text(LEDGER, encoding="utf-8")
    (folder / "扫描记录.csv").write_text(SCANS, encoding="utf-8")
    opened.ingest(folder / "库存流水.csv", folder / "扫描记录.csv")
    return opened


@pytest.mark.parametrize(
    "at",
    [
        "2026-03-11 10:20",
        "2026/3/11 10:20",
        "2026-03-11T02:20:00Z",
        datetime(2026, 3, 11, 10, 20),  # in the zone of the case
        datetime(2026, 3, 11, 2, 20, tzinfo=UTC),
    ],
)
def test_a_moment_in_any_spelling(case, at):
    assert case.physical(at, {"pallet": "TP000001"})["state"].to_list() == ["out"]
    assert case.book(at)["pallet"].to_list() == ["TP000001", "TP000002"]
    assert case.difference(at)["pallet"].to_list() == ["TP000001"]


def test_over_all_time(case):
    """Loaded at ten, written off by the count at one."""
    (row,) = case.difference().iter_rows(named=True)
    begin = datetime(2026, 3, 11, 2, tzinfo=UTC)
    assert (row["since"], row["until"]) == (begin, begin + timedelta(hours=3))
    assert (row["book_location"], row["state"], row["seen_location"], row["qty"]) == ("A-01", "out", None, 48)
    assert case.difference(lasting="3h").height == 1
    assert case.difference(lasting=timedelta(hours=3, seconds=1)).is_empty()


@pytest.mark.parametrize("subject", [{"location": "A-01"}, {"sku": "10023"}, {"doc": "RK1"}, {"pallet": "tp000001"}])
def test_subjects(case, subject):
    assert case.book(subject=subject)["pallet"].unique().to_list() == ["TP000001"]
    assert case.physical(subject=subject)["pallet"].unique().to_list() == ["TP000001"]


def test_frames_have_their_columns_even_when_empty(case):
    nothing = {"pallet": "TP999999"}
    for frame, columns in (
        (case.book(subject=nothing), states.BOOK),
        (case.physical(subject=nothing), states.PHYSICAL),
        (case.difference(subject=nothing), states.DIFFERENCE),
    ):
        assert frame.is_empty()
        assert dict(frame.schema) == {
            name: (kind() if isinstance(kind, type) else kind) for name, kind in columns.items()
        }


def test_the_witness_of_every_row(case):
    for frame in (case.book(), case.physical(), case.difference()):
        assert frame["file"].is_not_null().all()
        assert (frame["line"] > 1).all()
    cited = case.difference()["book_event_id"].item()
    assert cited in case.book()["event_id"].to_list()


@pytest.mark.parametrize("at", ["noon", "2026-13-01"])
def test_no_moment(case, at):
    with pytest.raises(ConfigError, match="is no moment in time"):
        case.book(at)
