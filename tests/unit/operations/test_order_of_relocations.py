"""A vendor is asked for moves in an order in which each place is free there by then."""

from datetime import UTC, datetime, timedelta

from hub.operations.confirm_repair import in_order
from hub.ports.relocations import Relocation
from hub.scheduling.decision import PlannedVisit

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def goes(name: str, stood: float, to: float, hours: float = 1) -> Relocation:
    """A visit of so many hours from one hour after nine to another."""
    arrives_at = NINE + to * HOUR
    leaves_at = arrives_at + hours * HOUR
    planned = PlannedVisit(
        service_id="talk",
        option_id=None,
        patient_id="ann",
        location_id="main",
        arrives_at=arrives_at,
        starts_at=arrives_at,
        leaves_at=leaves_at,
        ends_at=leaves_at,
        resources=(),
        first_of_kind={},
        claims=(),
        promises=(),
        price=None,
        deposit=None,
        package_id=None,
    )
    return Relocation(name, NINE + stood * HOUR, planned, {}, None)


def order(*relocations: Relocation) -> list[str]:
    return [one.visit_id for one in in_order(relocations)]


def test_who_stands_where_another_goes_moves_out_first():
    assert order(goes("a", 0, 1), goes("b", 1, 2), goes("c", 2, 3)) == ["c", "b", "a"]
    assert order(goes("a", 1, 0), goes("b", 0, 5)) == ["b", "a"]


def test_who_only_touches_or_stays_at_their_time_is_not_waited_for():
    assert order(goes("a", 5, 0), goes("b", 1, 2)) == ["a", "b"]
    assert order(goes("a", 5, 1), goes("b", 1, 1)) == ["a", "b"]  # another room at the same time


def test_a_visit_that_moves_into_itself_waits_for_nobody():
    assert order(goes("a", 0, 0.5), goes("b", 3, 4)) == ["a", "b"]


def test_of_a_ring_the_first_begins_and_nobody_is_left_out():
    assert order(goes("a", 0, 1), goes("b", 1, 0)) == ["a", "b"]
    assert order(goes("x", 9, 8), goes("a", 0, 1), goes("b", 1, 0)) == ["x", "a", "b"]
