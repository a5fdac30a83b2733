"""The drawing: what stands where, on ordinary days and on odd ones."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.canonical.board import BoardBlock, BoardClaim, BoardClosed, BoardDay, BoardResource, BoardVisit
from hub.canonical.records import VisitState
from hub.canonical.time import Span
from hub.web.board import lay_out_board
from hub.web.drawing import Board, Column, Phase
from tests.board_day import (
    CHICAGO,
    MAIN,
    MONDAY,
    NOW,
    a_day,
    claim,
    closed_outside,
    laser,
    plain,
    resources,
    span,
    visit,
)

ROOM = BoardResource("room-1", "room", "Room 1")
LEE = BoardResource("dr-lee", "provider", "Dr. Lee")


def draw(*visits: BoardVisit, on: date = MONDAY, whole_day: bool = False, **changes) -> Board:
    shown = replace(BoardDay(MAIN, on, (LEE, ROOM), visits), **changes)
    return lay_out_board(shown, NOW, whole_day=whole_day)


def column(board: Board, name: str) -> Column:
    return next(one for one in board.columns if one.name == name)


def test_a_visit_stands_in_every_column_it_occupies_at_its_elapsed_minutes() -> None:
    board = draw(plain("Ana P", "09:15", "10:00", "Peel", "dr-lee", "room-1"))
    for one in board.columns:
        (block,) = one.blocks
        assert (block.top, block.height, block.name) == (15, 45, "Ana P.")


def test_a_provider_is_free_while_the_patient_numbs_and_the_room_is_not_while_it_is_turned_over() -> None:
    board = draw(laser("Ana P", 9), resources=resources())
    (room,) = column(board, "Room 2").blocks
    (provider,) = column(board, "Jo Kim").blocks
    start = column(board, "Room 2").blocks[0].top
    assert [(one.label, one.phase, one.height) for one in room.segments] == [
        ("set-up", Phase.WITHOUT_PATIENT, 5),
        ("numbing", Phase.ALONE, 20),
        ("laser", Phase.TREATMENT, 40),
        ("turnover", Phase.WITHOUT_PATIENT, 10),
    ]
    assert [one.label for one in room.segments if one.main] == ["laser"]
    assert (provider.top - start, provider.height) == (25, 40)


def test_where_only_start_and_end_are_known_the_whole_visit_is_treatment() -> None:
    board = draw(plain("Ana P", "09:00", "10:00", "Peel", "room-1"))
    assert [one.phase for one in column(board, "Room 1").blocks[0].segments] == [Phase.TREATMENT]


def test_a_visit_that_returns_to_a_column_has_two_blocks_there() -> None:
    steps = [claim("dr-lee", "09:00", "09:10", "mark"), claim("room-1", "09:10", "09:30", "numbing")]
    steps.append(claim("dr-lee", "09:30", "10:00", "inject"))
    board = draw(visit("Ana P", "09:00", "10:00", *steps))
    assert [(one.top, one.height) for one in column(board, "Dr. Lee").blocks] == [(0, 10), (30, 30)]


def test_overlapping_visits_stand_side_by_side_and_both_say_why_they_are_marked() -> None:
    ana, ben = (plain(name, "09:00", "10:00", "x", "room-1") for name in ("Ana P", "Ben Q"))
    blocks = column(draw(ana, ben), "Room 1").blocks
    assert [(one.lane.index, one.lane.count) for one in blocks] == [(0, 2), (1, 2)]
    assert all([mark.reason for mark in one.conflicts] == ["Ana P. and Ben Q. overlap."] for one in blocks)


def test_each_conflict_leads_to_a_block_that_shows_it() -> None:
    board = lay_out_board(a_day(), NOW)
    by_id = {block.id: block for one in board.columns for block in one.blocks}
    assert board.conflicts
    for line in board.conflicts:
        assert line.block_id is not None
        assert line.conflict in by_id[line.block_id].conflicts


def test_on_the_day_of_25_hours_a_visit_in_the_second_half_past_one_stands_an_hour_lower() -> None:
    on = date(2026, 11, 1)

    def at_half_past_one(fold: int) -> BoardVisit:
        start = datetime(2026, 11, 1, 1, 30, tzinfo=CHICAGO, fold=fold).astimezone(UTC)
        stay = Span(start, start + timedelta(minutes=20))
        name = "first" if fold == 0 else "second"
        return replace(
            visit(name, "09:00", "09:30"), id=name, span=stay, claims=(BoardClaim("room-1", stay),), given_name=name
        )

    board = draw(at_half_past_one(0), at_half_past_one(1), on=on, whole_day=True)
    first, second = column(board, "Room 1").blocks
    assert (board.length, first.top, second.top) == (25 * 60, 90, 150)
    assert (first.when, second.when) == ("1:30 am CDT\N{EN DASH}1:50 am CDT", "1:30 am CST\N{EN DASH}1:50 am CST")
    assert not board.conflicts
    assert board.clock_change == "Clocks go back on this date: the day has 25 hours."


def test_on_the_day_of_23_hours_noon_is_eleven_hours_down() -> None:
    on = date(2026, 3, 8)
    stay = span("12:00", "12:30", on=on)
    lunch = replace(visit("Ana P", "09:00", "09:30"), span=stay, claims=(BoardClaim("room-1", stay),))
    board = draw(lunch, on=on, whole_day=True)
    assert board.length == 23 * 60
    assert column(board, "Room 1").blocks[0].top == 11 * 60
    assert board.clock_change == "Clocks go forward on this date: the day has 23 hours."


def test_an_ordinary_day_says_nothing_about_clocks() -> None:
    assert draw().clock_change is None


def test_a_visit_over_midnight_is_cut_at_the_edge_and_says_that_it_goes_on() -> None:
    late = plain("Ana P", "23:30", "00:30", "x", "room-1")
    (tonight,) = column(draw(late), "Room 1").blocks
    assert (tonight.height, tonight.begins_before, tonight.goes_on) == (30, False, True)
    assert tonight.when.endswith("the next day")
    (after,) = column(draw(late, on=date(2026, 3, 3)), "Room 1").blocks
    assert (after.top, after.height, after.begins_before, after.goes_on) == (0, 30, True, False)


def test_closed_time_and_away_are_bands_with_a_word() -> None:
    away = BoardClosed(span("12:00", "13:00"), "away")
    lee = replace(LEE, closed=(*closed_outside("09:00", "17:00"), away))
    room = replace(ROOM, closed=closed_outside("08:00", "18:00"))
    board = draw(resources=(lee, room))
    assert board.length == 10 * 60
    assert [(one.top, one.height, one.label) for one in column(board, "Dr. Lee").bands] == [
        (0, 60, "Closed"),
        (240, 60, "Away"),
        (540, 60, "Closed"),
    ]


def test_a_visit_in_closed_time_is_drawn_and_its_card_says_so() -> None:
    lee = replace(LEE, closed=closed_outside("09:00", "17:00"))
    board = draw(plain("Ana P", "07:30", "08:00", "x", "dr-lee", "room-1"), resources=(lee, ROOM))
    assert column(board, "Dr. Lee").blocks[0].top == 30
    assert board.cards[0].notes == ("Dr. Lee: closed at that time",)


def test_a_day_closed_throughout_still_has_an_axis() -> None:
    board = draw(resources=(replace(LEE, closed=(BoardClosed(span("00:00", "00:00"), "closed"),)),))
    assert board.length == 10 * 60
    assert [one.height for one in board.columns[0].bands] == [600]


def test_a_resource_that_never_closes_does_not_stretch_the_axis_to_midnight() -> None:
    lee = replace(LEE, closed=closed_outside("09:00", "17:00"))
    yesterday_only = BoardClosed(span("00:00", "08:00", on=date(2026, 3, 1)), "closed")
    assert draw(resources=(lee, replace(ROOM, closed=(yesterday_only,)))).length == 8 * 60


def test_bare_blocks_are_drawn_and_belong_to_no_visit() -> None:
    board = draw(blocks=(BoardBlock("room-1", span("09:00", "09:30"), "hold"),))
    (block,) = column(board, "Room 1").blocks
    assert (block.name, block.card_id, block.segments[0].phase) == ("Being booked now", None, Phase.NO_VISIT)
    assert not board.cards


@pytest.mark.parametrize(
    ("where", "missing"),
    [
        (("room-1",), "no provider"),
        (("dr-lee",), "no room"),
        ((), "no provider and no room"),
        (("dr-lee", "room-1"), None),
    ],
)
def test_what_an_outside_record_leaves_open_is_listed_as_unplaced(where: tuple[str, ...], missing: str | None) -> None:
    board = draw(plain("Ana P", "09:00", "09:30", "x", *where))
    assert [card.missing for card in board.unplaced] == ([missing] if missing else [])


def test_a_visit_planned_by_steps_lacks_nothing_its_service_does_not_ask_for() -> None:
    board = draw(visit("Ana P", "09:00", "09:30", claim("dr-lee", "09:00", "09:30", "call")))
    assert board.unplaced == ()


def test_cancelled_visits_and_no_shows_leave_the_columns_and_are_listed() -> None:
    gone = [
        plain(name, "09:00", "10:00", "x", "room-1", state=state)
        for name, state in [("Ana P", VisitState.CANCELLED), ("Ben Q", VisitState.NO_SHOW)]
    ]
    board = draw(*gone)
    assert [card.state_words for card in board.fallen_through] == ["Cancelled", "No-show"]
    assert not board.cards
    assert not any(one.blocks for one in board.columns)


def test_no_visit_that_occupies_time_is_ever_left_out() -> None:
    board = lay_out_board(a_day(), NOW)
    drawn = {block.card_id for one in board.columns for block in one.blocks}
    listed = {card.id for card in board.unplaced}
    assert {card.id for card in board.cards} <= drawn | listed
    assert len(board.cards) + len(board.fallen_through) == len(a_day().visits)


def test_blocks_of_one_lane_never_overlap_on_the_example_day() -> None:
    for one in lay_out_board(a_day(), NOW).columns:
        for at, block in enumerate(one.blocks):
            for other in one.blocks[at + 1 :]:
                apart = block.top + block.height <= other.top or other.top + other.height <= block.top
                assert apart or block.lane.index != other.lane.index


def test_the_now_line_stands_on_todays_board_only() -> None:
    today = draw(plain("Ana P", "09:00", "12:00", "x", "room-1"))
    assert (today.is_today, today.now, today.now_words) == (True, 112, "10:52 am")
    tomorrow = draw(on=date(2026, 3, 3))
    assert (tomorrow.is_today, tomorrow.now) == (False, None)


def test_today_is_the_locations_date_not_utcs() -> None:
    late = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)  # still 10 pm on Monday in Chicago
    assert lay_out_board(BoardDay(MAIN, MONDAY, (), ()), late).is_today


def test_people_come_first_then_rooms_then_devices_then_kinds_of_the_practices_own() -> None:
    chair = BoardResource("chair", "massage chair", "Chair")
    laser_device = BoardResource("laser", "device", "Laser")
    board = draw(resources=(chair, laser_device, ROOM, LEE))
    assert [one.kind_words for one in board.columns] == ["Provider", "Room", "Device", "Massage chair"]


def test_a_name_that_is_not_given_is_said_not_to_be() -> None:
    nobody = replace(plain("Ana P", "09:00", "09:30", "x", "room-1"), given_name=None, family_initial=None)
    assert draw(nobody).cards[0].name == "No name"


def test_what_is_to_be_signed_stands_on_the_card_and_on_each_block_of_the_visit() -> None:
    board = lay_out_board(a_day(), NOW)
    card = next(card for card in board.cards if card.name == "Noor A.")
    assert card.unsigned == "Laser consent and Photo release"
    marks = {block.unsigned for column in board.columns for block in column.blocks if block.card_id == card.id}
    assert marks == {"Laser consent and Photo release"}
    assert board.unsigned
    signed = replace(a_day(), visits=tuple(replace(visit, unsigned=()) for visit in a_day().visits))
    assert not lay_out_board(signed, NOW).unsigned
