"""Conflicts: every one is found, said in words, and nothing that fits is called one."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.board import BoardBlock, BoardDay, BoardResource, BoardVisit
from hub.canonical.records import VisitState
from hub.web.conflicts import find_conflicts
from tests.board_day import MAIN, MONDAY, a_day, claim, plain, span, visit

ROOM = BoardResource("room-1", "room", "Room 1")
LOUNGE = BoardResource("lounge", "room", "Lounge", capacity=2)


def day(*visits: BoardVisit, blocks: tuple[BoardBlock, ...] = (), resources=(ROOM, LOUNGE)) -> BoardDay:
    return BoardDay(MAIN, MONDAY, resources, visits, blocks)


def said(shown: BoardDay) -> list[tuple[str, str, str]]:
    return [(one.where, one.when, one.reason) for one in find_conflicts(shown)]


def test_two_visits_in_one_room_are_a_conflict_for_as_long_as_they_overlap() -> None:
    ana = plain("Ana P", "09:00", "10:00", "Peel", "room-1")
    ben = plain("Ben Q", "09:30", "10:30", "Peel", "room-1")
    assert said(day(ana, ben)) == [("Room 1", "9:30\N{EN DASH}10:00 am", "Ana P. and Ben Q. overlap.")]


def test_visits_that_only_touch_are_none() -> None:
    assert (
        said(day(plain("Ana P", "09:00", "10:00", "x", "room-1"), plain("Ben Q", "10:00", "11:00", "x", "room-1")))
        == []
    )


def test_a_room_for_two_takes_two_and_a_third_is_a_conflict() -> None:
    two = [plain("Ana P", "09:00", "10:00", "x", "lounge"), plain("Ben Q", "09:00", "10:00", "x", "lounge")]
    assert said(day(*two)) == []
    third = plain("Cleo R", "09:45", "10:15", "x", "lounge")
    reason = "Ana P., Ben Q. and Cleo R.: more than the 2 that fit."
    assert said(day(*two, third)) == [("Lounge", "9:45\N{EN DASH}10:00 am", reason)]


def test_a_visit_within_a_longer_one_makes_one_conflict_not_three() -> None:
    visits = [
        plain("Ana P", "09:00", "12:00", "x", "room-1"),
        plain("Ben Q", "10:00", "11:00", "x", "room-1"),
        plain("Cleo R", "10:15", "10:30", "x", "room-1"),
    ]
    assert said(day(*visits)) == [("Room 1", "10:00\N{EN DASH}11:00 am", "Ana P., Ben Q. and Cleo R. overlap.")]


def test_overlaps_one_after_another_stay_two_matters() -> None:
    visits = [
        plain("Ana P", "09:00", "10:00", "x", "room-1"),
        plain("Ben Q", "09:30", "10:30", "x", "room-1"),
        plain("Cleo R", "10:00", "11:00", "x", "room-1"),
    ]
    reasons = [reason for _, _, reason in said(day(*visits))]
    assert reasons == ["Ana P. and Ben Q. overlap.", "Ben Q. and Cleo R. overlap."]


def test_a_contested_claim_says_who_is_not_confirmed() -> None:
    firm = plain("Ana P", "09:00", "10:00", "x", "room-1")
    late = visit("Ben Q", "09:30", "10:30", claim("room-1", "09:30", "10:30", firm=False))
    assert [reason for _, _, reason in said(day(firm, late))] == ["Ana P. and Ben Q. overlap. Ben Q. is not confirmed."]


def test_a_contested_claim_beside_which_nothing_stands_is_still_shown_with_its_issue() -> None:
    alone = visit("Ben Q", "09:30", "10:30", claim("room-1", "09:30", "10:30", firm=False), issues=("no_stock",))
    reason = "Ben Q. is not confirmed. The product is not in stock for that day."
    assert said(day(alone)) == [("Room 1", "9:30\N{EN DASH}10:30 am", reason)]


def test_a_patient_in_two_places_is_a_conflict_though_no_room_is() -> None:
    first = plain("Ana P", "09:00", "10:00", "x", "room-1")
    second = plain("Ana P", "09:30", "10:30", "x", "lounge")
    assert said(day(first, second)) == [("Patient", "9:30\N{EN DASH}10:00 am", "Ana P. is in 2 visits at once.")]


def test_two_patients_of_one_name_are_two_people() -> None:
    first = plain("Ana P", "09:00", "10:00", "x", "room-1")
    namesake = replace(plain("Ana P", "09:30", "10:30", "x", "lounge"), patient_id="pat-other")
    assert said(day(first, namesake)) == []


def test_a_patient_who_is_elsewhere_at_that_time_is_a_conflict_though_this_board_does_not_show_it() -> None:
    torn = plain("Ana P", "09:00", "10:00", "x", "room-1", patient_contested=True, issues=("patient_busy",))
    assert [where for where, _, _ in said(day(torn))] == ["Patient"]


def test_a_visit_over_a_block_is_a_conflict_of_that_visit() -> None:
    blocks = (BoardBlock("room-1", span("09:30", "11:00"), "block"),)
    found = find_conflicts(day(plain("Ana P", "09:00", "10:00", "x", "room-1"), blocks=blocks))
    assert [one.reason for one in found] == ["Ana P. and blocked time overlap."]
    assert len(found[0].visit_ids) == 1


def test_what_was_cancelled_or_missed_conflicts_with_nothing() -> None:
    gone = [
        plain(name, "09:00", "10:00", "x", "room-1", state=state)
        for name, state in [("Ana P", VisitState.CANCELLED), ("Ben Q", VisitState.NO_SHOW)]
    ]
    assert said(day(*gone, plain("Cleo R", "09:00", "10:00", "x", "room-1"))) == []


def test_a_conflict_marks_its_own_column_and_a_patients_conflict_marks_all() -> None:
    first = plain("Ana P", "09:00", "10:00", "x", "room-1")
    second = plain("Ana P", "09:30", "10:30", "x", "lounge")
    (torn,) = find_conflicts(day(first, second))
    assert torn.marks("room-1", first.id, first.span)
    assert torn.marks("lounge", second.id, second.span)
    assert not torn.marks("lounge", "another", second.span)
    assert not torn.marks("lounge", None, second.span), "a bare block is no patient"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=8), st.integers(1, 3))
def test_a_room_is_in_conflict_exactly_when_more_are_in_it_than_fit(
    quarters: list[tuple[int, int]], capacity: int
) -> None:
    def wall(quarter: int) -> str:
        return f"{7 + quarter // 4:02d}:{15 * (quarter % 4):02d}"

    visits = [
        plain(f"P{n} X", wall(start), wall(start + length), "x", "room-1") for n, (start, length) in enumerate(quarters)
    ]
    found = find_conflicts(day(*visits, resources=(replace(ROOM, capacity=capacity),)))
    for quarter in range(62):
        moment = span(wall(quarter), wall(quarter + 1))
        inside = {one.id for one in visits if one.span.overlaps(moment)}
        shown = {visit_id for one in found if one.span.overlaps(moment) for visit_id in one.visit_ids}
        if len(inside) > capacity:
            assert inside <= shown
        else:
            assert not any(one.span.overlaps(moment) for one in found)


def test_the_example_day_has_the_two_it_was_made_with() -> None:
    assert [where for where, _, _ in said(a_day())] == ["Sam Ortiz", "Recovery lounge"]
