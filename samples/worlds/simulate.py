"""Warehouses that never were: archives of any size with known truth.

    python samples/worlds/simulate.py OUT --events 1M --seed 7 --fault-rate 1e-4

Writes `OUT/evidence/` (folders by system) and `OUT/truth.json`. The same options give the same bytes.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from catalogue import CAUSES
from settings import CLOCKS, SOURCES, STYLES, Settings
from world import World


def number(text: str) -> int:
    """A count such as 200k, 1M or 1.5B."""
    scale = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}.get(text[-1:].lower())
    return round(float(text[:-1]) * scale) if scale else int(float(text))


def names(allowed: tuple[str, ...]) -> object:
    """An option's type: a comma-separated list of some of `allowed`."""

    def read(text: str) -> tuple[str, ...]:
        given = tuple(part.strip() for part in text.split(",") if part.strip())
        if unknown := set(given) - set(allowed):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(allowed)}")
        return given

    return read


def settings(arguments: list[str] | None = None) -> Settings:
    """The command line's settings."""
    say = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    say.add_argument("out", type=Path)
    say.add_argument(
        "--events", type=number, default=1_000_000, metavar="N", help="records to write, about: 200k, 1M, 1B"
    )
    say.add_argument("--seed", type=int, default=7)
    say.add_argument("--fault-rate", type=float, default=1e-4, metavar="R", help="faults per event")
    say.add_argument(
        "--noise", type=float, metavar="R", help="look-alikes per event (usual: three times the fault rate)"
    )
    say.add_argument(
        "--noise-times", type=float, default=1.0, metavar="X", help="look-alikes as a multiple of the usual"
    )
    say.add_argument("--causes", type=names(tuple(CAUSES)), default=tuple(CAUSES), metavar="F-S-02-05.2,…")
    say.add_argument("--style", choices=STYLES, default="zh-csv")
    say.add_argument("--clock-offsets", choices=CLOCKS, default="none")
    say.add_argument("--drift-ppm", type=float, default=0.0)
    say.add_argument("--days", type=int)
    say.add_argument("--sites", type=int)
    say.add_argument(
        "--story-days", type=int, metavar="N", help="faults and look-alikes on the first N days only; the work goes on"
    )
    say.add_argument("--hot-row", type=number, default=0, metavar="N", help="operations added on one stock row")
    say.add_argument("--drop", type=names(SOURCES), default=(), metavar="wcs,pda,…", help="sources to leave out")
    say.add_argument("--gz", action="store_true")
    given = say.parse_args(arguments)
    noise = (3 * given.fault_rate if given.noise is None else given.noise) * given.noise_times
    return Settings(
        out=given.out, events=given.events, seed=given.seed, fault_rate=given.fault_rate, noise=noise, causes=given.causes, style=given.style,
        clock_offsets=given.clock_offsets, drift_ppm=given.drift_ppm, days=given.days, sites=given.sites,
        story_days=given.story_days, hot_row=given.hot_row, drop=frozenset(given.drop), gz=given.gz,
    )  # fmt: skip


def main() -> None:
    """Write a world, say how fast."""
    wanted = settings()
    if (wanted.out / "evidence").exists():
        shutil.rmtree(wanted.out / "evidence")
    begin = time.perf_counter()
    world = World(wanted)
    records = world.write()
    seconds = time.perf_counter() - begin
    print(
        f"{records:,} records, {world.truth.faults:,} faults, {world.truth.innocents:,} look-alikes in {seconds:.1f} s"
        f" ({records / seconds:,.0f} records/s): {wanted.out}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
