"""The benchmark of formats compares like with like: its files are of the formats they are named after, and the one-liners read them."""

from __future__ import annotations

import subprocess
import sys

import format_kinds
import polars as pl
import pytest

from forensics.formats.detect import Head, detect
from forensics.formats.load import load_formats

TIMES = {"gateway-calls": "gw_recv", "ecs-json-flat": "@timestamp", "nginx-json": "msec", "canal": "es"}


@pytest.mark.parametrize("name", list(format_kinds.KINDS))
def test_the_one_liner_reads_every_record_and_its_time(name, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(format_kinds, "_BLOCK", 300)
    kind = format_kinds.KINDS[name]
    source, target = tmp_path / f"x{kind.suffix}", tmp_path / "x.parquet"
    records = format_kinds.write(source, kind, size_mb=0)
    assert detect(load_formats(), Head(source.read_text(encoding="utf-8"), source.name)).spec.id == name
    subprocess.run([sys.executable, "-c", kind.bare, source, target], check=True)
    read = pl.read_parquet(target).filter(~pl.col("line").str.starts_with("#S") & ~pl.col("line").str.starts_with("#F"))
    assert read.height == records
    times = read[TIMES.get(name, "time")]
    assert times.dtype.is_temporal()
    assert times.null_count() == 0
