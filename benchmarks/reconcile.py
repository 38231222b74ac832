"""Reconcile two systems: document lines of both sides against their balances, time and peak memory in a process of its own.

    python benchmarks/reconcile.py [--lines 1000000] [--balances 200000] [--dir DIR]

Half of the lines and balances are the WMS's, half the ERP's; one in a thousand lines is missing on the ERP's side, and
the balances differ by just these. Prints how long each shared view took, and checks that every difference is explained.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

DAY_US = 86_400_000_000
BEGIN_US = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1_000_000)
VIEWS = (
    "ledger_entries",
    "ledger_rows",
    "side_lines",
    "document_labels",
    "code_map",
    "document_pairs",
    "reconciliation",
)


def write(folder: Path, lines: int, balances: int) -> None:
    """A fortnight's postings of both sides and their balances as one event table, `folder/events.parquet`."""
    from forensics.store.schema import EVENTS

    rng = np.random.default_rng(7)
    half, materials = lines // 2, balances // 2
    material, amount = rng.integers(0, materials, half), rng.integers(1, 50, half)
    sign, document = rng.choice([-1, 1], half), np.arange(half) // 3
    at = BEGIN_US + np.sort(rng.integers(0, 13 * DAY_US, half))
    lost = (rng.random(half) < 1e-3) & (at < BEGIN_US + 12 * DAY_US)
    wms = pl.DataFrame({"sku": material, "doc": document, "qty": sign * amount, "ts": at}).with_columns(
        sku=pl.format("{}", pl.col("sku") + 20_000_000), doc=pl.format("CK{}", "doc"), system=pl.lit("wms"), warehouse=pl.lit("W1"), location=pl.lit("A-01"),
    )  # fmt: skip
    erp = wms.filter(~pl.Series(lost)).with_columns(
        sku=pl.format("M{}", "sku"), partner_doc="doc", doc=pl.format("49{}", pl.int_range(pl.len())), system=pl.lit("erp"), warehouse=pl.lit("P1"),
        ts=pl.col("ts") + 60_000_000, location=pl.lit(None, dtype=pl.String),
    )  # fmt: skip
    postings = pl.concat([wms, erp], how="diagonal").with_columns(
        kind=pl.lit("ledger"), doc_type=pl.when(pl.col("qty") < 0).then(pl.lit("outbound")).otherwise(pl.lit("inbound"))
    )
    opening = pl.DataFrame({"sku": np.arange(materials)}).select(
        pl.format("{}", pl.col("sku") + 20_000_000).alias("sku")
    )
    stock = [
        opening.join(side.select(pl.col("sku").str.strip_prefix("M"), "qty").group_by("sku").agg(pl.col("qty").sum()), on="sku", how="left").select(
            sku=pl.lit(prefix) + pl.col("sku"), qty=pl.col("qty").fill_null(0) + 1000, ts=pl.lit(BEGIN_US + 14 * DAY_US), system=pl.lit(system),
            warehouse=pl.lit(house), kind=pl.lit("stock"),
        )
        for side, system, house, prefix in ((wms, "wms", "W1", ""), (erp, "erp", "P1", "M"))
    ]  # fmt: skip
    codes = opening.select(
        kind=pl.lit("master"), system=pl.lit("erp"), doc_type=pl.lit("sku"), ts=pl.lit(BEGIN_US),
        extra=pl.struct(code="sku", mapped_code=pl.lit("M") + pl.col("sku")).struct.json_encode(),
    )  # fmt: skip
    events = pl.concat([postings, *stock, codes], how="diagonal").with_columns(
        source=pl.col("kind") + "-" + pl.col("system"), byte_offset=pl.int_range(pl.len()) * 100, line=pl.int_range(pl.len()), part=pl.lit(0),
        ts=pl.from_epoch("ts", time_unit="us").dt.replace_time_zone("UTC"), ts_precision=pl.lit("us"), ts_quality=pl.lit("recorded"), raw=pl.lit(""),
    )  # fmt: skip
    missing = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in EVENTS.items() if name not in events.columns]
    events.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in EVENTS.items()).write_parquet(
        folder / "events.parquet", row_group_size=40_960
    )


def reconcile(folder: Path) -> dict[str, float]:
    """Make the views on two threads within 2 GiB; seconds by view, and what is left unexplained."""
    import duckdb

    from forensics.checks import engine

    con = duckdb.connect()
    con.execute("SET threads = 2; SET memory_limit = '1600MB'")
    con.execute(f"SET temp_directory = '{folder / 'spill'}'")
    con.execute(f"CREATE VIEW events AS SELECT * FROM '{folder / 'events.parquet'}'")
    engine.prepare(con)
    times = {}
    for view in VIEWS:
        start = time.perf_counter()
        engine.ensure_views(con, [view])
        times[view] = time.perf_counter() - start
    rows, apart, left = con.execute(
        "SELECT count(*), count(*) FILTER (difference <> 0), count(*) FILTER (unexplained <> 0) FROM reconciliation"
    ).fetchall()[0]
    return times | {"rows": rows, "differences": apart, "unexplained": left}


def main() -> None:
    """Write, reconcile in a child process, print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--lines", type=int, default=1_000_000)
    arguments.add_argument("--balances", type=int, default=200_000)
    arguments.add_argument("--dir", type=Path)
    arguments.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.child:
        print(json.dumps(reconcile(given.child)))
        return
    with tempfile.TemporaryDirectory(dir=given.dir) as work:
        write(Path(work), given.lines, given.balances)
        start = time.perf_counter()
        child = subprocess.Popen([sys.executable, __file__, "--child", work], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        said = json.loads(child.stdout.read())
        _, _, usage = os.wait4(child.pid, 0)
        seconds, cpu = time.perf_counter() - start, usage.ru_utime + usage.ru_stime
        print(
            f"{given.lines:,} document lines, {given.balances:,} balances: {seconds:.1f} s ({cpu:.1f} s of two cores' time), {usage.ru_maxrss / 1024:,.0f} MiB"
        )
        print(
            f"{said['rows']:,} balances compared, {said['differences']:,} differ, {said['unexplained']:,} unexplained"
        )
        print("; ".join(f"{view} {said[view]:.1f} s" for view in VIEWS))


if __name__ == "__main__":
    main()
