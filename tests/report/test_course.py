"""The course of a finding, its damage and the balance as it would have been: in words and as drawings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from forensics.export import to_markdown
from forensics.model.result import Act, Balance, Curve, Damage, Documents
from forensics.report import course, damage
from forensics.report.html import render_html
from forensics.report.texts import Lang, Texts
from forensics.report.when import Zone
from report import cases

ZONE = Zone("Asia/Shanghai")
NUMBERS = {event: n for n, event in enumerate(("e1", "e2", "e3", "e4"), 1)}


def acts() -> tuple[Act, ...]:
    return cases.COURSE


def told(lang: Lang, *changed: Act) -> course.Course:
    finding = replace(cases.trace().findings[0], course=changed or acts(), conclusion=cases.CONCLUSION)
    made = course.tell(finding, NUMBERS, Texts(lang), ZONE)
    assert made is not None
    return made


def test_one_paragraph_in_english() -> None:
    assert told("en").paragraph == (
        "2026-03-11 10:14:00.120 R1 read 100; 10:14:00.140 R2 read 100; 10:14:00.200 R1 wrote 95 from the 100 it had read (its own -5); "
        "at about the same time (order not known): 10:14:00.212 R2 wrote 92 from the 100 it had read (its own -8) (the row itself 95 → 92). "
        "R1's -5 is lost: the row should stand at 87."
    )


def test_one_paragraph_in_chinese() -> None:
    text = told("zh").paragraph
    assert text.startswith("2026-03-11 10:14:00.120 R1 读到 100；10:14:00.140 R2 读到 100；")
    assert "约在同一时间（先后不明）：10:14:00.212 R2" in text
    assert text.endswith("。R1 的 -5 丢失：库存行应为 87。")


def test_lanes_are_the_actors_and_the_row() -> None:
    made = told("en")
    assert made.lanes == ("R1", "R2", "stock row")
    first, second, third, fourth = made.lines
    assert [cell.on for cell in first.cells] == [True, False, False]  # R1 has begun, R2 has not
    assert [cell.on for cell in second.cells] == [True, True, False]  # here they overlap
    assert [cell.on for cell in fourth.cells] == [False, True, False]  # R1 has ended
    assert [cell.kind for cell in first.cells] == ["read", "", ""]
    assert [cell.text for cell in third.cells] == ["wrote 95 from the 100 it had read (its own -5)", "", "100 → 95"]
    assert [cell.passes for cell in third.cells] == [False, True, False]  # the value goes past R2 to the row
    assert [cell.kind for cell in fourth.cells] == ["", "fault", "fault"]
    assert (third.unordered, fourth.unordered) == (False, True)
    assert [line.cited for line in made.lines] == [(1,), (2,), (3,), (4,)]


def test_an_act_without_a_time_and_many_alike() -> None:
    first, *rest = acts()
    made = told("en", replace(first, at=None, more=1), *rest)
    assert made.paragraph.startswith(
        "time not known R1 read 100 (and 1 more cited line like it); 2026-03-11 10:14:00.140 R2"
    )
    assert made.lines[0].more == "and 1 more cited line like it"


def test_times_of_other_clocks_that_run_backwards_are_explained() -> None:
    first, *rest = acts()
    assert told("en").note == ""
    assert "its own system" in told("en", replace(first, at=cases.at(60)), *rest).note


def test_no_more_digits_than_the_log_has() -> None:
    first, *rest = acts()
    assert told("en", replace(first, precision="s"), *rest).lines[0].time == "2026-03-11 10:14:00"


def test_a_finding_without_a_course_tells_none() -> None:
    assert course.tell(cases.trace().findings[0], {}, Texts("en"), ZONE) is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_hostile_values_are_text_everywhere(lang: Lang) -> None:
    evil = "<img src=x onerror=alert(1)>\u202e`|x"
    acts_ = tuple(
        replace(
            act, who=evil, name={"zh": evil, "en": evil}, text={"zh": evil, "en": evil}, short={"zh": evil, "en": evil}
        )
        for act in acts()
    )
    base = cases.with_course()
    finding = replace(base.findings[0], course=acts_, conclusion={"zh": evil, "en": evil})
    harm = Damage(True, Decimal(1), cases.T0, None, Documents((evil,), 1))
    incident = replace(
        base.incidents[0],
        damage=harm,
        balance=(replace(cases.CURVE, sku=evil, points=(replace(cases.CURVE.points[0], doc=evil),)),),
    )
    result = replace(base, findings=(finding,), incidents=(incident,))
    page = render_html(result, cases.events(5), lang=lang, tz="Asia/Shanghai", catalogue=cases.catalogue())
    assert "<img" not in page
    assert "\u202e" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    markdown = to_markdown(result, lang)
    assert "<img" not in markdown
    assert "\u202e" not in markdown


def test_damage_in_words() -> None:
    harm = Damage(
        True, Decimal(5), cases.T0, None, Documents(("D1", "D2"), 7), Documents(("D8",), 1), Documents(), at_least=True
    )
    lines = damage.tell(harm, Texts("en"), ZONE)
    assert lines == (
        "The balance is off by 5 since 2026-03-11 10:14:00, and nothing in the records sets it right.",
        "Documents posted on the wrong balance: at least 7 (D1, D2 and 5 more).",
        "Documents refused because of it: at least 1 (D8).",
    )
    settled = damage.tell(replace(harm, until=cases.at(60), at_least=False), Texts("zh"), ZONE)
    assert settled[0] == "余额偏差 5，自 2026-03-11 10:14:00 起，2026-03-11 10:15:00 已更正。"
    assert settled[1].startswith("在错误余额上过账的单据 7 张：D1、D2")


def test_a_wrong_number_shown_is_not_a_wrong_stock() -> None:
    harm = Damage(False, Decimal(5), cases.T0, cases.at(60))
    lines = damage.tell(harm, Texts("en"), ZONE)
    assert "the stock itself was right" in lines[0]
    assert lines[1] == "No document is known that acted on it, was refused or oversold because of it."
    assert damage.tell(None, Texts("en"), ZONE) == ()


def test_the_curve_draws_every_posting_and_where_the_two_part() -> None:
    points = tuple(
        Balance(cases.T0 + timedelta(seconds=n), Decimal(recorded), Decimal(correct), Decimal(-5), f"D{n}", f"e{n}")
        for n, (recorded, correct) in enumerate(((10, 10), (5, 0), (0, -5), (-5, -5)))
    )
    drawn = damage.draw(Curve("10023", "A-01", None, None, points), None, Texts("en"), ZONE)
    assert drawn.recorded.count("L") == drawn.correct.count("L") == 7  # two corners a posting
    assert drawn.marks == (25.0, 75.0)  # apart at the second posting, together again at the fourth
    assert drawn.recorded.startswith("M0 5L25 5L25 35")
    assert drawn.zero == 65.0
    assert (drawn.top, drawn.bottom) == ("10", "−5")
    assert [row[3:] for row in drawn.rows] == [
        ("10", "10", False),
        ("5", "0", True),
        ("0", "−5", True),
        ("−5", "−5", False),
    ]
    assert drawn.summary == "After the last posting drawn: recorded −5, should be −5, off by 0."


def test_a_curve_says_what_is_not_of_this_incident() -> None:
    harm = Damage(True, Decimal(5), cases.T0, None)
    others = damage.draw(cases.CURVE, replace(harm, units=Decimal(3)), Texts("en"), ZONE)
    assert "3 of it by this incident" in others.summary
    assert "of it" not in damage.draw(cases.CURVE, harm, Texts("en"), ZONE).summary


def test_a_flat_curve_has_a_height() -> None:
    one = replace(cases.CURVE, points=(replace(cases.CURVE.points[0], recorded=Decimal(4), correct=Decimal(4)),))
    drawn = damage.draw(one, None, Texts("zh"), ZONE)
    assert (drawn.top, drawn.bottom, drawn.zero) == ("5", "3", None)
