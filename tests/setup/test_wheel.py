"""The wheel carries everything: installed alone, away from the checkout, it has formats, queries, templates and the sample."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("FORENSICS_", "PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean | {"PYTHONUTF8": "1"} | env, capture_output=True, text=True,
        encoding="utf-8", timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def uv() -> str | None:
    beside = Path(sys.executable).parent / ("uv.exe" if os.name == "nt" else "uv")
    return str(beside) if beside.exists() else shutil.which("uv")


@pytest.fixture(scope="module")
def wheel(repo_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, repo_root, cwd=repo_root)
    (found,) = out.glob("*.whl")
    return found


def test_wheel_holds_the_content_and_no_foreign_top_level(wheel: Path, repo_root: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"forensics", "wms_forensics"}
    for folder, patterns in {
        "parsers": ("*.toml",),
        "queries": ("*.sql", "*.toml"),
        "samples": ("*.json", "*.csv", "*.gz", "*.xlsx"),
    }.items():
        for pattern in patterns:
            for path in (repo_root / folder).rglob(pattern):
                assert f"forensics/_content/{path.relative_to(repo_root).as_posix()}" in names
    for path in (repo_root / "forensics").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(repo_root).as_posix() in names


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A fresh environment with nothing but the wheel; returns its `forensics` command."""
    base = tmp_path_factory.mktemp("away")
    venv = base / "venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if tool := uv():
        run(tool, "venv", "--python", sys.executable, venv, cwd=base)
        run(tool, "pip", "install", "--python", python, wheel, cwd=base)
    else:
        run(sys.executable, "-m", "venv", venv, cwd=base)
        run(python, "-m", "pip", "install", "--quiet", wheel, cwd=base)
    command = python.parent / ("forensics.exe" if os.name == "nt" else "forensics")

    def forensics(*args: str) -> subprocess.CompletedProcess[str]:
        return run(command, *args, cwd=base)

    return forensics


def test_installed_wheel_works_away_from_the_checkout(
    installed: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    assert "0.1.0" in installed("--version").stdout
    assert "nginx" in installed("formats", "list").stdout
    assert "F-S-02-05.3" in installed("queries", "list").stdout


def test_demo_runs_from_the_wheel(installed: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = installed("demo", "--lang", "en")
    report = Path(done.args[0]).parents[2] / "demo-report.html"
    assert "demo-report.html" in done.stdout
    html = report.read_text(encoding="utf-8")
    assert html.lstrip().lower().startswith("<!doctype html>")
    assert "TP" in html
