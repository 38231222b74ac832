from __future__ import annotations

from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest

from forensics.coverage import covered, measure
from forensics.model.result import Coverage
from forensics.store.schema import conform

T = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


def database(*frames: pl.DataFrame) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.register("events", conform(pl.concat(frames, how="diagonal")).to_arrow())
    return con


def events(minutes: np.ndarray, kind: str = "api", system: str = "wms", source: str = "a") -> pl.DataFrame:
    times = pl.Series((minutes * 60e6).astype(np.int64)) + int(T.timestamp() * 1e6)
    return pl.DataFrame({"ts": times.cast(pl.Datetime("us", "UTC"))}).with_columns(
        kind=pl.lit(kind), system=pl.lit(system), source=pl.lit(source), ts_quality=pl.lit("recorded")
    )


def workdays(days: int, per_hour: float, seed: int = 1, hours: tuple[int, int] = (8, 18)) -> np.ndarray:
    """Minutes of random rows on weekdays, during working hours."""
    rng = np.random.default_rng(seed)
    parts = []
    for day in range(days):
        if day % 7 < 5:
            n = rng.poisson(per_hour * (hours[1] - hours[0]))
            parts.append(day * 1440 + hours[0] * 60 + rng.uniform(0, (hours[1] - hours[0]) * 60, n))
    return np.sort(np.concatenate(parts))


def at(minutes: float) -> datetime:
    return T + timedelta(minutes=minutes)


def without(minutes: np.ndarray, start: float, end: float) -> np.ndarray:
    return minutes[(minutes < start) | (minutes > end)]


@pytest.mark.parametrize("seed", range(8))
def test_nights_and_weekends_are_no_gaps(seed: int) -> None:
    (found,) = measure(database(events(workdays(35, 40, seed))))
    assert found.gaps == ()
    assert (found.system, found.kind) == ("wms", "api")


def test_a_missing_day_is_a_gap() -> None:
    tuesday = 8 * 1440
    minutes = without(workdays(35, 40), tuesday, tuesday + 1440)
    (found,) = measure(database(events(minutes)))
    (gap,) = found.gaps
    assert gap.since < at(tuesday) < at(tuesday + 1440) < gap.until
    assert gap.usual_rows == pytest.approx(400, rel=0.2)


def test_a_silent_two_hours_of_a_busy_day_are_a_gap() -> None:
    start = 9 * 1440 + 10 * 60.0
    (found,) = measure(database(events(without(workdays(35, 60), start, start + 120))))
    assert [(g.since <= at(start + 1), g.until >= at(start + 119)) for g in found.gaps] == [(True, True)]


def test_a_steady_source_is_missed_after_minutes() -> None:
    steady = np.arange(0, 5 * 1440, 0.2)
    (found,) = measure(database(events(without(steady, 3000, 3006))))
    (gap,) = found.gaps
    assert gap.since == pytest.approx(at(3000), abs=timedelta(seconds=20))
    assert gap.usual_rows == pytest.approx(30, rel=0.2)


def test_a_nightly_job_that_did_not_run() -> None:
    nightly = np.concatenate([day * 1440 + 120 + np.arange(0, 20, 0.1) for day in range(30) if day != 12])
    (found,) = measure(database(events(nightly)))
    (gap,) = found.gaps
    assert at(11 * 1440) < gap.since < at(12 * 1440 + 120) < gap.until < at(14 * 1440)


def test_few_rows_have_no_rhythm() -> None:
    (found,) = measure(database(events(np.array([0.0, 5, 300, 310, 800, 1400]))))
    assert found.gaps == ()
    assert (found.first_ts, found.last_ts, found.rows) == (at(0), at(1400), 6)


def test_a_rare_kind_reaches_as_far_as_its_source() -> None:
    con = database(events(workdays(10, 60)), events(np.array([700.0]), kind="lock"))
    api, lock = measure(con)
    assert (lock.kind, lock.rows) == ("lock", 1)
    assert (lock.first_ts, lock.last_ts) == (api.first_ts, api.last_ts)


def test_two_stretches_far_apart() -> None:
    steady = np.arange(0, 5 * 1440, 2.0)
    (found,) = measure(database(events(np.concatenate([steady, steady + 60 * 1440]))))
    (gap,) = found.gaps
    assert gap.until - gap.since > timedelta(days=54)


def test_stray_dates_do_not_stretch_the_record() -> None:
    steady = np.arange(0, 5 * 1440, 2.0)
    stray = np.array([-300.0 * 1440, 900.0 * 1440, -56.0 * 365 * 1440])
    (found,) = measure(database(events(steady), events(stray)))
    assert (found.first_ts, found.last_ts) == (at(0), at(steady[-1]))


def test_nothing_recorded() -> None:
    assert measure(database(events(np.array([])))) == ()


def test_all_systems_and_kinds_are_told_apart() -> None:
    con = database(
        events(np.array([1.0, 2])),
        events(np.array([1.0]), "scan", "scanner", "b"),
        events(np.array([3.0]), "api", "wcs", "c"),
    )
    assert [(c.system, c.kind, c.rows) for c in measure(con)] == [
        ("scanner", "scan", 1),
        ("wcs", "api", 1),
        ("wms", "api", 2),
    ]


def entry(**changes: object) -> Coverage:
    from forensics.model.result import Gap

    values = {
        "system": "wms",
        "kind": "api",
        "first_ts": at(0),
        "last_ts": at(1000),
        "rows": 1001,
        "gaps": (Gap(at(200), at(300)),),
    }
    return Coverage(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("since", "until", "answer"),
    [
        (10, 100, "yes"),
        (10, 200, "yes"),
        (300, 1000, "yes"),
        (-2, 100, "yes"),  # within three mean pauses
        (210, 290, "no"),
        (150, 250, "partly"),
        (10, 900, "partly"),
        (-60, 100, "partly"),
        (-60, -10, "no"),
        (1100, 1200, "no"),
        (None, None, "partly"),
        (500, None, "yes"),
    ],
)
def test_covered(since: float | None, until: float | None, answer: str) -> None:
    times = [None if t is None else at(t) for t in (since, until)]
    assert covered([entry()], "api", "wms", *times) == answer
    assert covered([entry()], "api", None, *times) == answer
    assert covered([entry()], "api", "wcs", *times) == "no"
    assert covered([entry()], "scan|api", "wms", *times) == answer


def test_any_system_takes_the_best_answer() -> None:
    assert covered([entry(), entry(system="wcs", gaps=())], "api", None, at(10), at(900)) == "yes"
    assert covered([], "api", None, at(0), at(1)) == "no"
    assert covered([entry(rows=0)], "api") == "no"


def numbered(numbers: list[int], source: str = "a", kind: str = "ledger", device: str | None = None, key: str = "id") -> pl.DataFrame:
    times = pl.Series([int(T.timestamp() * 1e6) + n * 1_000_000 for n in range(len(numbers))])
    extra = ["{" + f'"{key}":"{n}"' + "}" for n in numbers]
    return pl.DataFrame({"ts": times.cast(pl.Datetime("us", "UTC")), "extra": extra}).with_columns(
        kind=pl.lit(kind), system=pl.lit("wms"), source=pl.lit(source), part=pl.lit(0), device=pl.lit(device, pl.String)
    )


def holes(*frames: pl.DataFrame) -> list[tuple[str, str | None, str, int]]:
    found = measure(database(*frames))
    return [(hole.source, hole.series, hole.text, hole.count) for one in found for hole in one.missing]


def test_numbers_missing_from_a_ledger_are_named_the_widest_first():
    run = [n for n in range(1000, 1200) if n not in (1050, 1100, 1101, 1102)]
    assert holes(numbered(run)) == [("a", None, "1100–1102", 3), ("a", None, "1050", 1)]


def test_every_vehicle_counts_for_itself():
    run = [n for n in range(1, 100) if n != 40]
    one = numbered(run, kind="device", device="AGV1", key="headerId")
    two = numbered(list(range(1, 100)), kind="device", device="AGV2", key="headerId")
    assert holes(one, two) == [("a", "AGV1", "AGV1 40", 1)]


def test_a_filtered_list_and_numbers_without_order_have_no_holes():
    thirds = list(range(1, 600, 3))
    shuffled = np.random.default_rng(1).permutation(np.arange(1, 100)).tolist()
    assert holes(numbered(thirds), numbered([*shuffled, 500], source="b"), numbered(list(range(1, 30)), source="c")) == []


def test_numbers_that_are_not_numbers_are_left_alone():
    frame = numbered(list(range(1, 100))).with_columns(extra=pl.lit('{"id":"99999999999999999999"}'))
    assert holes(frame, numbered(list(range(1, 100)), source="b").with_columns(extra=pl.lit('{"id":"x1"}'))) == []
