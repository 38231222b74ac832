from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.formats.helpers import GENERIC, conserved, parse_text, rows, spec_from

from forensics.formats.load import Registry
from forensics.formats.plan import SourceContext, compile_plan
from forensics.store.schema import EVENTS, REJECTS

TEXT = r"""
id = "lab"
system = "wcs"
title = { en = "lab", zh = "实验" }
[detect]
head = ['^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \w+ ']
[record]
frame = "start"
start = '^\d{4}-\d\d-\d\d '
[[pattern]]
name = "call"
regex = '^(?P<time>.{23}) (?P<level>\w+) call (?P<took>\S+) (?P<body>\{.*)$'
[[pattern]]
name = "left"
regex = '^(?P<time>.{23}) (?P<level>\w+) 任务(?P<task>\w+)已走出储位'
[[pattern]]
name = "banner"
regex = '(?s)^(?P<time>.{23}) (?P<message>.*)$'
[[event]]
pattern = ["call"]
kind = "api"
set = { state = "CALL", host = "gateway", note = "seen" }
[event.fields]
ts = { from = "time", time = ["%Y-%m-%d %H:%M:%S%.3f"], end = true }
duration_ms = { from = "took", scale = 1000 }
request_id = { from = "body", path = "reqCode" }
outcome = { from = "body", path = "code", map = "codes", else = "unknown" }
pallet = [ { from = "body", path = "pod" }, { from = "body", path = "box", prefix = "BX-" } ]
body_size = { from = "body", regex = '"size":(\d+)', add = 1 }
[[event]]
pattern = ["call"]
kind = "device"
each = { from = "body", path = "data" }
extra = []
[event.fields]
ts = { from = "time", time = "auto" }
task = { item = "task.no" }
qty = { item = "qty" }
[[event]]
pattern = ["left"]
when = [ { field = "level", in = ["INFO"] }, { field = "task", matches = '^T' } ]
kind = "task"
[event.fields]
ts = { from = "time", time = "auto" }
task = "task"
[maps.codes]
"0" = "ok"
"-1" = "fail"
[[sample]]
text = "x"
rejected = 1
"""

LOG = """junk before
2026-03-11 10:00:01.500 INFO call 0.25 {"reqCode":"R1","code":0,"pod":"TP1","size":4,"data":[{"task":{"no":"T1"},"qty":1.50},{"task":{"no":12345678901234567890}}]}
2026-03-11 10:00:02.500 INFO call 1 {"reqCode":"R2","code":"77","box":"7","data":{"task":{"no":"T2"}}}
2026-03-11 10:00:03.500 INFO call x {"reqCode":"R3", broken
2026-03-11 10:00:04.500 INFO 任务T17已走出储位
2026-03-11 10:00:05.500 WARN 任务T18已走出储位
2026-03-11 10:00:06.500 ERROR java.lang.X
\tat y
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return spec_from(tmp_path_factory.mktemp("formats"), TEXT)


def test_a_declared_format(registry: Registry) -> None:
    found, parsed = parse_text(LOG, "x.log", registry)
    assert found.spec.id == "lab"
    assert parsed.rejects.rows() == [(1, 1, 1, "matches no pattern of lab", "junk before")]
    events = rows(parsed)
    assert events == [
        {
            "kind": "api", "ts": "2026-03-11 02:00:01", "duration_ms": 250.0, "request_id": "R1", "outcome": "ok", "pallet": "TP1", "state": "CALL",
            "host": "gateway", "system": "wcs", "extra": {"body_size": "5", "level": "INFO", "note": "seen"},
        },
        {"kind": "device", "ts": "2026-03-11 02:00:01", "task": "T1", "qty": "1.500000", "system": "wcs"},
        {"kind": "device", "ts": "2026-03-11 02:00:01", "task": "12345678901234567890", "system": "wcs"},
        {
            "kind": "api", "ts": "2026-03-11 02:00:01", "duration_ms": 1000.0, "request_id": "R2", "outcome": "unknown", "pallet": "BX-7", "state": "CALL",
            "host": "gateway", "system": "wcs", "extra": {"level": "INFO", "note": "seen"},
        },
        {"kind": "device", "ts": "2026-03-11 02:00:02", "task": "T2", "system": "wcs"},
        {"kind": "api", "ts": "2026-03-11 02:00:03", "state": "CALL", "host": "gateway", "system": "wcs", "extra": {"level": "INFO", "note": "seen"}},
        {"kind": "task", "ts": "2026-03-11 02:00:04", "task": "T17", "system": "wcs", "extra": {"level": "INFO"}},
        {"kind": "log", "ts": "2026-03-11 02:00:05", "system": "wcs", "extra": {"level": "WARN", "task": "T18"}},
        {"kind": "log", "ts": "2026-03-11 02:00:06", "system": "wcs", "extra": {"message": "ERROR java.lang.X\n\tat y"}},
    ]  # fmt: skip
    first = parsed.events.filter((pl.col("line") == 2) & (pl.col("part") == 0))
    assert first["ts"].dt.microsecond()[0] == 250000, "the line is stamped with the end"


def test_column_types_are_the_stores(registry: Registry) -> None:
    _, parsed = parse_text(LOG, "x.log", registry)
    assert {name: dtype for name, dtype in parsed.events.schema.items() if EVENTS[name] != dtype} == {}
    assert all(REJECTS[name] == dtype for name, dtype in parsed.rejects.schema.items())


def test_zone_of_the_source(registry: Registry) -> None:
    _, parsed = parse_text(LOG, "x.log", registry, zone="UTC")
    assert rows(parsed)[0]["ts"] == "2026-03-11 10:00:01"


line = st.one_of(
    st.text(max_size=40),
    st.sampled_from(LOG.splitlines()),
    st.builds(
        "2026-03-11 10:00:01.5{} INFO call {} {{{}".format,
        st.integers(10, 99),
        st.sampled_from(["1", "x", ""]),
        st.text(max_size=30),
    ),
    st.builds(
        '2026-03-11 10:00:01.555 INFO call 1 {{"data":{}}}'.format,
        st.sampled_from(["[]", "[1,2]", "[{}]", "null", '"x"', "[[1]]", "{"]),
    ),
)
lines = st.lists(line.map(lambda text: text.replace("\n", " ").replace("\r", " ")), min_size=1, max_size=12)


@settings(max_examples=80, deadline=None)
@given(lines)
def test_every_record_of_a_text_is_accounted_for(registry: Registry, texts: list[str]) -> None:
    parse_text("\n".join([LOG.splitlines()[1], *texts]), "x.log", registry)


json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
json_line = st.one_of(
    st.dictionaries(
        st.sampled_from(["ts", "time", "sku", "qty", "doc", "action", "data", "托盘号", 'a"b', "a.b", "", "x"]),
        json_value,
    ).map(json.dumps),
    st.text(max_size=20),
    st.sampled_from(
        [
            '{"ts":"2026-03-11 10:00:00","sku":',
            "{",
            "[]",
            "null",
            '{"sku":"1"} x',
            '{"sku":1,"sku":2}',
            '{"ts":1,"qty":NaN}',
        ]
    ),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(json_line.map(lambda text: text.replace("\n", " ")), max_size=10))
def test_every_record_of_json_lines_is_accounted_for(texts: list[str]) -> None:
    good = '{"ts":"2026-03-11T10:00:00+08:00","sku":"10023","qty":5,"doc":"SO1","action":"lock"}'
    parse_text("\n".join([good] * (len(texts) + 1) + texts), "x.jsonl")


cell = st.one_of(
    st.text(st.characters(exclude_characters="\r\n\x00", exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(['"a', "出库", "-5", "5箱", "2026-03-11", "NULL"]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(cell, min_size=3, max_size=6).map(",".join), max_size=10))
def test_every_record_of_a_table_is_accounted_for(texts: list[str]) -> None:
    head = ["时间,物料编码,数量,变动前,变动后"] + ["2026-03-11 10:00:00,10023,5,12,7"] * 3
    parse_text("\n".join([*head, *texts]), "x.csv")


@settings(max_examples=60, deadline=None)
@given(lines)
def test_every_record_of_unknown_text_is_accounted_for(texts: list[str]) -> None:
    parse_text("\n".join(texts), "x.txt")


def test_json_numbers_keep_their_digits() -> None:
    _, parsed = parse_text(
        '{"ts":1741655740020,"sku":12345678901234567890,"qty":0.1,"taskNo":9007199254740993,"status":"完成"}\n',
        "x.jsonl",
    )
    row = rows(parsed)[0]
    assert (row["sku"], row["task"], row["qty"]) == ("12345678901234567890", "9007199254740993", "0.100000")


def test_json_keys_that_come_later_are_kept() -> None:
    early = '{"ts":"2026-03-11 10:00:00","msg":"a"}\n'
    late = '{"ts":"2026-03-11 10:00:00","msg":"b","further":{"x":[1]},"n":1.5}\n'
    _, parsed = parse_text(early * 3 + late, "x.jsonl")
    assert json.loads(parsed.events.sort("line")["extra"][3])["further"] == '{"x":[1]}'


def test_a_bad_row_does_not_spoil_its_chunk() -> None:
    good = '{"ts":"2026-03-11 10:00:00","taskNo":"T1","status":"完成"}\n'
    _, parsed = parse_text(good * 5 + '{"ts":"2026\n' + good, "x.jsonl")
    assert len(parsed.events) == 6
    assert parsed.rejects["reason"].to_list() == ["is not a JSON object"]


def test_columns_of_a_declared_table_in_any_spelling(tmp_path: Path) -> None:
    registry = spec_from(
        tmp_path,
        """
id = "declared"
system = "wms"
title = { en = "t", zh = "表" }
[detect]
columns = ["receive_time", "in_param"]
[record]
frame = "table"
[[event]]
kind = "api"
[event.fields]
ts = { from = "receive_time", time = "auto" }
request_body = "in_param"
[[sample]]
text = "receive_time,in_param"
""",
    )
    found, parsed = parse_text("RECEIVE TIME;InParam;x\n2026-03-11 10:00:00;a;7\n", "x.csv", registry)
    assert found.spec.id == "declared"
    assert rows(parsed) == [
        {"kind": "api", "ts": "2026-03-11 02:00:00", "system": "wms", "extra": {"request_body": "a", "x": "7"}}
    ]


@pytest.mark.parametrize("regex", [r"^([^\n]{1,5})", r"^([^\n]*)", r"^([^\n]+)"])
@pytest.mark.parametrize("text", ["", "abc", "abcdefg", "a\nb", "托盘号托盘号\nx", "\nx"])
def test_first_line_is_what_the_regex_says(regex: str, text: str) -> None:
    from forensics.formats.values import _FIRST_LINE, _taken

    assert _FIRST_LINE.fullmatch(regex)
    frame = pl.DataFrame({"x": [text]})
    short = frame.select(_taken(pl.col("x"), regex)).to_series()[0]
    assert (short or None) == (frame["x"].str.extract(regex, 1)[0] or None)


def test_two_threads_may_parse_at_once(registry: Registry) -> None:
    from concurrent.futures import ThreadPoolExecutor

    text = LOG.splitlines()[1:4] * 500
    records = pl.DataFrame(
        {"line": range(len(text)), "lines": [1] * len(text), "byte_offset": range(len(text)), "raw": text},
        schema={"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "raw": pl.String},
    )
    plan = compile_plan(registry.get("lab"), SourceContext())
    alone = plan.parse(records)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(plan.parse, [records] * 8))
    for parsed in together:
        conserved(records, parsed)
        assert parsed.events.equals(alone.events)


def test_hostile_text_stays_text() -> None:
    evil = "'); DROP TABLE events; -- ${jndi:x} <script>"
    _, parsed = parse_text(
        json.dumps({"ts": "2026-03-11 10:00:00", "taskNo": evil, "status": "完成", "a'b\"; --": "x"}) + "\n",
        "x.jsonl",
        GENERIC,
    )
    assert rows(parsed)[0]["task"] == evil
