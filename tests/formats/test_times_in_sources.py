"""Times whose date, order or zone is not in the text: decided from the whole source, and said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import forensics
from forensics.formats.dayorder import Dates, DayOrder, decide, decide_order
from forensics.formats.survey import Survey
from forensics.formats.times import Clock, parse

SHANGHAI = ZoneInfo("Asia/Shanghai")


def one(text: str, clock: Clock, form: str = "auto") -> tuple[datetime | None, str | None]:
    read = parse(pl.Series([text]), [form], clock)
    return read.ts[0], read.doubt[0]


def ingested(
    folder: Path, name: str, text: str, mtime: datetime | None = None, **more: Any
) -> tuple[pl.DataFrame, list[str]]:
    """The events of one file, in line order, and the reasons of the ingest."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    if mtime is not None:
        import os

        os.utime(file, (mtime.timestamp(), mtime.timestamp()))
    case = forensics.open_case(folder / "case", create=True, **more)
    result = case.ingest(str(file))
    frame = case.sql("SELECT line, ts, ts_quality, kind, extra FROM events ORDER BY line, part")
    return frame, list(result.files[0].reasons)


# --- the order of day and month ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "day", "named", "order", "sure"),
    [
        (["01/03/2026", "02/03/2026", "13/03/2026"], None, False, "dmy", True),
        (["03/01/2026", "03/13/2026"], None, False, "mdy", True),
        (["01.03.2026", "02.03.2026"], None, False, "dmy", True),
        (["03/03/2026 10:00"], None, False, "dmy", True),
        (["03/11/2026"], date(2026, 3, 11), True, "mdy", True),
        (["03/11/2026"], date(2026, 3, 11), False, "mdy", False),
        (["01/03/2026", "02/03/2026"], None, False, "dmy", False),
        (["03/01/2026", "03/02/2026"], None, False, "mdy", False),
        (["3/1/2026 9:15:40.123456 AM", "4/1/2026 9:15:40.123456 PM"], None, False, "mdy", False),
        (["13/03/2026", "03/14/2026"], None, False, "dmy", False),
    ],
)
def test_day_or_month_first(texts: list[str], day: date | None, named: bool, order: str, sure: bool) -> None:
    found = decide_order(texts, day, named)
    assert (found.long, found.sure) == (order, sure)
    assert found.reason
    assert ("not sure" in found.reason) is not sure


@pytest.mark.parametrize(
    ("texts", "day", "short", "sure"),
    [
        (["26-03-11 09:15:40"], date(2026, 3, 12), "ymd", True),
        (["3/11/26 9:15"], date(2026, 3, 12), "mdy", False),
        (["3/13/26 9:15"], date(2026, 3, 14), "mdy", True),
        (["11.03.26 9:15"], None, "dmy", True),
        (["31/03/26"], None, "ymd", False),
        (["31/03/26"], date(2026, 4, 1), "dmy", True),
    ],
)
def test_two_digit_years(texts: list[str], day: date | None, short: str, sure: bool) -> None:
    found = decide_order(texts, day)
    assert (found.short, found.sure) == (short, sure)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.dates(date(2020, 1, 1), date(2030, 12, 31)), min_size=1, max_size=12),
    st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y"]),
)
def test_a_sure_order_is_the_right_one(days: list[date], form: str) -> None:
    found = decide_order([day.strftime(form) for day in days])
    if found.sure:
        read = parse(pl.Series([day.strftime(form) for day in days]), ["auto"], Clock("UTC", found))
        assert [ts.date() for ts in read.ts] == days
        assert read.doubt.null_count() == len(days)


def test_an_unsure_order_marks_only_dates_that_can_be_read_twice() -> None:
    clock = Clock("UTC", DayOrder("dmy", sure=False))
    read = parse(pl.Series(["01/02/2026", "03/03/2026", "25/02/2026", "2026-02-01"]), ["auto"], clock)
    assert read.doubt.to_list() == ["ambiguous", None, None, None]
    slow = parse(pl.Series(["x", "01/02/2026 1:02:03 pm", "02/25/2026 1:02:03 pm"]), ["auto"], clock)
    assert slow.doubt.to_list() == [None, "ambiguous", None]
    assert slow.ts.to_list()[2] == datetime(2026, 2, 25, 13, 2, 3, tzinfo=UTC)


def test_dates_grow_over_chunks() -> None:
    dates = Dates(set())
    dates.add(pl.Series(["01/02/2026"]))
    assert not decide(dates).sure
    dates.add(pl.Series([None, "13/02/2026 10:00"]))
    assert decide(dates) == DayOrder("dmy", "ymd", True, "day first: 13/02/2026 has no other reading")


def test_the_end_of_a_long_file_decides_its_beginning(tmp_path: Path) -> None:
    head = "SKU,数量,单据号,类型,时间\n" + "".join(
        f"1002{i % 7},-1,CK{i:05d},出库,03/02/2026 10:{i // 60 % 60:02d}:{i % 60:02d}\n" for i in range(9000)
    )
    assert len(head) > 300_000, "the deciding row is not in what recognition looks at"
    frame, reasons = ingested(tmp_path, "stock_ledger.csv", head + "10023,-1,CK99999,出库,03/13/2026 10:00:00\n")
    assert "month first: 03/13/2026 has no other reading" in reasons
    assert frame["ts"].min() == datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
    assert frame["ts_quality"].unique().to_list() == ["recorded"]
    other, reasons = ingested(tmp_path, "stock_ledger2.csv", head.replace("1002", "2002"))
    assert any("not sure" in reason for reason in reasons)
    assert other.filter(pl.col("ts_quality") == "ambiguous").height == 9000


def test_columns_decide_for_themselves(tmp_path: Path) -> None:
    text = "任务号,状态,开始时间,结束时间\nT1,完成,03/11/2026 10:00:00,11.03.2026 10:05:00\nT2,完成,03/13/2026 10:00:00,13.03.2026 10:05:00\n"
    frame, _ = ingested(tmp_path, "task.csv", text)
    assert sorted({ts.day for ts in frame["ts"]}) == [11, 13]
    assert {ts.month for ts in frame["ts"]} == {3}


# --- times without a date ------------------------------------------------------------------------------------------


def test_a_day_in_the_name_is_the_first_lines_day(tmp_path: Path) -> None:
    text = "23:59:58.100 任务T1已走出储位\n23:59:59.100 任务T1已结束\n00:00:01.100 任务T2已结束\n00:00:00.900 任务T3已结束\n"
    frame, reasons = ingested(tmp_path, "wcs-20260311.log", text)
    assert [ts.astimezone(SHANGHAI).day for ts in frame["ts"]] == [11, 11, 12, 12]
    assert frame["ts_quality"].unique().to_list() == ["inferred"]
    assert any("1 midnights passed" in reason for reason in reasons)


def test_the_day_of_the_last_change_is_the_last_lines_day(tmp_path: Path) -> None:
    text = "".join(f"{h:02d}:30:00.000 任务T{n}已结束\n" for n in range(3) for h in range(6, 24, 3))
    frame, _ = ingested(tmp_path, "wcs.log", text, datetime(2026, 3, 11, 21, 30, 5, tzinfo=SHANGHAI))
    assert [ts.astimezone(SHANGHAI).day for ts in frame["ts"]] == [9] * 6 + [10] * 6 + [11] * 6
    later, _ = ingested(tmp_path, "wcs2.log", text + "\n", datetime(2026, 3, 12, 0, 10, tzinfo=SHANGHAI))
    assert later["ts"].max().astimezone(SHANGHAI).day == 11, "written before midnight, closed after it"


def test_a_line_with_a_date_dates_its_neighbours() -> None:
    survey = Survey("UTC", date(2020, 1, 1), True)
    texts = pl.Series(["09:00:00", "2026-03-11 10:00:00", "23:00:00", "01:00:00", "2026-03-14 08:00:00", "09:00:00"])
    lines = pl.Series([1, 2, 3, 4, 5, 6], dtype=pl.Int64)
    times = parse(texts, ["auto"], Clock("UTC", day=date(2020, 1, 1)))
    survey.look(lines, times)
    placed = survey.place(times, lines)
    assert [ts.date().isoformat() for ts in placed.ts] == [
        "2026-03-11", "2026-03-11", "2026-03-11", "2026-03-12", "2026-03-14", "2026-03-14",
    ]  # fmt: skip
    assert placed.doubt.to_list() == ["inferred", None, "inferred", "inferred", None, "inferred"]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(1, 22 * 3600), min_size=1, max_size=60),
    st.integers(0, 86_399),
    st.integers(1, 7),
    st.sampled_from(["UTC", "Asia/Shanghai"]),
)
def test_any_log_whose_gaps_are_shorter_than_a_day_is_followed(
    gaps: list[int], start: int, size: int, zone: str
) -> None:
    moment = datetime(2026, 3, 11) + timedelta(seconds=start)
    moments = [moment := moment + timedelta(seconds=gap) for gap in gaps]
    texts, lines = (
        pl.Series([m.strftime("%H:%M:%S") for m in moments]),
        pl.Series(range(1, len(gaps) + 1), dtype=pl.Int64),
    )
    day = moments[0].date()
    survey = Survey(zone, day, True)
    times = parse(texts, ["auto"], Clock(zone, day=day))
    for at in range(0, len(gaps), size):
        part = parse(texts.slice(at, size), ["auto"], Clock(zone, day=day))
        survey.look(lines.slice(at, size), part)
    placed = survey.place(times, lines)
    assert [ts.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for ts in placed.ts] == moments


def test_a_call_over_midnight_keeps_its_duration(tmp_path: Path) -> None:
    text = "请求时间,结束时间,接口,请求号\n23:59:59,00:00:02,/task/confirm,R1\n00:01:00,00:01:01,/task/confirm,R2\n"
    case = tmp_path
    (case / "interface-2026-03-11.csv").write_text(text, encoding="utf-8")
    opened = forensics.open_case(case / "case", create=True)
    opened.ingest(str(case / "interface-2026-03-11.csv"))
    rows = opened.sql("SELECT ts, duration_ms FROM events WHERE kind = 'api' ORDER BY line")
    assert rows["duration_ms"].to_list() == [3000.0, 1000.0]
    assert [ts.astimezone(SHANGHAI).day for ts in rows["ts"]] == [11, 12]


def test_years_that_are_not_written_follow_the_file_over_new_year() -> None:
    clock = Clock("UTC", day=date(2026, 1, 2))
    assert one("Dec 31 23:59:59", clock) == (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), "inferred")
    assert one("Jan  1 00:00:01", clock) == (datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC), "inferred")
    assert one("01-01 00:00:01", Clock("UTC", day=date(2025, 12, 31)))[0] == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)


# --- zones ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "zone", "ts", "doubt"),
    [
        ("2026-03-11 10:00:00 CST", "Asia/Shanghai", datetime(2026, 3, 11, 2), None),
        ("2026-03-11 10:00:00 CST", "America/Chicago", datetime(2026, 3, 11, 16), None),
        ("2026-03-11 10:00:00 CST", "Europe/Berlin", datetime(2026, 3, 11, 9), "ambiguous"),
        ("2026-03-11 10:00:00 CET", "Asia/Shanghai", datetime(2026, 3, 11, 9), None),
        ("2026-03-11 10:00:00 Europe/Berlin", "Asia/Shanghai", datetime(2026, 3, 11, 9), None),
        ("2026-03-11T10:00:00.5+01:00[Europe/Berlin]", "Asia/Shanghai", datetime(2026, 3, 11, 9, 0, 0, 500000), None),
        ("2026-03-11 10:00:00 UTC+8", "UTC", datetime(2026, 3, 11, 2), None),
        ("2026-03-11 10:00:00 GMT-03:30", "UTC", datetime(2026, 3, 11, 13, 30), None),
        ("2026-10-25 02:30:00", "Europe/Berlin", datetime(2026, 10, 25, 0, 30), "ambiguous"),
        ("2026-10-25 02:30:00 CEST", "Europe/Berlin", datetime(2026, 10, 25, 0, 30), None),
        ("2026-10-25 02:30:00 CET", "Europe/Berlin", datetime(2026, 10, 25, 1, 30), None),
        ("2026-10-25 03:30:00", "Europe/Berlin", datetime(2026, 10, 25, 2, 30), None),
        ("25 Oct 2026 2:30 am", "Europe/Berlin", datetime(2026, 10, 25, 0, 30), "ambiguous"),
    ],
)
def test_zones(text: str, zone: str, ts: datetime, doubt: str | None) -> None:
    assert one(text, Clock(zone)) == (ts.replace(tzinfo=UTC), doubt)


def test_a_zone_that_changes_inside_a_file() -> None:
    texts = [
        "2026-03-11 10:00:00.000+08:00",
        "2026-03-11 10:00:00.000+09:00",
        "2026-03-11 10:00:00.000 08:00",
        "2026-03-11 10:00:00.000",
    ]
    read = parse(pl.Series(texts), ["auto"], Clock("Asia/Shanghai"))
    assert [None if ts is None else ts.hour for ts in read.ts] == [2, 1, None, 2]


# --- every spelling, against Python's own ---------------------------------------------------------------------------

SPELLINGS = {
    "%Y-%m-%d %H:%M:%S": 1_000_000, "%Y/%m/%d %H:%M:%S.{ms}": 1000, "%Y-%m-%d %H:%M:%S:{ms}": 1000, "%Y-%m-%d %H:%M:%S,{ms}": 1000,
    "%Y-%m-%dT%H:%M:%S.{us}": 1, "%Y-%m-%d %H:%M:%S.{us}0": 1, "%Y%m%d %H%M%S": 1_000_000, "%Y%m%d%H%M%S": 1_000_000,
    "%Y%m%d%H%M%S{ms}": 1000, "%d.%m.%Y %H:%M:%S": 1_000_000, "%d/%m/%Y %H:%M:%S": 1_000_000, "%m/%d/%Y %I:%M:%S.{us} %p": 1,
    "%Y年%m月%d日 %H时%M分%S秒": 1_000_000, "%Y年%m月%d日 %H时%M分": 60_000_000, "%d/%b/%Y:%H:%M:%S": 1_000_000, "%d-%b-%Y %H:%M:%S": 1_000_000,
    "%a %b %d %H:%M:%S %Y": 1_000_000, "%Y-%m-%d %H:%M": 60_000_000, "%y-%m-%d %H:%M:%S": 1_000_000, "%Y-%m-%d 00:00:00 %H:%M:%S": 1_000_000,
}  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.datetimes(datetime(2001, 1, 13), datetime(2068, 1, 1)), min_size=1, max_size=6),
    st.sampled_from(sorted(SPELLINGS)),
)
def test_every_spelling_reads_back(moments: list[datetime], spelling: str) -> None:
    grain = SPELLINGS[spelling]
    moments = [m - timedelta(microseconds=(m.second * 1_000_000 + m.microsecond) % grain) for m in moments]
    fill = [
        spelling.replace("{ms}", f"{m.microsecond // 1000:03d}").replace("{us}", f"{m.microsecond:06d}")
        for m in moments
    ]
    texts = [m.strftime(form) for m, form in zip(moments, fill, strict=True)]
    order = DayOrder("mdy" if spelling.startswith("%m") else "dmy", "ymd")
    read = parse(pl.Series(texts), ["auto"], Clock("UTC", order))
    assert [ts.replace(tzinfo=None) for ts in read.ts] == moments


def test_day_numbers_of_spreadsheets_beside_a_time() -> None:
    clock = Clock("UTC")
    assert one("46092 10:00:01", clock)[0] == datetime(2026, 3, 11, 10, 0, 1, tzinfo=UTC)
    assert one("20260311 91540", clock)[0] == datetime(2026, 3, 11, 9, 15, 40, tzinfo=UTC)
    assert one("091540", clock)[0] is None, "six digits alone are no time"
