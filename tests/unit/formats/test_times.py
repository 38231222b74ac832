from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats import times
from forensics.formats.dayorder import DayOrder, decide_order
from forensics.formats.times import Clock, parse
from forensics.formats.zones import to_utc

SHANGHAI = Clock("Asia/Shanghai", day=date(2025, 3, 11))


def one(text: str, form: str = "auto", clock: Clock = SHANGHAI) -> tuple[datetime | None, str | None, str | None]:
    read = parse(pl.Series([text]), [form], clock)
    return read.ts[0], read.precision[0], read.doubt[0]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "ts", "precision"),
    [
        ("2025-03-11 09:15:40", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("2025-03-11 09:15:40.020", utc(2025, 3, 11, 1, 15, 40, 20000), "ms"),
        ("2025-03-11 09:15:40:020", utc(2025, 3, 11, 1, 15, 40, 20000), "ms"),
        ("2025-03-11 09:15:40,020", utc(2025, 3, 11, 1, 15, 40, 20000), "ms"),
        ("2025-03-11 09:15:40.0204", utc(2025, 3, 11, 1, 15, 40, 20400), "us"),
        ("2025-03-11 09:15:40.123456789", utc(2025, 3, 11, 1, 15, 40, 123456), "us"),
        ("2025/03/11 09:15:40", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("2025/3/1 9:05", utc(2025, 3, 1, 1, 5), "min"),
        ("2025-03-11T09:15:40.123456Z", utc(2025, 3, 11, 9, 15, 40, 123456), "us"),
        ("2025-03-11T09:15:40+08:00", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("2025-03-11 09:15:40.5+08", utc(2025, 3, 11, 1, 15, 40, 500000), "ms"),
        ("2025-03-11 09:15:40-0530", utc(2025, 3, 11, 14, 45, 40), "s"),
        ("1741655740", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("1741655740.123", utc(2025, 3, 11, 1, 15, 40, 123000), "ms"),
        ("1741655740020", utc(2025, 3, 11, 1, 15, 40, 20000), "ms"),
        ("1741655740020123", utc(2025, 3, 11, 1, 15, 40, 20123), "us"),
        ("13/03/2025 10:00:01", utc(2025, 3, 13, 2, 0, 1), "s"),
        ("11.03.2025", utc(2025, 3, 10, 16), "day"),
        ("11.03.2025 10:00", utc(2025, 3, 11, 2), "min"),
        ("20250311", utc(2025, 3, 10, 16), "day"),
        ("20250311 091540", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("20250311091540123", utc(2025, 3, 11, 1, 15, 40, 123000), "ms"),
        ("25-03-11 09:15:40", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("45727", utc(2025, 3, 10, 16), "day"),
        ("45727.4", utc(2025, 3, 11, 1, 36), "s"),
        ("2025年3月11日 9时15分40秒", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("2025-03-11 下午3:15:40", utc(2025, 3, 11, 7, 15, 40), "s"),
        ("22/Nov/2026:18:36:39 +0800", utc(2026, 11, 22, 10, 36, 39), "s"),
        ("22-NOV-26 06.36.39.123456 PM", utc(2026, 11, 22, 10, 36, 39, 123456), "us"),
        ("Sun Nov 22 18:36:39 CST 2026", utc(2026, 11, 22, 10, 36, 39), "s"),
        ("Sun, 22 Nov 2026 18:36:39 +0800", utc(2026, 11, 22, 10, 36, 39), "s"),
        ("Nov 22, 2026 6:36:39 PM", utc(2026, 11, 22, 10, 36, 39), "s"),
        ("２０２５-03-11 09:15:40", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("2026-11-22 18:35:50.406 CST", utc(2026, 11, 22, 10, 35, 50, 406000), "ms"),
    ],
)
def test_spelling(text: str, ts: datetime, precision: str) -> None:
    assert one(text) == (ts, precision, None)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01 00:00:00",
        "9999-12-31 00:00:00",
        "1970-01-01 08:00:00",
        "2025-02-30 10:00:00",
        "abc",
        "2025-13-01",
        "12345",
        "99:99:99",
    ],
)
def test_no_time_is_null(text: str) -> None:
    assert one(text) == (None, None, None)


def test_time_only_takes_the_clocks_day_and_says_so() -> None:
    assert one("09:15:40:020") == (utc(2025, 3, 11, 1, 15, 40, 20000), "ms", "undated")
    assert one("09:15:40", clock=Clock("Asia/Shanghai"))[0] is None
    assert one("09:15:40.020", "%H:%M:%S%.3f") == (utc(2025, 3, 11, 1, 15, 40, 20000), "ms", "undated")


@pytest.mark.parametrize(
    ("form", "text", "ts", "precision"),
    [
        ("%d/%b/%Y:%H:%M:%S %z", "22/Nov/2026:18:36:39 +0800", utc(2026, 11, 22, 10, 36, 39), "s"),
        ("%Y-%m-%d %H:%M:%S:%3f", "2025-03-11 09:15:40:020", utc(2025, 3, 11, 1, 15, 40, 20000), "ms"),
        ("%y%m%d %H:%M:%S", "250311 09:15:40", utc(2025, 3, 11, 1, 15, 40), "s"),
        ("%d.%m.%Y", "11.03.2025", utc(2025, 3, 10, 16), "day"),
        ("%m/%d/%Y %I:%M %p", "3/1/2025 9:15 PM", utc(2025, 3, 1, 13, 15), "min"),
        ("epoch_ms", "1741655740020", utc(2025, 3, 11, 1, 15, 40, 20000), "ms"),
        ("epoch_us", "1741655740020123", utc(2025, 3, 11, 1, 15, 40, 20123), "us"),
        ("epoch_s", "1741655740.5", utc(2025, 3, 11, 1, 15, 40, 500000), "ms"),
        ("file_day", "", utc(2025, 3, 10, 16), "day"),
    ],
)
def test_declared_format(form: str, text: str, ts: datetime, precision: str) -> None:
    assert one(text, form)[:2] == (ts, precision)


def test_rows_of_several_spellings_are_read_each_its_own_way() -> None:
    texts = pl.Series(["2025-03-11 09:15:40.020", None, "x", "2025/03/11 09:15:40", "11/12/2025"])
    read = parse(texts, ["auto"], SHANGHAI)
    assert read.ts.to_list() == [
        utc(2025, 3, 11, 1, 15, 40, 20000),
        None,
        None,
        utc(2025, 3, 11, 1, 15, 40),
        utc(2025, 12, 10, 16),
    ]
    assert read.precision.to_list() == ["ms", None, None, "s", "day"]


def test_day_and_month() -> None:
    assert decide_order(["01/02/2025", "13/02/2025"]).long == "dmy"
    assert decide_order(["01/02/2025", "01/13/2025 10:00"]).long == "mdy"
    open_ = decide_order(["01/02/2025"])
    assert (open_.long, open_.sure, open_.reason) == ("dmy", False, "day first, not sure: no date decides")
    assert decide_order(["3/1/2025 9:15:40 AM"]).long == "mdy"
    assert decide_order(["2025-01-01"]) == DayOrder()
    assert one("01/02/2025", clock=Clock("UTC", DayOrder("mdy")))[0] == utc(2025, 1, 2)


def test_clock_changes() -> None:
    berlin = Clock("Europe/Berlin")
    assert one("2025-03-30 02:30:00", clock=berlin)[0] == utc(2025, 3, 30, 1, 30), "skipped: an hour later, not lost"
    assert one("2025-10-26 02:30:00", clock=berlin)[0] == utc(2025, 10, 26, 0, 30), "ambiguous: the earlier one"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.datetimes(datetime(1972, 1, 1), datetime(2090, 1, 1)), min_size=1, max_size=8),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC", "Asia/Kolkata", "Africa/Casablanca"]),
)
def test_to_utc_agrees_with_zoneinfo(naive: list[datetime], zone: str) -> None:
    out = to_utc(pl.Series(naive, dtype=pl.Datetime("us")), zone).to_list()
    for local, ts in zip(naive, out, strict=True):
        wanted = local.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)
        assert abs(ts - wanted) <= timedelta(0) or wanted.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != local


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.datetimes(datetime(1975, 1, 1), datetime(2099, 1, 1)), min_size=1, max_size=5),
    st.sampled_from([0, 3, 4, 6]),
    st.sampled_from(["-", "/"]),
)
def test_fast_way_and_shapes_agree(moments: list[datetime], digits: int, separator: str) -> None:
    texts = []
    for moment in moments:
        fraction = f".{moment.microsecond:06d}"[: digits + 1] if digits else ""
        texts.append(moment.strftime(f"%Y{separator}%m{separator}%d %H:%M:%S").rjust(19, "0") + fraction)
    fast = times.fixed_width(pl.Series(texts), "UTC")
    assert fast is not None
    slow = times._auto(pl.Series(texts), Clock("UTC"))
    assert fast.ts.to_list() == slow.ts.to_list()
    assert fast.precision.to_list() == slow.precision.to_list()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=30), st.from_regex(r"[0-9:/. T+-]{1,26}", fullmatch=True)), max_size=12
    )
)
def test_never_fails(texts: list[str | None]) -> None:
    read = parse(pl.Series(texts, dtype=pl.String), ["auto"], SHANGHAI)
    assert len(read.ts) == len(read.precision) == len(read.doubt) == len(texts)
    assert read.precision.is_null().to_list() == read.ts.is_null().to_list()
