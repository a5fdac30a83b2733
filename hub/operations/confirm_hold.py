"""Book where others have a say: hold here, ask them outside any transaction, commit here what they agreed to.

A vendor owns the calendar of some locations, and some channels take the deposit first. What is asked is written down
with the hold before anybody is asked, so that a process that dies leaves nothing that nobody settles.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub.canonical.money import Money
from hub.canonical.practice import Policy, Practice
from hub.errors import InvalidInput, Problem
from hub.operations.apply_practice import load_practice
from hub.operations.ask_outside import Outside
from hub.operations.book_under_locks import book_under_locks
from hub.operations.book_visit import Booked, book_hold, book_visit
from hub.operations.end_pending import complete
from hub.operations.note_reassigned import note_made_way
from hub.operations.note_visits import Note, load_visits, note_one
from hub.operations.question import NOT_CONFIRMED
from hub.operations.request_hash import hash_hold, hash_request
from hub.operations.settle_pending import Manner, settle_pending
from hub.ports import DueDeposit, NewPending, Pending, Store, UnitOfWork
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.pending import UNDECIDED_UNTIL, Stage, begin, patience
from hub.scheduling.request import BookingRequest


@dataclass(frozen=True, slots=True)
class Undecided:
    """Nobody knows yet whether it is booked: its time stays taken, and a reconciler finds out."""

    visit_ids: tuple[str, ...]
    """The ids that the visits will have."""
    stage: Stage
    """What is waited for."""
    code: str | None
    """Why it is not known: `slow`, `http_503` …"""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and how."""

    actor: str
    """A login, or `system:<name>`."""
    key: str | None = None
    """Idempotency key, as of `book_visit`; while it is undecided the same request gives the same answer."""
    push_to: Collection[str] = ()
    """The systems that must be told of new visits."""
    method: str | None = field(default=None, repr=False)
    """As `hub.ports.PaymentRequest.method`."""


@dataclass(frozen=True, slots=True)
class Say:
    """Who has a say in a booking."""

    connection: str | None
    pays_first: bool

    def __bool__(self) -> bool:
        return self.connection is not None or self.pays_first


_Told = Booked | Undecided | Refusal
_Begun = int | Booked | Undecided | Refusal
"""The number of what was begun, or what is known without asking anybody."""


def confirm_booking(store: Store, request: BookingRequest, outside: Outside, asking: Asking) -> _Told:
    """Book like `book_visit`; where others have a say, once they agreed, or refuse, or say that it is not known yet.

    Beside the refusals of `book_visit`: `vendor_refused`, `vendor_unavailable` (not reached), `payment_declined`.
    Errors as `book_visit`; what goes wrong once the hold is written is no error but undecided.
    """
    with store.begin("begin_booking", in_turn=True) as work:
        begun = find_known(work, asking.key, hash_request(request)) or _begin_booking(work, request, outside, asking)
    if begun is None:
        return book_visit(store, request, actor=asking.actor, key=asking.key, push_to=asking.push_to)
    return settled(store, begun, outside, asking)


def confirm_hold(store: Store, hold_id: str, outside: Outside, asking: Asking) -> _Told:
    """Book what is held, as `confirm_booking`; the hold does not expire before that is decided."""
    with store.begin("begin_booking", in_turn=True) as work:
        begun = find_known(work, asking.key, hash_hold(hold_id)) or _begin_hold(work, hold_id, outside, asking)
    if begun is None:
        return book_hold(store, hold_id, actor=asking.actor, key=asking.key, push_to=asking.push_to)
    return settled(store, begun, outside, asking)


def find_known(work: UnitOfWork, key: str | None, asked: str) -> _Told | None:
    """What the key stands for already."""
    if key is None:
        return None
    booked = work.bookings.lock_key(key)
    if booked is not None:
        same = booked.request_hash == asked
        return Booked(load_visits(work, booked.visit_ids), None) if same else Refusal(("key_reused",))
    pending = work.pendings.find_key(key)
    if pending is None:
        return None
    return _undecided(pending) if pending.request_hash == asked else Refusal(("key_reused",))


def _begin_booking(work: UnitOfWork, request: BookingRequest, outside: Outside, asking: Asking) -> _Begun | None:
    """Hold it for those who have a say; None: nobody has."""
    trip = request.trip
    if not find_say(work, outside, trip.location_id, trip.channel):
        return None

    def write(practice: Practice, booking: Booking) -> int:
        say = find_say(work, outside, trip.location_id, trip.channel)
        deposit = sum_of(one.deposit for one in booking.visits) if say.pays_first else None
        pending_id = work.pendings.begin(
            NewPending(
                kind="book",
                standing=begin(pays=deposit is not None, asks_vendor=say.connection is not None),
                connection=say.connection,
                deadline_at=work.now + timedelta(minutes=_policy(work, trip.location_id).hold_minutes),
                next_try_at=work.now + patience(len(trip.parts)),
                asked=_asked(request, booking, asking),
                key=asking.key,
                request_hash=hash_request(request),
            )
        )
        today = practice.date_at(work.now, trip.location_id)
        work.holds.save(booking, trip, UNDECIDED_UNTIL, booked_on=today, pending_id=pending_id)
        note_made_way(work, booking, actor=asking.actor)
        note_begun(work, pending_id, deposit, asking)
        return pending_id

    made = book_under_locks(work, request, write, promises=False)
    return made if isinstance(made, Refusal) else made.written


def _begin_hold(work: UnitOfWork, hold_id: str, outside: Outside, asking: Asking) -> _Begun | None:
    """Keep the hold for those who have a say; None: nobody has."""
    work.bookings.lock(())
    held = work.pendings.find_hold(hold_id)
    say = find_say(work, outside, held[0].visit.location_id, held[0].visit.booked_via or "") if held else None
    if not say:
        return None
    deposit = sum_of(one.deposit for one in held) if say.pays_first else None
    new = NewPending(
        kind="book",
        standing=begin(pays=deposit is not None, asks_vendor=say.connection is not None),
        connection=say.connection,
        deadline_at=held[0].expires_at,
        next_try_at=work.now + patience(len(held)),
        asked={"actor": asking.actor, "channel": held[0].visit.booked_via, "hold": hold_id},
        key=asking.key,
        request_hash=hash_hold(hold_id),
    )
    with work.bookings.attempt() as attempt:
        pending_id = work.pendings.begin(new)
        if not work.pendings.take_hold(pending_id, hold_id):
            attempt.take_back()
            return Refusal(("hold_expired",))
        note_begun(work, pending_id, deposit, asking)
        return pending_id


def find_say(work: UnitOfWork, outside: Outside, location_id: str, channel: str) -> Say:
    """Who has one in a booking there by that channel; false: nobody."""
    pays_first = outside.payments is not None and channel in _policy(work, location_id).deposit_first
    return Say(load_practice(work).vendor_of(location_id), pays_first)


def _policy(work: UnitOfWork, location_id: str) -> Policy:
    return load_practice(work).policy_at(work.now, location_id)


def _asked(request: BookingRequest, booking: Booking, asking: Asking) -> dict[str, Any]:
    return {
        "actor": asking.actor,
        "channel": request.trip.channel,
        "role": request.role,
        "reason": request.reason,
        "overridden": list(booking.overridden),
    }


def note_begun(work: UnitOfWork, pending_id: int, deposit: Money | None, asking: Asking) -> None:
    """What hangs on it: its visits, its deposit, an event; and where nobody is to be asked after all it is done."""
    work.pendings.name_visits(pending_id)
    first = work.pendings.load_held(pending_id)[0].visit
    if deposit is not None:
        work.payments.begin(pending_id, DueDeposit(f"deposit:{first.id}", deposit))
    pending = work.pendings.find(pending_id)
    data = {"stage": str(pending.standing.stage), "connection": pending.connection}
    note_one(work, first.id, first.patient_id, Note("booking_begun", "book_visit", asking.actor, event_data=data))
    if pending.standing.stage is Stage.DONE:
        complete(work, pending, {}, asking.push_to)


def sum_of(deposits: Iterable[Money | None]) -> Money | None:
    """One amount for the trip.

    Raises:
        InvalidInput: they are in several currencies, which is more than one payment.
    """
    due = [one for one in deposits if one is not None and one.amount_minor > 0]
    if not due:
        return None
    if len({one.currency for one in due}) > 1:
        hint = "Book them one by one"
        raise InvalidInput(Problem("the deposits of this trip are in several currencies", "currencies", hint=hint))
    return Money(amount_minor=sum(one.amount_minor for one in due), currency=due[0].currency)


def settled(store: Store, begun: _Begun, outside: Outside, asking: Asking) -> _Told:
    """What becomes of it as far as the others answer now."""
    if not isinstance(begun, int):
        return begun
    pending = settle_pending(begun, store, outside, Manner(asking.push_to, method=asking.method))
    if pending.standing.stage.is_undecided:
        return _undecided(pending)
    if pending.standing.stage is not Stage.DONE:
        return Refusal((pending.outcome or NOT_CONFIRMED,))
    with store.begin("read_booking") as work:
        return Booked(load_visits(work, pending.visit_ids), None)


def _undecided(pending: Pending) -> Undecided:
    return Undecided(pending.visit_ids, pending.standing.stage, pending.outcome)
