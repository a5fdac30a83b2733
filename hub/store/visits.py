"""Visits that are still to come: moved, ended, completed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from hub.canonical.money import DEFAULT_CURRENCY, Money
from hub.canonical.practice import read_practice
from hub.canonical.records import Visit
from hub.ports import Ending, InForce, StandingVisit
from hub.scheduling.decision import Booking
from hub.scheduling.keys import Key
from hub.scheduling.request import Part, Trip
from hub.store.driver import defer, run
from hub.store.journey import Found
from hub.store.locks import claimed_by_nobody_else, lock_claims, make_way
from hub.store.moment import Moment
from hub.store.planned import placed_row, update_planned
from hub.store.practices import IN_FORCE, SqlPractices
from hub.store.records import read_visit
from hub.store.settling import settle
from hub.store.taken import given_up, keys_of_taken, read_freed, taken_columns

_TO_COME = "FROM visit v WHERE v.id = ANY(%(ids)s) AND v.state IN ('booked', 'arrived')"
# OFFSET keeps the planner from asking for each part twice, for the row and for its digest.
_ALL_OF = f"(SELECT v.*, now() AS now, {taken_columns('v', 'visit_id')}, {IN_FORCE} {_TO_COME} OFFSET 0) AS one"
_STANDING = f"SELECT one.*, md5(CAST(one AS text)) AS digest FROM {_ALL_OF}"  # noqa: S608 fixed parts
_EXPECT = f"""
    SELECT require_same(%(digests)s, (SELECT string_agg(md5(CAST(one AS text)), ',' ORDER BY one.id COLLATE "C")
        FROM {_ALL_OF}))"""  # noqa: S608 fixed parts
_OF_TRIP = "SELECT id FROM visit WHERE trip_id = %(id)s ORDER BY trip_number"
_CLOSE_ISSUES = """
    closed AS (UPDATE review_issue SET state = 'resolved', closed_at = now(), closed_by = 'hub'
        WHERE kind IN ('overlap', 'unplaced') AND subject_kind = 'visit' AND subject_id = ANY(%(ids)s)
            AND state = 'open')"""
_VACATE = f"""
    WITH {given_up("visit_id")},{_CLOSE_ISSUES},
    promised AS (DELETE FROM stock_promise WHERE visit_id = ANY(%(ids)s)),
    paid AS (DELETE FROM package_use WHERE visit_id = ANY(%(ids)s))
    SELECT spans FROM freed"""  # noqa: S608 fixed parts
_END = f"""
    WITH {given_up("visit_id")},{_CLOSE_ISSUES},
    promised AS (DELETE FROM stock_promise WHERE visit_id = ANY(%(ids)s)),
    ending AS (SELECT * FROM unnest(CAST(%(ids)s AS text[]), CAST(%(states)s AS text[]), CAST(%(fees)s AS bigint[]),
        CAST(%(lost)s AS boolean[])) AS one (id, state, fee, lost)),
    paid AS (DELETE FROM package_use u USING ending WHERE u.visit_id = ending.id AND NOT ending.lost),
    ended AS (UPDATE visit v SET state = ending.state, fee_minor = ending.fee, credit_lost = ending.lost,
            contested = false, updated_at = now(), revision = v.revision + 1
        FROM ending WHERE v.id = ending.id)
    SELECT spans FROM freed"""  # noqa: S608 fixed parts
_COMPLETE = text("""
    UPDATE visit SET state = 'fulfilled', updated_at = now(), revision = revision + 1 WHERE id = :id""")
_END_PROMISE = text("DELETE FROM stock_promise WHERE visit_id = :id")


class SqlVisits:
    """`hub.ports.Visits`."""

    def __init__(self, connection: Connection, moment: Moment, practices: SqlPractices) -> None:
        self._connection = connection
        self._moment = moment
        self._practices = practices

    def load_standing(self, visit_ids: Collection[str]) -> tuple[StandingVisit, ...]:
        """See the port."""
        rows = {row["id"]: row for row in run(self._connection, _STANDING, {"ids": list(visit_ids)})}
        for row in rows.values():
            self._moment.hear(row["now"])
        keys = keys_of_taken(self._connection, rows.values())
        chosen = [one for one in dict.fromkeys(visit_ids) if one in rows]
        return tuple(_standing(rows[one], keys[one], self._practices.recall(rows[one])) for one in chosen)

    def expect(self, standing: Collection[StandingVisit]) -> None:
        """See the port."""
        digests = {one.visit.id: one.digest for one in standing}
        values = {"ids": list(digests), "digests": ",".join(digests[one] for one in sorted(digests))}
        defer(self._connection, _EXPECT, values)

    def find_trip(self, trip_id: str) -> tuple[StandingVisit, ...]:
        """See the port."""
        return self.load_standing([row["id"] for row in run(self._connection, _OF_TRIP, {"id": trip_id})])

    def lock(self) -> None:
        """See the port."""
        lock_claims(self._connection)

    def vacate(self, visit_ids: Collection[str]) -> None:
        """See the port."""
        (row,) = run(self._connection, _VACATE, {"ids": list(visit_ids)})
        settle(self._connection, read_freed(row["spans"]))

    def move(self, booking: Booking, trip: Trip, fee_from: Mapping[str, datetime | None]) -> tuple[Visit, ...]:
        """See the port."""
        rows = [
            placed_row(planned, part) | {"id": visit_id, "fee_from": kept, "contested": False}
            for (visit_id, kept), planned, part in zip(fee_from.items(), booking.visits, trip.parts, strict=True)
        ]
        with claimed_by_nobody_else():
            make_way(self._connection, booking)
            moved = update_planned(self._connection, list(zip(rows, booking.visits, strict=True))).rows
        return _in_order(fee_from, moved)

    def end(self, endings: Sequence[Ending]) -> tuple[Visit, ...]:
        """See the port."""
        values = {
            "ids": [one.visit.id for one in endings],
            "states": [str(one.state) for one in endings],
            "fees": [one.fee_minor for one in endings],
            "lost": [one.is_credit_lost for one in endings],
        }
        freed = defer(self._connection, _END, values)
        if any(one.makes_room for one in endings):
            settle(self._connection, read_freed(freed.rows[0]["spans"]))
        return tuple(one.visit.model_copy(update={"state": one.state}) for one in endings)

    def complete(self, visit_id: str) -> None:
        """See the port."""
        for statement in (_END_PROMISE, _COMPLETE):
            self._connection.execute(statement, {"id": visit_id})


def _in_order(visit_ids: Iterable[str], rows: Iterable[Found]) -> tuple[Visit, ...]:
    visits = {row["id"]: read_visit(row) for row in rows}
    return tuple(visits[one] for one in visit_ids)


def _standing(row: Found, keys: frozenset[Key], in_force: InForce) -> StandingVisit:
    asked = (row["option_id"], row["asked"], row["package_id"], row["series_id"])
    return StandingVisit(
        visit=read_visit(row),
        part=Part(row["service_id"] or "", row["patient_id"], *asked),
        deposit=_deposit(row, in_force),
        fee_from=row["fee_from"],
        practice_version=row["practice_version_id"],
        promised={product: Decimal(quantity) for product, _, quantity in row["promises"] or ()},
        deposit_waived_minor=row["deposit_waived_minor"],
        trip_id=row["trip_id"],
        trip_number=row["trip_number"] or 1,
        keys=keys,
        makes_room=row["is_in_the_way"],
        in_force=in_force,
        digest=row["digest"],
    )


def _deposit(row: Found, in_force: InForce) -> Money | None:
    """In the currency of the price; a visit that has none any more was sold in the practice's."""
    if not row["deposit_minor"]:
        return None
    applied = in_force.practice
    if row["price_currency"] is None and applied is not None:
        return Money(amount_minor=row["deposit_minor"], currency=read_practice(applied.text, applied.file).currency)
    return Money(amount_minor=row["deposit_minor"], currency=row["price_currency"] or DEFAULT_CURRENCY)
