"""Vendors' formats: a near miss is not taken for one, and every format is read the same from whatever carries its rows."""

from __future__ import annotations

import json

import pytest
from formats.recognise import taken_for

from forensics.formats.detect import Head, detect
from forensics.formats.load import load_formats
from forensics.formats.samples import parse_sample
from forensics.formats.sniff import cells, tables
from forensics.formats.spec import FormatSpec, NearMiss, Sample

REGISTRY = load_formats()
MISSES = [(spec, miss) for spec in REGISTRY.all() for miss in spec.near_misses]
ROWS = [
    (spec, sample)
    for spec in REGISTRY.all()
    if spec.record.frame == "table" and not spec.record.columns and spec.system != "db"
    for sample in spec.samples
    if sample.header is None and tables(sample.text.strip("\n").split("\n")) and sample.text.strip()[0] not in "{[-I"
]  # fmt: skip


@pytest.mark.parametrize(("spec", "miss"), MISSES, ids=[f"{spec.id}-{miss.line}" for spec, miss in MISSES])
def test_a_near_miss_is_not_taken_for_it(spec: FormatSpec, miss: NearMiss) -> None:
    assert spec.id not in taken_for(REGISTRY, miss.text.strip("\n"))


def _rows(sample: Sample) -> tuple[list[str], list[list[str]]]:
    lines = sample.text.strip("\n").split("\n")
    table = tables(lines)[0]
    assert table.header_line is not None
    return list(table.header), [cells(line, table.separator) for line in lines[table.header_line + 1 :]]


def _as_json(header: list[str], rows: list[list[str]]) -> str:
    return json.dumps(
        [dict(zip(header, [cell or None for cell in row], strict=False)) for row in rows], ensure_ascii=False
    )


def _as_dump(header: list[str], rows: list[list[str]]) -> str:
    def quoted(cell: str) -> str:
        return "'" + cell.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"') + "'" if cell else "NULL"

    names = ",".join(f"`{name}`" for name in header)
    values = ",".join(
        "(" + ",".join(quoted(cell) for cell in [*row, *[""] * (len(header) - len(row))]) + ")" for row in rows
    )
    return f"-- MySQL dump 10.13\nINSERT INTO `t` ({names}) VALUES {values};"


@pytest.mark.parametrize("carrier", [_as_json, _as_dump])
@pytest.mark.parametrize(("spec", "sample"), ROWS, ids=[f"{spec.id}-{sample.line}" for spec, sample in ROWS])
def test_rows_mean_the_same_in_json_and_in_a_dump(spec: FormatSpec, sample: Sample, carrier) -> None:
    text = carrier(*_rows(sample))
    if carrier is _as_json:
        assert detect(REGISTRY, Head(text, sample.name or "evidence.log")).spec.record.frame == "array"
    other = Sample(text, zone=sample.zone, name=sample.name)
    assert _plain(spec, other) == _plain(spec, sample)


def _plain(spec: FormatSpec, sample: Sample) -> list[dict[str, object]]:
    parsed = parse_sample(spec, sample)
    assert parsed.rejects.is_empty()
    events = parsed.events.sort("line", "byte_offset", "part").drop("raw", "byte_offset", "line")
    return [
        {k: json.loads(str(v)) if k == "extra" else v for k, v in row.items() if v is not None}
        for row in events.to_dicts()
    ]
