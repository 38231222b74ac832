"""Ordinary traffic and ways of writing it that are no sample's: what a stranger sends. Times are Asia/Shanghai."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import forensics

START = datetime(2026, 3, 16, 8, 0, 0)
EPOCH = datetime(1970, 1, 1, 8, 0, 0)


def stamp(at: datetime) -> str:
    """To the millisecond, as logback writes it."""
    return at.isoformat(" ", "milliseconds")


def epoch_ms(at: datetime) -> int:
    return round((at - EPOCH).total_seconds() * 1000)


def movements(seed: int, skus: Sequence[str], count: int = 150) -> list[dict[str, Any]]:
    """`count` healthy postings in time order: each starts from the balance that the one before left."""
    chance, balance, at, out = random.Random(seed), dict.fromkeys(skus, 200), START, []
    for i in range(count):
        at += timedelta(seconds=chance.uniform(40, 140))
        sku = chance.choice(skus)
        qty = chance.randint(5, 40) if balance[sku] < 60 or chance.random() < 0.3 else -chance.randint(1, 9)
        before, balance[sku] = balance[sku], balance[sku] + qty
        doc = f"{'RK' if qty > 0 else 'CK'}0316{i:05d}"
        out.append({"at": at, "sku": sku, "qty": qty, "before": before, "after": balance[sku], "doc": doc})
    return out


def table(
    path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]], encoding: str = "utf-8", mark: str = ","
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=mark).writerows([head, *rows])


def lines(path: Path, texts: Iterable[str | dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((t if isinstance(t, str) else json.dumps(t)) + "\n" for t in texts), encoding="utf-8")


def audited(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Every incident's first cause and subject, of a case made of `folder/evidence` without any option."""
    case = forensics.open_case(folder / "case", create=True)
    case.ingest(folder / "evidence")
    incidents = case.audit().to_json()["incidents"]
    return [(i["causes"][0]["cause"], {k: v for k, v in i["subject"].items() if v}) for i in incidents]
