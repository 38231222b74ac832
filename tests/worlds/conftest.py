from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "samples" / "worlds" / "simulate.py"

Simulate = Callable[..., Path]


@pytest.fixture(scope="session")
def simulate(tmp_path_factory: pytest.TempPathFactory) -> Simulate:
    """Run the simulator as its users do; the world's folder."""

    def run(*options: str) -> Path:
        folder = tmp_path_factory.mktemp("world") / "out"
        subprocess.run([sys.executable, SCRIPT, folder, *options], check=True, capture_output=True)
        return folder

    return run


@pytest.fixture(scope="session", params=[3, 20_261_122])
def world(simulate: Simulate, request: pytest.FixtureRequest):
    """A world in which every cause and every look-alike happens several times."""
    from worlds.reading import Read

    options = ("--events", "150k", "--days", "3", "--fault-rate", "1.2e-3", "--noise", "1.8e-3", "--style", "en-csv")
    return Read(simulate(*options, "--seed", str(request.param)))
