"""What audits find in cases whose truth is known: per cause, and per variation of the evidence.

    python benchmarks/accuracy.py [CASE_FOLDER …] [--seeds N] [--events N] [--without] [--details] [--markdown FILE]

Without folders: every recorded case of `samples/`, `--seeds N` other days of the composed one, simulated worlds of
`--events N` events each (0: none) in several styles, with clocks that disagree and with more or fewer look-alikes, and (`--without`)
every recorded case again without each of its sources in turn. A case folder holds `evidence/` and `truth.json`.

The second table says whether stated probabilities are right as often as they say. `found` and `missed` are truths; `open` are those of the missed that the audit shows as undecided; `false` are findings that no
truth answers, `accused` those among them that name a look-alike. Causes without a check count as missed. Ends with 1 if an
innocent was accused.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import variations
from calibration import Calibration
from scoring import Comparison, compare
from variations import Trial

COUNTS = ("true", "found", "missed", "open", "false", "accused", "innocent", "quantity")


@dataclass
class Tally:
    """Counts (see `COUNTS`) by cause, and their sums by group and variation."""

    causes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    trials: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    calibration: Calibration = field(default_factory=Calibration)

    def add(self, trial: Trial, truth: dict[str, Any], result: Comparison, *, per_cause: bool) -> None:
        """Count one trial; removed sources count in the table of variations only."""
        rows = [
            *((fault["cause"], "true") for fault in truth["faults"]),
            *((fault["cause"], "found") for fault, _ in result.found),
            *((fault["cause"], "missed") for fault in result.missed),
            *((fault["cause"], "open") for fault in result.undecided),
            *((finding["cause"], "false") for finding in result.false),
            *((good["looks_like"], "accused") for good, _ in result.accused),
            *((good["looks_like"], "innocent") for good in truth["innocent"]),
            *((fault["cause"], "quantity") for fault, _ in result.wrong_quantity),
        ]
        for cause, what in rows:
            self.trials[trial.group, trial.variation][what] += 1
            if per_cause:
                self.causes[cause][what] += 1


def audit(folder: Path) -> tuple[dict[str, Any], dict[str, list[Path]]]:
    """Ingest a case's evidence into a temporary case and audit it.

    Returns:
        The audit as JSON values, and the evidence files of each source (`"wms"`, `"scanner"`, …).
    """
    import forensics

    with tempfile.TemporaryDirectory() as work:
        case = forensics.open_case(Path(work) / "case", create=True)
        case.ingest(folder / "evidence")
        systems = case.sql("SELECT source, any_value(coalesce(system, kind)) AS system FROM events GROUP BY source")
        paths = dict(case.evidence().select("source", "path").iter_rows())
        sources: dict[str, list[Path]] = defaultdict(list)
        for source, system in systems.iter_rows():
            sources[system].append(Path(paths[source]))
        return case.audit().to_json(), sources


def all_causes() -> dict[str, str]:
    """The catalogue's causes, id → slug."""
    from forensics.checks.catalogue import load_catalogue

    return {cause.id: cause.slug for fault in load_catalogue() for cause in fault.causes}


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "–"


def per_cause(tally: Tally, names: dict[str, str]) -> list[list[str]]:
    """Rows of the table by cause, with headings and a sum."""
    rows = [["cause", "", "true", "found", "missed", "open", "false", "accused", "of innocent", "recall", "precision"]]
    total: Counter[str] = Counter()
    for counts in tally.causes.values():
        total.update(counts)
    listed = [(cause, slug, tally.causes.get(cause, Counter[str]())) for cause, slug in sorted(names.items())]
    for cause, slug, n in [*listed, ("all", "", total)]:
        figures = [n[what] for what in ("true", "found", "missed", "open", "false", "accused", "innocent")]
        rows.append(
            [
                cause,
                slug,
                *map(str, figures),
                _ratio(n["found"], n["true"]),
                _ratio(n["found"], n["found"] + n["false"]),
            ]
        )
    return rows


def per_trial(tally: Tally) -> list[list[str]]:
    """Rows of the table by variation, with headings."""
    rows = [["case", "variation", "true", "found", "missed", "open", "false", "accused", "of innocent"]]
    for (group, variation), n in tally.trials.items():
        figures = [n[what] for what in ("true", "found", "missed", "open", "false", "accused", "innocent")]
        rows.append([group, variation, *map(str, figures)])
    return rows


def plain(rows: list[list[str]]) -> str:
    """A table for the terminal: text to the left, figures to the right."""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(w) if n < 2 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def markdown(rows: list[list[str]]) -> str:
    """The same table in Markdown."""
    head, *body = rows
    lines = [head, ["---"] * 2 + ["---:"] * (len(head) - 2), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def put(page: Path, tables: str) -> None:
    """Between the marks `<!-- tables -->` and `<!-- end -->` of a page, or as the whole of a new one."""
    text = page.read_text(encoding="utf-8") if page.exists() else "<!-- tables -->\n<!-- end -->\n"
    before, _, rest = text.partition("<!-- tables -->\n")
    _, mark, after = rest.partition("<!-- end -->")
    page.write_text(f"{before}<!-- tables -->\n{tables}\n{mark}{after}", encoding="utf-8")


def details(result: Comparison) -> Iterator[str]:
    """One line for each truth or finding that is not as it should be."""
    for what, entries in (("missed", result.missed), ("false", result.false), ("found twice", result.repeated)):
        for entry in entries:
            yield f"  {what}: {_name(entry)}"
    for good, finding in result.accused:
        yield f"  innocent accused: {_name(finding)}: {good['why']}"
    for fault, finding in result.wrong_quantity:
        yield f"  quantity {finding['qty_error']}, true {fault['qty_error']}: {_name(fault)}"


def _name(entry: dict[str, Any]) -> str:
    subject = {k: v for k, v in entry["subject"].items() if v is not None and k != "batch"}
    return f"{entry['cause']} {entry.get('slug', '')} {subject} {entry['started_at']}"


def measure(trials: Iterable[Trial], *, without: bool, show: bool, work: Path) -> Tally:
    """Audit each trial, and each recorded one without each of its sources; progress on stderr."""
    tally = Tally()

    def judge(trial: Trial, *, per_cause: bool) -> dict[str, list[Path]]:
        print(f"{trial.group} {trial.variation}", file=sys.stderr, flush=True)
        truth = json.loads((trial.folder / "truth.json").read_text(encoding="utf-8"))
        said, sources = audit(trial.folder)
        result = compare(truth, said["findings"], said["undecided"])
        tally.add(trial, truth, result, per_cause=per_cause)
        if per_cause:
            tally.calibration.add(truth, said)
        if show:
            print(f"{trial.group} {trial.variation}", *details(result), sep="\n")
        return sources

    for trial in trials:
        sources = judge(trial, per_cause=True)
        if without and not trial.variation and len(sources) > 1:
            for less in variations.without(trial, sources, work):
                judge(less, per_cause=False)
    return tally


def main(given: argparse.Namespace) -> int:
    """Measure, print both tables, write them to a file if asked."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)

        def trials() -> Iterator[Trial]:
            yield from (Trial(path, path.resolve().name) for path in given.folders)
            if not given.folders:
                yield from variations.recorded()
                yield from variations.composed(work, range(1, given.seeds + 1))
                if given.events:
                    yield from variations.simulated(work, given.events, seed=20_261_122)

        tally = measure(trials(), without=given.without, show=given.details, work=work)
    tables = [per_cause(tally, all_causes()), tally.calibration.rows(), per_trial(tally)]
    summary = "\n".join(tally.calibration.summary())
    print("\n\n".join([*(plain(rows) for rows in tables[:-1]), summary, plain(tables[-1])]))
    if given.markdown:
        lines = "\n".join(f"- {line}" for line in tally.calibration.summary())
        put(given.markdown, "\n\n".join([*(markdown(rows) for rows in tables[:-1]), lines, markdown(tables[-1])]))
    return int(any(counts["accused"] for counts in tally.causes.values()))


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folders", type=Path, nargs="*")
    arguments.add_argument("--seeds", type=int, default=0, metavar="N", help="other days like the composed one")
    arguments.add_argument("--events", type=int, default=0, metavar="N", help="events of each simulated world")
    arguments.add_argument("--without", action="store_true", help="recorded cases also without each source in turn")
    arguments.add_argument("--details", action="store_true", help="name every truth missed and every false finding")
    arguments.add_argument("--markdown", type=Path, metavar="FILE", help="put the tables there, between its marks")
    sys.exit(main(arguments.parse_args()))
