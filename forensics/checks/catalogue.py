"""The fault catalogue: `queries/<class>/fault.toml` as typed classes and causes."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from forensics.checks.check import Check, load_checks
from forensics.checks.header import Fields, read
from forensics.content import content_dir
from forensics.model.errors import ConfigError, Location, QueryError
from forensics.model.event import KINDS
from forensics.model.fault import Cause, Fault, Lead, Text
from forensics.model.result import SUBJECT_FIELDS
from forensics.model.when import span

_FAULT_KEYS: Final = ("id", "slug", "title", "symptom", "cause", "step", "prevention", "on_site", "book")
_CAUSE_KEYS: Final = (
    "id", "slug", "title", "share", "needs", "signature", "contradiction", "correction", "correction_in_book", "leads_to",
)  # fmt: skip
_LEAD_KEYS: Final = ("cause", "by", "within", "qty", "settles", "zh", "en")
_STEP_KEYS: Final = ("zh", "en", "hand_zh", "hand_en", "causes", "needs", "on_site")


def load_catalogue(extra_dirs: Iterable[Path | str] = (), checks: Iterable[Check] | None = None) -> tuple[Fault, ...]:
    """All fault classes in order, each cause marked whether a check for it exists.

    Args:
        extra_dirs: queries folders of the user; a `fault.toml` there replaces the shipped class of its id.
        checks: the checks there are; loaded from the same folders if None.

    Raises:
        QueryError: a mistake in a file, with its line.
    """
    folders = list(extra_dirs)
    checked = frozenset(check.id for check in (load_checks(folders) if checks is None else checks))
    found: dict[str, Fault] = {}
    for folder in [content_dir("queries"), *map(Path, folders)]:
        for path in sorted(folder.glob("*/fault.toml")):
            fault = _fault(path, checked)
            found[fault.id] = fault
    return tuple(found[name] for name in sorted(found))


def _fault(path: Path, checked: frozenset[str]) -> Fault:
    text = read(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise QueryError(f"the fault class is not valid TOML: {error}", location=Location(path)) from error
    fields = Fields(table, text, path, _FAULT_KEYS)
    return Fault(
        id=fields.text("id"),
        slug=fields.text("slug"),
        title=fields.bilingual("title"),
        symptom=fields.bilingual("symptom"),
        causes=tuple(_cause(item, text, path, checked) for item in table.get("cause", [])),
        steps=tuple(_step(item, text, path) for item in table.get("step", [])),
        prevention=tuple(_step(item, text, path) for item in table.get("prevention", [])),
        on_site=fields.bilingual("on_site") if "on_site" in table else {},
        book=_book(fields),
    )


def _book(fields: Fields) -> str:
    value = fields.text("book", "")
    if value not in ("", "above", "zero", "below"):
        raise fields.error("book", f"'{value}' is no state of the book", "above, zero or below")
    return value


def _cause(table: dict[str, Any], text: str, path: Path, checked: frozenset[str]) -> Cause:
    fields = Fields(table, text, path, _CAUSE_KEYS)
    share = table.get("share", 0)
    if isinstance(share, bool) or not isinstance(share, int | float) or share < 0:
        raise fields.error("share", "'share' must be a number of at least 0")
    needs = fields.texts("needs")
    for need in needs:
        for kind in need.split("|"):
            if kind not in KINDS:
                raise fields.error("needs", f"'{kind}' is no event kind", f"one of {', '.join(KINDS)}")
    cause_id = fields.text("id")
    return Cause(
        id=cause_id,
        slug=fields.text("slug"),
        title=fields.bilingual("title"),
        share=float(share),
        needs=needs,
        signature=fields.bilingual("signature"),
        contradiction=fields.bilingual("contradiction"),
        checked=cause_id in checked,
        remedy={lang: str(fields.table("correction").get(lang, "")) for lang in ("zh", "en")},
        leads_to=tuple(_lead(item, text, path) for item in table.get("leads_to", [])),
    )


def _lead(table: dict[str, Any], text: str, path: Path) -> Lead:
    fields = Fields(table, text, path, _LEAD_KEYS)
    by = tuple(tuple(names.split("+")) for names in fields.texts("by"))
    strange = next((name for names in by for name in names if name not in SUBJECT_FIELDS), None)
    if not by or strange is not None:
        raise fields.error("by", f"'{strange or ''}' names no subject", f"one of {', '.join(SUBJECT_FIELDS)}")
    try:
        within = span(fields.text("within"))
    except ConfigError as error:
        raise fields.error("within", str(error)) from error
    qty = fields.text("qty", "")
    if qty not in ("", "same", "covers"):
        raise fields.error("qty", f"'{qty}' is no relation of quantities", "same or covers")
    because = {lang: fields.text(lang) for lang in ("zh", "en")}
    return Lead(fields.text("cause"), by, within or timedelta(0), qty, table.get("settles") is True, because)


def _step(table: dict[str, Any], text: str, path: Path) -> Text:
    fields = Fields(table, text, path, _STEP_KEYS)
    for lang in ("zh", "en"):
        fields.text(lang)
    return {key: str(value) for key, value in table.items()}
