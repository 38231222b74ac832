"""The hot row's world in small: the checks find what was planted, whether its relations are tables or files."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forensics.checks import engine
from forensics.store.case import load
from forensics.store.duck import connect

CLASSES = ("F-S-02-05", "F-S-02-06")


def module(repo_root: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, repo_root / "benchmarks" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize("large", [0, 1 << 40], ids=["files", "tables"])
def test_the_checks_find_just_what_was_planted(tmp_path: Path, repo_root: Path, large: int) -> None:
    hot_row = module(repo_root, "hot_row")
    write: Callable[..., dict[str, Any]] = module(repo_root, "hot_world").write
    truth = write(tmp_path / "hot", 30_000, 3_000)
    con = connect(load(tmp_path / "hot"), threads=2, large=large)
    engine.prepare(con)
    checks = [one for one in engine.load_checks() if one.fault in CLASSES]
    found: dict[str, list[str]] = {}
    for finding in engine.run_checks(con, checks):
        found.setdefault(finding.cause, []).append(hot_row.name(finding))
    assert {cause: sorted(names) for cause, names in found.items()} == {
        cause: sorted(names) for cause, names in truth.items()
    }
