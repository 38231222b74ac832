"""Whose clock is wrong, and by how much. The WMS's, its database's and its cache's are the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from settings import Settings

FOLDERS = {"wcs": "wcs", "pda": "scanner", "erp": "erp", "nginx": "gateway"}
"""Folders whose clocks may be off, and what they are called in the truth."""
_MINUTES = {"wcs": 95.0, "pda": -40.0, "erp": 130.0, "nginx": -3.5}
_FAR = {"wcs": -1_260.0, "pda": 28_800.0 - 420.0, "erp": 610.0, "nginx": -3.5}


@dataclass(frozen=True)
class Clock:
    """What a system's clock shows is true time + offset + drift since the world's beginning."""

    offset_s: float
    drift_ppm: float


def clocks(settings: Settings) -> dict[str, Clock]:
    """By folder; folders that keep true time are not named."""
    rng = np.random.default_rng([settings.seed, 78])
    out = {}
    for folder in FOLDERS:
        spread = rng.uniform(0.85, 1.15)
        offset = {
            "none": 0.0,
            "small": round(float(rng.uniform(-2, 2)), 3),
            "minutes": round(_MINUTES[folder] * spread, 3),
            "far": round(_FAR[folder] * spread, 3) if folder != "pda" else _FAR[folder],
        }[settings.clock_offsets]
        drift = settings.drift_ppm * float(rng.choice((-1, 1)))
        if offset or drift:
            out[folder] = Clock(offset, drift)
    return out
