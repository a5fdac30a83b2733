"""Visits that have not begun, with all that they take: read whole, since whoever fills them anew needs all of it."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from hub.canonical.time import Span
from hub.ports import BREAKS_RULES
from hub.scheduling.config_change import BookedVisit
from hub.scheduling.decision import PlannedPromise
from hub.scheduling.facts import Fact
from hub.scheduling.filled import FilledClaim, FilledVisit
from hub.store.booked_visits import load_booked
from hub.store.driver import run_text
from hub.store.instants import epoch_of, read_instant
from hub.store.moment import Moment

FILLED = f"""
    WITH wanted AS MATERIALIZED (
        SELECT DISTINCT visit_id FROM claim WHERE reassignable AND during && tstzrange(%(first)s, %(last)s)),
    theirs AS MATERIALIZED (
        SELECT v.id, v.patient_id, v.service_id, v.option_id, v.location_id, v.start, v."end"
        FROM wanted JOIN visit v ON v.id = wanted.visit_id
        WHERE v.state = 'booked' AND v.start > {{now}} AND v.service_id IS NOT NULL
        AND (CAST(%(location)s AS text) IS NULL OR v.location_id = %(location)s)),
    taken AS MATERIALIZED (
        SELECT c.* FROM claim c WHERE c.visit_id = ANY(ARRAY(SELECT id FROM theirs)))
    SELECT json_agg(json_build_array(v.id, v.patient_id, v.service_id, v.option_id, v.location_id,
            {epoch_of("v.start")}, {epoch_of('v."end"')}, CAST(c.id AS text), u.owner_id, coalesce(c.need, ''), c.step,
            {epoch_of("lower(c.during)")}, {epoch_of("upper(c.during)")}, c.reassignable, c.firm)
        ORDER BY v.start, v.id, c.id)
    FROM theirs v JOIN taken c ON c.visit_id = v.id JOIN resource_unit u ON u.id = c.unit_id
    WHERE u.owner_kind = 'resource'"""  # noqa: S608 fixed columns
"""What `read_filled` reads, of visits that arrive after `now` and whose reassignable claims touch the window: nothing
that has begun is moved, and nothing that is contested itself."""
_FACTS = text("""
    SELECT v.id, v.patient_id, coalesce(v.service_id, '') AS service_id, v.option_id, v.location_id, v.start, v."end",
        v.provider_id, v.room_id, v.device_id, CAST(c.id AS text) AS claim, c.owner_id, coalesce(c.need, '') AS need,
        c.step, lower(c.during) AS first, upper(c.during) AS last, c.reassignable,
        EXISTS (SELECT FROM claim p JOIN resource_unit pu ON pu.id = p.unit_id
            WHERE p.visit_id = v.id AND pu.owner_kind = 'patient' AND pu.owner_id = v.patient_id
            AND p.during = tstzrange(v.start, v."end")) AS is_placed,
        v.origin = 'hub' AS is_own,
        (SELECT json_agg(json_build_array(product_id, location_id, due_on, CAST(quantity AS text)) ORDER BY product_id)
            FROM stock_promise WHERE visit_id = v.id) AS promised
    FROM visit v LEFT JOIN (
        SELECT c.*, u.owner_id FROM claim c JOIN resource_unit u ON u.id = c.unit_id WHERE u.owner_kind = 'resource'
    ) AS c ON c.visit_id = v.id
    WHERE v.id = ANY(:ids) AND v.state = 'booked' AND v.start > :now ORDER BY v.start, v.id, c.id""")
_END_PROMISES = text("DELETE FROM stock_promise WHERE visit_id = ANY(:ids)")
_PROMISE = text("""
    INSERT INTO stock_promise (visit_id, product_id, location_id, quantity, due_on)
    SELECT visit_id, product_id, location_id, quantity, due_on
    FROM json_populate_recordset(CAST(NULL AS stock_promise), CAST(:rows AS json))""")
_OUTSIDE = text("SELECT id FROM visit WHERE id = ANY(:ids) AND origin <> 'hub' ORDER BY start, id")
_BESIDE = text("""
    SELECT id FROM visit WHERE patient_id IN (SELECT patient_id FROM visit WHERE id = ANY(:ids))
    AND origin = 'hub' AND state = 'booked' AND start > :now AND id <> ALL(:ids) ORDER BY start, id""")
_HAS_MOVABLE = text("SELECT EXISTS (SELECT FROM claim WHERE reassignable AND during && tstzrange(:now, NULL))")
_OPEN_FLAGS = """
    SELECT subject_id FROM review_issue WHERE kind = :kind AND subject_kind = 'visit' AND state = 'open'"""
_FLAGGED = text(f"""
    SELECT v.id FROM visit v WHERE v.id IN ({_OPEN_FLAGS}) AND v.state = 'booked' AND v.start > :now
    ORDER BY v.start, v.id""")  # noqa: S608 a fixed part
_CLOSE_ENDED = text("""
    UPDATE review_issue i SET state = 'resolved', closed_at = now(), closed_by = 'hub' FROM visit v
    WHERE v.id = i.subject_id AND v.state IN ('cancelled', 'no_show')
    AND i.kind = :kind AND i.subject_kind = 'visit' AND i.state = 'open'""")
_HAS_FLAGGED = text(f"SELECT EXISTS ({_OPEN_FLAGS})")
_TO_COME = text("""
    SELECT id FROM visit v WHERE state = 'booked' AND start > :now
    AND (CAST(:resource AS text) IS NULL OR EXISTS (
        SELECT FROM claim c JOIN resource_unit u ON u.id = c.unit_id
        WHERE c.visit_id = v.id AND u.owner_kind = 'resource' AND u.owner_id = :resource
        AND c.during && tstzrange(:first, :last)))
    ORDER BY start, id""")


class _Taken(NamedTuple):
    """A claim of such a visit."""

    id: str
    patient_id: str
    service_id: str
    option_id: str | None
    location_id: str
    start: datetime
    end: datetime
    claim: str
    owner_id: str
    need: str
    step: str | None
    first: datetime
    last: datetime
    reassignable: bool
    firm: bool


class SqlFacts:
    """`hub.ports.Facts`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def load(self, visit_ids: Collection[str]) -> tuple[Fact, ...]:
        """See the port."""
        rows = self._connection.execute(_FACTS, {"ids": list(visit_ids), "now": self._moment.now})
        return tuple(_fact(list(group)) for _, group in groupby(rows, key=lambda row: row.id))

    def find_flagged(self) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._connection.execute(_FLAGGED, {"kind": BREAKS_RULES, "now": self._moment.now}).scalars())

    def close_ended(self) -> None:
        """See the port."""
        self._connection.execute(_CLOSE_ENDED, {"kind": BREAKS_RULES})

    def has_flagged(self) -> bool:
        """See the port."""
        return bool(run_text(self._connection, _HAS_FLAGGED, {"kind": BREAKS_RULES})[0][0])

    def has_movable(self) -> bool:
        """See the port."""
        return bool(self._connection.execute(_HAS_MOVABLE, {"now": self._moment.now}).scalar_one())

    def find_to_come(self, resource_id: str | None = None, span: Span | None = None) -> tuple[str, ...]:
        """See the port."""
        values = {"now": self._moment.now, "resource": resource_id}
        values |= {"first": span.start if span else None, "last": span.end if span else None}
        return tuple(self._connection.execute(_TO_COME, values).scalars())

    def find_outside(self, visit_ids: Collection[str]) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._connection.execute(_OUTSIDE, {"ids": list(visit_ids)}).scalars())

    def find_beside(self, visit_ids: Collection[str]) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._connection.execute(_BESIDE, {"ids": list(visit_ids), "now": self._moment.now}).scalars())

    def load_booked(self, visit_ids: Collection[str]) -> tuple[BookedVisit, ...]:
        """See the port."""
        return load_booked(self._connection, self._moment.now, visit_ids)

    def promise(self, promises: Mapping[str, Sequence[PlannedPromise]]) -> None:
        """See the port."""
        rows = [
            {
                "visit_id": visit_id,
                "product_id": one.product_id,
                "location_id": one.location_id,
                "quantity": str(one.quantity),
                "due_on": one.promised_on.isoformat(),
            }
            for visit_id, its in promises.items()
            for one in its
        ]
        self._connection.execute(_END_PROMISES, {"ids": list(promises)})
        self._connection.execute(_PROMISE, {"rows": json.dumps(rows)})


def _fact(rows: list[Any]) -> Fact:
    first = rows[0]
    named = (("provider", first.provider_id), ("room", first.room_id), ("device", first.device_id))
    promised = tuple(
        PlannedPromise(product, location, date.fromisoformat(on), Decimal(quantity))
        for product, location, on, quantity in first.promised or ()
    )
    known = tuple((word, one) for word, one in named if one is not None)
    return Fact(_visit(rows), known, first.is_placed, promised, first.is_own)


def read_filled(found: Sequence[Any] | None) -> tuple[FilledVisit, ...]:
    """In order of arrival; None: there are none."""
    rows = [
        _Taken(*row[:5], *map(read_instant, row[5:7]), *row[7:11], *map(read_instant, row[11:13]), *row[13:])
        for row in found or ()
    ]
    visits = (list(group) for _, group in groupby(rows, key=lambda row: row.id))
    return tuple(_visit(group) for group in visits if all(row.firm or not row.reassignable for row in group))


def _visit(rows: list[Any]) -> FilledVisit:
    first = rows[0]
    return FilledVisit(
        first.id,
        first.patient_id,
        first.service_id,
        first.option_id,
        first.location_id,
        first.start,
        first.end,
        tuple(_claims(rows)),
    )


def _claims(rows: Iterable[Any]) -> Iterable[FilledClaim]:
    for row in (one for one in rows if one.claim is not None):
        yield FilledClaim(row.claim, row.owner_id, row.need, row.step, row.first, row.last, row.reassignable)
