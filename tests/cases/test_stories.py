"""One story per fault class, from the files that somebody collected to what a person is told and may do, in both languages."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import forensics
from forensics.api import Case, Trace
from forensics.export.markdown import to_markdown
from forensics.export.terminal import print_result
from forensics.report.html import render_html

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ZONE = "Asia/Shanghai"
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Story:
    """What a sample's truth holds and the product has to tell.

    `subject` is what the user asks about, `step` the guide's check that finds it, `action` what is proposed (None: nothing is
    to be posted), `zh` and `en` the cause as it is called.
    """

    sample: str
    cause: str
    subject: tuple[str, str]
    step: int
    action: str | None
    zh: str
    en: str

    @property
    def fault(self) -> str:
        return self.cause.rpartition(".")[0]

    @property
    def truth(self) -> dict[str, Any]:
        """The fault in the sample's truth."""
        kind, value = self.subject
        held = json.loads((SAMPLES / self.sample / "truth.json").read_text(encoding="utf-8"))["faults"]
        named = [f for f in held if f["cause"] == self.cause and value in str(f["subject"][kind])]
        assert len(named) == 1
        return dict(named[0])


STORIES = (
    Story(
        "phantom-stock",
        "F-S-02-01.2",
        ("pallet", "TP100823"),
        2,
        "post",
        "出库异常误点",
        "cancelled instead of completed",
    ),
    Story("hidden-stock", "F-S-02-02.2", ("pallet", "TP100876"), 3, "replay", "回调超时", "callback timed out"),
    Story("false-shortage", "F-S-02-03.1", ("doc", "CK03190120"), 2, "release", "库存被锁定", "held by"),
    Story("erp-difference", "F-S-02-04.1", ("doc", "452603240030"), 2, "resend", "接口同步失败", "failed"),
    Story("negative-stock", "F-S-02-05.3", ("doc", "CK03260073"), 2, "reverse", "重复扣减", "Duplicate deduction"),
    Story("flapping-stock", "F-S-02-06.3", ("sku", "20018131"), 4, "repair", "主从延迟", "replica"),
)
each = pytest.mark.parametrize("story", STORIES, ids=lambda s: s.sample)


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Story], Case]:
    """The case of a story, ingested once."""

    @cache
    def ingested(sample: str) -> Case:
        case = forensics.open_case(tmp_path_factory.mktemp(sample) / "case", create=True, tz=ZONE)
        case.ingest(SAMPLES / sample / "evidence")
        return case

    return lambda story: ingested(story.sample)


@pytest.fixture(scope="session")
def traced(opened: Callable[[Story], Case]) -> Callable[[Story], Trace]:
    """What the product answers to somebody who saw the fault half an hour after it happened."""

    @cache
    def answer(story: Story) -> Trace:
        seen = datetime.fromisoformat(story.truth["ended_at"]) + timedelta(minutes=30)
        kind, value = story.subject
        return opened(story).trace(**{kind: value}, symptom=story.fault, observed_at=seen)

    return answer


@each
def test_the_true_cause_comes_first_and_is_shown(story: Story, traced: Callable[[Story], Trace]) -> None:
    result = traced(story).result
    incident = next(one for one in result.incidents if one.fault == story.fault)
    top = incident.causes[0]
    assert (top.cause, top.verdict) == (story.cause, "shown")
    assert top.probability > 0.8
    assert sum(one.probability for one in incident.causes) <= 1
    found = [f for f in result.findings if f.id in incident.findings and f.cause == story.cause]
    assert found
    assert all(f.evidence for f in found)
    # what it did: as the truth has it (the quantity is what the book is off by)
    assert Decimal(story.truth["qty_error"]) in {f.qty_error for f in found}


@each
def test_the_guides_checks_say_what_they_showed(story: Story, traced: Callable[[Story], Trace]) -> None:
    steps = [step for step in traced(story).result.steps if step["fault"] == story.fault]
    assert [step["step"] for step in steps] == [1, 2, 3, 4, 5]
    assert all(step["result"][lang] and step["title"][lang] for step in steps for lang in ("zh", "en"))
    finding = steps[story.step - 1]
    assert finding["done"]
    assert finding["result"]["en"].startswith("Done: ")
    assert finding["result"]["en"] != "Done: nothing found."


@each
def test_the_correction_is_the_one_that_sets_it_right(story: Story, traced: Callable[[Story], Trace]) -> None:
    incident = next(one for one in traced(story).result.incidents if one.fault == story.fault)
    actions = [posting.action for posting in incident.correction]
    settled = [one.action for one in incident.settled]
    assert actions + settled == ([] if story.action is None else [story.action]), (actions, settled)
    for posting in incident.correction:
        assert posting.reason["zh"]
        assert posting.reason["en"]
        assert posting.risk["level"] in ("low", "medium", "high")
        if posting.qty is not None:
            assert posting.qty == -Decimal(story.truth["qty_error"])
            assert all(e.after - e.before == posting.qty for e in posting.effect[:1])


@each
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_it_reads_in_both_languages(
    story: Story, lang: Any, opened: Callable[[Story], Case], traced: Callable[[Story], Trace]
) -> None:
    """HTML, Markdown and terminal name the cause, and the first screen begins with the answer."""
    case, trace = opened(story), traced(story)
    name = story.zh if lang == "zh" else story.en
    markdown = to_markdown(trace.result, lang, tz=ZONE, catalogue=case.catalogue, observed_at=trace.observed_at)
    html = render_html(
        trace.result, trace.events, lang=lang, tz=ZONE, subject=trace.subject, symptom=trace.symptom,
        observed_at=trace.observed_at, catalogue=case.catalogue,
    )  # fmt: skip
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    print_result(
        console, trace.result, trace.events, lang, ZONE, catalogue=case.catalogue, observed_at=trace.observed_at
    )
    screen = console.file.getvalue()  # type: ignore[attr-defined]
    for text in (markdown, html, screen.replace("\n", " ")):
        assert name.lower() in text.lower()
        assert story.subject[1] in text
    first = markdown[: markdown.index("\n## ")]
    assert {"zh": "日志已证实", "en": "Shown by the records"}[lang] in first


def test_the_same_files_give_the_same_ids(opened: Callable[[Story], Case], tmp_path: Path) -> None:
    story = STORIES[0]
    again = forensics.open_case(tmp_path / "case", create=True, tz=ZONE)
    again.ingest(SAMPLES / story.sample / "evidence")
    assert [i.id for i in again.audit().incidents] == [i.id for i in opened(story).audit().incidents]


@each
def test_independent_faults_of_one_day_are_not_chained(story: Story, opened: Callable[[Story], Case]) -> None:
    """The recorded faults have nothing to do with one another, though they share materials, places and minutes."""
    incidents = opened(story).audit().incidents
    home = {incident.id: incident.fault for incident in incidents}
    assert [i for i in incidents if i.follows and home[i.follows] != i.fault] == []
