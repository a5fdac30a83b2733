"""Visits that could not both have happened."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.records import Visit, VisitState
from hub.sync.blanks import fill_blanks
from hub.sync.conflicts import UNITS, find_overlaps

NINE = datetime(2025, 5, 5, 14, tzinfo=UTC)


def visit(id_: str, start: int = 0, end: int = 30, **changes: Any) -> Visit:
    told = {"patient_id": f"p{id_}", "provider_id": f"d{id_}", "room_id": f"r{id_}", "location_id": "l", **changes}
    at, until = NINE + timedelta(minutes=start), NINE + timedelta(minutes=end)
    return Visit.model_validate({"id": id_, "start": at, "end": until, "state": VisitState.FULFILLED, **told})


@pytest.mark.parametrize("unit", UNITS)
def test_an_overlap_of_any_unit_is_found_with_both_sides(unit: str) -> None:
    same: dict[str, Any] = {unit: "x"}
    (found,) = find_overlaps([visit("b", 10, 40, **same), visit("a", **same)])
    assert (found.unit, found.unit_id, found.first, found.second) == (unit, "x", "a", "b")


def test_what_runs_on_meets_everything_that_begins_before_it_ends_whatever_the_order_they_come_in() -> None:
    long = visit("long", 0, 300, room_id="x")
    short = [visit(f"s{n}", 60 * n, 60 * n + 30, room_id="x") for n in range(6)]
    found = find_overlaps(iter([*reversed(short), long]))
    assert [(one.first, one.second) for one in found] == [("long", f"s{n}") for n in range(1, 5)] + [("s0", "long")]


def test_touching_visits_do_not_overlap() -> None:
    assert find_overlaps([visit("a", room_id="x"), visit("b", 30, 60, room_id="x")]) == ()


@pytest.mark.parametrize("state", [VisitState.CANCELLED, VisitState.NO_SHOW])
def test_what_did_not_happen_overlaps_nothing(state: VisitState) -> None:
    assert find_overlaps([visit("a", room_id="x"), visit("b", room_id="x", state=state)]) == ()


def test_an_unknown_room_is_not_the_same_room() -> None:
    assert find_overlaps([visit("a", room_id=None), visit("b", room_id=None)]) == ()


SOME = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), *[st.integers(0, 2)] * 2), max_size=12)


@given(SOME)
def test_it_finds_what_comparing_every_two_finds(rows: list[tuple[int, int, int, int]]) -> None:
    visits = [
        visit(str(n), start, start + length, provider_id=f"d{provider}", room_id=f"r{room}")
        for n, (start, length, provider, room) in enumerate(rows)
    ]
    slow = {
        (unit, *sorted((one.id, other.id)))
        for one, other in combinations(visits, 2)
        for unit in ("provider_id", "room_id")
        if getattr(one, unit) == getattr(other, unit) and one.start < other.end and other.start < one.end
    }
    assert {(found.unit, *sorted((found.first, found.second))) for found in find_overlaps(visits)} == slow


def test_blanks_are_filled_and_what_is_said_stays() -> None:
    mine, theirs = visit("a", note=None, booked_via="desk"), visit("a", note="n", booked_via="online")
    filled = fill_blanks(mine, theirs)
    assert (filled.note, filled.booked_via) == ("n", "desk")
    assert fill_blanks(filled, theirs) == filled
