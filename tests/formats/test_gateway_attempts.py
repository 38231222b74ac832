"""Servers that a gateway asked one after another for one call: each attempt with its own beginning, length and end; W3C logs of IIS."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from formats.real import DATA, read
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.load import load_formats
from forensics.formats.samples import parse_sample
from forensics.formats.spec import Sample

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is absent")


def events(format_id: str, text: str) -> pl.DataFrame:
    return parse_sample(load_formats().get(format_id), Sample(text)).events.sort("line", "part")


@settings(max_examples=25, deadline=None)
@given(
    took=st.lists(st.integers(0, 2000), min_size=1, max_size=7),
    statuses=st.data(),
    separator=st.sampled_from([", ", " : "]),
)
def test_attempts_fill_the_call_however_many_they_are(took: list[int], statuses: st.DataObject, separator: str) -> None:
    asked = [statuses.draw(st.sampled_from(["502", "504", "200", "-"])) for _ in took]
    line = (
        '10.3.1.9 - - [11/Mar/2026:09:14:05 +0800] "POST /wms/outbound/confirm?doc=CK1 HTTP/1.1" 200 8 "-" "x" '
        f'rt={sum(took) / 1000:.3f} urt="{separator.join(f"{ms / 1000:.3f}" for ms in took)}" '
        f'ua="{separator.join(f"10.3.1.5:80{n:02d}" for n in range(len(took)))}" us="{separator.join(asked)}" rid=r1'
    )
    found = events("nginx-extended", line)
    call, attempts = found.filter(pl.col("part") == 0), found.filter(pl.col("part") > 0)
    assert attempts.height == (len(took) if len(took) > 1 else 0)
    if attempts.is_empty():
        return
    assert attempts["attempt"].to_list() == list(range(1, len(took) + 1))
    assert attempts["callee"].to_list() == [f"10.3.1.5:80{n:02d}" for n in range(len(took))]
    begun = call["ts"][0]
    for start, lasted, wanted in zip(attempts["ts"], attempts["duration_ms"], took, strict=True):
        assert (start, lasted) == (begun, pytest.approx(wanted))
        begun += timedelta(milliseconds=wanted)
    assert begun == call["ts"][0] + timedelta(milliseconds=call["duration_ms"][0])
    outcomes = {"502": "unknown", "504": "timeout", "200": "ok", "-": "unknown"}
    wanted_outcomes = [outcomes[status] for status in asked]
    if asked[-1] == "-":
        wanted_outcomes[-1] = "ok"  # the last attempt ended as its call did
    assert attempts["outcome"].to_list() == wanted_outcomes


@needs_data
@pytest.mark.parametrize("name", ["ext.log", "json.log", "bad_json.log"])
def test_recorded_retries_whatever_the_layout(name: str) -> None:
    found = read(DATA / "recorded/nginx1.22" / name).events
    retried = found.filter((pl.col("doc") == "SO-7") & pl.col("attempt").is_not_null()).sort("attempt")
    call = found.filter((pl.col("doc") == "SO-7") & pl.col("attempt").is_null())
    assert retried["duration_ms"].to_list() == [401.0, 0.0]
    assert retried["ts"].to_list() == [call["ts"][0], call["ts"][0] + timedelta(milliseconds=401)]
    assert retried["outcome"].to_list() == (
        ["unknown", "unknown"] if name == "bad_json.log" else ["timeout", "unknown"]
    )
    assert found["attempt"].drop_nulls().len() == 6


def test_iis_columns_may_change_and_a_date_may_stand_above() -> None:
    text = (
        "#Date: 2026-03-11 01:00:00\n#Fields: time cs-method cs-uri-stem sc-status\n01:00:01 GET /wms/stock 200\n"
        "#Date: 2026-03-12 00:00:00\n#Fields: sc-status cs-uri-stem cs-method time time-taken\n404 /wms/x POST 00:00:02 1500\n"
    )
    calls = events("iis-w3c", text).filter(pl.col("kind") == "api")
    assert calls["status_code"].to_list() == ["200", "404"]
    assert [str(ts) for ts in calls["ts"]] == ["2026-03-11 01:00:01+00:00", "2026-03-12 00:00:00.500000+00:00"]


def test_iis_lines_that_do_not_fit_are_refused_and_no_others() -> None:
    text = "#Fields: date time cs-uri-stem sc-status\n2026-03-11 01:00:01 /a  200\n2026-03-11 01:00:02 /b\n2026-03-11 01:00:03 /c 500\n"
    parsed = parse_sample(load_formats().get("iis-w3c"), Sample(text))
    assert parsed.events.filter(pl.col("kind") == "api").sort("line")["endpoint"].to_list() == ["/a", "/c"]
    assert parsed.rejects["reason"].to_list() == ["expected 4 fields, found 3"]
