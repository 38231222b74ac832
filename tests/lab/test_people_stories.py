"""People's stories: every cause that people bring about has one, and one that only looks so; a story claims what it measured, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lab.clock import LabClock
from lab.flows.inbound import Received
from lab.journal import Journal
from lab.people import common, erp_differences
from lab.story import stories
from lab.world import World

MINE = [story for story in stories() if story.run.__module__.startswith("lab.people") or "lab.people" in str(story.run)]
CAUSES = (
    {f"F-S-02-01.{n}" for n in range(1, 6)}
    | {f"F-S-02-02.{n}" for n in (1, 3, 4)}
    | {f"F-S-02-03.{n}" for n in (1, 2, 3)}
    | {f"F-S-02-04.{n}" for n in range(1, 6)}
)
GOT = Received("TP1", "20010001", "B1", 40, "RK1", 1, "4500", "RW1", "A-01-01-01")


class FakeShift:
    """A shift whose book is a number and whose floor is a real `World`."""

    def __init__(self, folder: Path, book: Decimal | None) -> None:
        self.journal = Journal(folder / "j.jsonl", "test", LabClock(0, 0, 1))
        self.world = World(self.journal)
        self.book = book
        self.claims: list[tuple[str, dict[str, Any], Decimal]] = []
        self.excused: list[str] = []

    def query(self, sql: str, *_: Any, **__: Any) -> list[dict[str, Any]]:
        return [{"qty": self.book}]

    def now(self) -> float:
        return 100.0

    def fault(self, cause: str, subject: dict[str, Any], *, qty_error: Decimal, **_: Any) -> None:
        self.claims.append((cause, subject, qty_error))

    def innocent(self, looks_like: str, subject: dict[str, Any], **_: Any) -> None:
        self.excused.append(looks_like)


@pytest.fixture
def shift(tmp_path: Path) -> Iterator[Callable[[int | None], FakeShift]]:
    made: list[FakeShift] = []

    def make(book: int | None) -> FakeShift:
        made.append(FakeShift(tmp_path, None if book is None else Decimal(book)))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def test_every_cause_of_people_has_a_story_and_a_look_alike() -> None:
    assert {cause for story in MINE if not story.look_alike for cause in story.causes} == CAUSES
    assert {cause for story in MINE if story.look_alike for cause in story.causes} >= CAUSES


def test_stories_leave_time_for_what_never_comes() -> None:
    for story in MINE:
        if not story.look_alike and set(story.causes) & {"F-S-02-01.5", "F-S-02-02.1", "F-S-02-04.2"}:
            assert story.minutes >= 120, story.name


def test_a_claim_is_what_book_and_floor_differ_by(shift: Callable[[int | None], FakeShift]) -> None:
    phantom = shift(40)
    phantom.world.put("TP1", "S-EXC-01", "20010001", "B1", 40)
    common.disagree(phantom, "F-S-02-01.1", GOT, "A-01-01-01", 0, "lifted off")  # type: ignore[arg-type]
    ((cause, subject, error),) = phantom.claims
    assert (cause, error, subject["location"], subject["task"]) == ("F-S-02-01.1", Decimal(40), "A-01-01-01", "RW1")


def test_hidden_goods_are_a_negative_error(shift: Callable[[int | None], FakeShift]) -> None:
    hidden = shift(None)
    hidden.world.put("TP1", "A-01-01-01", "20010001", "B1", 40)
    common.disagree(hidden, "F-S-02-02.1", GOT, "A-01-01-01", 0, "never closed")  # type: ignore[arg-type]
    assert hidden.claims[0][2] == Decimal(-40)


def test_nothing_is_claimed_where_book_and_floor_agree(shift: Callable[[int | None], FakeShift]) -> None:
    fine = shift(40)
    fine.world.put("TP1", "A-01-01-01", "20010001", "B1", 40)
    with pytest.raises(RuntimeError, match="agree"):
        common.disagree(fine, "F-S-02-01.1", GOT, "A-01-01-01", 0, "")  # type: ignore[arg-type]
    common.agree(fine, "F-S-02-01.1", GOT, "A-01-01-01", 0, "it stands there")  # type: ignore[arg-type]
    assert (fine.claims, fine.excused) == ([], ["F-S-02-01.1"])


def test_nothing_is_excused_where_they_differ(shift: Callable[[int | None], FakeShift]) -> None:
    wrong = shift(40)
    with pytest.raises(RuntimeError, match="off by 40"):
        common.agree(wrong, "F-S-02-01.1", GOT, "A-01-01-01", 0, "")  # type: ignore[arg-type]


def test_another_material_on_the_pallet_is_not_this_one(shift: Callable[[int | None], FakeShift]) -> None:
    mixed = shift(40)
    mixed.world.put("TP1", "A-01-01-01", "20019999", "B1", 40)
    assert common.gap(mixed, "A-01-01-01", "20010001", "TP1") == 40  # type: ignore[arg-type]


def test_a_subject_names_only_what_is_known() -> None:
    old = Received("TP2", "20010002", "B2", 24, "", 0, "", "", "A-01-01-02")
    assert common.subject(old, location="A-01-01-02") == {
        "pallet": "TP2",
        "sku": "20010002",
        "batch": "B2",
        "location": "A-01-01-02",
    }


def test_the_systems_must_differ_before_a_difference_is_claimed(shift: Callable[[int | None], FakeShift]) -> None:
    same = shift(12)
    with pytest.raises(RuntimeError, match="agree"):
        erp_differences._differ(same, "F-S-02-04.1", "20010001", 0, "")  # type: ignore[arg-type]
