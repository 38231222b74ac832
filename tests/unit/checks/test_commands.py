"""`forensics queries` and `forensics faults`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from forensics.cli.faults import faults
from forensics.cli.queries import queries
from forensics.model.errors import ConfigError


def _run(command: object, *args: str) -> Result:
    return CliRunner().invoke(command, list(args), catch_exceptions=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_catalogue_at_a_glance(lang: str) -> None:
    text = _run(faults, "--lang", lang).output
    assert "F-S-02-05.3" in text
    assert ("重复扣减" in text) == (lang == "zh")


def test_one_class_one_cause_by_id_or_slug() -> None:
    assert json.loads(_run(faults, "f-s-02-05", "--format", "json").output)["slug"] == "negative-stock"
    assert json.loads(_run(faults, "duplicate-deduction", "--format", "json").output)["id"] == "F-S-02-05.3"
    assert "shown by" in _run(faults, "F-S-02-05.3", "--lang", "en").output
    result = _run(faults, "duplicate-deductoin")
    assert isinstance(result.exception, ConfigError)
    assert result.exception.hint == "did you mean 'duplicate-deduction'?"


def test_checks_are_listed_shown_and_tested() -> None:
    assert "F-S-02-05.2" in _run(queries).output
    listed = json.loads(_run(queries, "list", "--format", "json").output)
    assert {check["slug"] for check in listed["checks"]} >= {"lost-update", "callback-timeout"}
    shown = json.loads(_run(queries, "show", "lost-update", "--format", "json").output)
    assert {param["name"] for param in shown["params"]} >= {"tolerance"}
    assert "$tolerance" in _run(queries, "show", "05.2", "--lang", "zh").output


def test_a_failing_case_fails_the_command(tmp_path: Path) -> None:
    head = '/*\nid = "MINE-1"\ntitle = { zh = "甲", en = "a" }\n*/\n'
    sql = "SELECT now() AS started_at, 0 AS qty_error, 1.0 AS strength, [] AS witnesses FROM events LIMIT 1"
    (tmp_path / "mine.sql").write_text(head + sql, encoding="utf-8")
    cases = tmp_path / "mine.cases.toml"
    cases.write_text(
        '[[case]]\nname = "one"\nevents = [{ kind = "log", ts = "10:00" }]\nexpect = [{ qty_error = 0 }]\n',
        encoding="utf-8",
    )
    assert _run(queries, "test", "MINE-1", "--queries", str(tmp_path)).exit_code == 0
    cases.write_text(
        '[[case]]\nname = "none"\nevents = [{ kind = "log", ts = "10:00" }]\nexpect = []\n', encoding="utf-8"
    )
    result = _run(queries, "test", "MINE-1", "--queries", str(tmp_path))
    assert result.exit_code == 2
    assert "unexpected finding" in result.output
