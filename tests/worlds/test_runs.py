"""What the simulator's options promise: the same bytes, the rates, every style readable, memory that does not grow."""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from worlds.conftest import SCRIPT
from worlds.reading import Read

KINDS = {
    "ledger": 1, "task": 1, "api": 4, "binding": 1, "reservation": 1, "stock": 4, "count": 1, "document": 2, "device": 1, "metric": 2, "scan": 1, "master": 1,
    "change": 1, "lock": 1, "cache": 1,
}  # fmt: skip
"""How many files of each kind a day of a world has (api: WMS, control system, ERP, gateway)."""
SMALL = ("--events", "12k", "--days", "1", "--fault-rate", "3e-3", "--noise", "4e-3")


def digest(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_same_seed_same_bytes(simulate):
    options = (*SMALL, "--style", "mixed", "--gz", "--clock-offsets", "small")
    one, two, other = (digest(simulate(*options, "--seed", seed)) for seed in ("5", "5", "6"))
    assert one == two
    assert one.keys() != other.keys() or one != other


@pytest.mark.parametrize("style", ["zh-csv", "en-csv", "camel-jsonl", "mixed"])
def test_every_style_is_understood(simulate, tmp_path, style):
    """With no profile and no option: every record an event, every table of its kind, every clock's system right."""
    import forensics

    world = simulate(*SMALL, "--style", style, "--seed", "9")
    case = forensics.open_case(tmp_path / "case", create=True)
    case.ingest(world / "evidence")
    files = case.sql("SELECT path, parser, rejected FROM evidence").to_dicts()
    assert sum(f["rejected"] for f in files) == 0
    kinds = Counter("api" if f["parser"] == "nginx-json" else f["parser"].split("-", 1)[1] for f in files)
    assert kinds == KINDS
    systems = dict(case.sql("SELECT kind, list_sort(list(DISTINCT system)) FROM events GROUP BY kind").iter_rows())
    assert systems["api"] == ["erp", "wcs", "wms"]
    assert systems["document"] == ["erp", "wms"]
    assert systems["device"] == ["wcs"]
    assert systems["scan"] == ["scanner"]


def test_styles_differ_in_looks_only(simulate):
    """The same world in another style has as many records and the same truth."""
    worlds = [simulate(*SMALL, "--style", style, "--seed", "4") for style in ("zh-csv", "camel-jsonl")]
    truths = [json.loads((w / "truth.json").read_text(encoding="utf-8")) for w in worlds]
    assert truths[0]["faults"] == truths[1]["faults"]
    assert truths[0]["innocent"] == truths[1]["innocent"]


@pytest.mark.parametrize("rate", [2e-4, 1e-3])
def test_rates_are_kept(simulate, rate):
    world = Read(
        simulate(
            "--events", "100k", "--days", "4", "--fault-rate", str(rate), "--noise", str(2 * rate), "--style", "en-csv"
        )
    )
    truth = world.truth
    assert len(truth["faults"]) == round(100_000 * rate)
    assert abs(len(truth["innocent"]) - 2 * 100_000 * rate) <= 1
    causes = Counter(f["cause"] for f in truth["faults"])
    assert max(causes.values()) - min(causes.values()) <= 2 if len(causes) == 27 else True


def test_the_record_goes_on_after_the_stories(simulate):
    world = Read(simulate("--events", "100k", "--days", "4", "--story-days", "2", "--fault-rate", "5e-4", "--style", "en-csv"))
    assert len(world.truth["faults"]) == 50
    told = {story[at][:10] for name, at in (("faults", "started_at"), ("innocent", "at")) for story in world.truth[name]}
    assert max(told) <= "2026-03-12"
    ledgers = sorted((world.folder / "evidence" / "wms").glob("*ledger*"))
    sizes = [path.stat().st_size for path in ledgers]
    assert len(sizes) == 4
    assert min(sizes) > max(sizes) / 3


def test_only_the_causes_asked_for(simulate):
    truth = Read(simulate(*SMALL, "--causes", "F-S-02-05.2,F-S-02-01.1")).truth
    assert {f["cause"] for f in truth["faults"]} == {"F-S-02-05.2", "F-S-02-01.1"}
    assert {i["looks_like"] for i in truth["innocent"]} == {"F-S-02-05.2", "F-S-02-01.1"}


def test_dropped_sources_leave_the_truth(simulate):
    whole, part = simulate(*SMALL), simulate(*SMALL, "--drop", "wcs,nginx")
    assert not (part / "evidence" / "wcs").exists()
    assert (part / "evidence" / "wms").is_dir()
    faults = [json.loads((w / "truth.json").read_text(encoding="utf-8"))["faults"] for w in (whole, part)]
    assert faults[0] == faults[1]
    assert all(f["observable"] for f in faults[0])


def test_clocks_are_off_as_the_truth_says(simulate):
    """A callback is logged by both ends within a second of true time."""
    world = Read(simulate(*SMALL, "--style", "en-csv", "--clock-offsets", "minutes", "--drift-ppm", "20"))
    clocks = world.truth["clocks"]
    assert set(clocks) == {"wcs", "scanner", "erp", "gateway"}
    assert abs(clocks["wcs"]["offset_s"]) > 60
    both = (
        world.table("wcs/callback_log")
        .filter(pl.col("endpoint") == "/api/wcs/task/complete")
        .join(world.table("wms/interface_log"), on="request_id")
    )
    gap = (both["ts"] - both["ts_right"]).dt.total_milliseconds() / 1000 - clocks["wcs"]["offset_s"]
    assert gap.abs().median() < 2


def test_a_hot_row(simulate):
    cool, hot = (
        Read(simulate("--events", "20k", "--days", "1", "--style", "en-csv", "--hot-row", n)) for n in ("0", "2000")
    )
    most = [
        w.table("wms/stock_ledger").filter(pl.col("doc_type") == "outbound").group_by("location").len()["len"].max()
        for w in (cool, hot)
    ]
    assert most[1] >= 2000 > most[0]


@pytest.mark.slow
@pytest.mark.parametrize("events", ["1M", "3M"])
def test_memory_is_bounded(tmp_path, events):
    """Three million records need no more memory than one: days are written one after the other."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (1_500_000_000, 1_500_000_000))

    subprocess.run(
        [sys.executable, SCRIPT, tmp_path / "world", "--events", events],
        check=True,
        capture_output=True,
        preexec_fn=limit,
    )
