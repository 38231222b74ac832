"""Junk before, behind and between good records never costs one of them, in any text format of databases, caches, gateways and applications."""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forensics.formats.framing import frame_lines
from forensics.formats.load import load_formats
from forensics.formats.samples import parse_sample
from forensics.formats.spec import FormatSpec, Sample

REGISTRY = load_formats()
OURS = ("db", "cache", "gateway", "app")
SPECS = [
    spec for spec in REGISTRY.all()
    if spec.file is not None and spec.file.parent.name in OURS and spec.record.frame in ("line", "start", "json")
]  # fmt: skip
SAME = (
    "kind",
    "ts",
    "action",
    "state",
    "outcome",
    "txn",
    "task",
    "sku",
    "pallet",
    "location",
    "duration_ms",
    "attempt",
    "status_code",
    "table_name",
)
WHOLE = frozenset(("prometheus-query",))
"""One record is a whole document: junk inside it is damage, not company."""
words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\u2028\u2029"),
    min_size=1,
    max_size=60,
)
binary = st.binary(min_size=1, max_size=40).map(
    lambda data: data.decode("utf-8", "replace").replace("\n", "").replace("\r", "") or "?"
)
junk = st.one_of(words, binary, st.sampled_from(["", "{", "}", '"', "---", "\tat x.Y(Z.java:1)", "####", "\x00\x00"]))


def good_events(spec: FormatSpec, text: str) -> Counter[tuple[Any, ...]]:
    """What the events say that are more than `log` lines; the kind alone for those that are."""
    events = parse_sample(spec, Sample(text, name=spec.samples[0].name, zone=spec.samples[0].zone)).events
    there = [name for name in SAME if name in events.columns]
    told = (
        events.filter((pl.col("kind") != "log") & pl.col("ts").is_not_null())
        if "ts" in events.columns
        else events.clear()
    )
    return Counter(told.select(there).rows())


def begins(spec: FormatSpec, lines: list[str]) -> list[bool]:
    return frame_lines(pl.Series(lines, dtype=pl.String), spec.record).to_list()


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.id)
@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of the format, where an example fails
@example(picks=[1], company=["}"] * 4)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(picks=st.lists(st.integers(0, 999), min_size=1, max_size=4), company=st.lists(junk, min_size=4, max_size=4))
def test_company_of_junk_costs_no_good_record(spec: FormatSpec, picks: list[int], company: list[str]) -> None:
    lines = spec.samples[0].text.strip("\n").split("\n")
    starts = begins(spec, lines)
    # a line that begins no record, put where one ends: before a beginning, in front of all, behind all
    places = [
        at for at, start in enumerate(starts) if start and not (spec.record.merge_starts and at and starts[at - 1])
    ]
    places = [0, len(lines)] if spec.id in WHOLE else [*places, 0, len(lines)]
    at = [places[pick % len(places)] for pick in picks]
    added = company[: len(at)]
    if spec.record.frame == "start":
        added = [line if not begins(spec, [line])[0] else "junk" for line in added]
    spoilt = list(lines)
    for place, line in sorted(zip(at, added, strict=True), reverse=True):
        spoilt.insert(place, line)
    missing = good_events(spec, "\n".join(lines)) - good_events(spec, "\n".join(spoilt))
    assert not missing, f"lost to {added!r} at {at}: {missing}"
