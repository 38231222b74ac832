"""JSON, lines, CSV, Markdown, terminal, frames: complete, inert, readable in any console."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report import cases
from rich.cells import cell_len
from rich.console import Console

from forensics.export import frame_to_text, print_result, to_csv, to_json, to_markdown, to_ndjson
from forensics.export.csv import RISKY, defuse
from forensics.export.markdown import code, escape
from forensics.export.terminal import encodable
from forensics.model.errors import ConfigError
from forensics.model.result import CaseResult


def printed(
    result: CaseResult, width: int = 110, lang: str = "en", encoding: str = "utf-8", events: int = 40, **options: object
) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(file=stream, width=width, color_system=None, legacy_windows=False)
    print_result(
        console,
        result,
        cases.events(events),
        lang,
        "Asia/Shanghai",
        catalogue=cases.catalogue(),
        observed_at=cases.OBSERVED,
        **options,
    )  # type: ignore[arg-type]
    stream.flush()
    return raw.getvalue().decode(encoding)


# --- JSON ---------------------------------------------------------------------------------------------------------------


def test_json_is_the_contract() -> None:
    plain = json.loads(to_json(cases.trace()))
    assert plain == cases.trace().to_json()
    assert list(plain)[:4] == ["case", "window", "incidents", "findings"]
    assert plain["findings"][0]["qty_error"] == "-5"
    assert plain["findings"][0]["evidence"][1]["ts"] == "2026-03-11T02:14:00.412000Z"
    assert "被扣减两次" in to_json(cases.trace())


def test_json_is_valid_whatever_the_numbers_and_texts_are() -> None:
    base = cases.trace()
    odd = replace(
        base.findings[0],
        strength=math.inf,
        message={"zh": "\ud800", "en": "\x00"},
        details={"x": math.nan, "y": date(2026, 3, 1)},
    )
    text = to_json(replace(base, findings=(odd,)))
    plain = json.loads(text.encode("utf-8"))
    assert plain["findings"][0]["strength"] is None
    assert plain["findings"][0]["details"] == {"x": None, "y": "2026-03-01"}


def test_ndjson_has_one_typed_object_a_line() -> None:
    result = cases.audit(3)
    lines = [json.loads(line) for line in to_ndjson(result).splitlines()]
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "case"
    assert kinds.count("finding") == 3
    assert kinds.count("incident") == 3
    assert kinds.count("control") == 3
    assert lines[kinds.index("finding")]["evidence"]


# --- CSV ----------------------------------------------------------------------------------------------------------------


def test_csv_rows_and_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(cases.audit(2)))))
    assert [row["finding"] for row in rows] == ["f0", "f1", ""]
    assert rows[1]["qty_error"] == "-1"  # a number stays a number
    assert rows[1]["probability"] == "0.9650"
    assert rows[1]["verdict"] == "shown"
    assert "for db/stock_ledger.csv:44" in rows[1]["evidence"]
    assert rows[2]["verdict"] == "cannot-be-judged"
    assert rows[2]["sku"] == "20077"
    assert to_csv(cases.trace(), bom=True).startswith("\ufeffincident,")


def test_csv_holds_no_formula() -> None:
    subject = {"sku": "=1+1", "pallet": "@SUM(A1)", "location": "+cmd", "batch": "-2+3", "task": "\t=1", "doc": "＝1"}
    finding = replace(cases.trace().findings[0], subject=subject, message={"zh": "=HYPERLINK(1)", "en": "\r=1"})
    row = list(csv.reader(io.StringIO(to_csv(replace(cases.trace(), findings=(finding,))))))[1]
    for cell in row:
        assert not cell or cell[0] not in RISKY or re.fullmatch(r"-?\d+(\.\d+)?", cell), cell


@given(st.text())
def test_defused_cells_never_start_a_formula(text: str) -> None:
    cell = defuse(text)
    assert cell in (text, "'" + text)
    assert not cell or cell[0] not in RISKY or re.match(r"^-?\d+(\.\d+)?$", cell)


@given(st.lists(st.one_of(st.none(), st.text()), min_size=1, max_size=8))
def test_frame_csv_is_defused_like_single_cells(values: list[str | None]) -> None:
    frame = pl.DataFrame({"a": pl.Series(values, dtype=pl.String), "n": [1] * len(values)})
    cells = [row[0] for row in csv.reader(io.StringIO(frame_to_text(frame, "csv"), newline=""))][1:]
    assert cells == [defuse(value) if value else "" for value in values]


# --- frames -------------------------------------------------------------------------------------------------------------

FRAME = pl.DataFrame(
    {
        "ts": [datetime(2026, 3, 11, 2, 14), datetime(2026, 3, 11, 2, 14, 0, 412000)],
        "qty": [Decimal("-5.500000"), Decimal("100.000000")],
        "n": [1, None],
        "x": [0.5, math.nan],
        "ok": [True, False],
        "text": ["a|b\n<b>\x1b[31m", None],
        "many": [["a"], []],
        "took": [timedelta(seconds=1.5), None],
        "raw": [b"\x00\xff", None],
    },
    schema_overrides={"qty": pl.Decimal(18, 6), "took": pl.Duration("us")},
).with_columns(pl.col("ts").dt.replace_time_zone("UTC"))


def test_frame_json_and_lines() -> None:
    rows = json.loads(frame_to_text(FRAME, "json"))
    assert rows == [json.loads(line) for line in frame_to_text(FRAME, "ndjson").splitlines()]
    assert rows[0]["ts"] == "2026-03-11T02:14:00Z"
    assert rows[1]["ts"] == "2026-03-11T02:14:00.412000Z"
    assert rows[0]["qty"] == "-5.5"
    assert rows[1]["qty"] == "100"
    assert rows[1]["x"] is None
    assert rows[0]["ok"] is True
    assert rows[0]["many"] == ["a"]
    assert rows[0]["raw"] == "00ff"
    assert frame_to_text(FRAME.clear(), "json") == "[]\n"


def test_frame_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(frame_to_text(FRAME, "csv"), newline="")))
    assert rows[0]["qty"] == "-5.5"
    assert rows[0]["many"] == '["a"]'
    assert rows[0]["took"] == "1.5"
    assert rows[0]["ok"] == "true"


def test_frame_markdown_and_table() -> None:
    markdown = frame_to_text(FRAME, "markdown")
    assert len(markdown.splitlines()) == 4
    assert r"a\|b⏎&lt;b&gt;␛\[31m" in markdown
    table = frame_to_text(FRAME, "table", width=120)
    assert "\x1b" not in table
    assert "␛" in table
    assert "-5.5" in table
    assert all(cell_len(line) <= 120 for line in table.splitlines())


def test_unknown_frame_format() -> None:
    with pytest.raises(ConfigError, match="unknown output format"):
        frame_to_text(FRAME, "yaml")


# --- Markdown -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_markdown_tells_the_story(lang: str) -> None:
    text = to_markdown(cases.trace(), lang, catalogue=cases.catalogue())  # type: ignore[arg-type]
    for words in {
        "zh": ("# 库存异常分析报告", "**发生了什么**", "| 重复扣减 | ● 已证实 |", "−5 → 0", "db/stock_ledger.csv:44", "平时约有 340 条"),
        "en": ("# Stock incident report", "**What happened**", "| Duplicate deduction | ● Shown |", "−5 → 0", "db/stock_ledger.csv:44", "usually about 340"),
    }[lang]:  # fmt: skip
        assert words in text


def test_markdown_is_inert() -> None:
    text = to_markdown(cases.hostile(), "en")
    outside = re.sub(r"(`+)(?:(?!\1).)+?\1", "", text)
    assert "<script" not in outside
    assert "<img" not in outside
    assert "<svg" not in outside
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert len(text) < 100_000


@given(st.text(alphabet="ab`|*_[]<>&#\\ ", max_size=30))
def test_markdown_escapes(text: str) -> None:
    assert not re.search(r"[<>]", escape(text))
    span = code(text)
    fence = re.match(r"`+", span)
    assert fence
    assert span.endswith(fence[0])
    assert not re.search(rf"(?<!`){fence[0]}(?!`)", span[len(fence[0]) : -len(fence[0])])


# --- terminal -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [40, 60, 80, 110, 200])
def test_terminal_verdict_first_and_within_width(lang: str, width: int) -> None:
    text = printed(cases.trace(), width, lang)
    assert "\x1b" not in text
    assert text.index({"zh": "发生了什么", "en": "What happened"}[lang]) < 20
    flat = re.sub(r"\s+", "", text)
    order = {"zh": ["已证实：重复扣减", "数据行变更", "异常1", "E4", "建议的更正", "时间线"], "en": ["Shownbytherecords", "Rowchange", "Incident1", "E4", "Proposedcorrection", "Timeline"]}  # fmt: skip
    places = [flat.index(words) for words in order[lang]]
    assert places == sorted(places)
    assert "db/stock_ledger.csv:44" in flat
    assert max(cell_len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "ascii", "cp437"])
def test_terminal_writes_what_the_console_can(encoding: str) -> None:
    text = printed(cases.audit(2), 90, "en", encoding)  # a character that cannot be encoded would raise
    assert "Duplicate deduction" in text


def test_terminal_chinese_on_a_gbk_console_keeps_its_words() -> None:
    text = printed(cases.trace(), 90, "zh", "gbk")
    assert "已证实" in text
    assert "重复扣减" in text
    assert "-5" in text


def test_terminal_lanes_gap_and_moment_of_observation() -> None:
    text = printed(cases.trace(), 120, "en")
    assert re.search(r"WMS +WCS +SCAN +DB +CACHE +ERP", text)
    assert re.search(r"10:14:03\.377 .*◆.*E4", text)
    assert "observed 2026-03-11 10:40:00" in text


def test_terminal_is_inert() -> None:
    text = printed(cases.hostile(), 100, "en")
    for char in ("\x1b", "\x00", "\x07", "\u202e"):
        assert char not in text
    assert "[31mred" in text  # shown as text


def test_terminal_says_what_it_leaves_out() -> None:
    text = printed(cases.audit(14), 110, "en", events=300, max_rows=90)
    assert "and 4 more" in text
    assert "There are 370 events; the report holds 90." in " ".join(text.split())


def test_terminal_nothing_found() -> None:
    text = printed(cases.nothing(), 80, "zh", events=0)
    assert "没有发现库存异常" in text
    assert "没有这些记录" in text


def test_colours_follow_the_console() -> None:
    out = io.StringIO()
    print_result(
        Console(file=out, width=100, force_terminal=True, color_system="standard"),
        cases.trace(),
        cases.events(5),
        "en",
        "UTC",
    )
    assert "\x1b[" in out.getvalue()
    out = io.StringIO()
    print_result(
        Console(file=out, width=100, force_terminal=True, no_color=True), cases.trace(), cases.events(5), "en", "UTC"
    )
    assert not re.search(r"\x1b\[[\d;]*3[0-7]m", out.getvalue())


@given(st.text(max_size=40), st.sampled_from(["gbk", "ascii", "utf-8", "cp1252"]))
def test_encodable_always_encodes(text: str, encoding: str) -> None:
    encodable(text, encoding).encode(encoding)
