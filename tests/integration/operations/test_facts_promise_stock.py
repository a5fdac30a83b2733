"""Visits from outside promise what their services use; what cannot be kept says so, and nobody else is promised it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from hub.canonical.records import VisitState
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.place_facts import recheck_facts
from hub.operations.stockroom import Stockroom
from hub.operations.tend_book import tend_book
from hub.scheduling.decision import Refusal
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.outside_practice import (
    NINE,
    arrive,
    fact,
    flagged,
    nobody_outside,
    open_practice,
    wanted,
)


@pytest.fixture
def practice(store: SqlStore) -> SqlStore:
    open_practice(store)
    return store


def promised(owner: Engine) -> dict[str, tuple[str, Decimal, int]]:
    """Visit → (product, quantity, days after the day of `NINE`)."""
    with owner.connect() as connection:
        rows = connection.execute(text("SELECT visit_id, product_id, quantity, due_on FROM stock_promise"))
        return {row.visit_id: (row.product_id, row.quantity, (row.due_on - NINE.date()).days) for row in rows}


def test_what_a_fact_uses_is_promised_to_nobody_else(practice: SqlStore, owner: Engine) -> None:
    arrive(practice, fact("v1", service="gel-mask", provider_id="dr-lee"))
    assert promised(owner) == {"v1": ("gel", 1, 0)}
    assert flagged(practice) == {}
    assert book_visit(practice, wanted("gel-mask", 60), actor="desk") == Refusal(("no_stock",))


def test_a_fact_that_cannot_be_kept_in_stock_is_kept_and_says_so(practice: SqlStore, owner: Engine) -> None:
    booked = book_visit(practice, wanted("gel-mask"), actor="desk")
    assert isinstance(booked, Booked)
    arrive(practice, fact("v1", 60, service="gel-mask", provider_id="dr-lee"))
    assert flagged(practice) == {"v1": ("no_stock",)}
    assert set(promised(owner)) == {booked.visits[0].id, "v1"}
    (task,) = Stockroom(practice, "desk").reorders()
    assert (task["product"], task["quantity"]) == ("gel", "1")
    cancel_visit(practice, booked.visits[0].id, actor="desk")
    assert flagged(practice) == {}
    assert Stockroom(practice, "desk").reorders() == ()


def test_of_two_facts_for_one_tube_the_later_one_goes_without(practice: SqlStore) -> None:
    late = fact("v2", 60, patient=21, service="gel-mask", provider_id="dr-kim")
    arrive(practice, late, fact("v1", service="gel-mask", provider_id="dr-lee"))
    assert flagged(practice) == {"v2": ("no_stock",)}


def test_a_promise_follows_its_fact_and_ends_with_it(practice: SqlStore, owner: Engine) -> None:
    first = fact("v1", service="gel-mask", provider_id="dr-lee")
    arrive(practice, first)
    moved = first.model_copy(update={"start": first.start + timedelta(days=2), "end": first.end + timedelta(days=2)})
    arrive(practice, moved)
    assert promised(owner) == {"v1": ("gel", 1, 2)}
    arrive(practice, moved.model_copy(update={"service_id": "consult"}))
    assert promised(owner) == {}
    arrive(practice, moved)
    arrive(practice, moved.model_copy(update={"state": VisitState.CANCELLED}))
    assert promised(owner) == {}


def test_a_booking_that_the_other_system_moved_promises_what_it_did_for_its_new_date(
    practice: SqlStore, owner: Engine
) -> None:
    booked = book_visit(practice, wanted("gel-mask"), actor="desk")
    assert isinstance(booked, Booked)
    (visit,) = booked.visits
    day = timedelta(days=1)
    arrive(practice, visit.model_copy(update={"start": visit.start + day, "end": visit.end + day}))
    assert promised(owner) == {visit.id: ("gel", 1, 1)}
    assert flagged(practice) == {}


def test_stock_that_arrives_mends_what_lacked_it_when_the_book_is_tended(practice: SqlStore) -> None:
    arrive(practice, *(fact(f"v{n}", 60 * n, patient=20 + n, service="gel-mask", provider_id="dr-lee") for n in (0, 1)))
    assert flagged(practice) == {"v1": ("no_stock",)}
    Stockroom(practice, "desk").receive(("gel", "main", "G2"), Decimal(1), NINE.date())
    tend_book(practice, nobody_outside())
    assert flagged(practice) == {}


def test_judging_the_same_facts_again_writes_nothing(practice: SqlStore, owner: Engine) -> None:
    def rows() -> list[tuple[object, ...]]:
        with owner.connect() as connection:
            return [
                tuple(row) for row in connection.execute(text("SELECT id, visit_id FROM stock_promise ORDER BY id"))
            ]

    arrive(practice, *(fact(f"v{n}", 60 * n, patient=20 + n, service="gel-mask", provider_id="dr-lee") for n in (0, 1)))
    before = rows()
    recheck_facts(practice, ["v0", "v1"])
    assert rows() == before
    assert flagged(practice) == {"v1": ("no_stock",)}
