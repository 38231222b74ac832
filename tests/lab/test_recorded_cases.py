"""The recorded cases: everything is read, nothing is lost, the truth is about things that the evidence knows, and the evidence does not tell the truth."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from lab.story import stories

import forensics
from forensics.ingest.streams import compression, decompressed

SAMPLES = Path(__file__).parents[2] / "samples"
CASES = sorted(
    path.parent for path in SAMPLES.glob("*/truth.json") if "clocks" in json.loads(path.read_text(encoding="utf-8"))
)
CUT = "nginx/access"
"""The one file that was copied while its last line was being written."""
COLUMNS = {
    "pallet": ("pallet",), "location": ("location", "from_location", "to_location"), "sku": ("sku",), "batch": ("batch",), "task": ("task",),
    "doc": ("doc", "partner_doc"), "request_id": ("request_id",),
}  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=CASES, ids=lambda path: path.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture(scope="module")
def truth(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def case(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> forensics.Case:
    case = forensics.open_case(tmp_path_factory.mktemp(folder.name), create=True)
    case.ingest(folder / "evidence")
    return case


def test_there_is_a_case_of_every_class_and_a_week() -> None:
    classes = {
        fault["fault"]
        for path in CASES
        for fault in json.loads((path / "truth.json").read_text(encoding="utf-8"))["faults"]
    }
    assert classes == {f"F-S-02-0{n}" for n in range(1, 7)}
    assert "mixed-week" in {path.name for path in CASES}


def test_no_line_is_lost_and_no_file_is_taken_for_plain_text(case: forensics.Case) -> None:
    files = case.sql(
        "select path, parser, lines, event_lines + continuation + rejected + blank as accounted, rejected from evidence"
    )
    for path, parser, lines, accounted, rejected in files.iter_rows():
        assert lines == accounted, path
        assert parser != "plain", path
        assert rejected <= (CUT in path), path


def test_the_evidence_knows_every_subject_of_the_truth(case: forensics.Case, truth: dict[str, Any]) -> None:
    known = {
        name: set(
            case.sql(" union ".join(f"select distinct {column} as v from events" for column in columns))["v"].to_list()
        )
        for name, columns in COLUMNS.items()
    }
    for entry in (*truth["faults"], *truth["innocent"]):
        for name, values in ((name, entry["subject"].get(name)) for name in COLUMNS):
            asked = set(values if isinstance(values, list) else [values]) - {None}
            assert asked <= known[name], (entry.get("cause") or entry["looks_like"], name, asked - known[name])


def test_the_sources_without_which_nobody_could_see_a_fault_are_there(
    case: forensics.Case, truth: dict[str, Any]
) -> None:
    kinds = set(case.sql("select distinct kind from events")["kind"].to_list())
    for fault in truth["faults"]:
        assert not fault["observable"] or kinds & set(fault["observable"]), fault


def test_the_truth_is_in_order(truth: dict[str, Any]) -> None:
    assert truth["faults"]
    for fault in truth["faults"]:
        assert fault["cause"].startswith(fault["fault"])
        assert fault["started_at"] <= fault["ended_at"]
        assert float(fault["qty_error"]) == 0 or not fault["fault"].endswith("03")
    assert truth["clocks"]["wms"][0]["offset"] == 0


def test_the_evidence_does_not_tell_the_truth(folder: Path) -> None:
    names = [story.name for story in stories()]
    told = re.compile("|".join([*map(re.escape, names), "F-S-02", "x-lab", "look.?alike"]).encode(), re.IGNORECASE)
    for path in sorted((folder / "evidence").rglob("*")):
        if path.is_file() and path.suffix != ".xlsx":
            how = compression(path.read_bytes()[:6])
            stream = decompressed(path.open("rb"), how) if how else path.open("rb")
            with stream:
                assert (found := told.search(stream.read())) is None, (path, found)


def test_the_page_names_every_cause_and_is_about_this_case(folder: Path, truth: dict[str, Any]) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert f"forensics ingest samples/{folder.name}/evidence" in text
    for cause in {fault["cause"] for fault in truth["faults"]}:
        assert cause in text
