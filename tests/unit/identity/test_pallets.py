from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.identity import pallet_key, pallet_key_sql, pallet_variants, same_pallet

SSCC = "340123450000000012"


@pytest.mark.parametrize(
    "spelling",
    [
        SSCC,
        "00" + SSCC,
        "(00)" + SSCC,
        "(00) 3401 2345 0000 0000 12",
        "]C100" + SSCC,
        "]C1" + "00" + SSCC + "\x1d" + "3710",
        "00" + SSCC + "3710",
        f" {SSCC}\n",
        "３４０１２３４５００００００００１２",
    ],
)
def test_spellings_of_one_sscc(spelling: str) -> None:
    assert pallet_key(spelling) == SSCC
    assert same_pallet(spelling, SSCC)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("tp000123", "TP000123", True),
        ("TP000123", "TP123", False),  # zeros inside a code count
        ("000123", "123", True),
        ("012345678901234567", "12345678901234567", True),  # extension digit 0
        ("123", "124", False),
        ("0000", "0", True),
        ("340123450000000012", "340123450000000021", False),
        (None, "1", False),
        ("", "", False),
        ("A-01(2)", "A-012", False),
    ],
)
def test_same_pallet(a: str | None, b: str | None, same: bool) -> None:
    assert same_pallet(a, b) == same_pallet(b, a) == same


@settings(deadline=None)
@given(st.text(alphabet="0123456789TPx() ]C-", max_size=24))
def test_variants_are_spellings_of_the_same(code: str) -> None:
    variants = pallet_variants(code)
    assert len(variants) <= 30
    if code:
        assert variants[0] == code
    assert all(same_pallet(v, code) for v in variants)


@settings(deadline=None)
@given(st.integers(0, 10**18 - 1), st.integers(1, 18))
def test_variants_hold_every_padding(number: int, width: int) -> None:
    padded = str(number).zfill(width)
    assert padded in pallet_variants(str(number))
    assert str(number).zfill(18) in pallet_variants(padded)
    assert "00" + str(number).zfill(18) in pallet_variants(padded)


@settings(deadline=None)
@given(st.lists(st.text(alphabet="0123456789TPtpx() ]C1-\x1d", max_size=24), max_size=20))
def test_the_key_is_the_same_in_sql(codes: list[str]) -> None:
    con = duckdb.connect()
    got = con.execute(
        f"SELECT {pallet_key_sql('code')} FROM (SELECT unnest($codes) AS code)", {"codes": codes}
    ).fetchall()
    assert [row[0] for row in got] == [pallet_key(code) for code in codes]
