"""A world: every site's days, one after the other, straight into files."""

from __future__ import annotations

import faces
import night
import office
import stories
import transports
from clocks import clocks
from day import Day
from settings import Settings
from style import looks
from times import midnight
from truth import Truth
from warehouse import Site
from writing import Writer


def live(day: Day) -> None:
    """One site's day, in the order in which things depend on each other."""
    site = day.site
    site.open_day(day.rng)
    office.snapshot(day)
    night.counts(day)
    script = stories.plan(day)  # which stories happen, and which outages and lags the normal work must bear
    ready, site.pool = site.pool.split(day.rng.choice(len(site.pool.pallet), day.plan.outbound, replace=False))
    stories.tell(day, script)
    transports.outbound(day, ready)
    office.counts(day)
    faces.work(day)
    office.pulses(day)
    site.arrived.append(transports.inbound(day, day.plan.inbound))
    site.close_day()
    office.balances(day)


class World:
    """Simulates and writes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clocks = clocks(settings)
        self.truth = Truth(settings.out)

    def write(self) -> int:
        """Write everything; the number of records."""
        s = self.settings
        days, sites = s.shape
        writer = Writer(
            s.out / "evidence", looks(s.style, s.seed), self.clocks, midnight(s.start), gz=s.gz, drop=s.drop
        )
        for number in range(sites):
            site = Site(s, number)
            for index in range(days):
                day = Day(site, index)
                live(day)
                self.truth.add(day.faults, day.innocent)
                writer.day(day)
            writer.write("codes", office.codes(site), f"_{site.tag}" if site.tag else "")
        self.truth.close(s, self.clocks)
        return writer.records
