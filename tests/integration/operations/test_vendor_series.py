"""A series in a vendor's calendar is booked whole once the vendor agreed to every session, or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from hub.operations.apply_practice import apply_practice
from hub.operations.book_series import BookedSeries
from hub.operations.confirm_hold import Asking, Undecided
from hub.operations.confirm_series import confirm_series
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.scheduling.decision import Refusal
from hub.scheduling.request import Part, Trip
from hub.scheduling.series import SeriesRequest
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import PRACTICE, HandClock, Others, ask, open_practice, others

ANN = Asking("ann", push_to=["ehr", "crm"], method="tok_1")
REST = "steps: [{name: rest, minutes: 30, needs: [{kind: provider}]}]"
WITH_SERIES = PRACTICE.replace(REST, REST + "\n    series: {sessions: 3, min_days: 7, max_days: 14}")
SERIES = SeriesRequest(Trip((Part("mask", "pat-0"),), "main"), date(2098, 3, 3), date(2098, 5, 1))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    apply_practice(made, WITH_SERIES, "practice.yaml")
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


def left_over(owner: Engine) -> object:
    """Visits that stand, holds that count, and changes that wait."""
    return ask(
        owner,
        "SELECT (SELECT count(*) FROM visit) || '/' || (SELECT count(*) FROM hold WHERE pending_id IS NOT NULL)"
        " || '/' || (SELECT count(*) FROM pending_change WHERE settled_at IS NULL)",
    )


def test_every_session_is_confirmed_there_and_then_the_series_stands(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    asking = replace(ANN, key="k")
    done = confirm_series(store, SERIES, here.outside, asking)
    assert isinstance(done, BookedSeries)
    assert len(done.visits) == len(here.vendor.standing()) == 3
    assert ask(owner, "SELECT count(DISTINCT series_id) FROM visit WHERE trip_id IS NULL") == 1
    assert ask(owner, "SELECT string_agg(DISTINCT connection, ',') FROM outbox_delivery") == "crm"
    assert ask(owner, "SELECT count(*) FROM source_link WHERE kind = 'visit'") == 3
    assert ask(owner, "SELECT count(*) FROM audit_entry WHERE action = 'book_series'") == 3
    assert confirm_series(store, SERIES, here.outside, asking) == done
    later = replace(SERIES, start_on=date(2098, 3, 10))
    assert confirm_series(store, later, here.outside, asking) == Refusal(("key_reused",))


def test_one_session_that_the_vendor_refuses_refuses_all_and_takes_back_the_others(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    here.vendor.next_writes = ["yes", "yes", "no"]
    assert confirm_series(store, SERIES, here.outside, ANN) == Refusal(("vendor_refused",))
    assert ([one["status"] for one in here.vendor.held], left_over(owner)) == (["cancelled", "cancelled"], "0/0/0")
    assert isinstance(confirm_series(store, SERIES, here.outside, ANN), BookedSeries)


def test_what_cannot_be_taken_back_at_once_is_taken_back_by_the_reconciler(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    here.vendor.next_writes = ["yes", "no"]
    here.vendor.writes = "down"
    assert confirm_series(store, SERIES, here.outside, ANN) == Refusal(("vendor_refused",))
    assert (len(here.vendor.standing()), left_over(owner)) == (1, "0/0/1")
    here.vendor.writes = "yes"
    clock.now += timedelta(minutes=20)
    assert reconcile_bookings(store, here.outside) == ReconcileResult(released=1)
    assert (here.vendor.standing(), left_over(owner)) == ([], "0/0/0")


@pytest.mark.parametrize("stored", [True, False])
def test_no_answer_keeps_every_session_until_it_is_known(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine, stored: bool
) -> None:
    here.vendor.next_writes = ["yes", "yes", "lost" if stored else "down"]
    asking = replace(ANN, key="k")
    undecided = confirm_series(store, SERIES, here.outside, asking)
    assert isinstance(undecided, Undecided)
    assert left_over(owner) == "0/3/1"
    clock.now += timedelta(hours=2)
    assert confirm_series(store, SERIES, here.outside, asking) == undecided
    again = replace(SERIES, trip=replace(SERIES.trip, parts=(Part("mask", "pat-1"),)))
    assert confirm_series(store, again, here.outside, ANN) == Refusal(("no_series",))  # the three tubes are promised
    result = reconcile_bookings(store, here.outside)
    assert result == (ReconcileResult(done=1) if stored else ReconcileResult(released=1))
    assert len(here.vendor.standing()) == (3 if stored else 0)
    assert left_over(owner) == ("3/0/0" if stored else "0/0/0")


def test_a_series_pays_its_deposits_first_and_all_at_once(store: SqlStore, here: Others, owner: Engine) -> None:
    online = replace(SERIES, trip=replace(SERIES.trip, channel="online"))
    online = replace(online, until_on=date(2098, 3, 31))
    here.payments.moods["authorise"] = "no"
    assert confirm_series(store, online, here.outside, ANN) == Refusal(("payment_declined",))
    assert (here.vendor.held, left_over(owner)) == ([], "0/0/0")
    here.payments.moods["authorise"] = "yes"
    done = confirm_series(store, online, here.outside, ANN)
    assert isinstance(done, BookedSeries)
    assert [(one["amount"], one["state"]) for one in here.payments.payments.values()][-1] == (15000, "captured")
