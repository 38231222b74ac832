"""People under pseudonyms, in every rendering."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.api import open_case
from forensics.cli.output import render
from forensics.export.operators import pseudonym, pseudonymised
from forensics.model.result import CaseResult, Control

KEY, OTHER = b"k" * 32, b"o" * 32
CONTROL = Control(
    "training-list", 2.0, 0.0, False,
    ({"operator": "陈晨", "pattern": "flips", "times": 3}, {"operators": ["陈晨", "Zoë"], "note": {"operator": "W01"}, "task": "陈晨"}),
    title={"zh": "培训清单", "en": "Training"}, total=2,
)  # fmt: skip
RESULT = CaseResult({"id": "x"}, {"since": None, "until": None}, controls=(CONTROL,))


def test_one_person_has_one_pseudonym_in_every_list():
    first, second = pseudonymised(RESULT, KEY).controls[0].rows
    assert first["operator"] == second["operators"][0] == pseudonym("陈晨", KEY)
    assert second["operators"][1] != first["operator"]
    assert second["note"]["operator"].startswith("OP-")
    assert (first["pattern"], first["times"], second["task"]) == ("flips", 3, "陈晨")


@given(st.text(min_size=1), st.text(min_size=1))
def test_names_are_told_apart_by_name_and_key_only(a, b):
    assert len(pseudonym(a, KEY)) == 11
    assert pseudonym(f" {a} ", KEY) == pseudonym(a, KEY)
    assert pseudonym(a, KEY) != pseudonym(a, OTHER)
    if pseudonym(a, OTHER) != pseudonym(b, OTHER):
        assert pseudonym(a, KEY) != pseudonym(b, KEY)


@pytest.mark.parametrize("name", ["ZHANG wei", "zhang WEI ", "ＺＨＡＮＧ wei"])
def test_spellings_of_one_name_are_one_person(name):
    assert pseudonym(name, KEY) == pseudonym("Zhang Wei", KEY)


@pytest.fixture
def case(tmp_path):
    return open_case(tmp_path / "case", create=True)


@pytest.mark.parametrize("fmt", ["json", "ndjson", "markdown", "html", "csv", "table"])
def test_no_rendering_names_a_person_unless_asked(case, tmp_path, fmt):
    def written(show):
        file = tmp_path / "out"
        rows = (CONTROL.rows[0],)
        result = CaseResult(
            RESULT.case, RESULT.window, controls=(Control("training-list", 2.0, 0.0, False, rows, total=1),)
        )
        render(case, result, None, fmt=fmt, lang="zh", tz="Asia/Shanghai", color=None, output=file, show_operators=show)
        return file.read_text(encoding="utf-8")

    assert "陈晨" not in written(False)
    if fmt in ("json", "ndjson", "html"):
        assert "陈晨" in written(True)
        assert pseudonym("陈晨", case.folder.secret()) in written(False)


def test_the_key_is_the_cases_own_and_stays(case, tmp_path):
    other = open_case(tmp_path / "other", create=True)
    assert case.folder.secret() == open_case(case.path).folder.secret()
    assert case.folder.secret() != other.folder.secret()
    assert len(case.folder.secret()) == 32
    assert case.path.joinpath("pseudonyms.key").stat().st_mode & 0o077 == 0
    assert case.verify() == []
