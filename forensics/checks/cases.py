"""The cases of a check or a control: given events, what must be found. They stand beside it as `<name>.cases.toml`.

    [defaults.deduct]                       # a template; `like = "deduct"` in an event takes its fields
    kind = "ledger"
    sku  = "10023"

    [[case]]
    name   = "retried after a 504"
    events = [ { like = "deduct", ts = "10:00:00", request_id = "R1" }, … ]
    expect = [ { sku = "10023", qty_error = "-5" } ]     # [] = nothing may be found

`course = ["R1 began", "≈ R2 wrote 95 …"]` expects the finding's acts, in English and in order; `≈` is one whose order is not known.
An event's `ts` is a time of day (of 2026-03-11, UTC) or a full ISO time; `source` is its kind and system where not given,
so that events of one kind share one clock and one file. An empty text is null. `missing = true` expects the check to say that it cannot judge.
For a control `expect` is its list, in order, each row by some of its columns, and `figure` its figure; its days are UTC's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from forensics.checks.check import Check
from forensics.checks.controls import ControlQuery, run_controls
from forensics.model.errors import Location, QueryError
from forensics.model.event import NAMES
from forensics.model.result import SUBJECT_FIELDS, Control, Finding

DAY: Final = "2026-03-11"
_CASE_KEYS: Final = frozenset({"name", "events", "expect", "figure", "params", "clocks", "missing", "undecided"})
_EXPECT_KEYS: Final = frozenset(
    {*SUBJECT_FIELDS, "qty_error", "strength_min", "details", "level", "evidence", "started_at", "course"}
)
_PRECISION: Final = {0: "s", 3: "ms", 6: "us"}


@dataclass(frozen=True)
class Case:
    """One case of a check or a control."""

    name: str
    events: tuple[dict[str, Any], ...]
    expect: tuple[dict[str, Any], ...]
    params: dict[str, Any] = field(default_factory=dict)
    clocks: tuple[dict[str, Any], ...] = ()
    missing: bool = False
    undecided: bool = False
    figure: float | None = None


@dataclass(frozen=True)
class Failure:
    """What a case expected and what it got instead."""

    check: str
    case: str
    what: str


def cases_path(check: Check | ControlQuery) -> Path:
    """Where the cases stand."""
    return check.path.with_suffix(".cases.toml")


def load_cases(check: Check | ControlQuery) -> list[Case]:
    """The cases beside the check or control; none where there is no file.

    Raises:
        QueryError: the file is no TOML or a case is malformed.
    """
    path = cases_path(check)
    if not path.is_file():
        return []
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise QueryError(f"the cases are not valid TOML: {error}", location=Location(path)) from error
    templates = table.get("defaults", {})
    known = _EXPECT_KEYS if isinstance(check, Check) else None
    return [_case(item, templates, path, known) for item in table.get("case", [])]


def run_cases(check: Check | ControlQuery, extra_dirs: Sequence[Path | str] = ()) -> list[Failure]:
    """Every case that does not come out as it says; empty is good."""
    return [failure for case in load_cases(check) for failure in run_case(check, case, extra_dirs)]


def run_case(check: Check | ControlQuery, case: Case, extra_dirs: Sequence[Path | str] = ()) -> list[Failure]:
    """What differs between what was found and what the case expects."""
    import duckdb

    from forensics.checks import engine

    con = duckdb.connect()
    con.register("events", event_frame(case.events))
    engine.prepare(con, case.clocks, extra_dirs=extra_dirs)
    if isinstance(check, ControlQuery):
        (control,) = run_controls(con, [check], extra_dirs=extra_dirs, params=case.params)
        return [Failure(check.id, case.name, text) for text in _control_differs(control, case)]
    absent = engine.missing_kinds(con, [check])
    if case.missing != bool(absent):
        what = "it should not be judged" if case.missing else f"it cannot be judged for want of {absent[check.id]}"
        return [Failure(check.id, case.name, what)]
    found = engine.run_checks(con, [check], case.params, undecided=case.undecided)
    return [Failure(check.id, case.name, text) for text in _compare(found, case.expect)]


def event_frame(events: Sequence[dict[str, Any]]) -> Any:
    """The events of a case as a frame with the event table's columns."""
    import polars as pl

    from forensics.store.schema import EVENTS

    rows = [_row(event, number) for number, event in enumerate(events, 1)]
    text = pl.DataFrame(rows, schema=dict.fromkeys(NAMES, pl.String), orient="row")
    return text.with_columns(
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC")
        if name == "ts"
        else pl.col(name).cast(dtype)
        for name, dtype in EVENTS.items()
    )


def _row(event: dict[str, Any], number: int) -> list[str | None]:
    import json

    kind, system = event.get("kind", "log"), event.get("system")
    values = {
        "source": f"{kind}-{system or ''}", "line": number, "byte_offset": number * 100, "part": 0, "ts_quality": "recorded",
        "raw": json.dumps({k: v for k, v in event.items() if k != "raw"}, ensure_ascii=False, default=str), **event,
    }  # fmt: skip
    if values.get("ts") is not None:
        moment, digits = _moment(str(values["ts"]))
        values["ts"] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
        values.setdefault("ts_precision", digits)
    if isinstance(values.get("extra"), dict):
        values["extra"] = json.dumps(values["extra"], ensure_ascii=False)
    return [None if values.get(name) in (None, "") else str(values[name]) for name in NAMES]


def _moment(text: str) -> tuple[datetime, str]:
    full = f"{DAY}T{text}" if "T" not in text and "-" not in text else text.replace(" ", "T")
    if full.count(":") == 1:
        full += ":00"
    moment = datetime.fromisoformat(full)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    fraction = full.partition(".")[2].split("+")[0].rstrip("Z")
    return moment, _PRECISION.get(min(((len(fraction) + 2) // 3) * 3, 6), "us")


def _case(item: dict[str, Any], templates: dict[str, Any], path: Path, known: frozenset[str] | None) -> Case:
    name = str(item.get("name", "?"))

    def wrong(message: str) -> QueryError:
        return QueryError(f"case '{name}': {message}", location=Location(path))

    if unknown := set(item) - _CASE_KEYS:
        raise wrong(f"unknown key '{min(unknown)}'")
    for expected in item.get("expect", []):
        if known is not None and (unknown := set(expected) - known):
            raise wrong(f"'{min(unknown)}' cannot be expected")
    events = []
    for event in item.get("events", []):
        like = event.get("like")
        if like is not None and like not in templates:
            raise wrong(f"there is no template '{like}'")
        full = {
            **(templates[like] if like else {}),
            **{k: v for k, v in event.items() if k not in ("like", "repeat", "every_s")},
        }
        if unknown := set(full) - set(NAMES):
            raise wrong(f"'{min(unknown)}' is no event column")
        events.extend(_repeated(full, event))
    return Case(
        name, tuple(events), tuple(item.get("expect", ())), item.get("params", {}), tuple(item.get("clocks", ())),
        bool(item.get("missing", False)), bool(item.get("undecided", False)), item.get("figure"),
    )  # fmt: skip


def _repeated(full: dict[str, Any], event: dict[str, Any]) -> list[dict[str, Any]]:
    """`repeat = 20, every_s = 60`: twenty such events, `{n}` in texts is their number."""
    if "repeat" not in event:
        return [full]
    moment, _ = _moment(str(full["ts"]))
    return [
        {k: v.replace("{n}", str(n)) if isinstance(v, str) else v for k, v in full.items()}
        | {"ts": (moment + timedelta(seconds=event.get("every_s", 60) * n)).isoformat()}
        for n in range(int(event["repeat"]))
    ]


def _control_differs(control: Control, case: Case) -> list[str]:
    if case.missing or control.missing:
        return [] if case.missing and control.missing else [f"figure {control.figure}, missing {control.missing}"]
    wrong = []
    if case.figure is not None and control.figure != case.figure:
        wrong.append(f"expected the figure {case.figure}, not {control.figure}")
    if len(control.rows) != len(case.expect):
        wrong.append(f"expected {len(case.expect)} rows, not {list(control.rows)}")
    for row, expected in zip(control.rows, case.expect, strict=False):
        if any(not _same(row.get(key), value) for key, value in expected.items()):
            wrong.append(f"expected {expected}, not {row}")
    return wrong


def _compare(found: list[Finding], expect: tuple[dict[str, Any], ...]) -> list[str]:
    left = list(found)
    failures = []
    for expected in expect:
        match = next((one for one in left if not _differences(one, expected)), None)
        if match is None:
            near = (
                f"; found {[(one.subject, str(one.qty_error), one.details) for one in left]}"
                if left
                else "; found nothing"
            )
            failures.append(f"expected {expected}{near}")
        else:
            left.remove(match)
    failures.extend(f"unexpected finding {one.message['en']} {one.details}" for one in left)
    return failures


def _differences(one: Finding, expected: dict[str, Any]) -> list[str]:
    wrong = []
    for key, value in expected.items():
        if key == "strength_min":
            same = one.strength >= float(value)
        elif key == "evidence":
            same = {item.note for item in one.evidence} >= set(value)
        elif key == "course":
            same = [("≈ " if act.unordered else "") + act.text["en"] for act in one.course] == list(value)
        elif key == "details":
            same = all(_same(one.details.get(name), item) for name, item in value.items())
        else:
            same = _same(one.subject[key] if key in SUBJECT_FIELDS else getattr(one, key), value)
        if not same:
            wrong.append(key)
    return wrong


def _same(got: Any, expected: Any) -> bool:
    if isinstance(got, Decimal):
        try:
            return got == Decimal(str(expected))
        except InvalidOperation:
            return False
    if isinstance(got, datetime):
        return got == _moment(str(expected))[0]
    return bool(got == expected)
