from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.ingest.chunks import cut, newlines
from forensics.ingest.encoding import Encoding, guess


def blocks(data: bytes, size: int):
    return (data[i : i + size] for i in range(0, len(data), size))


def starts(lines: pl.Series) -> pl.Series:
    return lines.str.contains("^#")


@pytest.mark.parametrize("name", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
@given(
    lines=st.lists(st.sampled_from(["", "#", "# 货位 A", "at com.x.Y(Z.java:1)", "续行", "x" * 90]), max_size=40),
    block=st.integers(1, 64),
    size=st.integers(1, 128),
    start=st.booleans(),
    final=st.booleans(),
)
@settings(max_examples=120, deadline=None)
def test_chunks_are_whole_records_and_lose_nothing(name, lines, block, size, start, final):
    text = "\n".join(lines) + ("\n" if final else "")
    data, encoding = text.encode(name), Encoding(name)
    chunks = list(cut(blocks(data, block * 2), encoding, starts if start else None, size=size))
    assert b"".join(c.data for c in chunks) == data
    assert [c.last for c in chunks] == [False] * (len(chunks) - 1) + [True]
    position, line = 0, 1
    for number, chunk in enumerate(chunks):
        assert (chunk.offset, chunk.line) == (position, line)
        if number and start and chunk.data:
            assert chunk.data.decode(name).startswith("#")
        position += len(chunk.data)
        line += newlines(chunk.data, encoding)


def test_a_record_without_end_is_cut_in_bounded_memory(monkeypatch):
    monkeypatch.setattr("forensics.ingest.chunks.MAX_RECORD", 1000)
    data = b"# start\n" + b"x" * 5000 + b"\n" + b"more\n" * 500
    chunks = list(cut(blocks(data, 100), guess(data), starts, size=100))
    assert b"".join(c.data for c in chunks) == data
    assert max(len(c.data) for c in chunks) <= 1200
