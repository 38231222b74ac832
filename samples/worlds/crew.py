"""Who does what with which handheld or vehicle: nobody does two things at once."""

from __future__ import annotations

import numpy as np
import polars as pl
from times import Times

_FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英波倩"
PEOPLE = tuple(family + given for given in _GIVEN for family in _FAMILY)
STORY_PEOPLE = PEOPLE[-120:]
"""Those whom stories are told of; the normal work is done by the others."""
ROLES = {"dock": 100, "truck": 300, "load": 500, "return": 700, "replenish": 1000, "pick": 2000}
"""Each role has its handhelds, numbered from here; from STORY_HANDHELDS on they belong to the stories."""
STORY_HANDHELDS = 5000


def shifts(since: Times, until: Times) -> np.ndarray:
    """A worker for each job, such that no worker's jobs overlap; as few workers as the busiest time needs."""
    n = len(since)
    if not n:
        return np.zeros(0, dtype=np.int64)
    order = np.argsort(since, kind="stable")
    begin, longest = since[order], int((until - since).max()) + 1
    workers = int((np.searchsorted(begin, begin + longest) - np.arange(n)).max())
    out = np.empty(n, dtype=np.int64)
    out[order] = np.arange(n) % workers
    return out


def crew(jobs: pl.DataFrame, role: str, since: str, until: str) -> pl.DataFrame:
    """The jobs with `pda` and `operator` of their role, from column `since` to column `until`."""
    who = shifts(jobs[since].to_numpy(), jobs[until].to_numpy())
    names = pl.Series(PEOPLE[:-120]).gather((who + ROLES[role]) % (len(PEOPLE) - 120))
    return jobs.with_columns(
        pda=pl.concat_str(pl.lit("PDA-"), pl.Series(who + ROLES[role]).cast(pl.String)), operator=names
    )
