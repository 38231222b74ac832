"""What labelled cases taught, and which log is worth fetching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.checks.catalogue import load_catalogue
from forensics.model.result import CauseVerdict, Missing
from forensics.verdict import judge
from forensics.verdict.strengths import BANDS, kind_of, shipped_shares
from forensics.verdict.weigh import best_missing

from .build import CATALOGUE, EVERYTHING, finding


def leading(shares: dict) -> float:
    _, (open_,), _ = judge([SIGN], CATALOGUE, EVERYTHING, rules={}, shares=shares)
    return next(c.probability for c in open_.causes if c.cause == SIGN.cause)


SIGN = finding(strength=60, details={"undecided": True})


def test_a_sign_is_no_more_probable_than_signs_like_it_were_right() -> None:
    assert leading({}) > 0.9
    assert leading({kind_of(SIGN): 0.4}) == pytest.approx(0.4, abs=1e-4)
    assert leading({kind_of(SIGN): 0.999}) == pytest.approx(leading({}), abs=1e-5)  # never raised
    proven = (SIGN.cause, False, kind_of(SIGN)[2])
    assert leading({proven: 0.1}) == leading({})


def test_kinds_are_bands_of_strength() -> None:
    assert [kind_of(finding(strength=s))[2] for s in (0.0, 1.9, 2, 9.9, 10, 49, 50, 1e9)] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_shipped_shares_are_of_known_causes() -> None:
    known = {cause.id for fault in load_catalogue() for cause in fault.causes}
    shares = shipped_shares()
    assert shares
    assert {cause for cause, _, _ in shares} <= known
    assert all(0 < share < 1 and 0 <= band < len(BANDS) for (_, _, band), share in shares.items())


def waits(cause: str, p: float, *kinds: str) -> CauseVerdict:
    return CauseVerdict(cause, cause, p, "cannot-be-judged", tuple(Missing("wms", kind) for kind in kinds))


def test_the_log_that_decides_between_even_causes_comes_first() -> None:
    """Three improbable causes wait for the cache log, one of two even ones for the ledger: not the count decides."""
    causes = [
        waits("a", 0.45, "ledger"), waits("b", 0.45), waits("c", 0.02, "cache"), waits("d", 0.02, "cache"), waits("e", 0.02, "cache"),
    ]  # fmt: skip
    first, second = best_missing(causes)
    assert (first.kind, second.kind) == ("ledger", "cache")
    assert first.gain is not None
    assert second.gain is not None
    assert first.gain > 2 * second.gain > 0


def test_what_is_nearly_certain_is_not_worth_a_log() -> None:
    (one,) = best_missing([waits("a", 0.98, "ledger"), waits("b", 0.02)])
    (other,) = best_missing([waits("a", 0.5, "ledger"), waits("b", 0.5)])
    assert one.gain < other.gain / 3
    assert 0.5 < other.gain <= 1  # of the one bit that is open


def test_a_log_of_two_that_are_needed_gains_less() -> None:
    (alone,) = best_missing([waits("a", 0.5, "ledger"), waits("b", 0.5)])
    both = best_missing([waits("a", 0.5, "ledger", "task"), waits("b", 0.5)])
    assert all(m.gain < alone.gain for m in both)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.sets(st.sampled_from(["api", "ledger", "task"]))), min_size=1, max_size=8)
)
def test_a_log_never_adds_uncertainty(drawn: list) -> None:
    causes = [waits(str(n), p, *sorted(kinds)) for n, (p, kinds) in enumerate(drawn)]
    gains = [m.gain for m in best_missing(causes)]
    assert all(g >= 0 for g in gains)
    assert gains == sorted(gains, reverse=True)
