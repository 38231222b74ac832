"""The guide's checks, each with what came of it: done and found, done and clear, not possible, or for a person on site.

A step of the catalogue may say what it looks at, in its own table: `causes` (ids, or `.1 .3`, of the causes whose checks
do it), `needs` (event kinds) and `on_site` (any text: only a person can do it). Without these it stands for its class.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forensics.model.fault import Cause, Fault, Text
from forensics.model.result import Finding
from forensics.verdict import texts
from forensics.verdict.weigh import Records


def steps(
    fault: Fault, findings: Sequence[Finding], records: Records, since: datetime | None, until: datetime | None
) -> list[dict[str, Any]]:
    """The steps of one class, in the shape of `CaseResult.steps`."""
    result = []
    for number, step in enumerate(fault.steps, start=1):
        done, text = _result(fault, step, findings, records, since, until)
        title = {lang: step.get(lang, "") for lang in ("zh", "en")}
        result.append({"fault": fault.id, "step": number, "title": title, "result": text, "done": done})
    return result


def _result(
    fault: Fault,
    step: Text,
    findings: Sequence[Finding],
    records: Records,
    since: datetime | None,
    until: datetime | None,
) -> tuple[bool, Text]:
    causes = _causes(fault, step)
    ids = {cause.id for cause in causes}
    found = [f for f in findings if f.fault == fault.id and f.cause in ids]
    if found:
        first = max(found, key=lambda f: (f.strength, f.id))
        return True, texts.fill(texts.STEP_FOUND, n=len(found), message=first.message)
    if step.get("on_site"):
        return False, texts.STEP_ON_SITE
    stated = tuple(str(step.get("needs", "")).replace(",", " ").split())
    if not stated and not any(cause.checked for cause in causes):
        return False, texts.STEP_NO_CHECK
    # Whichever cause of the step can be judged is a part of it done.
    wanted = [stated] if stated else [cause.needs for cause in causes if cause.checked]
    answers = [{need: records.answer(need, since, until) for need in needs} for needs in wanted]
    missing = [need for answer in answers for need, a in answer.items() if a != "yes"]
    if not missing:
        return True, texts.STEP_CLEAR
    named = texts.kind_names(tuple(missing))
    if all("no" in answer.values() for answer in answers):
        return False, texts.fill(texts.STEP_IMPOSSIBLE, missing=named)
    return True, texts.fill(texts.STEP_PARTLY, missing=named)


def _causes(fault: Fault, step: Text) -> list[Cause]:
    named = str(step.get("causes", "")).replace(",", " ").split()
    if not named:
        return list(fault.causes)
    return [cause for cause in fault.causes if any(cause.id == n or cause.id == fault.id + n for n in named)]
