"""Checks and views as loaded from `queries/`: what a `.sql` file says about itself, and its SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from forensics.checks.acts import Act, read_acts
from forensics.checks.header import Fields, bare_sql, header, read
from forensics.content import content_dir
from forensics.model.errors import ConfigError, Location, QueryError
from forensics.model.event import KINDS
from forensics.model.result import LEVELS

_CHECK_KEYS: Final = (
    "id", "slug", "title", "needs", "key", "level", "params", "false_positives", "message", "words", "acts", "conclusion",
)  # fmt: skip
_VIEW_KEYS: Final = ("name", "uses", "about", "materialise", "large", "as_written", "step")
_ID = re.compile(r"F-S-02-0[1-6]\.[1-9]|[A-Za-z][A-Za-z0-9_.-]*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NOT_CHECKS: Final = frozenset({"views", "controls"})


@dataclass(frozen=True)
class Param:
    """A parameter of a check: bound as `$name`, never pasted into the SQL."""

    name: str
    default: Any
    unit: str
    about: dict[str, str]


@dataclass(frozen=True)
class Check:
    """One check: one SELECT that names a disagreement between witnesses.

    Attributes:
        needs: event kinds without which it cannot be judged; `a|b` is either of two.
        key: the subject column by which events may be split without changing the result.
        message: templates; `{column}` is a column of the result or a key of its details.
        words: values of the result that a message says in the reader's language.
        acts: by a witness's note, which act of the finding's course it tells of.
        conclusion: what follows from the acts; a template like `message`, empty if it has none.
    """

    id: str
    slug: str
    title: dict[str, str]
    needs: tuple[str, ...]
    key: str
    level: str
    message: dict[str, str]
    params: tuple[Param, ...]
    false_positives: dict[str, str]
    words: dict[str, dict[str, str]]
    sql: str
    path: Path
    acts: dict[str, Act] = field(default_factory=dict)
    conclusion: dict[str, str] = field(default_factory=dict)

    @property
    def fault(self) -> str:
        """The fault class, `F-S-02-05` of `F-S-02-05.3`."""
        return self.id.rsplit(".", 1)[0]


@dataclass(frozen=True)
class View:
    """A shared relation over `events`.

    Attributes:
        uses: other views that it reads.
        materialise: kept as a temporary table, because several checks read it or it is costly.
        large: about as long as the archive: where that is large it is kept in a file instead; only with `materialise`.
        as_written: its joins are made as they are written, what stands on the right held in memory; only with `materialise`.
        step: a named step that turns the SQL's rows into the relation, for what SQL cannot say (pairing in order).
    """

    name: str
    uses: tuple[str, ...]
    about: dict[str, str]
    materialise: bool
    large: bool
    as_written: bool
    step: str | None
    sql: str
    path: Path = field(compare=False)


def load_checks(extra_dirs: Iterable[Path | str] = ()) -> list[Check]:
    """All checks, shipped ones first; a file in `extra_dirs` with the same id takes the shipped one's place.

    Raises:
        QueryError: a mistake in a file, with its line.
        ConfigError: a folder does not exist.
    """
    found: dict[str, Check] = {}
    for folder in query_folders(extra_dirs):
        seen: dict[str, Path] = {}
        for path in sorted(folder.rglob("*.sql")):
            if _NOT_CHECKS & set(path.relative_to(folder).parts[:-1]):
                continue
            check = read_check(path)
            if check.id in seen:
                raise QueryError(f"'{check.id}' is also in {seen[check.id]}", location=Location(path, 1))
            seen[check.id] = path
            found[check.id] = check
    return sorted(found.values(), key=lambda check: check.id)


def load_views(extra_dirs: Iterable[Path | str] = ()) -> dict[str, View]:
    """The views by name, those of `extra_dirs` (in a folder `views/`) over the shipped ones."""
    found: dict[str, View] = {}
    for folder in query_folders(extra_dirs):
        for path in sorted((folder / "views").glob("*.sql")):
            view = read_view(path)
            found[view.name] = view
    for view in found.values():
        for name in view.uses:
            if name not in found:
                raise QueryError(
                    f"view '{view.name}' uses '{name}', which does not exist", location=Location(view.path, 1)
                )
    return found


def read_check(path: Path) -> Check:
    """The check in one file.

    Raises:
        QueryError: a mistake in its header.
    """
    text = read(path)
    table = header(text, path)
    fields = Fields(table, text, path, _CHECK_KEYS)
    check_id, level, needs = fields.text("id"), fields.text("level", "medium"), read_needs(fields)
    if not _ID.fullmatch(check_id):
        raise fields.error("id", f"'{check_id}' is no id", "F-S-02-05.3, or letters, digits, '.', '_' and '-'")
    if level not in LEVELS:
        raise fields.error("level", f"level '{level}' is unknown", f"one of {', '.join(LEVELS)}")
    title = fields.bilingual("title")
    return Check(
        id=check_id,
        slug=fields.text("slug", path.stem),
        title=title,
        needs=needs,
        key=fields.text("key", "sku"),
        level=level,
        message=fields.bilingual("message") if "message" in table else title,
        params=read_params(fields),
        false_positives=fields.bilingual("false_positives", ""),
        words=read_words(fields),
        sql=text,
        path=path,
        acts=read_acts(fields),
        conclusion=fields.bilingual("conclusion") if "conclusion" in table else {},
    )


def read_view(path: Path) -> View:
    """The view in one file.

    Raises:
        QueryError: a mistake in its header.
    """
    text = read(path)
    table = header(text, path)
    fields = Fields(table, text, path, _VIEW_KEYS)
    name = fields.text("name")
    if not _NAME.fullmatch(name):
        raise fields.error("name", f"'{name}' is no name for a view", "lower-case letters, digits and '_'")
    flags = {key: table.get(key, False) for key in ("materialise", "large", "as_written")}
    step = table.get("step")
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise fields.error(key, f"'{key}' must be true or false")
    if step is not None and not isinstance(step, str):
        raise fields.error("step", "'step' must be a text")
    return View(name, fields.texts("uses"), fields.bilingual("about"), **flags, step=step, sql=text, path=path)


def views_named(sql: str, views: dict[str, View]) -> set[str]:
    """The views whose name occurs in the SQL outside comments and texts."""
    return set(re.findall(r"[a-z][a-z0-9_]*", bare_sql(sql))) & views.keys()


def read_needs(fields: Fields) -> tuple[str, ...]:
    """The event kinds that a header needs; `a|b` is either of two."""
    needs = fields.texts("needs")
    for kind in (kind for need in needs for kind in need.split("|")):
        if kind not in KINDS:
            raise fields.error("needs", f"'{kind}' is no event kind", f"one of {', '.join(KINDS)}")
    return needs


def read_params(fields: Fields) -> tuple[Param, ...]:
    """The parameters that a header declares."""
    return tuple(_param(name, value, fields) for name, value in fields.table("params").items())


def read_words(fields: Fields) -> dict[str, dict[str, str]]:
    """Words of a result in both languages."""
    return {str(word): _both(word, value, fields) for word, value in fields.table("words").items()}


def _param(name: str, value: Any, fields: Fields) -> Param:
    table = value if isinstance(value, dict) else {"default": value}
    default = table.get("default")
    if not _NAME.fullmatch(name):
        raise fields.error(f"params.{name}", f"'{name}' is no name for a parameter")
    if not isinstance(default, str | int | float | bool):
        raise fields.error(f"params.{name}", f"parameter '{name}' needs a default")
    about = table.get("about") or {"zh": "", "en": ""}
    if not isinstance(about, dict) or set(about) != {"zh", "en"}:
        raise fields.error(f"params.{name}", f"parameter '{name}' needs 'about' in both languages")
    return Param(name, default, str(table.get("unit", "")), {key: str(item) for key, item in about.items()})


def _both(word: str, value: Any, fields: Fields) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(value.get(lang), str) for lang in ("zh", "en")):
        raise fields.error("words", f"word '{word}' needs a text in both languages", '{ zh = "…", en = "…" }')
    return {lang: value[lang] for lang in ("zh", "en")}


def query_folders(extra_dirs: Iterable[Path | str]) -> list[Path]:
    """The shipped queries folder, then the user's.

    Raises:
        ConfigError: a folder does not exist.
    """
    folders = [content_dir("queries")]
    for extra in extra_dirs:
        folder = Path(extra)
        if not folder.is_dir():
            raise ConfigError(f"the queries folder '{folder}' does not exist")
        folders.append(folder)
    return folders
