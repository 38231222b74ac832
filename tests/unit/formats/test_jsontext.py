from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats import jsontext

TEXT = pl.Series(
    [
        '{"a":{"b":[1,{"c":12345678901234567890}]},"k.x":"v","n":1e5,"t":true,"z":null,"s":" x "}',
        "{bad",
        None,
        "[1,2]",
        '{"a":{"b":{"z":1}}}',
    ]
)


def test_paths() -> None:
    read = [
        values.to_list()
        for values in jsontext.extract(TEXT, ["a.b.1.c", "a.b.-1.c", "a", "nothing", "t", "z", "s", "0"])
    ]
    assert read == [
        ["12345678901234567890", None, None, None, None],
        ["12345678901234567890", None, None, None, None],
        ['{"b":[1,{"c":12345678901234567890}]}', None, None, None, '{"b":{"z":1}}'],
        [None] * 5,
        ["true", None, None, None, None],
        [None] * 5,
        ["x", None, None, None, None],
        [None, None, None, "1", None],
    ]


def test_elements() -> None:
    assert jsontext.elements(TEXT, "a.b").to_list() == [
        ["1", '{"c":12345678901234567890}'],
        None,
        None,
        None,
        ['{"z":1}'],
    ]
    assert jsontext.elements(TEXT, "").to_list()[3] == ["1", "2"]
    assert jsontext.elements(pl.Series(['{"d":[]}', '{"d":["x",null]}']), "d").to_list() == [[], ['"x"', None]]


def test_objects() -> None:
    assert jsontext.valid_objects(TEXT).to_list() == [True, False, False, False, True]
    assert jsontext.top_keys(TEXT) == ["a", "k.x", "n", "t", "z", "s"]


scalar = st.one_of(
    st.integers(-(10**25), 10**25), st.booleans(), st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=10)
)


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
        scalar,
        min_size=1,
        max_size=6,
    )
)
def test_any_key_gives_its_value(item: dict[str, Any]) -> None:
    text = pl.Series([json.dumps(item), json.dumps(item, ensure_ascii=False)])
    keys = list(item)
    for key, values in zip(keys, jsontext.extract_keys(text, keys), strict=True):
        wanted = item[key] if isinstance(item[key], str) else json.dumps(item[key])
        assert values.to_list() == [wanted.strip() or None] * 2
    assert set(jsontext.top_keys(text)) == set(keys)


def test_a_broken_row_of_rare_characters_costs_no_other() -> None:
    rows = pl.Series(['{"a": 1}', "𐀀𐀀𐀀𐀀𐀃𝖎𝖐𝖓𝖔𝖖𝖗𝖚𝖜", *("x" * n + "𝖎" * 60 for n in range(8))])
    assert jsontext.extract(rows, ["a"])[0].to_list() == ["1", *[None] * 9]
    assert jsontext.top_keys(rows) == ["a"]
