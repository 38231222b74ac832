"""The walk-through in docs/unknown-export.md does what it says: its files are written, its commands run, its outputs compared."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from forensics.cli.main import cli

_BLOCK = re.compile(r"<!-- (file|run|shown): (.*?) -->\n```\w*\n(.*?)```", re.DOTALL)


def test_walk_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "unknown-export.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    blocks = _BLOCK.findall(page)
    assert [kind for kind, _, _ in blocks] == ["file", "run", "shown", "file", "run", "run"]
    for kind, what, body in blocks:
        if kind == "file":
            Path(what).parent.mkdir(exist_ok=True)
            Path(what).write_text(body, encoding="utf-8")
        elif kind == "shown":
            assert Path(what).read_text(encoding="utf-8").split("\n[[sample]]")[0].rstrip() == body.rstrip()
        else:
            done = CliRunner().invoke(cli, shlex.split(what), catch_exceptions=False)
            assert [line.rstrip() for line in done.output.rstrip().split("\n")] == body.rstrip().split("\n"), what
    lines = [line for line in blocks[3][2].split("\n") if line.strip()]
    drafted = blocks[2][2]
    own = [line for line in lines if line.split(" =")[0].strip() not in drafted and not line.startswith("[detect")]
    assert len(own) <= 10, "what a person has to add stays short"
