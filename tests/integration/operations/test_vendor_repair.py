"""A repair in a vendor's calendar is made once the vendor agreed to all that was approved; what it refuses stays."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine

from hub.canonical.time import Span
from hub.operations.add_away import add_away
from hub.operations.apply_practice import apply_practice
from hub.operations.approve_repair import Approved, NotApproved
from hub.operations.begin_relocation import Lacking, Wanted, begin_relocation
from hub.operations.book_visit import Booked
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking
from hub.operations.confirm_repair import confirm_repair
from hub.operations.note_visits import Note
from hub.operations.propose_repair import propose_repair
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.ports.relocations import Relocation
from hub.ports.repairs import Proposal
from hub.scheduling.decision import PlannedClaim, PlannedVisit
from hub.scheduling.repair.approval import Objection
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import (
    PRACTICE,
    HandClock,
    Others,
    ask,
    open_practice,
    others,
    wanted,
)
from tests.integration.operations.small_practice import NINE, assert_nobody_is_booked_twice

ANN = Asking("ann", push_to=["ehr", "crm"])
HALF = timedelta(minutes=30)
HOURS = PRACTICE.replace(
    "{id: main, authority", '{id: main, hours: [{days: mon-sun, from: "09:00", to: "11:00"}], authority'
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    apply_practice(made, HOURS, "practice.yaml")
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


def book(store: SqlStore, here: Others, *minutes: int) -> list[str]:
    done = [confirm_booking(store, wanted("talk", one, patient=n), here.outside, ANN) for n, one in enumerate(minutes)]
    return [one.visits[0].id for one in done if isinstance(one, Booked)]


def propose(store: SqlStore, *gone: str, hours: float = 1) -> Proposal:
    """For when these are away from nine on."""
    for who in gone:
        add_away(store, who, Span(NINE, NINE + hours * timedelta(hours=1)), actor="ann")
    return propose_repair(store, "main", NINE.date(), notice_minutes=0, actor="ann", seconds=20)


def approve(store: SqlStore, here: Others, proposal: Proposal, *visits: str) -> Approved | NotApproved | Undecided:
    return confirm_repair(store, proposal.id, visits or None, here.outside, actor="ann", push_to=ANN.push_to)


def there(here: Others) -> dict[str, datetime]:
    """Visit → when it takes place at the vendor."""
    return {one["identifier"][-1]["value"]: datetime.fromisoformat(one["start"]) for one in here.vendor.standing()}


def stands(owner: Engine, visit_id: str) -> object:
    return ask(owner, f"SELECT start || ' ' || provider_id FROM visit WHERE id = '{visit_id}'")


def test_changes_are_made_once_the_vendor_agreed_to_all(store: SqlStore, here: Others, owner: Engine) -> None:
    first, second = book(store, here, 0, 30)
    proposal = propose(store, "dr-lee", "dr-kim")
    done = approve(store, here, proposal)
    assert isinstance(done, Approved)
    assert {one.id: one.start for one in done.visits} == there(here)
    assert set(there(here)) == {first, second}
    assert all(at >= NINE + 2 * HALF for at in there(here).values())
    assert ask(owner, "SELECT count(*) FROM repair_change WHERE applied_at IS NOT NULL") == 2
    assert isinstance(approve(store, here, proposal), Approved)  # nothing is left to do
    assert_nobody_is_booked_twice(owner)


def test_what_the_vendor_refuses_refuses_the_approval_and_what_it_changed_is_put_back(
    store: SqlStore, here: Others, owner: Engine
) -> None:
    first, second = book(store, here, 0, 30)
    before = there(here)
    proposal = propose(store, "dr-lee", "dr-kim")
    here.vendor.next_writes = ["yes", "no"]
    refused = approve(store, here, proposal)
    assert isinstance(refused, NotApproved)
    [objection] = refused.objections  # the one that it refused, not the one that it had agreed to
    assert (objection.visit_id, objection.reasons) == (second, ("vendor_refused",))
    assert (there(here), ask(owner, "SELECT count(*) FROM visit WHERE start < '2098-03-03T16:00Z'")) == (before, 2)
    assert ask(owner, "SELECT count(*) FROM pending_change WHERE settled_at IS NULL") == 0
    assert isinstance(approve(store, here, proposal, first), Approved)  # in part
    assert (there(here)[first] > before[first], there(here)[second]) == (True, before[second])


@pytest.mark.parametrize("stored", [True, False])
def test_no_answer_keeps_both_places_until_it_is_known(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine, stored: bool
) -> None:
    [visit] = book(store, here, 0)
    proposal = propose(store, "dr-lee")
    here.vendor.writes = "lost" if stored else "down"
    undecided = approve(store, here, proposal)
    assert isinstance(undecided, Undecided)
    assert approve(store, here, proposal) == undecided
    assert isinstance(stands(owner, visit), str)
    assert "dr-lee" in str(stands(owner, visit))
    clock.now += timedelta(minutes=20)
    here.vendor.writes = "yes"
    # At the same time with somebody else: a look shows nothing, so it is asked for once more.
    assert reconcile_bookings(store, here.outside, push_to=ANN.push_to) == ReconcileResult(done=1)
    assert "dr-kim" in str(stands(owner, visit))
    [held] = here.vendor.standing()
    assert "Practitioner/kim" in {one["actor"]["reference"] for one in held["participant"]}
    assert_nobody_is_booked_twice(owner)


def test_what_the_hub_itself_refuses_the_vendor_is_not_asked(store: SqlStore, here: Others) -> None:
    [visit] = book(store, here, 0)
    proposal = propose(store, "dr-lee")
    add_away(store, "dr-kim", Span(NINE, NINE + HALF), actor="ann")
    here.vendor.writes = here.vendor.reads = "down"
    refused = approve(store, here, proposal)
    assert refused == NotApproved((Objection(visit, ("no_provider",)),), is_stale=True)


def to_stand(visit_id: str, patient: str, stood_at: datetime, at: datetime, provider: str) -> Relocation:
    """Half an hour of somebody's at another place."""
    resources, until = (("provider", provider),), at + HALF
    claim = PlannedClaim(provider, 1, "talk", "provider", at, until)
    kinds = {"provider": provider}
    planned = PlannedVisit(
        *("talk", None, patient, "main", at, at, until, until), resources, kinds, (claim,), (), None, None, None
    )
    return Relocation(visit_id, stood_at, planned, {}, None, keeps_stock=True)


def test_only_who_lacks_something_at_the_new_place_is_named(store: SqlStore, here: Others, owner: Engine) -> None:
    """A change in the book that the plan did not see: one of three would meet somebody who stays."""
    ids = book(store, here, 0, 30, 60, 90)
    patients = [str(ask(owner, f"SELECT patient_id FROM visit WHERE id = '{one}'")) for one in ids]
    stood = [NINE + n * HALF for n in range(4)]
    goes = [
        to_stand(ids[0], patients[0], stood[0], stood[0], "dr-kim"),
        to_stand(ids[1], patients[1], stood[1], stood[3], "dr-lee"),  # where the fourth stays
        to_stand(ids[2], patients[2], stood[2], stood[0], "dr-lee"),  # which the first gives up
    ]
    wish = Wanted(tuple(goes), Note("visit_moved", "approve_repair", "ann"))
    with store.begin("test") as work:
        work.visits.lock()
        assert begin_relocation(work, wish, "ehr", {}) == Lacking((ids[1],))
        assert isinstance(begin_relocation(work, replace(wish, relocations=(goes[0], goes[2])), "ehr", {}), int)
    assert ask(owner, "SELECT count(*) FROM hold") == 2
    assert_nobody_is_booked_twice(owner)
