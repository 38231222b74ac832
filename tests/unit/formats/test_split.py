"""A pattern's shortcuts must match what its regex matches."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.spec import Pattern
from forensics.formats.split import matcher

BRACES = (
    r"^(?P<at>\S+) - (?P<body>\{.*\})$",
    r"^(?P<at>\S+) - (?P<body>\{.*\})",
    r"(?s)^(?P<at>\S+) - (?P<body>\{.*\})$",
    r"(?s)^(?P<at>\S+) - call (?P<body>\{[^\n]*\})(?P<trace>.*)$",
)


@pytest.mark.parametrize("regex", BRACES)
@given(st.lists(st.lists(st.sampled_from([*'ab -{}\n"', "call "]), max_size=14).map("".join), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_braces_at_the_end_are_taken_as_the_regex_would_take_them(regex, tails):
    found = matcher(Pattern("x", regex))
    assert found.tail is not None
    assert found.tail.braces is not None
    shapes = ("T1 - {}", "T1 - {{{}", "T1 - call {{{}}}", "T1 - {{{}}}")
    text = pl.Series("raw", [shape.format(tail) for shape in shapes for tail in tails])
    hit, fields = found.match(text, True)
    plain = text.str.extract_groups(found.regex).struct.unnest()
    assert hit.to_list() == plain["record_matches_"].is_not_null().to_list()
    for name in found.fields:
        assert fields[name].filter(hit).to_list() == plain[name].filter(hit).to_list()
