from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def forensics(tmp_path) -> Callable[..., Run]:
    """Run the real command in its own process, as a user would."""

    def run(*args: object, stdin: bytes | None = None, **env: str) -> Run:
        done = subprocess.run(
            [sys.executable, "-m", "forensics", *map(str, args)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            timeout=120,
            env={**os.environ, "PYTHONUTF8": "1", "LANG": "C.UTF-8", "COLUMNS": "160", **env},
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
