"""Whoever dies where, and whatever the others answer: it ends as booked and taken once, or as released and given back.

The process dies at each point it passes in turn, first the one that books, then the one that reconciles.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count, product

import pytest
from sqlalchemy import Engine, text

from hub.operations.book_visit import Booked
from hub.operations.confirm_hold import Asking, Undecided, confirm_booking, confirm_hold
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.reconcile_bookings import ReconcileResult, reconcile_bookings
from hub.scheduling.decision import Refusal
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.shared_practice import HandClock, Others, open_practice, others, wanted
from tests.integration.operations.small_practice import assert_nobody_is_booked_twice
from tests.peers.payments import PaymentServer
from tests.peers.vendor import Mood

ASKING = Asking("ann", push_to=["ehr", "crm"], method="tok_1")


class Died(BaseException):
    """As if the process were killed: nothing of it runs any more, and its transaction is rolled back."""


class Mortal:
    """A checkpoint at whose n-th pass the process dies; passes are counted on."""

    def __init__(self) -> None:
        self.left: int | None = None

    def __call__(self, point: str) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = None
                raise Died(point)


@dataclass(frozen=True)
class World:
    """How the others behave while it is booked."""

    authorise: Mood = "yes"
    confirm: Mood = "yes"
    look: Mood = "yes"
    capture: Mood = "yes"
    void: Mood = "yes"
    channel: str = "online"
    from_hold: bool = False

    def __str__(self) -> str:
        """Short, for the test's name."""
        held = "held" if self.from_hold else "direct"
        return "-".join((self.authorise, self.confirm, self.look, self.capture, self.void, self.channel, held))

    def impose(self, here: Others) -> None:
        here.vendor.writes, here.vendor.reads = self.confirm, self.look
        verbs = {"authorise": self.authorise, "look": self.look, "capture": self.capture, "void": self.void}
        here.payments.moods = verbs


FAIR = World()
WORLDS = [
    FAIR,
    World(authorise="lost", confirm="lost", capture="lost"),
    World(confirm="no", void="lost", from_hold=True),
    World(authorise="down", confirm="down", look="down", void="down"),
]
EVERY = 1 if "HUB_ALL_WORLDS" in os.environ else 9
"""All of them take a quarter of an hour; one in nine meets every answer."""
ALL_WORLDS = [
    World(*moods, channel=channel, from_hold=from_hold)
    for moods in product(("yes", "no", "lost", "down"), ("yes", "no", "lost", "down"), ("yes", "down"), ("yes", "lost"))
    for channel, from_hold in (("online", False), ("desk", True))
][::EVERY]


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def mortal() -> Mortal:
    return Mortal()


@pytest.fixture
def store(engine: Engine, clock: HandClock, mortal: Mortal) -> SqlStore:
    made = SqlStore(engine, mortal, clock)
    open_practice(made)
    return made


@pytest.fixture
def here() -> Iterator[Others]:
    with others() as found:
        yield found


@dataclass
class Life:
    """One booking after the other, each at its own hour; after each everything is looked at."""

    store: SqlStore
    here: Others
    clock: HandClock
    mortal: Mortal
    owner: Engine
    slots: Iterator[int]

    def book(self, world: World, dies_at: int | None) -> tuple[bool, object]:
        """Whether it died, and what was told."""
        request = wanted("talk", 30 * next(self.slots), channel=world.channel)
        held = hold_visit(self.store, request, actor="ann") if world.from_hold else None
        world.impose(self.here)
        self.mortal.left = dies_at
        try:
            if isinstance(held, Held):
                told = confirm_hold(self.store, held.hold_id, self.here.outside, ASKING)
            else:
                told = confirm_booking(self.store, request, self.here.outside, ASKING)
        except Died:
            return True, None
        finally:
            self.mortal.left = None
        return False, told

    def reconcile(self, dies_at: int | None = None) -> bool:
        """Whether it died."""
        self.clock.now += timedelta(minutes=20)
        self.mortal.left = dies_at
        try:
            reconcile_bookings(self.store, self.here.outside, push_to=ASKING.push_to)
        except Died:
            return True
        finally:
            self.mortal.left = None
        return False

    def settle(self) -> None:
        """Everybody is well again, and there is time."""
        FAIR.impose(self.here)
        self.reconcile()
        self.clock.now += timedelta(minutes=20)
        assert reconcile_bookings(self.store, self.here.outside, push_to=ASKING.push_to) == ReconcileResult()

    def check(self, world: World, told: object) -> None:
        """What is here, there and at the processor's is one and the same thing; and it is what was told."""
        with self.owner.connect() as connection:
            visits = set(connection.execute(text("SELECT id FROM visit")).scalars())
            live = text("SELECT count(*) FROM hold WHERE expires_at > :now")
            assert connection.execute(live, {"now": self.clock.now}).scalar_one() == 0
            linked = set(
                connection.execute(text("SELECT canonical_id FROM source_link WHERE kind = 'visit'")).scalars()
            )
            rows = connection.execute(text("SELECT key, state FROM payment_intent")).all()
            told_to = connection.execute(text("SELECT canonical_id, connection FROM outbox_delivery")).all()
        there = [one["identifier"][-1]["value"] for one in self.here.vendor.standing()]
        assert sorted(there) == sorted(visits) == sorted(linked)
        assert sorted(told_to) == sorted((visit, "crm") for visit in visits)
        _check_money(dict(tuple(row) for row in rows), visits, self.here.payments)
        if isinstance(told, Booked):
            assert {visit.id for visit in told.visits} <= visits
        if isinstance(told, Refusal):
            assert told.reasons in (("vendor_refused",), ("payment_declined",))

    def clear(self) -> None:
        """Forget this booking, so that the next is looked at alone."""
        with self.owner.begin() as connection:
            names = "visit, hold, payment_intent, pending_change, source_link, outbox_delivery"
            connection.execute(text(f"TRUNCATE {names} CASCADE"))
        self.here.vendor.held.clear()
        self.here.payments.payments.clear()
        self.here.payments.moved.clear()


def _check_money(rows: dict[str, str], visits: set[str], processor: PaymentServer) -> None:
    """Taken once for each visit that was paid ahead, and nothing is reserved for long."""
    assert "authorising" not in rows.values()
    assert "authorised" not in rows.values()
    for key, state in rows.items():
        assert (key.removeprefix("deposit:") in visits) == (state in ("captured", "failed"))
        there = processor.payments.get(key, {"state": "absent"})["state"]
        assert there == state or (state, there) in {("declined", "absent"), ("declined", "voided")}
    taken = [key for what, key in processor.moved if what == "captured"]
    assert len(taken) == len(set(taken))


@pytest.fixture
def life(store: SqlStore, here: Others, clock: HandClock, mortal: Mortal, owner: Engine) -> Life:
    return Life(store, here, clock, mortal, owner, count())


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_a_booking_that_dies_anywhere_is_settled_one_way(life: Life, world: World, owner: Engine) -> None:
    for point in count():
        died, told = life.book(world, point)
        life.settle()
        life.check(world, told)
        assert_nobody_is_booked_twice(owner)
        life.clear()
        if not died:
            break
    assert point >= 4  # it really died at several places


@pytest.mark.parametrize("world", [replace(WORLDS[1], look="down")], ids=str)
def test_a_reconciler_that_dies_anywhere_is_followed_by_another(life: Life, world: World) -> None:
    for point in count():
        life.book(world, 6)
        life.here.vendor.reads = "yes"
        life.here.payments.moods["look"] = "yes"
        died = life.reconcile(point)
        life.settle()
        life.check(world, None)
        life.clear()
        if not died:
            break
    assert point >= 4


@pytest.mark.slow
@pytest.mark.parametrize("world", ALL_WORLDS, ids=str)
def test_every_answer_and_every_two_deaths_end_one_way(life: Life, world: World) -> None:
    for first, second in product((0, 3, 5, 6, 8, 10, 99), (None, 1, 5)):
        _, told = life.book(world, first)
        life.reconcile(second)
        life.settle()
        life.check(world, told)
        life.clear()


def test_while_nobody_knows_the_time_is_taken_and_the_same_key_asks_again(life: Life) -> None:
    world = World(authorise="down", look="down")
    world.impose(life.here)
    asking = replace(ASKING, key="k")
    told = confirm_booking(life.store, wanted("talk", channel="online"), life.here.outside, asking)
    assert isinstance(told, Undecided)
    life.clock.now += timedelta(hours=2)
    assert confirm_booking(life.store, wanted("talk", patient=1), life.here.outside, ASKING) == Refusal(
        ("no_provider",)
    )
    assert confirm_booking(life.store, wanted("talk", channel="online"), life.here.outside, asking) == told
    life.settle()
    assert isinstance(confirm_booking(life.store, wanted("talk", patient=1), life.here.outside, ASKING), Booked)


def test_a_payment_that_was_reserved_too_late_is_given_back(life: Life) -> None:
    World(authorise="lost", look="down").impose(life.here)
    confirm_booking(life.store, wanted("talk", channel="online"), life.here.outside, ASKING)
    life.clock.now += timedelta(hours=2)  # the hold's own time is long over
    life.settle()
    assert life.here.payments.states() == ["voided"]
    assert life.here.vendor.posted == 0


def test_without_anybody_who_takes_payments_the_deposit_is_noted_as_due(life: Life) -> None:
    alone = replace(life.here.outside, payments=None)
    booked = confirm_booking(life.store, wanted("talk", channel="online"), alone, ASKING)
    assert isinstance(booked, Booked)
    assert life.here.payments.moved == []


def test_where_the_hub_owns_the_calendar_the_deposit_alone_decides(life: Life) -> None:
    booked = confirm_booking(life.store, wanted("talk", location="own", channel="online"), life.here.outside, ASKING)
    assert isinstance(booked, Booked)
    assert [what for what, _ in life.here.payments.moved] == ["authorised", "captured"]
    assert life.here.vendor.posted == 0
    World(authorise="no").impose(life.here)
    again = wanted("talk", 30, location="own", channel="online")
    assert confirm_booking(life.store, again, life.here.outside, ASKING) == Refusal(("payment_declined",))


def test_no_card_and_no_token_is_kept(life: Life, owner: Engine) -> None:
    confirm_booking(life.store, wanted("talk", channel="online"), life.here.outside, ASKING)
    with owner.connect() as connection:
        for table in ("payment_intent", "pending_change", "domain_event", "audit_entry"):
            kept = connection.execute(text(f"SELECT string_agg(CAST(t AS text), ' ') FROM {table} t")).scalar_one()
            assert "tok_1" not in (kept or "")
