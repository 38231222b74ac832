"""How often findings of a kind were right in cases whose truth is known (`queries/strengths.toml`).

A check states how strong its evidence is. Where labelled cases tell how often such findings name the true cause, the verdict
gives the cause no more than that. A kind is a check, proven or only a sign, and a band of stated strength.
"""

from __future__ import annotations

import bisect
import tomllib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from forensics.content import content_dir
from forensics.model.errors import Location, QueryError
from forensics.model.result import Finding

Kind = tuple[str, bool, int]
"""Cause, whether it is only a sign (`undecided`), index into BANDS."""
BANDS: Final = (0.0, 2.0, 10.0, 50.0)
"""Lower borders of the bands of stated strength (likelihood ratios)."""


def kind_of(finding: Finding) -> Kind:
    """The kind that a finding belongs to."""
    band = max(bisect.bisect_right(BANDS, finding.strength) - 1, 0)
    return finding.cause, bool(finding.details.get("undecided")), band


@cache
def shipped_shares() -> Mapping[Kind, float]:
    """The share that was right of each kind; empty if nothing was learned.

    Raises:
        QueryError: a mistake in the file.
    """
    path = content_dir("queries") / "strengths.toml"
    if not path.is_file():
        return MappingProxyType({})
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return MappingProxyType(
            {(k["cause"], k["sign"], BANDS.index(k["from"])): float(k["share"]) for k in table.get("kind", ())}
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise QueryError(f"the learned strengths are not readable: {error}", location=Location(path)) from error
