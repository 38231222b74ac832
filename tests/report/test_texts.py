"""Both languages are complete, and no text is missing or left over."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import forensics.export
import forensics.report
from forensics.model.event import ACTIONS, API_STATES, DOC_TYPES, KINDS, OUTCOMES, SYSTEMS, TASK_STATES
from forensics.model.result import LEVELS, SUBJECT_FIELDS, VERDICTS
from forensics.report.paths import common_folder, short
from forensics.report.rows import SHOWN
from forensics.report.texts import Texts, load

PACKAGES = [Path(package.__file__).parent for package in (forensics.report, forensics.export)]
GROUPS_BY_VALUE = {
    "chain", "physical", "system", "kind", "action", "state", "outcome", "doc_type", "actor_type", "field", "fault", "correction", "level",
    "verdict", "role", "note", "review_state", "unit", "glossary", "sure", "ask",
}  # fmt: skip


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(load()))
def test_every_text_is_in_both_languages(key: str) -> None:
    text = load()[key]
    assert set(text) in ({"zh", "en"}, {"zh", "en", "en1"}), f"{key}: needs zh and en"
    assert all(value.strip() for value in text.values()), f"{key}: empty"
    assert _placeholders(text["zh"]) == _placeholders(text["en"]), f"{key}: placeholders differ"
    assert _placeholders(text.get("en1", "")) <= _placeholders(text["en"])


def test_english_texts_hold_no_chinese() -> None:
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert [key for key, text in load().items() if chinese.search(text["en"])] == []


def _used() -> str:
    files = [p for folder in PACKAGES for p in (*folder.rglob("*.py"), *folder.rglob("*.j2"))]
    return "\n".join(p.read_text(encoding="utf-8") for p in files)


def test_every_key_in_code_exists() -> None:
    source = _used()
    named = set(re.findall(r"""\bt\(\s*['"]([a-z]+\.[A-Za-z_-]+)['"]""", source))
    assert named - set(load()) == set()
    assert len(named) > 100


def test_no_text_is_left_over() -> None:
    source = _used()
    unused = [
        key
        for key in load()
        if key.split(".")[0] not in GROUPS_BY_VALUE and key not in source and not key.startswith("timeline.mark_")
        and not (key.split(".")[0] in ("label", "balance") and f'"{key.split(".", 1)[1]}"' in source)
    ]  # fmt: skip
    assert unused == []


def test_the_model_has_words() -> None:
    wanted = {
        "system": SYSTEMS,
        "kind": KINDS,
        "state": (*TASK_STATES, *API_STATES),
        "outcome": OUTCOMES,
        "doc_type": DOC_TYPES,
        "level": LEVELS,
        "verdict": VERDICTS,
        "field": (*SHOWN, *SUBJECT_FIELDS),
        "action": tuple(action for actions in ACTIONS.values() for action in actions),
    }
    lacking = [
        f"{group}.{value}" for group, values in wanted.items() for value in values if f"{group}.{value}" not in load()
    ]
    assert lacking == []


def test_texts_choose_language_number_and_fallback() -> None:
    en, zh = Texts("en"), Texts("zh")
    assert en("summary.refuted", n=1).startswith("1 cause is")
    assert en("summary.refuted", n=2).startswith("2 causes are")
    assert zh("summary.refuted", n=1).startswith("已有 1 种")
    assert en.word("system", "plc7") == "plc7"
    assert en.word("system", None) == "—"
    assert en.pick({"zh": "只有中文"}) == "只有中文"
    assert en.pick({}) == ""
    with pytest.raises(KeyError):
        en("no.such")
    with pytest.raises(ValueError, match="zh, en"):
        Texts("fr")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        (["/a/b/c.log", "/a/b/d/e.log"], "/a/b/"),
        (["/a/b/c.log"], "/a/b/"),
        (["C:\\logs\\wms\\a.log", "C:\\logs\\wcs\\b.log"], "C:\\logs\\"),
        (["/a/x.log", "/b/y.log"], ""),
        (["wms/a.log", "wms/b.log"], ""),
        (["/a/b/c.log", "d.log"], ""),
        ([], ""),
    ],
)
def test_common_folder(paths: list[str], folder: str) -> None:
    assert common_folder(paths) == folder
    assert [folder + short(path, folder) for path in paths] == paths
