"""The lab really runs: a few lab minutes of real servers, their evidence against their truth, and nothing left behind."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import Require
from lab.servers import missing

RECORD = Path(__file__).resolve().parents[2] / "samples" / "lab" / "record.py"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where the lab puts its data: readable for the database's own user, which pytest's folders are not."""
    folder = Path(tempfile.mkdtemp(prefix="lab-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def recording(out: Path, temporary: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(RECORD), str(out), "--style", "none", *options]
    with subprocess.Popen(
        command, env=os.environ | {"TMPDIR": str(temporary)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            child.terminate()


def left_running(temporary: Path) -> list[str]:
    """Command lines of processes that were started for the folder: it stands in their arguments or their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            about = [(process / name).read_bytes() for name in ("cmdline", "environ")]
        except OSError:
            continue
        if any(f"{temporary}/".encode() in text for text in about):
            found.append(about[0].replace(b"\0", b" ").decode("utf-8", "replace"))
    return found


def rows(out: Path, table: str) -> list[dict[str, str]]:
    with (out / "raw" / "tables" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_short_recording(tmp_path: Path, temporary: Path, require: Require) -> None:
    require(not missing(), f"the lab's servers are missing: {missing()}")
    options = ("--hours", "0.3", "--faults", "crowd at a face, old handler,F-S-02-05.4")
    with recording(tmp_path, temporary, *options) as child:
        _, errors = child.communicate(timeout=180)
    assert child.returncode == 0, errors
    assert left_running(temporary) == []
    assert list(temporary.iterdir()) == []

    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert "F-S-02-05.4" in {fault["cause"] for fault in truth["faults"]}
    assert {"primary", "replica", "redis", "office", "plant", "wms", "wcs", "erp", "PDA-01"} <= truth["clocks"].keys()
    assert all(abs(line["offset"]) < 300 for lines in truth["clocks"].values() for line in lines)
    assert len(rows(tmp_path, "wms.stock_ledger")) > len(rows(tmp_path, "wms.stock.0"))
    for name in (
        "db/general.log",
        "db/binlog.sql",
        "redis/monitor.log",
        "nginx/access.json.log",
        "plant/access.log",
        "wms/wms.log",
        "pda/PDA-01.log",
        "db/replica_status.txt",
    ):
        assert (tmp_path / "raw" / name).stat().st_size > 0, name

    # What the tables say by themselves: a row's balance differs from the sum of its ledger by what was lost, and only there.
    ledger: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(tmp_path, "wms.stock_ledger"):
        ledger[row["stock_id"]] += Decimal(row["delta"])
    differences: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(tmp_path, "wms.stock"):
        if error := Decimal(row["qty"]) - ledger[row["id"]]:
            differences[row["location"]] += error
    lost: dict[str, Decimal] = defaultdict(Decimal)
    for fault in truth["faults"]:
        if fault["cause"] == "F-S-02-05.2":
            lost[fault["subject"]["location"]] += Decimal(fault["qty_error"])
    assert {place: error for place, error in lost.items() if error} == differences


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_keeps_running_after_an_end_by_force(
    tmp_path: Path, temporary: Path, require: Require, number: signal.Signals
) -> None:
    require(not missing(), f"the lab's servers are missing: {missing()}")
    with recording(tmp_path, temporary, "--hours", "1", "--faults", "none") as child:
        deadline = time.monotonic() + 90
        while not (
            tmp_path / "raw" / "tables" / "wms.stock.0.csv"
        ).exists():  # written when all servers and services are up
            assert child.poll() is None, child.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert len(left_running(temporary)) >= 12  # of five servers and nine services; some rewrite what /proc tells
        child.send_signal(number)
        child.communicate(timeout=60)
    assert child.returncode == (130 if number == signal.SIGINT else -signal.SIGKILL)
    deadline = time.monotonic() + 15
    while left_running(temporary) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left_running(temporary) == []
