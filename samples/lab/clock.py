"""Lab time: how real seconds become warehouse time, and how wrong each host's clock is.

All processes of one machine share the kernel's monotonic clock, so `LabClock` needs no messages to agree: lab time is a
line through it. MariaDB, Redis and nginx are put on the same line by libfaketime (`fake_environment`); our own services compute it, because
libfaketime breaks Python's sleep when time runs fast.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


@dataclass(frozen=True)
class LabClock:
    """Lab time as epoch seconds: `start` at the monotonic instant `origin`, running `speed` times as fast. The WMS host's clock is lab time."""

    start: float
    origin: float
    speed: float

    def now(self) -> float:
        """True lab time now, epoch seconds."""
        return self.start + (time.monotonic() - self.origin) * self.speed

    def sleep(self, seconds: float) -> None:
        """Wait so many lab seconds."""
        if seconds > 0:
            time.sleep(seconds / self.speed)

    def sleep_until(self, moment: float) -> None:
        """Wait until lab time `moment`."""
        self.sleep(moment - self.now())

    def real(self, seconds: float) -> float:
        """How many real seconds so many lab seconds are."""
        return seconds / self.speed


@dataclass(frozen=True)
class Skew:
    """How a host's clock differs from lab time: `offset` seconds at `since`, growing by `ppm` microseconds per second."""

    offset: float = 0.0
    ppm: float = 0.0
    since: float = 0.0

    def at(self, moment: float) -> float:
        """Offset in seconds (host − true) at lab time `moment`."""
        return self.offset + (moment - self.since) * self.ppm * 1e-6


@dataclass(frozen=True)
class HostClock:
    """What a host's own clock shows."""

    lab: LabClock
    skew: Skew

    def now(self) -> float:
        """The host's time, epoch seconds."""
        moment = self.lab.now()
        return moment + self.skew.at(moment)

    def text(self, moment: float | None = None) -> str:
        """The host's time as its tables write it: Asia/Shanghai, milliseconds, no zone."""
        return local(self.now() if moment is None else moment)

    def environment(self) -> dict[str, str]:
        """What `from_environment` of a child process reads."""
        return {"LAB_CLOCK": json.dumps({"lab": asdict(self.lab), "skew": asdict(self.skew)})}


def from_environment() -> HostClock:
    """The clock of the host this process runs on."""
    given = json.loads(os.environ["LAB_CLOCK"])
    return HostClock(LabClock(**given["lab"]), Skew(**given["skew"]))


def local(moment: float) -> str:
    """`2026-03-11 08:00:00.123` in Asia/Shanghai."""
    return datetime.fromtimestamp(moment, ZONE).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def utc(moment: float) -> str:
    """`2026-03-11T00:00:00.123Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def epoch(text: str) -> float:
    """The inverse of `local`; seconds alone or no seconds will do."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


def fake_environment(host: HostClock) -> dict[str, str]:
    """Environment for a server that starts at this very moment, so that it lives on `host`'s clock.

    Monotonic time stays real: nginx measures its timeouts by it. MariaDB's timed waits run on lab time.
    """
    start = datetime.fromtimestamp(host.now(), ZONE).strftime("%Y-%m-%d %H:%M:%S.%f")
    rate = host.lab.speed * (1 + host.skew.ppm * 1e-6)
    return {
        "LD_PRELOAD": str(FAKETIME),
        "FAKETIME": f"@{start} x{rate:.9f}",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
        "TZ": "Asia/Shanghai",
    }
