"""What a source makes of its chunks: accounting, and parsers that fail."""

from __future__ import annotations

import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.load import load_formats
from forensics.ingest.account import CUT, LOST
from forensics.ingest.discover import Item
from forensics.ingest.source import Source, recognise
from forensics.ingest.streams import Stream

LINE = "2025-03-11 09:15:{:02d}.020 INFO  [exec-1] c.i.task.TaskService Line:118 - 任务T2025{:04d}已走出储位"


def source(text: str) -> tuple[Source, Stream]:
    data = text.encode()
    item = Item("wcs/app.log", lambda: io.BytesIO(data), limit=len(data))
    stream = Stream(item.opener, item.limit)
    found = recognise(item, stream, load_formats(), "Asia/Shanghai", None)
    assert isinstance(found, Source)
    return found, stream


def outcomes(text: str, *, damaged: bool = False):
    found, stream = source(text)
    return [found.parse(chunk, damaged=damaged) for chunk in found.chunks(stream)]


GOOD = [LINE.format(i % 60, i) for i in range(40)]
JUNK = st.sampled_from(["", "   ", "\tat com.x.Y.z(Y.java:1)", "=====", "{broken", "\ufffd\x00\x01", "随便一行", '"""', "a,b,c"])


@given(st.lists(st.tuples(st.integers(0, 40), JUNK), max_size=12))
@settings(max_examples=80, deadline=None)
def test_junk_anywhere_never_loses_a_good_line(junk):
    lines = list(GOOD)
    for at, text in junk:
        lines.insert(at, text)
    (outcome,) = outcomes("\n".join(lines) + "\n")
    assert outcome.account.conserved
    assert outcome.account.lines == len(lines)
    tasks = outcome.events.filter(pl.col("kind") == "device")["task"].to_list()
    assert sorted(tasks) == sorted(f"T2025{i:04d}" for i in range(40))


def test_a_record_that_breaks_the_parser_is_refused_alone(monkeypatch):
    found, stream = source("\n".join(GOOD) + "\n")
    parse = type(found.plan).parse

    def brittle(plan, records):
        if records["raw"].str.contains("T20250017").any():
            raise ValueError("cannot stand this one")
        return parse(plan, records)

    monkeypatch.setattr(type(found.plan), "parse", brittle)
    (outcome,) = [found.parse(chunk) for chunk in found.chunks(stream)]
    assert outcome.rejects["line"].to_list() == [18]
    assert "cannot stand this one" in outcome.rejects["reason"][0]
    assert outcome.account.event_lines == 39
    assert outcome.account.conserved


def test_a_record_that_a_parser_forgets_is_kept_as_a_reject(monkeypatch):
    found, stream = source("\n".join(GOOD) + "\n")
    parse = type(found.plan).parse

    def forgetful(plan, records):
        parsed = parse(plan, records)
        return type(parsed)(parsed.events.filter(pl.col("line") != 5), parsed.rejects)

    monkeypatch.setattr(type(found.plan), "parse", forgetful)
    (outcome,) = [found.parse(chunk) for chunk in found.chunks(stream)]
    assert outcome.rejects.select("line", "reason").rows() == [(5, LOST)]
    assert outcome.account.conserved


@pytest.mark.parametrize("damaged", [True, False])
def test_the_last_line_of_a_damaged_source_is_not_believed(damaged):
    (outcome,) = outcomes("\n".join(GOOD), damaged=damaged)
    assert outcome.rejects["reason"].to_list() == ([CUT] if damaged else [])
    assert outcome.account.conserved
