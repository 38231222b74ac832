"""A missing component skips a test on a developer's machine and fails it in CI."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
CONFTEST = Path(__file__).resolve().parents[1] / "conftest.py"
BODY = """
import pytest

def test_component(require):
    require(False, "chromium is missing")

def test_shared(shared_data):
    assert False, "must not run"

def test_plain(require):
    require(True, "present")
"""


@pytest.mark.parametrize(
    ("ci", "expected"), [("", {"passed": 1, "skipped": 2}), ("true", {"passed": 1, "skipped": 1, "failed": 1})]
)
def test_a_skip_for_want_of_a_component_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str, expected: dict[str, int]
) -> None:
    monkeypatch.setenv("CI", ci)
    tests = pytester.mkdir("tests")
    (tests / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (tests / "test_one.py").write_text(BODY, encoding="utf-8")
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "tests")
    done.assert_outcomes(**expected)


def test_a_module_that_skips_itself_fails_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    tests = pytester.mkdir("tests")
    (tests / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (tests / "test_one.py").write_text("import pytest\npytest.importorskip('no_such_module')\n", encoding="utf-8")
    done = pytester.runpytest_subprocess("-p", "no:cacheprovider", "tests")
    done.assert_outcomes(errors=1)
