from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.formats.regex import HEAD, ascii_classes, groups, problem, split_tail


@pytest.mark.parametrize(
    ("regex", "plain"),
    [
        (r"\d+", "[0-9]+"), (r"[\d.]", "[0-9.]"), (r"\\d", r"\\d"), (r"\w\s", "[0-9A-Za-z_][\\t-\\r ]"), (r"[^\]\d]", r"[^\]0-9]"),
        (r"\bX", r"(?-u:\b)X"), (r"[]\d]", "[]0-9]"), (r"[[:alpha:]\d]\d", "[[:alpha:]0-9][0-9]"), (r"\p{Han}", r"\p{Han}"),
    ],
)  # fmt: skip
def test_classes_are_ascii(regex: str, plain: str) -> None:
    assert ascii_classes(regex) == plain
    assert problem(regex) is None


def test_a_code_ends_where_chinese_begins() -> None:
    assert pl.Series(["任务T001已走出储位"]).str.extract(ascii_classes(r"\b(\w+)\b"))[0] == "T001"


def test_problem_is_one_line() -> None:
    assert problem("(a") == "error: unclosed group"
    assert "look-around" in (problem("(?=a)") or "")


def test_groups() -> None:
    assert groups(r"(?P<a>.)(.)(?P<b>.)") == ["a", "2", "b"]


PATTERNS = [
    r"^(?P<a>\d+) - (?P<body>\{.*)$", r"(?s)^(?P<a>[^\]|]+) - (?P<m>.*)$", r"^(?P<a>\w+|\d+) *(?P<m>.*)$", r"(?s)^(?:a|b)+ (?P<m>.*)",
    r"^(?P<a>a+)(?P<b>b*?)(?P<m>x.*)$", r"(?s)^(?P<a>[^ ]*) ?\[(?P<m>.*)$",
]  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(PATTERNS), st.lists(st.text(st.sampled_from("ab1 -{[]|x\n"), max_size=12), min_size=1, max_size=6)
)
def test_cutting_off_the_rest_changes_nothing(pattern: str, texts: list[str]) -> None:
    regex = ascii_classes(pattern)
    tail = split_tail(regex)
    assert tail is not None
    if tail.single_line:
        texts = [text.replace("\n", " ") for text in texts]
    series = pl.Series("text", texts)
    whole = series.str.extract_groups(f"(?P<hit>)(?:{regex})").struct.unnest()
    parts = series.str.extract_groups(tail.regex).struct.unnest()
    rest = pl.DataFrame([series, parts[HEAD]]).select(pl.col("text").str.strip_prefix(pl.col(HEAD))).to_series()
    assert whole["hit"].is_not_null().to_list() == parts[HEAD].is_not_null().to_list()
    for name in whole.columns:
        if name not in ("hit", tail.group):
            assert whole[name].to_list() == parts[name].to_list()
    assert whole[tail.group].to_list() == rest.to_list()


@pytest.mark.parametrize(
    "regex",
    [
        r"^a|b(?P<m>.*)$",
        r"(?m)^a(?P<m>.*)$",
        r"^(?:a|b) (?P<m>.*)",
        r"x(?P<m>.*)$",
        r"^(?P<x>(?i)a)(?P<m>.*)$",
        r"^a(?P<m>b*)$",
    ],
)
def test_left_alone(regex: str) -> None:
    assert split_tail(regex) is None
