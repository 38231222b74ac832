"""The guide's checks, each with what came of it: done and found, done and clear, not possible, or for a person on site.

A step of the catalogue may say what it looks at, in its own table: `causes` (ids, or `.1 .3`, of the causes whose checks
do it), `needs` (event kinds) and `on_site` (any text: only a person can do it). Without these it stands for its class.
`hand_zh` and `hand_en` say what a person does where the records do not suffice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forensics.model.fault import Cause, Fault, Text
from forensics.model.result import Finding
from forensics.verdict import texts
from forensics.verdict.weigh import Records, is_undecided


def steps(
    fault: Fault, findings: Sequence[Finding], records: Records, since: datetime | None, until: datetime | None
) -> list[dict[str, Any]]:
    """The steps of one class for some of its findings, in the shape of `CaseResult.steps`."""
    result = []
    for number, step in enumerate(fault.steps, start=1):
        ids = {cause.id for cause in _causes(fault, step)}
        found = [f for f in findings if f.cause in ids]
        done, text, complete = _result(fault, step, found, records, since, until)
        result.append(
            {
                "fault": fault.id,
                "step": number,
                "title": {lang: step.get(lang, "") for lang in ("zh", "en")},
                "result": text,
                "done": done,
                "findings": [f.id for f in found if not is_undecided(f)],
                "by_hand": {} if complete else {lang: step.get(f"hand_{lang}", "") for lang in ("zh", "en")},
            }
        )
    return result


def _result(
    fault: Fault,
    step: Text,
    found: Sequence[Finding],
    records: Records,
    since: datetime | None,
    until: datetime | None,
) -> tuple[bool, Text, bool]:
    """Whether the step was done, what came of it, and whether nothing of it is left for a person."""
    if found:
        proven = [f for f in found if not is_undecided(f)]
        first = max(proven or found, key=lambda f: (f.strength, f.id))
        if not proven:
            return True, texts.fill(texts.STEP_SEEN, n=len(found), message=first.message), False
        template = texts.STEP_FOUND if len(proven) == len(found) else texts.STEP_FOUND_MORE
        more = len(found) - len(proven)
        return True, texts.fill(template, n=len(proven), more=more, message=first.message), True
    if step.get("on_site"):
        return False, texts.STEP_ON_SITE, False
    stated = tuple(str(step.get("needs", "")).replace(",", " ").split())
    checked = [cause for cause in _causes(fault, step) if cause.checked]
    if not stated and not checked:
        return False, texts.STEP_NO_CHECK, False
    # Whichever cause of the step can be judged is a part of it done.
    wanted = [stated] if stated else [cause.needs for cause in checked]
    answers = [{need: records.answer(need, since, until) for need in needs} for needs in wanted]
    missing = [need for answer in answers for need, a in answer.items() if a != "yes"]
    if not missing:
        return True, texts.STEP_CLEAR, True
    named = texts.kind_names(tuple(missing))
    if all("no" in answer.values() for answer in answers):
        return False, texts.fill(texts.STEP_IMPOSSIBLE, missing=named), False
    return True, texts.fill(texts.STEP_PARTLY, missing=named), False


def _causes(fault: Fault, step: Text) -> list[Cause]:
    named = str(step.get("causes", "")).replace(",", " ").split()
    if not named:
        return list(fault.causes)
    return [cause for cause in fault.causes if any(cause.id == n or cause.id == fault.id + n for n in named)]
