"""A seeded two-pattern application log with nested JSON and stack traces, of any size.

    python benchmarks/generate.py OUT.log --size-mb 2048 [--gz]

The layout is the logback one of the WCS format (`===date LEVEL logger Line:n - text`): signal lines in Chinese, call lines
with JSON, every 500th record followed by a stack trace. A block of a few MB is composed once and repeated with advancing
times and numbers, so that two gigabytes take seconds, not minutes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

BLOCK = 20_000
TRACE = (
    "\njava.net.SocketTimeoutException: Read timed out\n\tat java.net.SocketInputStream.socketRead0(Native Method)"
    "\n\tat com.lanwu.wcs.http.WmsClient.post(WmsClient.java:78)"
)


def block(rng: random.Random, start: datetime, number: int) -> bytes:
    """BLOCK records from `start`, their task numbers from `number`."""
    lines = []
    for n in range(BLOCK):
        at = start + timedelta(milliseconds=37 * n)
        stamp = at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"
        task, pallet = f"RW{number + n // 4:012d}", f"TP{(number + n) % 1_000_000:06d}"
        slot = f"A-{rng.randrange(1, 40):02d}-{rng.randrange(1, 60):02d}-{rng.randrange(1, 9):02d}"
        if n % 3:
            body = {
                "reqCode": f"R{rng.getrandbits(40):010X}", "reqTime": stamp[:19], "method": ("start", "outbin", "end")[n % 3],
                "currentPositionCode": slot, "podCode": pallet, "robotCode": str(8000 + n % 40), "taskCode": task,
                "data": {"items": [{"sku": f"2001{n % 997:04d}", "qty": n % 60, "lot": "B260217"}]},
            }  # fmt: skip
            lines.append(
                f"==={stamp} INFO  com.lanwu.wcs.http.WmsClient Line:71  - 回调WMS {json.dumps(body, ensure_ascii=False, separators=(',', ':'))}"
            )
        else:
            lines.append(
                f"==={stamp} INFO  com.lanwu.wcs.task.AgvCallbackServiceImpl Line:118 - 任务{task}已走出储位 托盘{pallet} 货位{slot}"
            )
        if n % 500 == 499:
            lines[-1] = lines[-1].replace(" INFO ", " ERROR", 1) + TRACE
    return ("\n".join(lines) + "\n").encode()


def write(path: Path, size_mb: int, seed: int = 1) -> None:
    """Write at least `size_mb` megabytes (of text, where the file is compressed)."""
    rng = random.Random(seed)
    start, number, written = datetime(2026, 3, 1), 1, 0
    out: BinaryIO = gzip.open(path, "wb", compresslevel=4) if path.suffix == ".gz" else path.open("wb")  # type: ignore[assignment]  # noqa: SIM115
    with out:
        while written < size_mb * 1_000_000:
            data = block(rng, start, number)
            out.write(data)
            written += len(data)
            start += timedelta(milliseconds=37 * BLOCK)
            number += BLOCK


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--size-mb", type=int, default=256)
    given = arguments.parse_args()
    write(given.out, given.size_mb)
