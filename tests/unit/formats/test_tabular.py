from __future__ import annotations

import csv
import io

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.framing import LONGEST_QUOTED, table_starts
from forensics.formats.tabular import split_table

HEADER = ["a", "b", "c"]


def records(rows: list[str]) -> pl.DataFrame:
    count = len(rows)
    schema = {"line": pl.Int64, "lines": pl.Int64, "byte_offset": pl.Int64, "raw": pl.String}
    return pl.DataFrame(
        {"line": range(1, count + 1), "lines": [1] * count, "byte_offset": range(count), "raw": rows}, schema=schema
    )


def test_rows_of_all_sorts() -> None:
    rows = [
        "1,2,3",
        '"a,b",2,3',
        '"a\nb","c""d",3',
        'a"x,2,3',
        "1,2,3,,,",
        "1,2,,,,",
        '"open,2,3',
        "1,2",
        "1,2,3,4",
        ",,",
    ]
    columns, good, bad = split_table(records(rows), HEADER, ",")
    assert dict(zip(good["raw"], columns.rows(), strict=True)) == {
        "1,2,3": ("1", "2", "3"),
        '"a,b",2,3': ("a,b", "2", "3"),
        '"a\nb","c""d",3': ("a\nb", 'c"d', "3"),
        'a"x,2,3': ('a"x', "2", "3"),
        "1,2,3,,,": ("1", "2", "3"),
        "1,2,,,,": ("1", "2", None),
        '"open,2,3': ('"open', "2", "3"),
    }
    assert bad is not None
    assert dict(zip(bad["raw"], bad["reason"], strict=True)) == {
        "1,2": "expected 3 fields, found 2",
        "1,2,3,4": "expected 3 fields, found 4",
        ",,": "a row without values",
    }


cell = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(cell, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_agrees_with_the_csv_module(rows: list[list[str]], separator: str) -> None:
    texts = []
    for row in rows:
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=separator, lineterminator="").writerow(row)
        texts.append(buffer.getvalue())
    columns, good, bad = split_table(records(texts), HEADER, separator)
    wanted = {text: tuple(value or None for value in row) for text, row in zip(texts, rows, strict=True) if any(row)}
    assert dict(zip(good["raw"], columns.rows(), strict=True)) == wanted
    assert len(good) + (0 if bad is None else len(bad)) == len(rows)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.sampled_from('ab,"\n'), max_size=12), max_size=8))
def test_no_record_is_lost(rows: list[str]) -> None:
    columns, good, bad = split_table(records(rows), HEADER, ",")
    seen = [*good["byte_offset"], *([] if bad is None else bad["byte_offset"])]
    assert sorted(seen) == list(range(len(rows)))
    assert len(columns) == len(good)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.text(st.sampled_from('ab,"\n '), max_size=6), min_size=2, max_size=3), min_size=1, max_size=8)
)
def test_framing_finds_what_a_csv_writer_wrote(rows: list[list[str]]) -> None:
    """Every start is a real one; a quoted break that looks like a new field may split a record, but never join two."""
    buffer = io.StringIO()
    begins = []
    for row in rows:
        begins.append(buffer.getvalue().count("\n"))
        csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(row)
    lines = buffer.getvalue().removesuffix("\n").split("\n")
    starts = table_starts(pl.Series(lines), ",").arg_true().to_list()
    assert set(begins) <= set(starts)


def test_quoted_lines_belong_to_one_record() -> None:
    lines = pl.Series(["1,2,3", '4,"a', "b", 'c",6', "7,8,9"])
    assert table_starts(lines, ",").to_list() == [True, True, False, False, True]


def test_a_stray_quote_swallows_nothing() -> None:
    lines = pl.Series(["1,2", '3,"stray', *["5,6"] * (LONGEST_QUOTED * 3), '7,"a', 'b"', "9,9"])
    starts = table_starts(lines, ",")
    assert starts.to_list() == [True] * (2 + LONGEST_QUOTED * 3) + [True, False, True]
