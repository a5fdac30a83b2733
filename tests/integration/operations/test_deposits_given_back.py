"""Of a deposit that was really taken goes back what the fee leaves, what is waived later too, and never more."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from hub.operations.apply_practice import apply_practice
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.confirm_cancellation import confirm_cancellation
from hub.operations.confirm_hold import Asking, confirm_booking
from hub.operations.end_visits import Ended
from hub.operations.waive_fee import Waived, waive_fee
from hub.scheduling.waivers import Waivable, WaiverRequest
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
from tests.integration.operations.small_practice import NINE

ANN = Asking("ann", method="tok_1")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(engine: Engine, clock: HandClock) -> SqlStore:
    made = SqlStore(engine, clock=clock)
    open_practice(made)
    apply_practice(made, f"{PRACTICE}  waivers: {{owner: {{}}}}\n", "practice.yaml")
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


def paid(store: SqlStore, here: Others, clock: HandClock, *, channel: str = "online") -> str:
    """A visit of 100.00 with a deposit of 50.00; two hours before it."""
    request = wanted("talk", channel=channel, location="own")
    done = confirm_booking(store, request, here.outside, ANN)
    assert isinstance(done, Booked)
    clock.now = NINE - timedelta(hours=2)
    return done.visits[0].id


def cancel(store: SqlStore, here: Others, visit_id: str, by: str = "patient") -> Ended:
    ended = confirm_cancellation(store, [visit_id], Cancellation("ann", by), here.outside)  # type: ignore[arg-type]
    assert isinstance(ended, Ended)
    return ended


def waive(store: SqlStore, visit_id: str, what: Waivable, amount: int | None = None) -> None:
    done = waive_fee(store, WaiverRequest(what, "owner", "illness", amount), visit_id, actor="ann")
    assert isinstance(done, Waived)


def given_back(owner: Engine) -> object:
    return ask(
        owner,
        "SELECT string_agg(CAST(amount_minor AS text), ',' ORDER BY id) FROM payment_intent WHERE kind = 'refund'",
    )


def test_a_fee_that_is_waived_later_gives_back_what_it_had_taken_of_the_deposit(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    visit_id = paid(store, here, clock)
    assert cancel(store, here, visit_id).settlement.due == 5000
    assert given_back(owner) is None
    waive(store, visit_id, "fee", 3000)  # 70.00 are left, more than the deposit
    assert given_back(owner) is None
    waive(store, visit_id, "fee", 4000)
    assert given_back(owner) == "2000"
    waive(store, visit_id, "fee")
    assert given_back(owner) == "2000,3000"
    assert ask(owner, "SELECT count(*) FROM domain_event WHERE name = 'refund_intended'") == 2


def test_a_deposit_that_is_waived_after_it_was_taken_goes_back_and_only_once(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    visit_id = paid(store, here, clock)
    waive(store, visit_id, "deposit", 2000)
    assert given_back(owner) == "2000"
    cancel(store, here, visit_id, "practice")
    assert given_back(owner) == "2000,3000"


def test_what_was_waived_of_the_deposit_does_not_count_towards_the_fee(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    visit_id = paid(store, here, clock)
    waive(store, visit_id, "deposit", 2000)
    assert cancel(store, here, visit_id).settlement.due == 7000
    waive(store, visit_id, "fee")
    assert given_back(owner) == "2000,3000"


def test_a_deposit_that_was_only_due_gives_nothing_back(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    visit_id = paid(store, here, clock, channel="desk")
    waive(store, visit_id, "deposit", 2000)
    cancel(store, here, visit_id)
    waive(store, visit_id, "fee")
    assert given_back(owner) is None


def test_a_deposit_that_could_not_be_taken_gives_nothing_back(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    here.payments.moods["capture"] = "no"
    visit_id = paid(store, here, clock)
    assert ask(owner, "SELECT state FROM payment_intent") == "failed"
    cancel(store, here, visit_id, "practice")
    assert given_back(owner) is None


def test_the_deposit_of_a_visit_that_has_no_price_any_more_goes_back_in_the_practices_currency(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    apply_practice(store, PRACTICE.replace("USD", "EUR"), "practice.yaml")
    visit_id = paid(store, here, clock)
    with owner.begin() as connection:
        connection.execute(text("UPDATE visit SET price_minor = NULL, price_currency = NULL"))
    assert cancel(store, here, visit_id, "practice").settlement.refund == 5000
    assert ask(owner, "SELECT currency FROM payment_intent WHERE kind = 'refund'") == "EUR"


def test_a_deposit_that_is_waived_goes_back_in_the_practices_currency_where_its_visit_has_no_price_any_more(
    store: SqlStore, here: Others, clock: HandClock, owner: Engine
) -> None:
    apply_practice(store, PRACTICE.replace("USD", "EUR") + "  waivers: {owner: {}}\n", "practice.yaml")
    visit_id = paid(store, here, clock)
    with owner.begin() as connection:
        connection.execute(text("UPDATE visit SET price_minor = NULL, price_currency = NULL"))
    waive(store, visit_id, "deposit", 2000)
    assert given_back(owner) == "2000"
    assert ask(owner, "SELECT currency FROM payment_intent WHERE kind = 'refund'") == "EUR"
