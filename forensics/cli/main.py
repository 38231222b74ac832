"""The command `forensics`: finds the command, runs it, turns errors into exit codes.

0 done · 1 findings at or above --fail-on · 2 usage, settings or content error · 3 evidence incomplete · 70 bug ·
130 interrupted
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, Final

import click

from forensics import __version__
from forensics.model.errors import ForensicsError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "ingest": ("ingest:ingest", "Read logs and exports into a case."),
    "trace": ("trace:trace", "Follow one pallet, SKU, location, task or document through all systems."),
    "state": ("state:state", "Where pallets were at a moment: by the book, physically, and where both disagree."),
    "audit": ("audit:audit", "Run all checks and controls over the whole case."),
    "report": ("report:report", "Write the HTML incident report."),
    "demo": ("demo:demo", "Ingest a sample case, trace its incident, write the report."),
    "coverage": ("coverage:coverage", "What each system recorded, from when to when, and where it is silent."),
    "clocks": ("clocks:clocks", "How far the systems' clocks are apart."),
    "sql": ("sql:sql", "Ask the case's tables in DuckDB SQL."),
    "export": ("export:export", "Write events, findings or tables as CSV, JSON, Parquet."),
    "formats": ("formats:formats", "Which logs are understood; test format files."),
    "queries": ("queries:queries", "Which checks there are; test them."),
    "faults": ("faults:faults", "The fault catalogue: classes, causes, checks, prevention."),
    "case": ("case:case", "What a case holds; verify it; compact it."),
}
"""Command name to module:attribute below forensics.cli, and its line in the help (so that --help imports nothing)."""


class LazyGroup(click.Group):
    """Imports a command's module only when that command is used: `--help` must answer at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order in which they are used."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name][0].split(":")
        command = getattr(importlib.import_module(f"forensics.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of that name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            ctx.fail(f"there is no command '{args[0]}'" + (f"; did you mean '{near[0]}'?" if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """From the static list, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="wms-forensics", message="%(prog)s %(version)s")
def cli() -> None:
    r"""Find out from logs why the system's stock and the real stock disagree.

    \b
    forensics ingest LOGS… --case case          read whatever was collected
    forensics trace pallet TP000123 --case case what happened to one pallet
    forensics audit --case case                 every incident of every kind
    """


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (the console script passes it to the shell)."""
    _utf8_streams()
    try:
        result: Any = cli.main(args=argv, prog_name="forensics", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except ForensicsError as error:
        _say(error.render())
        return error.exit_code
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        hint = f"\n  hint: see `{error.ctx.command_path} --help`" if error.ctx else ""
        _say(f"error: {error.format_message()}{hint}")
        return 2
    except click.ClickException as error:
        _say(f"error: {error.format_message()}")
        return 2
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; the case is as valid as before, run the same command again to go on")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("FORENSICS_DEBUG"):
            raise
        _say(
            f"error: this is a bug in wms-forensics {__version__}: {type(error).__name__}: {str(error)[:500]}\n"
            "  hint: set FORENSICS_DEBUG=1 for the traceback and report it; the case was not changed by it"
        )
        return 70


def script() -> None:
    """Entry point of the console script."""
    sys.exit(main())


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _utf8_streams() -> None:
    """Log texts are Chinese; a console or pipe with another encoding must not end the program."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            encoding = (stream.encoding or "").lower().replace("-", "")
            reconfigure(errors="backslashreplace" if encoding.startswith("utf") else "replace")
