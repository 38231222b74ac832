"""`forensics queries list|show|test`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forensics.cli import options

if TYPE_CHECKING:
    from forensics.checks.check import Check
    from forensics.checks.controls import ControlQuery


def _folders(function: options.F) -> options.F:
    return click.option(
        "--queries",
        "folders",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="DIR",
        help="A folder of your own checks; may be repeated.",
    )(function)


def _dirs(folders: tuple[Path, ...]) -> list[Path]:
    return [*map(Path, options.settings().get("queries", [])), *folders]


def _checks(folders: tuple[Path, ...]) -> list[Check]:
    from forensics.checks.check import load_checks

    return load_checks(_dirs(folders))


def _controls(folders: tuple[Path, ...]) -> list[ControlQuery]:
    from forensics.checks.controls import load_controls

    return load_controls(_dirs(folders))


def _query(name: str, folders: tuple[Path, ...]) -> Check | ControlQuery:
    """The check with that id or slug, or the control with that id or number."""
    for control in _controls(folders):
        if name.lower() in (control.id, str(control.number)):
            return control
    return _check(name, _checks(folders), [control.id for control in _controls(folders)])


def _check(name: str, checks: list[Check], controls: list[str]) -> Check:
    """The check with that id or slug."""
    import difflib

    from forensics.model.errors import ConfigError

    for check in checks:
        if name.lower() in (check.id.lower(), check.slug, check.id.lower().removeprefix("f-s-02-")):
            return check
    words = [word for check in checks for word in (check.id, check.slug)] + controls
    near = difflib.get_close_matches(name, words, 1)
    raise ConfigError(
        f"there is no check or control '{name}'",
        hint=f"did you mean '{near[0]}'?" if near else "forensics queries list",
    )


@click.group(invoke_without_command=True)
@click.pass_context
def queries(ctx: click.Context) -> None:
    """Which checks there are; test them. Without a subcommand: list."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, folders=(), lang=options.default_lang(), fmt="table", output=None)


@queries.command("list")
@_folders
@options.lang_option
@options.format_option("table", "json")
@options.output_option
def list_(folders: tuple[Path, ...], lang: str, fmt: str, output: Path | None) -> None:
    """All checks: id, level, what they need, title; the preventive controls; and the shared views."""
    from forensics.checks.check import load_views

    checks, controls, views = _checks(folders), _controls(folders), load_views(_dirs(folders))
    if fmt == "json":
        rows = {
            "checks": [
                {
                    "id": c.id,
                    "slug": c.slug,
                    "level": c.level,
                    "needs": list(c.needs),
                    "title": c.title,
                    "file": str(c.path),
                }
                for c in checks
            ],
            "controls": [
                {"id": c.id, "number": c.number, "needs": list(c.needs), "title": c.title, "file": str(c.path)}
                for c in controls
            ],
            "views": [
                {"name": v.name, "about": v.about, "uses": list(v.uses), "file": str(v.path)} for v in views.values()
            ],
        }
        options.write(json.dumps(rows, ensure_ascii=False, indent=2), output)
        return
    lines = [f"{c.id:12} {c.level:9} {' '.join(c.needs):28} {c.title[lang]}" for c in checks]
    lines += ["", *(f"{c.number or '':>2} {c.id:24} {' '.join(c.needs):22} {c.title[lang]}" for c in controls)]
    lines += ["", *(f"{name:20} {view.about[lang]}" for name, view in sorted(views.items()))]
    options.write("\n".join(lines), output)


@queries.command()
@click.argument("name", metavar="ID")
@_folders
@options.lang_option
@options.format_option("table", "json")
@options.output_option
def show(name: str, folders: tuple[Path, ...], lang: str, fmt: str, output: Path | None) -> None:
    """One check or control: what it finds, its parameters, its SQL. ID may be a check's slug or a control's number."""
    found = _query(name, folders)
    page = _described(found) if fmt == "json" else _page(found, lang)
    options.write(page if isinstance(page, str) else json.dumps(page, ensure_ascii=False, indent=2), output)


@queries.command("test")
@click.argument("names", metavar="[ID]…", nargs=-1)
@_folders
@options.format_option("table", "json")
def test_(names: tuple[str, ...], folders: tuple[Path, ...], fmt: str) -> None:
    """Run the cases beside the checks and controls; all, or those named. Fails when a case does."""
    from forensics.checks.cases import load_cases, run_cases
    from forensics.model.errors import QueryError

    chosen = [_query(name, folders) for name in names] or [*_checks(folders), *_controls(folders)]
    results: list[dict[str, Any]] = []
    for check in chosen:
        try:
            failures = [{"case": f.case, "what": f.what} for f in run_cases(check, _dirs(folders))]
        except QueryError as error:
            failures = [{"case": "", "what": error.render()}]
        results.append(
            {"id": check.id, "cases": len(load_cases(check)) if not _broken(failures) else 0, "failures": failures}
        )
    if fmt == "json":
        options.write(json.dumps(results, ensure_ascii=False, indent=2), None)
    else:
        options.write("\n".join(line for result in results for line in _lines(result)), None)
    if any(result["failures"] for result in results):
        sys.exit(2)


def _broken(failures: list[dict[str, str]]) -> bool:
    return any(not failure["case"] for failure in failures)


def _lines(result: dict[str, Any]) -> list[str]:
    failures = result["failures"]
    said = (
        "no cases"
        if not result["cases"] and not failures
        else f"{result['cases']} cases"
        if not failures
        else f"{len(failures)} failed"
    )
    return [f"{result['id']:24} {said}", *(f"  {failure['case']}: {failure['what']}" for failure in failures)]


def _described(check: Check | ControlQuery) -> dict[str, Any]:
    from forensics.checks.check import Check

    common = {
        "id": check.id, "title": check.title, "needs": list(check.needs),
        "params": [{"name": p.name, "default": p.default, "unit": p.unit, "about": p.about} for p in check.params],
        "file": str(check.path), "sql": check.sql,
    }  # fmt: skip
    if not isinstance(check, Check):
        return common | {"number": check.number, "about": check.about, "unit": check.unit, "want": check.want}
    return common | {
        "fault": check.fault, "slug": check.slug, "level": check.level, "key": check.key, "message": check.message,
        "false_positives": check.false_positives,
    }  # fmt: skip


def _page(check: Check | ControlQuery, lang: str) -> str:
    from forensics.checks.check import Check

    words = _WORDS[lang]
    lines = [
        f"{check.id}  {check.title[lang]}",
        f"  {words['file']}: {check.path}",
        f"  {words['needs']}: {', '.join(check.needs)}",
    ]
    if isinstance(check, Check):
        lines += [f"  {words['level']}: {check.level}", f"  {words['false']}: {check.false_positives[lang]}"]
    else:
        lines += [f"  {words['figure']}: {check.unit[lang]}", f"  {check.about[lang]}"]
    lines += [f"  ${p.name} = {p.default} {p.unit}  {p.about[lang]}" for p in check.params]
    return "\n".join([*lines, "", check.sql.partition("*/")[2].strip()])


_WORDS = {
    "zh": {"file": "文件", "needs": "需要", "level": "级别", "false": "不应误报", "figure": "数值单位"},
    "en": {
        "file": "file",
        "needs": "needs",
        "level": "level",
        "false": "not to be taken for it",
        "figure": "the figure is in",
    },
}
