"""Options that several commands share, and the settings behind them: flag > environment > nearest forensics.toml > default."""

from __future__ import annotations

import locale
import os
import re
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, TypeVar

import click

from forensics.model.errors import ConfigError, Location

if TYPE_CHECKING:
    import polars as pl

    from forensics.api import Case

F = TypeVar("F", bound=Callable[..., Any])

SETTINGS_FILE: Final = "forensics.toml"
SETTINGS: Final[dict[str, type]] = {
    "case": str, "lang": str, "tz": str, "formats": list, "queries": list, "max_rejected": float, "fail_on": str,
    "params": dict,
}  # fmt: skip


@cache
def settings(start: str | None = None) -> dict[str, Any]:
    """What the nearest `forensics.toml`, from the working directory upwards, says. Paths in it are relative to it.

    Raises:
        ConfigError: it is not TOML, or has an unknown key or a value of the wrong type.
    """
    here = Path(start or Path.cwd()).resolve()
    file = next((f / SETTINGS_FILE for f in (here, *here.parents) if (f / SETTINGS_FILE).is_file()), None)
    if file is None:
        return {}
    text = file.read_text(encoding="utf-8-sig")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise ConfigError(
            f"the settings file is not valid TOML: {error}",
            location=Location(file, int(line[1]) if line else None),
        ) from None
    for key, value in values.items():
        wanted = SETTINGS.get(key)
        number = next((n for n, row in enumerate(text.splitlines(), 1) if row.lstrip().startswith(key)), None)
        if wanted is None:
            raise ConfigError(
                f"unknown setting '{key}'", location=Location(file, number), hint=f"known: {', '.join(SETTINGS)}"
            )
        if not isinstance(value, int | float if wanted is float else wanted):
            raise ConfigError(f"setting '{key}' must be a {wanted.__name__}", location=Location(file, number))
    for key in ("case",):
        if key in values:
            values[key] = str(file.parent / values[key])
    values["params"] = _flat(values.get("params", {}))
    for key in ("formats", "queries"):
        values[key] = [str(file.parent / folder) for folder in values.get(key, [])]
    return values


def _flat(table: dict[str, Any], above: str = "") -> dict[str, Any]:
    """`[params.idle-locks] idle_min = 45` as `idle-locks.idle_min`."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": value}
    return flat


def setting(key: str, default: Any) -> Callable[[], Any]:
    """A default for an option: what the settings file says, looked up when the option is needed."""
    return lambda: settings().get(key, default)


def default_lang() -> str:
    """`zh` where the system speaks Chinese, else `en`."""
    words = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")] + [locale.getlocale()[0] or ""]
    return "zh" if next((w for w in words if w), "").lower().startswith(("zh", "chinese")) else "en"


def case_option(function: F) -> F:
    """`--case DIR`."""
    return click.option(
        "--case", "case_dir", type=click.Path(path_type=Path), envvar="FORENSICS_CASE", default=setting("case", "case"),
        show_default="./case", help="The case folder.",
    )(function)  # fmt: skip


def lang_option(function: F) -> F:
    """`--lang zh|en`."""
    return click.option(
        "--lang", type=click.Choice(["zh", "en"]), envvar="FORENSICS_LANG",
        default=lambda: settings().get("lang") or default_lang(), show_default="the system's",
        help="Language of texts.",
    )(function)  # fmt: skip


def tz_option(function: F) -> F:
    """`--tz ZONE`."""
    return click.option(
        "--tz", envvar="FORENSICS_TZ", default=setting("tz", None), metavar="ZONE",
        help="Zone in which times are shown and given; default is the case's.",
    )(function)  # fmt: skip


def format_option(*choices: str) -> Callable[[F], F]:
    """`--format`, the first choice being the default."""

    def decorate(function: F) -> F:
        return click.option(
            "--format", "fmt", type=click.Choice(choices), default=choices[0], show_default=True, help="Output format."
        )(function)

    return decorate


def operators_option(function: F) -> F:
    """`--show-operators`."""
    return click.option(
        "--show-operators", is_flag=True, help="Show people's names in lists of controls, not pseudonyms of the case."
    )(function)


def open_the_case(case_dir: Path, lang: str) -> Case:
    """The case with one's own checks and parameters, as `forensics.toml` says."""
    from forensics.api import open_case

    return open_case(case_dir, lang=lang, queries=settings().get("queries", []), params=settings().get("params"))


def output_option(function: F) -> F:
    """`-o FILE`."""
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file, not to stdout."
    )(function)


def plan_option(function: F) -> F:
    """`--plan FILE`."""
    return click.option(
        "--plan", "plan_file", type=click.Path(path_type=Path, dir_okay=False),
        help="Write the proposed corrections to this file, as JSON. Nothing is carried out.",
    )(function)  # fmt: skip


def color_option(function: F) -> F:
    """`--color/--no-color`."""
    return click.option(
        "--color/--no-color", "color", default=None, help="Force colours on or off (NO_COLOR is honoured)."
    )(function)


def write(text: str, output: Path | None) -> None:
    """Text to a file (UTF-8, with a BOM for CSV so that spreadsheets read Chinese) or to stdout."""
    if output is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        encoding = "utf-8-sig" if output.suffix.lower() == ".csv" else "utf-8"
        output.write_text(text if text.endswith("\n") else text + "\n", encoding=encoding, newline="\n")
    except OSError as error:
        raise ConfigError(f"cannot write: {error.strerror}", location=Location(output)) from None


def in_zone(frame: pl.DataFrame, tz: str) -> pl.DataFrame:
    """The frame with its times in a zone, for people."""
    import polars as pl
    import polars.selectors as cs

    return frame.with_columns(cs.datetime(time_zone="*").dt.convert_time_zone(tz)) if frame.width else pl.DataFrame()


def console(color: bool | None, *, stderr: bool = False, file: IO[str] | None = None) -> Any:
    """A rich console for stdout or stderr."""
    from rich.console import Console

    return Console(
        stderr=stderr, file=file, force_terminal=True if color else None, no_color=True if color is False else None,
        highlight=False, soft_wrap=False,
    )  # fmt: skip
