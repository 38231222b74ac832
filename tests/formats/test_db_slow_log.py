"""Slow logs of real servers give what the reference parser gives, in every field; damage in a file costs nothing but the damage."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from formats.real import DATA, read
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.load import load_formats
from forensics.formats.samples import parse_sample
from forensics.formats.spec import Sample

SLOWLOGS = DATA / "samples/slowlogs"
EXPECTED: dict[str, list[dict[str, Any]]] = (
    json.loads((SLOWLOGS / "expected.json").read_text()) if SLOWLOGS.is_dir() else {}
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
OURS = {"thread_id": "thread", "lock_time": "lock_time_s", "arg": "statement", "host": "client_host", "ip": "client_ip"}


def printed_at(entry: dict[str, Any]) -> datetime:
    """What `# Time:` says: UTC where it is RFC 3339, else local and without a century."""
    text = str(entry["ts"])
    if "T" in text:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    return datetime.strptime(text, "%y%m%d %H:%M:%S").replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, entries in EXPECTED.items() for number in range(len(entries))]
)
def test_every_field_of_the_reference_parser(name: str, number: int) -> None:
    found, wanted = read(SLOWLOGS / name), EXPECTED[name][number]
    entries = found.events.filter(pl.col("kind") == "lock").sort("line")
    assert entries.height == len(EXPECTED[name])
    event = entries.row(number, named=True)
    extra = json.loads(event["extra"])
    statement = extra.get("statement", "")
    begins = [0, *accumulate(len(line.encode()) + 1 for line in found.lines)]
    for field, value in wanted.items():
        match field:
            case "Query_time":
                assert event["duration_ms"] == pytest.approx(float(value) * 1000, abs=1e-9)
            case "ts":
                ended = event["ts"] + timedelta(milliseconds=event["duration_ms"])
                assert abs(ended - printed_at(wanted)) < timedelta(seconds=1)
                assert event["ts_quality"] == "recorded"
            case "timestamp":
                ended = event["ts"] + timedelta(milliseconds=event["duration_ms"])
                assert int(ended.timestamp() + 1e-6) == int(value)
            case "user":
                assert event["operator"] == value
            case "cmd":
                assert (value == "Admin") == statement.startswith("administrator command")
            case "bytes":
                assert len(statement.encode()) == value
            case "pos_in_log" if number:  # it counts from the banner's end, or from the line break before
                assert int(value) - begins[event["line"] - 1] in (0, 1)
            case "pos_in_log":
                assert int(value) == 0
            case _:
                assert extra.get(OURS.get(field.lower(), field.lower()), "") == str(value), field


@pytest.mark.skipif(not EXPECTED, reason="shared/data is absent")
def test_a_header_without_a_time_takes_the_one_before_and_says_so() -> None:
    events = read(SLOWLOGS / "slow002.txt").events.filter(pl.col("kind") == "lock").sort("line")
    assert events["ts"].null_count() == 0
    assert events["ts_quality"].to_list().count("inferred") == 3


def log(text: str) -> pl.DataFrame:
    spec = load_formats().get("mysql-slow-log")
    parsed = parse_sample(spec, Sample(text))
    assert parsed.rejects.is_empty()
    return parsed.events.filter(pl.col("kind") == "lock").sort("line", "part")


ENTRY = """# Time: 2026-03-11T01:00:{second:02d}.000000Z
# User@Host: wms[wms] @  [10.3.1.20]  Id:    18
# Query_time: 0.500000  Lock_time: 0.000000 Rows_sent: 0  Rows_examined: 1
SET timestamp=1773190800;
UPDATE stock SET qty=qty-{second} WHERE sku='{second}';
"""


def test_the_start_is_told_by_each_server_in_its_own_way() -> None:
    who = "# User@Host: wms[wms] @ localhost []\n"
    times = "# Query_time: 2.000000  Lock_time: 0.000000  Rows_sent: 0  Rows_examined: 0\nSET timestamp=1773190800;\nselect 1;\n"
    mariadb = log(f"# Time: 260311  9:00:00\n{who}# Thread_id: 3  Schema: w  QC_hit: No\n{times}")
    percona = log(f"# Time: 260311  9:00:00\n{who}# Thread_id: 3  Schema: w  Last_errno: 0  Killed: 0\n{times}")
    mysql8 = log(f"# Time: 2026-03-11T01:00:02.500000Z\n{who}{times}")
    starts = [str(frame["ts"][0]) for frame in (mariadb, percona, mysql8)]
    assert starts == ["2026-03-11 01:00:00+00:00", "2026-03-11 00:59:58+00:00", "2026-03-11 01:00:00.500000+00:00"]
    assert [frame["ts_precision"][0] for frame in (mariadb, percona, mysql8)] == ["s", "s", "us"]


junk = st.text(st.characters(codec="utf-8", exclude_characters="\n\r", exclude_categories=("Cc", "Cs")), max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    before=st.lists(junk, max_size=3),
    between=st.lists(st.lists(junk, max_size=2), min_size=4, max_size=4),
    cut=st.integers(0, 200),
)
def test_junk_and_a_cut_tail_never_cost_a_good_entry(before: list[str], between: list[list[str]], cut: int) -> None:
    entries = [ENTRY.format(second=second) for second in range(1, 5)]
    text = "".join("\n".join(lines) + "\n" + entry for lines, entry in zip([before, *between], entries, strict=False))
    events = log(text + ENTRY.format(second=9)[:cut])
    assert events["sku"].to_list()[:4] == ["1", "2", "3", "4"]
    assert events["duration_ms"].to_list()[:4] == [500.0] * 4
