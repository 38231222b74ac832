"""Parse a whole text the way the ingest does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

from forensics.content import content_dir
from forensics.formats.aliases import load_aliases
from forensics.formats.detect import Detection, Head, detect
from forensics.formats.load import Registry, load_formats
from forensics.formats.maps import load_maps
from forensics.formats.plan import Parsed, SourceContext, compile_plan
from forensics.formats.samples import framed

_PARSERS = content_dir("parsers")
GENERIC = Registry({}, load_aliases([_PARSERS / "aliases.toml"]), load_maps(_PARSERS / "maps.toml"))
"""No formats: only the dictionary and the maps."""


def parse_text(text: str, name: str = "", registry: Registry = GENERIC, **context: Any) -> tuple[Detection, Parsed]:
    found = detect(registry, Head(text, name))
    lines = text.removesuffix("\n").split("\n")
    records = framed(lines, 0 if found.header_line is None else found.header_line + 1, found.spec)
    known = SourceContext(
        name=name, header=found.header, separator=found.separator, sample=records["raw"].to_list(), **context
    )
    parsed = compile_plan(found.spec, known).parse(records)
    conserved(records, parsed)
    return found, parsed


def conserved(records: pl.DataFrame, parsed: Parsed) -> None:
    """Every record is in the events or in the rejects, none in both; parts count from 0 without gaps."""
    events, rejects = parsed.events, parsed.rejects
    seen = set(events["line"].to_list())
    refused = rejects["line"].to_list()
    assert len(refused) == len(set(refused))
    assert not seen & set(refused)
    assert seen | set(refused) == set(records["line"].to_list())
    parts = events.group_by("line").agg(pl.col("part").sort(), pl.len())
    assert all(row["part"] == list(range(row["len"])) for row in parts.to_dicts())
    if len(events):
        raw = dict(zip(records["line"], records["raw"], strict=True))
        assert all(raw[line] == text for line, text in zip(events["line"], events["raw"], strict=True))


def rows(parsed: Parsed) -> list[dict[str, Any]]:
    """Events in order, without nulls and provenance; `extra` unpacked, times without zone dropped to UTC text."""
    out = []
    for event in parsed.events.sort("line", "part").to_dicts():
        row = {
            k: v
            for k, v in event.items()
            if v is not None and k not in ("raw", "byte_offset", "line", "part", "ts_quality", "ts_precision")
        }
        if "ts" in row:
            row["ts"] = row["ts"].strftime("%Y-%m-%d %H:%M:%S")
        if "extra" in row:
            row["extra"] = json.loads(row["extra"])
        out.append({k: str(v) if k.startswith("qty") else v for k, v in row.items()})
    return out


def spec_from(folder: Path, text: str) -> Registry:
    (folder / "x.toml").write_text(text, encoding="utf-8")
    return load_formats([folder])
