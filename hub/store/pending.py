"""Changes in which others have a say, in their table, and the holds that wait for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, TextClause, insert, text

from hub.canonical.money import Money
from hub.canonical.records import Visit, VisitState
from hub.ports import DueDeposit, HeldVisit, NewPending, Pending
from hub.scheduling.pending import UNDECIDED_UNTIL, PaymentState, Stage, Standing, Step
from hub.store.holds import lock_hold
from hub.store.moment import Moment
from hub.store.tables import pending_change

_TAKE_HOLD = text("""
    WITH locked AS MATERIALIZED (
        SELECT id, expires_at, pending_id FROM hold WHERE trip_id = :hold_id ORDER BY id FOR UPDATE)
    UPDATE hold SET pending_id = :id, expires_at = :until
    WHERE trip_id = :hold_id AND (SELECT bool_and(expires_at > :now AND pending_id IS NULL) FROM locked)""")
_HELD = """
    SELECT id, patient_id, service_id, location_id, provider_id, room_id, device_id, start, "end", price_minor,
        price_currency, deposit_minor, booked_via, booked_on, expires_at FROM hold """
_HELD_OF_TRIP = text(_HELD + "WHERE trip_id = :id ORDER BY number")
_HELD_FOR = text(_HELD + "WHERE pending_id = :id ORDER BY number, start")
_RELEASE = text("UPDATE hold SET pending_id = NULL, expires_at = :now WHERE pending_id = :id")
_NAME_VISITS = text("""
    UPDATE pending_change SET visit_ids = ARRAY(SELECT id FROM hold WHERE pending_id = :id ORDER BY number, start)
    WHERE id = :id""")
_SELECT = """
    SELECT c.*, p.key AS payment_key, p.amount_minor, p.currency, p.state AS payment_state
    FROM pending_change c LEFT JOIN payment_intent p ON p.pending_id = c.id """
_UNDECIDED = "c.stage IN ('paying', 'confirming')"
_FIND = text(_SELECT + "WHERE c.id = :id")
_FIND_KEY = text(f"{_SELECT} WHERE c.key = :key AND {_UNDECIDED}")
_FIND_UNDECIDED = text(f"{_SELECT} WHERE c.visit_ids && CAST(:ids AS text[]) AND {_UNDECIDED} ORDER BY c.id LIMIT 1")
_FIND_AWAITED = text(f"""
    SELECT visit_id FROM pending_change c, unnest(c.visit_ids) AS visit_id
    WHERE c.visit_ids && CAST(:ids AS text[]) AND visit_id = ANY(:ids) AND {_UNDECIDED}""")  # noqa: S608 fixed
_FIND_RELEASED = text(
    f"{_SELECT} WHERE c.visit_ids && CAST(:ids AS text[]) AND c.kind = 'book'"
    " AND c.stage IN ('released', 'withdrawing') ORDER BY c.id"
)
_LOCK = text("SELECT FROM pending_change WHERE id = :id FOR UPDATE")
_SAVE = text("""
    UPDATE pending_change SET stage = :stage, outcome = :outcome,
        asked_at = CASE WHEN stage = :stage THEN asked_at ELSE :now END,
        settled_at = CASE WHEN :is_settled AND by_hand IS NULL THEN coalesce(settled_at, :now) END
    WHERE id = :id""")
_BY_HAND = text("UPDATE pending_change SET by_hand = :step, settled_at = NULL, next_try_at = :now WHERE id = :id")
_SEEN = text("UPDATE pending_change SET settled_at = :now WHERE id = :id")
_POSTPONE = text("UPDATE pending_change SET next_try_at = :at WHERE id = :id")
_LEASE = text("""
    UPDATE pending_change SET attempts = attempts + 1, next_try_at = :until
    WHERE id = (
        SELECT id FROM pending_change WHERE settled_at IS NULL AND next_try_at <= :now
        ORDER BY next_try_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id""")
_FIND_UNSETTLED = text(_SELECT + "WHERE c.settled_at IS NULL ORDER BY c.id")


class SqlPendings:
    """`hub.ports.Pendings`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def begin(self, new: NewPending) -> int:
        """See the port."""
        values = {
            "kind": new.kind,
            "stage": str(new.standing.stage),
            "connection": new.connection,
            "visit_ids": list(new.visit_ids),
            "key": new.key,
            "request_hash": new.request_hash,
            "asked": dict(new.asked),
            "begun_at": self._moment.now,
            "asked_at": self._moment.now,
            "deadline_at": new.deadline_at,
            "next_try_at": new.next_try_at,
            "settled_at": self._moment.now if new.standing.is_settled else None,
        }
        statement = insert(pending_change).returning(pending_change.c.id)
        return int(self._connection.execute(statement, values).scalar_one())

    def take_hold(self, pending_id: int, hold_id: str) -> bool:
        """See the port."""
        lock_hold(self._connection, hold_id)
        values = {"id": pending_id, "hold_id": hold_id, "until": UNDECIDED_UNTIL, "now": self._moment.now}
        return self._connection.execute(_TAKE_HOLD, values).rowcount > 0

    def name_visits(self, pending_id: int) -> None:
        """See the port."""
        self._connection.execute(_NAME_VISITS, {"id": pending_id})

    def find_hold(self, hold_id: str) -> tuple[HeldVisit, ...]:
        """See the port."""
        return self._held(_HELD_OF_TRIP, hold_id)

    def load_held(self, pending_id: int) -> tuple[HeldVisit, ...]:
        """See the port."""
        return self._held(_HELD_FOR, pending_id)

    def release_hold(self, pending_id: int) -> None:
        """See the port."""
        self._connection.execute(_RELEASE, {"id": pending_id, "now": self._moment.now})

    def find(self, pending_id: int) -> Pending:
        """See the port."""
        return _pending(self._connection.execute(_FIND, {"id": pending_id}).one())

    def find_key(self, key: str) -> Pending | None:
        """See the port."""
        return self._first(_FIND_KEY, {"key": key})

    def find_undecided(self, visit_ids: Sequence[str]) -> Pending | None:
        """See the port."""
        return self._first(_FIND_UNDECIDED, {"ids": list(visit_ids)})

    def find_awaited(self, visit_ids: Collection[str]) -> frozenset[str]:
        """See the port."""
        return frozenset(self._connection.execute(_FIND_AWAITED, {"ids": list(visit_ids)}).scalars())

    def find_released(self, visit_ids: Sequence[str]) -> tuple[Pending, ...]:
        """See the port."""
        return tuple(_pending(row) for row in self._connection.execute(_FIND_RELEASED, {"ids": list(visit_ids)}))

    def lock(self, pending_id: int) -> Pending:
        """See the port. What is read comes after the lock, in a statement of its own."""
        self._connection.execute(_LOCK, {"id": pending_id})
        return self.find(pending_id)

    def save(self, pending_id: int, standing: Standing, outcome: str | None) -> None:
        """See the port."""
        values = {
            "id": pending_id,
            "stage": str(standing.stage),
            "outcome": outcome,
            "now": self._moment.now,
            "is_settled": standing.is_settled,
        }
        self._connection.execute(_SAVE, values)

    def postpone(self, pending_id: int, next_try_at: datetime) -> None:
        """See the port."""
        self._connection.execute(_POSTPONE, {"id": pending_id, "at": next_try_at})

    def mark_by_hand(self, pending_id: int, step: Step) -> None:
        """See the port."""
        self._connection.execute(_BY_HAND, {"id": pending_id, "step": str(step), "now": self._moment.now})

    def mark_seen(self, pending_id: int) -> None:
        """See the port."""
        self._connection.execute(_SEEN, {"id": pending_id, "now": self._moment.now})

    def lease(self, during: timedelta) -> Pending | None:
        """See the port."""
        found = self._connection.execute(
            _LEASE, {"now": self._moment.now, "until": self._moment.now + during}
        ).scalar_one_or_none()
        return None if found is None else self.find(found)

    def find_unsettled(self) -> tuple[Pending, ...]:
        """See the port."""
        return tuple(_pending(row) for row in self._connection.execute(_FIND_UNSETTLED))

    def _held(self, statement: TextClause, number: object) -> tuple[HeldVisit, ...]:
        return tuple(_held(row) for row in self._connection.execute(statement, {"id": number}))

    def _first(self, statement: TextClause, values: Mapping[str, Any]) -> Pending | None:
        row = self._connection.execute(statement, values).one_or_none()
        return None if row is None else _pending(row)


def _held(row: Row[Any]) -> HeldVisit:
    def money(amount: int | None) -> Money | None:
        return None if amount is None else Money(amount_minor=amount, currency=row.price_currency)

    visit = Visit(
        id=row.id,
        patient_id=row.patient_id,
        service_id=row.service_id,
        location_id=row.location_id,
        provider_id=row.provider_id,
        room_id=row.room_id,
        device_id=row.device_id,
        start=row.start,
        end=row.end,
        state=VisitState.BOOKED,
        price=money(row.price_minor),
        booked_via=row.booked_via,
        booked_on=row.booked_on,
    )
    return HeldVisit(visit, money(row.deposit_minor), row.expires_at)


def _pending(row: Row[Any]) -> Pending:
    payment = PaymentState(row.payment_state) if row.payment_state else None
    amount = Money(amount_minor=row.amount_minor, currency=row.currency) if row.payment_key else None
    return Pending(
        id=row.id,
        kind=row.kind,
        standing=Standing(Stage(row.stage), payment, row.connection is not None),
        connection=row.connection,
        visit_ids=tuple(row.visit_ids),
        begun_at=row.begun_at,
        asked_at=row.asked_at,
        deadline_at=row.deadline_at,
        attempts=row.attempts,
        outcome=row.outcome,
        asked=row.asked,
        key=row.key,
        request_hash=row.request_hash,
        deposit=DueDeposit(row.payment_key, amount) if amount else None,
        by_hand=Step(row.by_hand) if row.by_hand else None,
    )
