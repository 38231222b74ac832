"""Any table, written with random headings, encodings, separators, quotes, order of columns and spelling of dates, reads back to the same events."""

from __future__ import annotations

import io
import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forensics.formats.aliases import normalise
from forensics.formats.load import load_formats
from forensics.formats.mapping import Heading, map_headings
from forensics.ingest.discover import Item
from forensics.ingest.source import Source, recognise
from forensics.ingest.streams import Stream

REGISTRY = load_formats()
ALIASES = REGISTRY.aliases
SPELLINGS = {
    "%Y-%m-%d %H:%M:%S": 1_000_000, "%Y/%m/%d %H:%M:%S.{ms}": 1000, "%Y-%m-%d %H:%M:%S:{ms}": 1000, "%Y-%m-%dT%H:%M:%S.{us}+08:00": 1,
    "%Y%m%d%H%M%S": 1_000_000, "%d.%m.%Y %H:%M:%S": 1_000_000, "%Y年%m月%d日 %H时%M分%S秒": 1_000_000, "%d/%m/%Y %H:%M:%S": 1_000_000,
    "%m/%d/%Y %I:%M:%S.{us} %p": 1, "%d-%b-%Y %H:%M:%S": 1_000_000, "{epoch_ms}": 1000, "{two}": 1_000_000,
}  # fmt: skip
FIELDS = {
    "ledger": ("ts", "sku", "qty", "qty_before", "qty_after", "location", "batch", "doc"),
    "task": ("ts", "task", "state", "pallet", "from_location", "to_location"),
    "count": ("ts", "location", "sku", "qty_counted", "operator"),
}
WORDS = {
    "CREATED": ["已创建", "created"],
    "STARTED": ["执行中", "started"],
    "DONE": ["完成", "done"],
    "CANCELLED": ["已取消", "cancelled"],
}
BEGIN = datetime(2026, 3, 11, 6)


def _names(kind: str, field: str) -> list[str]:
    """Headings that mean the field in a table of this kind, and nothing else."""
    named = [field, *ALIASES.spellings.get(field, ())]
    return [
        name
        for name in dict.fromkeys(named)
        if (mapped := map_headings([Heading(name)], ALIASES, kind).columns) and set(mapped) == {field}
    ]


NAMES = {(kind, field): _names(kind, field) for kind, fields in FIELDS.items() for field in fields}


def _spelled(name: str, rng: random.Random) -> str:
    """Another spelling that normalises to the same."""
    ways = [
        lambda n: n, str.upper, lambda n: f" {n} ", lambda n: f"*{n}", lambda n: n.replace("_", " "), lambda n: f"{n}(必填)",
        lambda n: n.translate({ord(c): ord(c) + 0xFEE0 for c in "abcdefghijklmnopqrstuvwxyz"}),
    ]  # fmt: skip
    changed = rng.choice(ways)(name)
    return changed if normalise(changed) == normalise(name) else name


def _time(moment: datetime, spelling: str) -> list[str]:
    if spelling == "{epoch_ms}":
        return [str(int((moment - timedelta(hours=8) - datetime(1970, 1, 1)).total_seconds() * 1000 + 0.5))]
    if spelling == "{two}":
        return [moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")]
    form = spelling.replace("{ms}", f"{moment.microsecond // 1000:03d}").replace("{us}", f"{moment.microsecond:06d}")
    return [moment.strftime(form)]


def _rows(kind: str, rng: random.Random, grain: int) -> list[dict[str, Any]]:
    """Rows with their truth; the days reach past the 12th, so that day and month are told apart."""
    out: list[dict[str, Any]] = []
    balance = Decimal(rng.randint(0, 500))
    moment = BEGIN
    for _ in range(rng.randint(3, 12)):
        moment += timedelta(microseconds=rng.randint(1, 30 * 3_600_000_000))
        moment = max(moment, BEGIN + timedelta(days=2 * len(out)))
        change = Decimal(rng.choice([-7, -2, 3, 12])) + rng.choice([Decimal(0), Decimal("0.5")])
        row: dict[str, Any] = {
            "ts": moment - timedelta(microseconds=(moment.second * 1_000_000 + moment.microsecond) % grain if grain > 1 else 0),
            "sku": f"1002{rng.randint(0, 9)}", "qty": change, "qty_before": balance, "qty_after": balance + change,
            "location": f"A-{rng.randint(1, 9):02d}-03-01", "batch": f"B25{rng.randint(10, 99)}", "doc": f"CK0311{rng.randint(0, 9999):04d}",
            "task": f"T{rng.randint(0, 10**6):08d}", "state": rng.choice(list(WORDS)), "pallet": f"TP{rng.randint(0, 999999):06d}",
            "from_location": "IN-01", "to_location": f"B-{rng.randint(1, 9):02d}-01-01", "qty_counted": abs(change), "operator": "张三",
        }  # fmt: skip
        balance += change
        out.append({name: row[name] for name in FIELDS[kind]})
    return out


def _written(kind: str, rows: list[dict[str, Any]], spelling: str, separator: str, rng: random.Random) -> str:
    columns: list[tuple[str, list[str]]] = []
    for field in FIELDS[kind]:
        if field == "ts":
            cells = [_time(row["ts"], spelling) for row in rows]
            names = ["过账日期", "过账时刻"] if spelling == "{two}" else [rng.choice(NAMES[kind, "ts"])]
            if spelling == "{two}":
                names = ["posting_date", "posting_time"]
            columns += [(_spelled(name, rng), [cell[i] for cell in cells]) for i, name in enumerate(names)]
            continue
        texts = [rng.choice(WORDS[row[field]]) if field == "state" else str(row[field]) for row in rows]
        columns.append((_spelled(rng.choice(NAMES[kind, field]), rng), texts))
    columns.append(("x_unknown", [rng.choice(["", "a b", 'say "x"', f"a{separator}b"]) for _ in rows]))
    rng.shuffle(columns)

    def quoted(text: str) -> str:
        needs = any(c in text for c in (separator, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if needs or rng.random() < 0.1 else text

    lines = [[name for name, _ in columns], *([texts[i] for _, texts in columns] for i in range(len(rows)))]
    return "".join(
        separator.join(quoted(text) for text in line) + rng.choice(["\n", "\r\n"])[-1 if separator == "|" else 0 :]
        for line in lines
    )


def _read(data: bytes, name: str) -> tuple[Source, pl.DataFrame]:
    item = Item(name, lambda: io.BytesIO(data))
    source = recognise(item, Stream(item.opener), REGISTRY, "Asia/Shanghai", None)
    assert isinstance(source, Source)
    frames = [source.parse(chunk) for chunk in source.chunks(Stream(item.opener))]
    assert sum(len(outcome.rejects) for outcome in frames) == 0, [
        outcome.rejects["reason"].to_list() for outcome in frames
    ]
    return source, pl.concat([outcome.events for outcome in frames]).sort("line", "part")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(FIELDS)),
    st.sampled_from(sorted(SPELLINGS)),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    st.integers(0, 2**32),
)
def test_any_table_reads_back(kind: str, spelling: str, separator: str, encoding: str, seed: int) -> None:
    rng = random.Random(seed)
    rows = _rows(kind, rng, SPELLINGS[spelling])
    text = _written(kind, rows, spelling, separator, rng)
    source, events = _read(text.encode(encoding), "export.csv")
    why = f"{source.reasons}\n{text}"
    assert events["kind"].unique().to_list() == [kind], why
    assert events.height == len(rows), why
    for event, row in zip(events.to_dicts(), rows, strict=True):
        stamp = event["ts"].replace(tzinfo=None) + timedelta(hours=8)
        assert stamp == row["ts"], why
        assert event["ts_quality"] == "recorded", why
        assert {name: event[name] for name in row if name != "ts"} == {
            name: row[name] for name in row if name != "ts"
        }, why
