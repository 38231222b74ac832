"""Answers without an id, taken in order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from forensics.timeline.pairing import pair_in_order

S = 1_000_000


def _pair(rows: list[tuple[int, bool, int]], window_s: int = 60) -> list[int]:
    group, asks, at = (np.array(column) for column in zip(*rows, strict=True))
    partner = pair_in_order(group.astype(np.int64), asks.astype(bool), at.astype(np.int64) * S, window_s * S)
    return [int(index) for index in partner]


def test_first_come_first_served() -> None:
    assert _pair([(0, True, 0), (0, True, 1), (0, False, 2), (0, False, 3)]) == [2, 3, 0, 1]


def test_an_old_request_waits_no_longer_than_the_window() -> None:
    assert _pair([(0, True, 0), (0, True, 30), (0, False, 61)]) == [-1, 2, 1]


def test_an_answer_to_nobody() -> None:
    assert _pair([(0, False, 0), (0, True, 1), (0, False, 1)]) == [-1, 2, 1]


def test_groups_do_not_mix() -> None:
    assert _pair([(0, True, 0), (1, False, 1), (1, True, 2), (1, False, 3)]) == [-1, -1, 3, 2]


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 300)), min_size=1, max_size=60))
def test_pairs_are_mutual_forward_and_within_the_window(rows: list[tuple[int, bool, int]]) -> None:
    rows = sorted(rows, key=lambda row: (row[0], row[2]))
    partner = _pair(rows)
    for index, other in enumerate(partner):
        if other < 0:
            continue
        assert partner[other] == index
        assert rows[index][0] == rows[other][0]
        assert rows[index][1] != rows[other][1]
        asks, answers = (index, other) if rows[index][1] else (other, index)
        assert asks < answers
        assert 0 <= rows[answers][2] - rows[asks][2] <= 60
    # nothing that could have been paired was left: no open request before an open answer within the window
    for asks, (group, is_request, at) in enumerate(rows):
        if is_request and partner[asks] < 0:
            later = (n for n in range(asks + 1, len(rows)) if rows[n][0] == group and not rows[n][1] and partner[n] < 0)
            assert all(rows[n][2] - at > 60 for n in later)
