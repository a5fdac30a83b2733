"""Fees and deposits that are waived: written once, by whom the policy lets, and seen in the audit."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, text

from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.end_visits import Ended
from hub.operations.no_show_visit import no_show_visit
from hub.operations.waive_fee import Waived, waive_fee
from hub.scheduling.decision import Refusal
from hub.scheduling.waivers import WaiverRequest
from hub.store.audit_query import load_exceptions
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.small_practice import NINE, PRACTICE, open_practice, wanted
from tests.integration.operations.test_booking_races import at_once

PRICED = PRACTICE.replace("{id: consult,", "{id: consult, price: {amount_minor: 10000, currency: USD},")
POLICY = """
policy:
  - deposit: {flat: 2000}
    cancellation: [{within_hours: 24, fee_share: 0.5}, {no_show: true, fee_share: 1.0}]
    waivers: {front_desk: {up_to_minor: 5000}}
  - {from: 2098-03-03, waivers: {owner: {}}}
"""


@pytest.fixture
def clock() -> list:
    return [NINE - timedelta(days=1)]


@pytest.fixture
def store(engine: Engine, clock: list) -> SqlStore:
    store = SqlStore(engine, clock=lambda _: clock[0])
    open_practice(store)
    apply_practice(store, PRICED + POLICY, "practice.yaml")
    return store


def book(store: SqlStore, minutes: int = 0, patient: int = 0) -> str:
    booked = book_visit(store, wanted("consult", minutes, patient=patient), actor="ann")
    assert isinstance(booked, Booked)
    return booked.visits[0].id


def desk(amount: int | None = None, what: str = "fee") -> WaiverRequest:
    return WaiverRequest(what, "front_desk", "illness", amount)


def test_a_refused_waiver_leaves_the_visit_standing(store: SqlStore, owner: Engine) -> None:
    visit_id = book(store)
    for role, reason, code in (("owner", "why", "may_not_waive"), ("front_desk", " ", "reason_missing")):
        refused = cancel_visit(store, visit_id, actor="ann", waive=True, role=role, reason=reason)
        assert refused == Refusal((code,))
    with owner.connect() as connection:
        assert connection.execute(text("SELECT state, fee_minor FROM visit")).one() == ("booked", None)
        assert connection.execute(text("SELECT count(*) FROM audit_entry WHERE action = 'cancel_visit'")).scalar() == 0


def test_what_is_waived_stands_on_the_visit_and_in_the_audit_with_role_and_reason(
    store: SqlStore, owner: Engine
) -> None:
    visit_id = book(store)
    ended = cancel_visit(store, visit_id, actor="ann", waive=True, role="front_desk", reason="illness")
    assert isinstance(ended, Ended)
    assert (ended.settlement.fee, ended.waived_minor, ended.settlement.refund) == (5000, 5000, 2000)
    (seen,) = load_exceptions(owner, None, None)
    assert (seen.actor, seen.role, seen.reason, seen.visit_id) == ("ann", "front_desk", "illness", visit_id)
    assert seen.detail == {"waived": "fee", "waived_minor": 5000}
    assert load_exceptions(owner, None, date(2000, 1, 1)) == ()
    with owner.connect() as connection:
        stood = connection.execute(text("SELECT fee_minor, fee_waived_minor FROM visit")).one()
        assert stood == (5000, 5000)
        event = text("SELECT data ->> 'waived_minor' FROM domain_event WHERE name = 'visit_cancelled'")
        assert connection.execute(event).scalar_one() == "5000"


def test_the_policy_in_force_at_the_waiver_decides_who_may(store: SqlStore, clock: list) -> None:
    visit_id = book(store)
    clock[0] = NINE  # on the third of March the desk may no longer waive, and the owner may
    assert isinstance(no_show_visit(store, visit_id, actor="ann"), Ended)  # at the fee that was accepted
    assert waive_fee(store, desk(1), visit_id, actor="ann") == Refusal(("may_not_waive",))
    waived = waive_fee(store, WaiverRequest("fee", "owner", "why"), visit_id, actor="ann", push_to=["ehr"])
    assert isinstance(waived, Waived)
    assert (waived.settlement.fee, waived.waived_minor, waived.settlement.refund) == (10000, 10000, 2000)


def test_ten_waivers_at_once_do_not_exceed_the_limit(store: SqlStore, owner: Engine) -> None:
    visit_id = book(store)
    apply_practice(store, (PRICED + POLICY).replace("up_to_minor: 5000", "up_to_minor: 4000"), "practice.yaml")
    assert isinstance(cancel_visit(store, visit_id, actor="ann"), Ended)
    done = at_once([lambda: waive_fee(store, desk(1500), visit_id, actor="ann") for _ in range(10)])
    assert sum(isinstance(one, Waived) for one in done) == 2
    assert all(one == Refusal(("may_not_waive",)) for one in done if not isinstance(one, Waived))
    with owner.connect() as connection:
        assert connection.execute(text("SELECT fee_waived_minor FROM visit")).scalar_one() == 3000
