"""Safe text, times, rows, words and charts on their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.model.errors import ConfigError
from forensics.report import charts, payload
from forensics.report.balance import MAX_ROWS, prepare
from forensics.report.html import data_block
from forensics.report.safe import one_line, visible, visible_expr
from forensics.report.texts import Texts
from forensics.report.when import Zone, length
from forensics.report.wording import percent, quantity, subject_text
from report import cases

NOISY = st.text(
    alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\x00\x1b\r\n\t\u202e\u2066\u200b\x85\x7f")),
    max_size=60,
)  # fmt: skip


@given(NOISY)
def test_visible_text_has_no_hidden_characters(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if c not in "\n\t" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0)]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200e\u200f\ufeff")
    assert "\n" not in one_line(text)
    assert visible(shown) == shown


@settings(max_examples=50)
@given(st.lists(NOISY, min_size=1, max_size=5), st.integers(1, 40))
def test_vectorised_visible_is_the_same(texts: list[str], limit: int) -> None:
    frame = pl.DataFrame({"a": texts}, schema={"a": pl.String()}).select(visible_expr(pl.col("a"), limit))
    assert frame["a"].to_list() == [visible(text, limit) for text in texts]


def test_lone_surrogates_are_shown_by_name() -> None:
    assert visible("a\ud800b") == "a<U+D800>b"


@given(st.recursive(st.one_of(st.none(), st.integers(), st.text()), lambda x: st.lists(x, max_size=4), max_leaves=8))
def test_data_blocks_cannot_end_themselves(value: object) -> None:
    block = data_block(value)
    assert not set(block) & set("<>&")


@given(st.lists(st.one_of(st.none(), st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1))), max_size=20))
def test_packed_times_come_back(times: list[datetime | None]) -> None:
    packed = payload.times(pl.Series(times, dtype=pl.Datetime("us")))
    last, out = 0, []
    for step in packed:
        last += step or 0
        out.append(None if step is None else datetime(1970, 1, 1) + timedelta(microseconds=last))
    assert out == times


@given(st.lists(st.one_of(st.none(), st.text(alphabet="abc", max_size=2)), max_size=30))
def test_packed_words_come_back(values: list[str | None]) -> None:
    packed = payload.words(pl.Series(values, dtype=pl.String))
    assert [None if code < 0 else packed["words"][code] for code in packed["codes"]] == values


def test_packing_does_not_depend_on_the_moment() -> None:
    assert payload.pack({"b": 1, "a": [1, None]}) == payload.pack({"a": [1, None], "b": 1})


@pytest.mark.parametrize(
    ("micros", "precision", "text"),
    [
        (0, None, "2026-03-11 10:14:00"),
        (120_000, None, "2026-03-11 10:14:00.120"),
        (120_001, None, "2026-03-11 10:14:00.120001"),
        (120_000, "s", "2026-03-11 10:14:00"),
        (0, "min", "2026-03-11 10:14"),
        (0, "day", "2026-03-11"),
    ],
)
def test_times_have_the_digits_that_were_recorded(micros: int, precision: str | None, text: str) -> None:
    assert Zone("Asia/Shanghai").text(cases.T0 + timedelta(microseconds=micros), precision) == text


def test_zones() -> None:
    assert Zone("Asia/Kolkata").offset_text(cases.T0) == "UTC+05:30"
    assert Zone("America/New_York").offset_text(datetime(2026, 1, 1, tzinfo=UTC)) == "UTC-05:00"
    assert Zone("UTC").span(cases.at(0), cases.at(60)) == "2026-03-11 02:14:00 – 02:15:00"
    assert Zone("UTC").span(cases.at(0), cases.at(86400)) == "2026-03-11 02:14:00 – 2026-03-12 02:14:00"
    assert Zone("UTC").span(None, None) == "—"
    for bad in ("", "../etc/passwd", "Nowhere/At_all", "\x00"):
        with pytest.raises(ConfigError):
            Zone(bad)


@pytest.mark.parametrize(
    ("seconds", "zh", "en"),
    [(0.25, "0.25 秒", "0.25 s"), (61, "1 分 1 秒", "1 min 1 s"), (3600 * 3 + 720, "3 小时 12 分", "3 h 12 min"), (90000, "1 天 1 小时", "1 d 1 h")],
)  # fmt: skip
def test_lengths(seconds: float, zh: str, en: str) -> None:
    assert length(timedelta(seconds=seconds), "zh") == zh
    assert length(timedelta(seconds=seconds), "en") == en


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal("-5.500000"), "−5.5"), (Decimal("1E+3"), "1000"), (0.1, "0.1"), ("12.0", "12"), ("abc", "abc"), (None, "—"), (float("nan"), "nan"), (True, "True")],
)  # fmt: skip
def test_quantities(value: object, text: str) -> None:
    assert quantity(value) == text


def test_percentages_are_never_certain() -> None:
    assert [percent(p).replace("\u00a0", " ") for p in (1.0, 0.999, 0.97, 0.004, 0.0, float("nan"))] == [
        "> 99 %", "> 99 %", "97 %", "< 1 %", "0 %", "—",
    ]  # fmt: skip


def test_subjects_in_words() -> None:
    subject = {"sku": "10023", "pallet": None, "task": ["T1", "T2"], "shelf": "7"}
    assert subject_text(subject, Texts("en")) == "material 10023 · task T1, T2 · shelf 7"
    assert subject_text({}, Texts("zh")) == "—"


def test_a_big_balance_keeps_the_negative_series_and_counts_the_rest() -> None:
    n = 30_000
    frame = pl.DataFrame({
        "ts": [cases.at(i) for i in range(n)], "sku": ["long" if i % 100 else "short" for i in range(n)], "location": ["A"] * n,
        "balance": [5.0 if i % 100 else -1.0 for i in range(n)],
    })  # fmt: skip
    made = prepare(frame, "UTC")
    assert made is not None
    assert [row["series"] for row in made.series] == ["short / A"]
    assert (made.rows, made.series_total, made.frame.height) == (n, 2, 300)
    only = prepare(frame.filter(pl.col("sku") == "long"), "UTC")
    assert only is not None
    assert only.frame.height == MAX_ROWS


def test_charts_take_frames_for_a_notebook() -> None:
    words = {**{mark: mark for mark in charts.MARKS}, "observed": "it's here"}
    rows = pl.DataFrame({"t": [1.0, 2.0], "y": [0.5, 1.5], "mark": ["for", "other"], "size": [150, 42]})
    spec = charts.timeline_chart(rows, lanes=["WMS", "WCS"], span=(0, 3), words=words, observed=2.0).to_dict()
    assert len(spec["layer"]) == 4
    balance = pl.DataFrame({"t": [1.0, 2.0], "b": [1.0, -1.0], "p": [None, 0.0], "s": ["x", "x"]})
    words = {key: key for key in ("book", "physical", "below", "observed", "quantity")}
    assert charts.balance_chart(balance, span=(0, 3), words=words, physical=True).to_dict()["layer"]
