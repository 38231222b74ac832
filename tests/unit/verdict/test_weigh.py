from __future__ import annotations

import math
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forensics.model.result import CauseVerdict, Coverage, Gap
from forensics.verdict.weigh import NONE, Records, best_missing, weigh

from .build import EVERYTHING, HIDDEN, NEGATIVE, T, coverage, finding

ALL = Records(EVERYTHING)
NOTHING = Records(())


def by_slug(verdicts: tuple[CauseVerdict, ...]) -> dict[str, CauseVerdict]:
    return {v.slug: v for v in verdicts}


def test_a_strong_finding_beats_larger_shares() -> None:
    verdicts = weigh(NEGATIVE, [finding()], ALL, T, T)
    top = verdicts[0]
    assert (top.cause, top.verdict) == ("F-S-02-05.3", "shown")
    # 0.15 * 38 against a twentieth of the other 0.85, all of it within 0.95, and 0.05 for none of these
    assert top.probability == pytest.approx(0.95 * 5.7 / (0.95 * (5.7 + 0.85 * 0.05) + 0.05), abs=1e-5)
    assert {v.verdict for v in verdicts[1:] if v.cause != NONE} == {"refuted"}
    assert "38" in top.because["en"]
    assert "38" in top.because["zh"]


def test_without_records_the_others_keep_their_shares() -> None:
    verdicts = weigh(NEGATIVE, [finding()], NOTHING, T, T)
    top, second, *_ = verdicts
    assert top.slug == "duplicate-deduction"
    assert top.probability == pytest.approx(0.95 * 5.7 / (0.95 * (5.7 + 0.85) + 0.05), abs=1e-5)
    assert (second.slug, second.verdict) == ("oversell", "cannot-be-judged")
    assert second.probability / top.probability == pytest.approx(0.45 / 5.7, abs=1e-4)


def test_nothing_found_and_nothing_recorded_is_the_prior() -> None:
    verdicts = by_slug(weigh(NEGATIVE, (), NOTHING, T, T))
    assert verdicts["oversell"].probability == pytest.approx(0.95 * 0.45, abs=1e-5)
    assert {v.verdict for v in verdicts.values() if v.slug != NONE} == {"cannot-be-judged"}
    missing = verdicts["oversell"].missing
    assert [(m.system, m.kind, m.since, m.until) for m in missing] == [("wms", "api", T, T), ("wms", "ledger", T, T)]
    assert verdicts["lost-update"].missing[0].kind == "ledger"  # of either kind the first is named


def test_one_of_two_kinds_is_enough() -> None:
    records = Records(coverage("change"))
    assert by_slug(weigh(NEGATIVE, (), records, T, T))["lost-update"].verdict == "refuted"


def test_a_gap_leaves_a_cause_possible() -> None:
    gap = Gap(T, T + timedelta(minutes=20))
    (api,) = coverage("api")
    records = Records([Coverage(api.system, "api", api.first_ts, api.last_ts, api.rows, (gap,)), *coverage("ledger")])
    verdict = by_slug(weigh(NEGATIVE, (), records, T - timedelta(minutes=5), T + timedelta(minutes=5)))["oversell"]
    assert verdict.verdict == "possible"
    assert [m.kind for m in verdict.missing] == ["api"]
    inside = by_slug(weigh(NEGATIVE, (), records, T, T + timedelta(minutes=5)))["oversell"]
    assert inside.verdict == "cannot-be-judged"


def test_a_cause_without_a_check_keeps_its_share() -> None:
    from dataclasses import replace

    fault = replace(NEGATIVE, causes=tuple(replace(c, checked=False) for c in NEGATIVE.causes))
    verdicts = weigh(fault, (), ALL, T, T)
    assert {v.verdict for v in verdicts if v.cause != NONE} == {"cannot-be-judged"}


def test_equal_priors_where_none_is_stated() -> None:
    from dataclasses import replace

    fault = replace(NEGATIVE, causes=tuple(replace(c, share=0.0) for c in NEGATIVE.causes))
    verdicts = weigh(fault, (), NOTHING, T, T)
    assert all(v.probability == pytest.approx(0.2375, abs=1e-5) for v in verdicts if v.cause != NONE)


def test_weak_evidence_is_possible_not_shown() -> None:
    assert by_slug(weigh(NEGATIVE, [finding(strength=1.5)], ALL, T, T))["duplicate-deduction"].verdict == "possible"


def test_an_outage_explains_what_it_did_to_single_tasks() -> None:
    outage = finding("F-S-02-02.5", strength=50, length=30, task=["T1", "T2", "T3", "T4"])
    single = [finding("F-S-02-02.2", strength=30, minutes=5 + i, task=f"T{i}") for i in (1, 2, 3)]
    verdicts = weigh(HIDDEN, [outage, *single], ALL, T, T)
    assert verdicts[0].cause == "F-S-02-02.5"
    consequence = by_slug(verdicts)["callback-timeout"]
    assert consequence.verdict == "possible"
    assert "3" in consequence.because["en"]
    other = finding("F-S-02-02.2", strength=30, minutes=5, task="T9")
    assert weigh(HIDDEN, [outage, other], ALL, T, T)[0].slug == "callback-timeout"


def test_a_check_may_name_the_consequence() -> None:
    first = finding("F-S-02-05.2", strength=10, name="A")
    second = finding("F-S-02-05.1", strength=100, details={"consequence_of": "A"})
    assert weigh(NEGATIVE, [first, second], ALL, T, T)[0].slug == "lost-update"


def test_undecided_findings_show_nothing() -> None:
    verdict = by_slug(weigh(NEGATIVE, [finding(details={"undecided": True})], Records(coverage("ledger")), T, T))[
        "duplicate-deduction"
    ]
    assert verdict.verdict == "possible"
    assert [m.kind for m in verdict.missing] == ["api"]


def test_the_log_that_settles_most_comes_first() -> None:
    verdicts = weigh(HIDDEN, (), Records(coverage("ledger", "task", "device")), T, T)
    assert [m.kind for m in best_missing(verdicts)] == ["api", "scan"]


needs = st.lists(st.sampled_from(["api", "ledger", "change", "scan"]), unique=True)
strengths = st.one_of(st.floats(0, 1e9), st.just(math.nan), st.just(math.inf))
some_findings = st.lists(
    st.builds(
        lambda n, s, m, u: finding(f"F-S-02-05.{n}", strength=s, minutes=m, details={"undecided": True} if u else None),
        st.integers(1, 4), strengths, st.integers(0, 30), st.booleans(),
    ),
    max_size=6,
    unique_by=lambda f: f.id,
)  # fmt: skip


@settings(deadline=None)
@given(some_findings, needs)
def test_probabilities_are_probabilities(findings: list, recorded: list[str]) -> None:
    verdicts = weigh(NEGATIVE, findings, Records(coverage(*recorded)), T, T)
    assert all(0 <= v.probability <= 1 for v in verdicts)
    assert math.fsum(v.probability for v in verdicts) <= 1
    assert math.fsum(v.probability for v in verdicts) > 0.999
    assert [v.probability for v in verdicts] == sorted((v.probability for v in verdicts), reverse=True)
    assert {v.cause for v in verdicts} == {c.id for c in NEGATIVE.causes} | {NONE}
    assert all(set(v.because) == {"zh", "en"} and all(v.because.values()) for v in verdicts)


@settings(deadline=None)
@given(some_findings, needs, st.integers(1, 4), strengths)
def test_evidence_for_a_cause_never_lowers_its_rank(
    findings: list, recorded: list[str], n: int, strength: float
) -> None:
    assume(findings)  # a symptom that somebody states is one; a disagreement of which nothing speaks mostly is not
    records, name = Records(coverage(*recorded)), f"F-S-02-05.{n}"

    def rank(of: list) -> tuple[int, float]:
        verdicts = weigh(NEGATIVE, of, records, T, T)
        place = [v.cause for v in verdicts].index(name)
        return place, verdicts[place].probability

    before = rank(findings)
    after = rank([*findings, finding(name, strength=strength, minutes=99)])
    assert after[0] <= before[0]
    assert after[1] >= before[1] - 2e-6


@settings(deadline=None)
@given(some_findings, needs, st.randoms())
def test_order_of_findings_does_not_matter(findings: list, recorded: list[str], random: object) -> None:
    records = Records(coverage(*recorded))
    shuffled = list(findings)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert weigh(NEGATIVE, shuffled, records, T, T) == weigh(NEGATIVE, findings, records, T, T)


def test_a_disagreement_that_nothing_speaks_for_is_mostly_none_of_the_causes():
    weak = weigh(NEGATIVE, [finding("F-S-02-05.1", strength=1.0)], Records(coverage("ledger")), T, T)
    strong = weigh(NEGATIVE, [finding("F-S-02-05.1", strength=3.0)], Records(coverage("ledger")), T, T)
    stated = weigh(NEGATIVE, [], Records(coverage("ledger")), T, T)
    none = [next(v.probability for v in verdicts if v.cause == NONE) for verdicts in (weak, strong, stated)]
    assert none[0] > 0.85
    assert max(none[1:]) < 0.2
