"""`forensics faults [ID]`: the fault catalogue."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from forensics.cli import options

if TYPE_CHECKING:
    from forensics.model.fault import Cause, Fault

_WORDS = {
    "zh": {
        "causes": "原因", "signature": "特征", "contradiction": "反证", "needs": "需要", "steps": "排查", "prevention": "预防",
        "unchecked": "尚无自动检查",
    },
    "en": {
        "causes": "causes", "signature": "shown by", "contradiction": "refuted by", "needs": "needs", "steps": "checks",
        "prevention": "prevention", "unchecked": "no automatic check yet",
    },
}  # fmt: skip


@click.command()
@click.argument("name", metavar="[ID]", required=False)
@options.lang_option
@options.format_option("table", "json")
@options.output_option
def faults(name: str | None, lang: str, fmt: str, output: Path | None) -> None:
    """The fault catalogue: all classes, or one class or cause (F-S-02-05, F-S-02-05.3 or its slug)."""
    from forensics.checks.catalogue import load_catalogue

    catalogue = load_catalogue([Path(folder) for folder in options.settings().get("queries", [])])
    classes, causes = _chosen(catalogue, name)
    if fmt == "json":
        found = [asdict(cause) for cause in causes] if causes else [asdict(fault) for fault in classes]
        # the one value that JSON has no word for is a length of time: seconds
        text = json.dumps(found[0] if name else found, ensure_ascii=False, indent=2, default=timedelta.total_seconds)
        options.write(text, output)
    elif causes:
        options.write("\n".join(_cause(causes[0], lang)), output)
    elif name:
        options.write("\n".join(_class(classes[0], lang)), output)
    else:
        options.write("\n".join(line for fault in classes for line in _overview(fault, lang)), output)


def _chosen(catalogue: tuple[Fault, ...], name: str | None) -> tuple[list[Fault], list[Cause]]:
    import difflib

    from forensics.model.errors import ConfigError

    if name is None:
        return list(catalogue), []
    wanted = name.lower()
    classes = [fault for fault in catalogue if wanted in (fault.id.lower(), fault.slug)]
    causes = [cause for fault in catalogue for cause in fault.causes if wanted in (cause.id.lower(), cause.slug)]
    if classes or causes:
        return classes, causes
    known = [
        word
        for fault in catalogue
        for word in (fault.id, fault.slug, *(w for c in fault.causes for w in (c.id, c.slug)))
    ]
    near = difflib.get_close_matches(name, known, 1)
    raise ConfigError(
        f"there is no fault class or cause '{name}'", hint=f"did you mean '{near[0]}'?" if near else "forensics faults"
    )


def _overview(fault: Fault, lang: str) -> list[str]:
    return [f"{fault.id}    {fault.title[lang]}", *(f"  {_line(cause, lang)}" for cause in fault.causes)]


def _line(cause: Cause, lang: str) -> str:
    note = "" if cause.checked else f"  ({_WORDS[lang]['unchecked']})"
    return f"{cause.id}  {cause.share:>4.0%}  {cause.title[lang]}{note}"


def _class(fault: Fault, lang: str) -> list[str]:
    words = _WORDS[lang]
    lines = [f"{fault.id}  {fault.title[lang]}", f"  {fault.symptom[lang]}", "", words["causes"]]
    lines += [f"  {_line(cause, lang)}" for cause in fault.causes]
    lines += ["", words["steps"], *(f"  {n}. {step[lang]}" for n, step in enumerate(fault.steps, 1))]
    return [*lines, "", words["prevention"], *(f"  - {item[lang]}" for item in fault.prevention)]


def _cause(cause: Cause, lang: str) -> list[str]:
    words = _WORDS[lang]
    return [
        _line(cause, lang),
        f"  {words['signature']}: {cause.signature[lang]}",
        f"  {words['contradiction']}: {cause.contradiction[lang]}",
        f"  {words['needs']}: {', '.join(cause.needs)}",
    ]
