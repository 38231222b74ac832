"""How probable each cause of a class is: its usual share times what the evidence says.

A cause with a finding is weighed with the likelihood ratio of its strongest finding. A cause that was looked for in complete
records and not found keeps a twentieth of its share, in incomplete ones a half. One that could not be looked for keeps
all of it. Beside the catalogue's causes stands "none of these" with a share of its own: small where something
speaks for a cause, large for a disagreement of which nothing does.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from forensics.coverage import Answer, covered
from forensics.model.fault import Cause, Fault
from forensics.model.result import CauseVerdict, Coverage, Finding, Missing
from forensics.verdict import texts
from forensics.verdict.group import values
from forensics.verdict.strengths import Kind, kind_of

NONE: Final = "none-of-these"
RESERVE: Final = 0.05
"""Prior probability that the catalogue does not hold the cause."""
RESERVE_OPEN: Final = 0.9
"""The same for a disagreement of which nothing speaks for any cause: most are the ordinary delays of a warehouse. In the labelled
cases hardly any had a cause of the catalogue (`make accuracy` prints how often stated probabilities were right)."""
REFUTED: Final = 0.05
"""What remains of a cause's share when complete records show nothing of it."""
LOOKED_FOR: Final = 0.5
"""The same where part of the records is missing."""
SHOWN: Final = 2.0
"""From this likelihood ratio on a finding shows its cause; below, the cause is possible."""
STRONGEST: Final = 1e6
_SEVERAL: Final = 3  # a finding about so many tasks or documents explains those about one of them
_NEAR: Final = timedelta(hours=1)
_ORDER: Final = {"shown": 0, "possible": 1, "cannot-be-judged": 2, "refuted": 3}
_LEAST_SHARE: Final = 1e-3
_STEP: Final = 1e-6

KEEPER: Final[Mapping[str, str]] = {
    "api": "wms", "task": "wms", "device": "wcs", "scan": "scanner", "binding": "wms", "ledger": "wms", "reservation": "wms",
    "stock": "wms", "count": "wms", "document": "erp", "change": "db", "lock": "db", "cache": "cache", "metric": "db",
    "master": "erp", "log": "wms",
}  # fmt: skip
"""The system that usually keeps a kind of record: whom to ask for a log that is missing altogether."""


class Records:
    """The coverage of a case, by kind."""

    def __init__(self, coverage: Iterable[Coverage]) -> None:
        self._of: dict[str, list[Coverage]] = defaultdict(list)
        for entry in coverage:
            self._of[entry.kind].append(entry)

    def answer(self, need: str, since: datetime | None, until: datetime | None) -> Answer:
        """Whether a need (`ledger`, or `scan|count` for either) was recorded."""
        entries = [entry for kind in need.split("|") for entry in self._of.get(kind, ())]
        return covered(entries, need, None, since, until)

    def missing(self, need: str, since: datetime | None, until: datetime | None) -> Missing:
        """The log to fetch for a need."""
        kinds = need.split("|")
        kind = next((k for k in kinds if self._of.get(k)), kinds[0])
        held = sorted(self._of.get(kind, ()), key=lambda c: (-c.rows, c.system or ""))
        return Missing(held[0].system if held else KEEPER.get(kind), kind, since, until)


def consequences(findings: Sequence[Finding], led: Mapping[str, str] = MappingProxyType({})) -> frozenset[str]:
    """Ids of the findings that another one of the group explains.

    A check may say so (`consequence_of` in the details), or the catalogue (`led`: consequence → cause, of any findings);
    else a finding about several tasks, documents or pallets explains those of other causes about one of them in its time.
    """
    ids = {f.id for f in findings}
    explained = {f.id for f in findings if values({"of": f.details.get("consequence_of")}, "of") & (ids - {f.id})}
    explained |= {f.id for f in findings if led.get(f.id) in ids}
    for big in findings:
        for field in ("task", "doc", "pallet"):
            members = values(big.subject, field)
            if len(members) < _SEVERAL:
                continue
            for small in findings:
                own = values(small.subject, field)
                if small.cause != big.cause and len(own) == 1 and own <= members and _within(small, big):
                    explained.add(small.id)
    return frozenset(explained) if explained != ids else frozenset()


def _within(small: Finding, big: Finding) -> bool:
    if small.started_at is None or big.started_at is None:
        return True
    return big.started_at - _NEAR <= small.started_at <= (big.ended_at or big.started_at) + _NEAR


def weigh(
    fault: Fault,
    findings: Sequence[Finding],
    records: Records,
    since: datetime | None,
    until: datetime | None,
    led: Mapping[str, str] = MappingProxyType({}),
    shares: Mapping[Kind, float] = MappingProxyType({}),
) -> tuple[CauseVerdict, ...]:
    """The causes of a class for one incident, most probable first, "none of these" among them.

    Args:
        findings: those of the incident; one with `undecided` in its details speaks for its cause without showing it.
        since, until: the time for which records are needed.
        led: which finding led to which, consequence → cause.
        shares: how often findings of a kind were right in labelled cases: a cause is no more probable than that.

    Returns:
        Probabilities in [0, 1] whose sum is at most 1.
    """
    explained = consequences(findings, led)
    total = sum(max(cause.share, 0.0) for cause in fault.causes)
    reserve = RESERVE_OPEN if findings and all(f.strength < SHOWN for f in findings) else RESERVE
    weights: list[float] = []
    verdicts: list[CauseVerdict] = []
    for cause in fault.causes:
        share = max(cause.share / total, _LEAST_SHARE) if total > 0 else 1 / len(fault.causes)
        factor, verdict = _one(cause, findings, explained, records, since, until)
        weights.append(share * (1 - reserve) * factor)
        verdicts.append(verdict)
    weights.append(reserve)
    for n, cause in enumerate(fault.causes):
        weights[n] = _at_most(weights, n, _learned(cause, findings, explained, shares))
    verdicts.append(CauseVerdict(NONE, NONE, 0.0, "possible", (), texts.NONE_OF_THESE))
    whole = math.fsum(weights)
    rated = [
        CauseVerdict(v.cause, v.slug, math.floor(w / whole / _STEP) * _STEP, v.verdict, v.missing, v.because)
        for v, w in zip(verdicts, weights, strict=True)
    ]
    return tuple(sorted(rated, key=lambda v: (-v.probability, v.cause == NONE, _ORDER[v.verdict], v.cause)))


def _learned(
    cause: Cause, findings: Sequence[Finding], explained: frozenset[str], shares: Mapping[Kind, float]
) -> float:
    """The largest share of any of the cause's findings; 1 where nothing was learned of one."""
    own = [f for f in findings if f.cause == cause.id and f.id not in explained]
    return max((shares.get(kind_of(f), 1.0) for f in own), default=1.0)


def _at_most(weights: Sequence[float], n: int, share: float) -> float:
    """The weight of one cause, so that it has no more than this share of the whole."""
    rest = math.fsum(weights) - weights[n]
    return min(weights[n], share / (1 - share) * rest) if share < 1 else weights[n]


def _one(
    cause: Cause,
    findings: Sequence[Finding],
    explained: frozenset[str],
    records: Records,
    since: datetime | None,
    until: datetime | None,
) -> tuple[float, CauseVerdict]:
    """The factor on a cause's share, and its verdict (without probability)."""
    own = [f for f in findings if f.cause == cause.id]
    main = sorted((f for f in own if f.id not in explained), key=lambda f: (is_undecided(f), -_strength(f), f.id))

    def say(verdict: str, because: dict[str, str], missing: tuple[Missing, ...] = ()) -> CauseVerdict:
        return CauseVerdict(cause.id, cause.slug, 0.0, verdict, missing, because)

    if main:
        best = max(main, key=_strength)
        factor = _strength(best)
        decided = [f for f in main if not is_undecided(f)]
        if not decided:
            wanting = _wanting(cause, records, since, until)
            return factor, say(
                "possible", texts.fill(texts.SEEN_UNPROVEN, message=best.message), tuple(m for _, m in wanting)
            )
        shown = _strength(decided[0]) >= SHOWN
        template = texts.FOUND_ONE if len(decided) == 1 else texts.FOUND
        because = texts.fill(
            template, n=len(decided), strength=f"{_strength(decided[0]):.3g}", message=decided[0].message
        )
        return factor, say("shown" if shown else "possible", because)
    if own:
        return 1.0, say("possible", texts.fill(texts.CONSEQUENCE, n=len(own)))
    if not cause.checked:
        wanting = _wanting(cause, records, since, until)
        return 1.0, say("cannot-be-judged", texts.NOT_CHECKED, tuple(m for _, m in wanting))
    wanting = _wanting(cause, records, since, until)
    missing = tuple(m for _, m in wanting)
    named = texts.kind_names(tuple(m.kind for m in missing))
    if any(answer == "no" for answer, _ in wanting):
        return 1.0, say("cannot-be-judged", texts.fill(texts.NO_RECORD, missing=named), missing)
    if wanting:
        return LOOKED_FOR, say("possible", texts.fill(texts.PARTLY, missing=named), missing)
    return REFUTED, say("refuted", texts.fill(texts.NOTHING_FOUND, needs=texts.kind_names(cause.needs)))


def _wanting(
    cause: Cause, records: Records, since: datetime | None, until: datetime | None
) -> list[tuple[Answer, Missing]]:
    """What the cause needs and the records do not (wholly) have."""
    answers = [(records.answer(need, since, until), need) for need in dict.fromkeys(cause.needs)]
    return [(answer, records.missing(need, since, until)) for answer, need in answers if answer != "yes"]


def _strength(finding: Finding) -> float:
    """The likelihood ratio, at least 1 (a finding speaks for its cause) and bounded (no evidence is endless)."""
    return min(max(finding.strength, 1.0), STRONGEST) if not math.isnan(finding.strength) else 1.0


def is_undecided(finding: Finding) -> bool:
    """Whether the check itself says that it saw a disagreement without proof of the cause."""
    return bool(finding.details.get("undecided"))


def best_missing(causes: Iterable[CauseVerdict]) -> tuple[Missing, ...]:
    """The missing logs, the one that is expected to remove most uncertainty first, each with that `gain` in bits.

    With a log at hand the causes that wait for it alone are either shown or nearly ruled out: shown as probably as they are
    the cause and leave their mark in such a log, else what they had goes to the others. A cause that waits for several
    logs counts for each with its part. The gain is the entropy of the causes now less what is to be expected then.
    """
    ranked = list(causes)
    waiting: dict[tuple[str | None, str], dict[int, float]] = defaultdict(dict)
    found: dict[tuple[str | None, str], Missing] = {}
    for n, verdict in enumerate(ranked):
        kept = 1.0 if verdict.verdict == "cannot-be-judged" else LOOKED_FOR
        for missing in verdict.missing:
            key = (missing.system, missing.kind)
            waiting[key][n] = (1 - REFUTED / kept) / len(verdict.missing)
            found[key] = _wider(found.setdefault(key, missing), missing)
    whole = math.fsum(v.probability for v in ranked) or 1.0
    shares = [v.probability / whole for v in ranked]
    gains = {key: round(_gain(shares, seen), 6) for key, seen in waiting.items()}
    return tuple(
        replace(found[key], gain=gains[key]) for key in sorted(found, key=lambda k: (-gains[k], k[0] or "", k[1]))
    )


def _gain(shares: Sequence[float], seen: Mapping[int, float]) -> float:
    """Expected loss of entropy if cause `n`, where it is the one, is shown with probability `seen[n]`. Never below zero."""
    rest = [share * (1 - seen.get(n, 0.0)) for n, share in enumerate(shares)]
    silent = math.fsum(rest)
    after = silent * _entropy([share / silent for share in rest]) if silent > 0 else 0.0
    return max(_entropy(shares) - after, 0.0)


def _entropy(shares: Iterable[float]) -> float:
    """In bits."""
    return -math.fsum(p * math.log2(p) for p in shares if p > 0)


def _wider(a: Missing, b: Missing) -> Missing:
    since = None if a.since is None or b.since is None else min(a.since, b.since)
    until = None if a.until is None or b.until is None else max(a.until, b.until)
    return Missing(a.system, a.kind, since, until)
