"""Visits that may go elsewhere: the hold takes what they lack of the new place, and the promises cover both dates."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from sqlalchemy import Connection, insert, text, update

from hub.canonical.ids import Kind, mint
from hub.canonical.records import Visit
from hub.canonical.time import Span
from hub.ports import FactClaim
from hub.ports.relocations import Relocation
from hub.scheduling.decision import Booking, PlannedPromise, PlannedVisit, Reassignment
from hub.scheduling.pending import UNDECIDED_UNTIL
from hub.store.claims import SqlClaims
from hub.store.driver import run
from hub.store.locks import claimed_by_nobody_else, make_way
from hub.store.moment import Moment
from hub.store.placement import Wanted
from hub.store.records import SqlRecords
from hub.store.settling import flag, move_claims, plan_units, settle
from hub.store.tables import hold, stock_promise, visit
from hub.store.taken import read_freed
from hub.store.units import Owner, ensure_units

_OWN = text("""
    SELECT u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS "end"
    FROM claim c JOIN resource_unit u ON u.id = c.unit_id WHERE c.firm AND c.visit_id = ANY(:ids)""")
_CLAIM = text("""
    INSERT INTO claim (hold_id, unit_id, during, need) VALUES (:hold, :unit, tstzrange(:start, :end), :need)""")
_PROMISED = text("SELECT product_id, location_id, quantity, due_on FROM stock_promise WHERE visit_id = :id")
_PUT_OFF = text("UPDATE stock_promise SET due_on = :due_on WHERE visit_id = :id AND product_id = :product")
_OWN_DATE = text("""
    UPDATE stock_promise p SET due_on = CAST(v.start AT TIME ZONE coalesce(l.zone, 'UTC') AS date)
    FROM visit v JOIN location l ON l.id = v.location_id WHERE p.visit_id = v.id AND v.id = ANY(:ids)""")
_RELEASE = text("UPDATE hold SET pending_id = NULL, expires_at = :now WHERE pending_id = :id")
_HAND_OVER = text("""
    UPDATE claim SET visit_id = :visit, hold_id = NULL WHERE hold_id IN (SELECT id FROM hold WHERE pending_id = :id)""")
_TAKE_OUT = text("DELETE FROM hold WHERE pending_id = :id")
_END_PROMISES = text("DELETE FROM stock_promise WHERE visit_id = ANY(:ids)")
YIELD = """
    WITH yielded AS (UPDATE claim c SET firm = false FROM resource_unit u
        WHERE u.id = c.unit_id AND c.firm AND c.visit_id = ANY(%(ids)s)
        RETURNING u.owner_kind, u.owner_id, lower(c.during) AS start, upper(c.during) AS until)
    SELECT json_agg(json_build_array(owner_kind, owner_id, start, until)) AS spans FROM yielded"""

_Times = list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Time that is lacking at the new place."""

    owner: Owner
    start: datetime
    end: datetime


class SqlRelocations:
    """`hub.ports.relocations.Relocations`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def hold(
        self,
        pending_id: int,
        relocations: Sequence[Relocation],
        yielding: Collection[str] = (),
        made_way: Sequence[Reassignment] = (),
    ) -> tuple[str, ...]:
        """See the port."""
        with claimed_by_nobody_else():
            make_way(self._connection, Booking((), reassignments=tuple(made_way)))
        ids = [mint(Kind.VISIT) for _ in relocations]
        rows = [_row(one, ids, number, pending_id) for number, one in enumerate(relocations, 1)]
        self._connection.execute(insert(hold), rows)
        holds = dict(zip(ids, relocations, strict=True))
        own = self._own([*(one.visit_id for one in relocations), *yielding])
        short = [one.visit_id for hold_id, one in holds.items() if not self._promise(hold_id, one)]
        return tuple(dict.fromkeys([*self._claim(holds, own), *short]))

    def carry_out(
        self, pending_id: int, relocations: Sequence[Relocation], yielding: Collection[str] = ()
    ) -> tuple[Visit, ...]:
        """See the port."""
        ids = [one.visit_id for one in relocations]
        freed = read_freed(run(self._connection, YIELD, {"ids": list(yielding)})[0]["spans"])
        # What was held is the visits' own for the moment in which all of theirs is replaced.
        self._connection.execute(_HAND_OVER, {"visit": ids[0], "id": pending_id})
        self._connection.execute(_TAKE_OUT, {"id": pending_id})
        for one in relocations:
            self._write(one)
        SqlClaims(self._connection, self._moment).place([fact for one in relocations for fact in _facts(one)])
        settle(self._connection, freed)
        flag(self._connection, sorted(yielding), [])
        written = SqlRecords(self._connection).load(Kind.VISIT, ids)
        return tuple(found for one in ids if isinstance(found := written[one], Visit))

    def give_up(self, pending_id: int, visit_ids: Collection[str]) -> None:
        """See the port."""
        self._connection.execute(_OWN_DATE, {"ids": list(visit_ids)})
        self._connection.execute(_RELEASE, {"id": pending_id, "now": self._moment.now})

    def _own(self, visit_ids: list[str]) -> dict[Owner, _Times]:
        own: dict[Owner, _Times] = {}
        for row in self._connection.execute(_OWN, {"ids": visit_ids}):
            own.setdefault((row.owner_kind, row.owner_id), []).append((row.start, row.end))
        return own

    def _claim(self, holds: Mapping[str, Relocation], own: Mapping[Owner, _Times]) -> list[str]:
        """Take what is lacking; or nothing, and the visits that want what is not to be had."""
        wanted: dict[Owner, _Times] = {}
        takers: dict[Owner, tuple[str, str | None]] = {}
        for hold_id, one in holds.items():
            for fact in _facts(one):
                owner = (fact.owner_kind, fact.owner_id)
                wanted.setdefault(owner, []).append((fact.span.start, fact.span.end))
                takers.setdefault(owner, (hold_id, fact.need))
        pieces = [
            _Piece(owner, *span) for owner, times in wanted.items() for span in _lacking(times, own.get(owner, []))
        ]
        if not pieces:
            return []
        by_owner: dict[Owner, list[Wanted]] = {}
        for number, piece in enumerate(pieces):
            by_owner.setdefault(piece.owner, []).append(Wanted(number, piece.start, piece.end))
        chosen, moved = plan_units(self._connection, by_owner, ensure_units(self._connection, by_owner), [])
        move_claims(self._connection, {claim.key: unit for _, claim, unit in moved})
        if failed := [piece for number, piece in enumerate(pieces) if number not in chosen]:
            return [one.visit_id for one in holds.values() if any(map(partial(_wants, one), failed))]
        rows = [
            {"hold": takers[one.owner][0], "need": takers[one.owner][1], "start": one.start, "end": one.end}
            | {"unit": chosen[number]}
            for number, one in enumerate(pieces)
        ]
        self._connection.execute(_CLAIM, rows)
        return []

    def _promise(self, hold_id: str, one: Relocation) -> bool:
        """Whether its stock could be promised for both dates: a promise for the later one is good for the earlier."""
        if one.keeps_stock:
            return True
        had = {
            (row.product_id, row.location_id): (row.quantity, row.due_on)
            for row in self._connection.execute(_PROMISED, {"id": one.visit_id})
        }
        for promise in one.planned.promises:
            quantity, due_on = had.get((promise.product_id, promise.location_id), (Decimal(), date.max))
            if due_on < promise.promised_on:
                if quantity > promise.quantity:
                    return False
                values = {"id": one.visit_id, "product": promise.product_id, "due_on": promise.promised_on}
                self._connection.execute(_PUT_OFF, values)
            if promise.quantity > quantity:
                row = _promise_row(promise) | {"hold_id": hold_id, "quantity": promise.quantity - quantity}
                self._connection.execute(insert(stock_promise), row)
        return True

    def _write(self, one: Relocation) -> None:
        values = _place(one.planned) | {"asked": dict(one.asked), "fee_from": one.fee_from, "contested": False}
        values |= {"updated_at": self._moment.now, "revision": visit.c.revision + 1}
        self._connection.execute(update(visit).where(visit.c.id == one.visit_id).values(values))
        if one.keeps_stock:
            return
        self._connection.execute(_END_PROMISES, {"ids": [one.visit_id]})
        for promise in one.planned.promises:
            self._connection.execute(insert(stock_promise), _promise_row(promise) | {"visit_id": one.visit_id})


def _row(one: Relocation, ids: Sequence[str], number: int, pending_id: int) -> dict[str, object]:
    planned = one.planned
    named = {"patient_id": planned.patient_id, "service_id": planned.service_id, "option_id": planned.option_id}
    of_trip = {"id": ids[number - 1], "trip_id": ids[0], "number": number, "asked": dict(one.asked)}
    return _place(planned) | named | of_trip | {"expires_at": UNDECIDED_UNTIL, "pending_id": pending_id}


def _place(planned: PlannedVisit) -> dict[str, object]:
    return {
        "location_id": planned.location_id,
        "provider_id": planned.first_of_kind.get("provider"),
        "room_id": planned.first_of_kind.get("room"),
        "device_id": planned.first_of_kind.get("device"),
        "start": planned.arrives_at,
        "end": planned.leaves_at,
    }


def _promise_row(promise: PlannedPromise) -> dict[str, object]:
    return {
        "product_id": promise.product_id,
        "location_id": promise.location_id,
        "quantity": promise.quantity,
        "due_on": promise.promised_on,
    }


def _facts(one: Relocation) -> Iterator[FactClaim]:
    """All that the visit takes where it goes."""
    planned = one.planned
    for claim in planned.claims:
        span = Span(claim.start_at, claim.end_at)
        yield FactClaim("resource", claim.resource_id, span, visit_id=one.visit_id, step=claim.step, need=claim.need)
    span = Span(planned.arrives_at, planned.leaves_at)
    yield FactClaim("patient", planned.patient_id, span, visit_id=one.visit_id, need="patient")


def _wants(one: Relocation, piece: _Piece) -> bool:
    return any(
        (fact.owner_kind, fact.owner_id) == piece.owner and fact.span.start < piece.end and piece.start < fact.span.end
        for fact in _facts(one)
    )


def _lacking(wanted: _Times, own: _Times) -> Iterator[tuple[datetime, datetime]]:
    """The spans in which more is wanted than is the visits' own; overlapping ones take a unit each."""
    bounds = sorted({at for span in (*wanted, *own) for at in span})
    lacks = [(at, _count(wanted, at) - _count(own, at)) for at in bounds]  # 0 at the last
    for layer in range(1, 1 + max((count for _, count in lacks), default=0)):
        began: datetime | None = None
        for at, count in lacks:
            if count >= layer:
                began = began or at
            elif began is not None:
                yield began, at
                began = None


def _count(times: _Times, at: datetime) -> int:
    return sum(start <= at < end for start, end in times)
