from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.quantity import parse


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1.5", "1.5", None), ("-5.000", "-5", None), ("1,234.5", "1234.5", None), ("1.234,5", "1234.5", None), ("12,5", "12.5", None),
        ("5.000-", "-5", None), ("(5)", "-5", None), ("５箱", "5", "箱"), ("3.5 kg", "3.5", "kg"), ("1 234", "1234", None),
        ("1,234", "1234", None), ("-1,000.00", "-1000", None), ("−3", "-3", None), ("+3", "3", None), ("0.1", "0.1", None),
        ("1,234,567.125", "1234567.125", None), ("1.234.567", "1234567", None), ("１２，３４５", "12345", None),
    ],
)  # fmt: skip
def test_spelling(text: str, value: str, unit: str | None) -> None:
    read = parse(pl.Series([text]))
    assert read.value[0] == Decimal(value)
    assert (read.unit[0] if read.unit is not None else None) == unit


@pytest.mark.parametrize("text", ["abc", "", "12345678901234567", "1-2", "--5", "1.2.3", "5箱3盒"])
def test_no_number_is_null(text: str) -> None:
    assert parse(pl.Series([text])).value[0] is None


@settings(max_examples=100, deadline=None)
@given(st.lists(st.decimals(-(10**11), 10**11, places=6), min_size=1, max_size=20))
def test_exact(numbers: list[Decimal]) -> None:
    plain = parse(pl.Series([f"{number:f}" for number in numbers])).value.to_list()
    grouped = parse(pl.Series([f"{number:,f}" for number in numbers])).value.to_list()
    trailing = parse(pl.Series([f"{abs(number):f}" + "-" * (number < 0) for number in numbers])).value.to_list()
    assert plain == grouped == trailing == numbers
