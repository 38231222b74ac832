"""The machines of the lab: names, ports, and how wrong each one's clock is."""

from __future__ import annotations

import random
import socket
from dataclasses import dataclass

from lab.clock import HostClock, LabClock, Skew

DEVICES = tuple(f"PDA-{n:02d}" for n in range(1, 7))
SERVICES = ("primary", "replica", "redis", "office", "plant", "wms", "wcs", "erp")

WORST = {  # seconds of offset and ppm of drift a host may have; the WMS's clock is the lab's
    "primary": (0.4, 40), "replica": (2.0, 60), "redis": (0.6, 40), "office": (1.5, 60), "plant": (3.0, 60),
    "wms": (0.0, 0), "wcs": (120.0, 120), "erp": (30.0, 50),
}  # fmt: skip
WORST_DEVICE = (45.0, 150)


@dataclass(frozen=True)
class Hosts:
    """Ports of the services and the clock of every host."""

    ports: dict[str, int]
    skews: dict[str, Skew]

    def clock(self, host: str, lab: LabClock) -> HostClock:
        """The clock of `host` while lab time runs as `lab`."""
        return HostClock(lab, self.skews[host])


def draw(rng: random.Random, since: float) -> Hosts:
    """Free ports on loopback and seeded clock errors, counted from lab time `since`."""
    worst = WORST | dict.fromkeys(DEVICES, WORST_DEVICE)
    skews = {
        host: Skew(round(rng.uniform(-o, o), 3), round(rng.uniform(-p, p), 1), since) for host, (o, p) in worst.items()
    }
    return Hosts(_free_ports(), skews)


def _free_ports() -> dict[str, int]:
    sockets = {name: socket.socket() for name in SERVICES}
    try:
        for each in sockets.values():
            each.bind(("127.0.0.1", 0))
        return {name: each.getsockname()[1] for name, each in sockets.items()}
    finally:
        for each in sockets.values():
            each.close()
