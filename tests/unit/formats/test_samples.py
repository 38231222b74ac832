from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from unit.formats.helpers import spec_from
from unit.formats.test_load import GOOD

from forensics.cli.formats import formats
from forensics.formats.samples import run_samples


def failures(folder: Path, old: str, new: str) -> list[str]:
    assert old in GOOD
    before, after = GOOD.split("[[sample]]")
    registry = spec_from(folder, before + "[[sample]]" + after.replace(old, new, 1))
    return [difference for failure in run_samples(registry.get("mine")) for difference in failure.differences]


def test_a_good_sample(tmp_path: Path) -> None:
    assert failures(tmp_path, "DONE", "DONE") == []


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    assert failures(tmp_path, '"DONE"', '"FAILED"') == ["event 1: state is 'DONE', expected 'FAILED'"]
    assert failures(tmp_path, 'state = "DONE"\n', "") == ["event 1: state = 'DONE' is not in the sample"]
    assert failures(tmp_path, 'state = "DONE"\n', 'state = "DONE"\ntask = "T1"\n') == [
        "event 1: task is missing, expected 'T1'"
    ]
    assert failures(tmp_path, "10:00:00+08:00", "10:00:00Z") == [
        "event 1: ts is '2026-03-11T02:00:00Z', expected '2026-03-11T10:00:00Z'"
    ]
    assert failures(tmp_path, "00 1\n", "00 1\nbroken line here\n") == [
        "0 rejected records expected, 1 came out (line 2: matches no pattern of mine)"
    ]
    assert failures(tmp_path, "00 1\n", "00 1\n2026-03-11T10:00:01 1\n")[0] == "1 events expected, 2 came out"


def test_command(tmp_path: Path) -> None:
    spec_from(tmp_path, GOOD)
    run = CliRunner().invoke
    good = run(formats, ["test", "mine", "--formats", str(tmp_path)])
    assert (good.exit_code, good.output) == (0, "ok    mine  (1 samples)\n1 formats, 0 failed\n")
    (tmp_path / "x.toml").write_text(GOOD.replace('state = "DONE"\n', ""), encoding="utf-8")
    bad = run(formats, ["test", "mine", "--formats", str(tmp_path)])
    assert bad.exit_code == 2
    assert "x.toml:19" in bad.output
    assert "state = 'DONE' is not in the sample" in bad.output
    assert '"ok": false' in run(formats, ["test", "mine", "--formats", str(tmp_path), "--format", "json"]).output
    assert "我的" in run(formats, ["list", "--formats", str(tmp_path), "--lang", "zh"]).output
    assert '"id": "mine"' in run(formats, ["list", "--formats", str(tmp_path), "--format", "json"]).output
    assert "(?P<code>" in run(formats, ["show", "mine", "--formats", str(tmp_path), "--format", "json"]).output
    assert "event   device: ts, state" in run(formats, ["show", "mine", "--formats", str(tmp_path)]).output
