"""Pairs of keys and values are found in any order, never inside quotes."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from forensics.formats.pairs import values

KEYS = ("us", "urt", "rid")
TEXT = st.text(st.sampled_from("ab0 =,;-.:us"), max_size=12)


@st.composite
def rows(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    """A row as a log writes it, and the values it has."""
    has = {key: draw(TEXT) for key in draw(st.permutations(KEYS))[: draw(st.integers(0, len(KEYS)))]}
    other = [f'"{draw(TEXT)}"', f'x="{draw(TEXT)}"', "cs=MISS", "HIT"][: draw(st.integers(0, 4))]
    parts = draw(st.permutations([*(f'{key}="{value}"' for key, value in has.items()), *other]))
    return " ".join(["", *parts]), has


@given(st.lists(rows(), min_size=1, max_size=6))
def test_any_order_with_others_between(written: list[tuple[str, dict[str, str]]]) -> None:
    found = values(pl.Series([text for text, _ in written], dtype=pl.String), KEYS)
    assert found.to_dicts() == [{key: has.get(key) for key in KEYS} for _, has in written]


def test_without_quotes_a_list_is_one_value_and_a_comma_ends_another() -> None:
    found = values(pl.Series(["us=504, 502 urt=0.1 : 0.2, 0.3 rid=a1", "us=200, urt=0.1, rid=a2", None]), KEYS)
    assert found["us"].to_list() == ["504, 502", "200", None]
    assert found["urt"].to_list() == ["0.1 : 0.2, 0.3", "0.1", None]
    assert found["rid"].to_list() == ["a1", "a2", None]
