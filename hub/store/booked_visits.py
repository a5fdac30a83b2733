"""The visits that are to come, with what they take of whom."""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Engine, text

from hub.scheduling.config_change import BookedVisit
from hub.scheduling.diary import Promise
from hub.scheduling.request import Part

# What was passed over when they were booked or moved, by whoever may.
_OVERRIDDEN = """(SELECT jsonb_agg(code) FROM audit_entry a, jsonb_array_elements_text(a.detail -> 'overridden') AS code
            WHERE (a.subject_kind, a.subject_id) = ('visit', v.id)
            AND jsonb_typeof(a.detail -> 'overridden') = 'array')"""
_BOOKED = """
    SELECT v.id, v.patient_id, coalesce(v.service_id, '') AS service_id, v.option_id, v.location_id, v.start, v.asked,
        v.series_id, {overridden} AS overridden,
        (SELECT package_id FROM package_use u WHERE u.visit_id = v.id) AS package_id,
        (SELECT jsonb_agg(jsonb_build_object('id', c.id, 'need', c.need, 'who', r.owner_id) ORDER BY c.id)
            FROM claim c JOIN resource_unit r ON r.id = c.unit_id
            WHERE c.visit_id = v.id AND r.owner_kind = 'resource') AS claims,
        (SELECT jsonb_agg(jsonb_build_array(p.product_id, p.location_id, p.due_on, CAST(p.quantity AS text)))
            FROM stock_promise p WHERE p.visit_id = v.id) AS promises
    FROM visit v WHERE v.state IN ('booked', 'arrived') AND v.start > :now{which} ORDER BY v.start, v.id"""
_ALL = text(_BOOKED.format(overridden="NULL", which=""))
_OWN = text(_BOOKED.format(overridden=_OVERRIDDEN, which=" AND v.origin = 'hub' AND v.id = ANY(:ids)"))


class SqlBookedVisits:
    """`hub.ports.booked_visits.BookedVisits`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self, now: datetime) -> tuple[BookedVisit, ...]:
        """See the port."""
        with self._engine.connect() as connection:
            return tuple(_visit(row) for row in connection.execute(_ALL, {"now": now}))


def load_booked(connection: Connection, now: datetime, visit_ids: Collection[str]) -> tuple[BookedVisit, ...]:
    """Those of them that were booked here and arrive after `now`, in order of arrival, with what was passed over."""
    return tuple(_visit(row) for row in connection.execute(_OWN, {"now": now, "ids": list(visit_ids)}))


def _visit(row: Any) -> BookedVisit:
    claims = row.claims or []
    return BookedVisit(
        id=row.id,
        part=Part(row.service_id, row.patient_id, row.option_id, row.asked, row.package_id, row.series_id),
        location_id=row.location_id,
        arrives_at=row.start,
        resources={one["need"]: one["who"] for one in claims if one["need"] is not None},
        claim_ids=frozenset(str(one["id"]) for one in claims),
        promises=tuple(
            Promise(product, location, date.fromisoformat(due_on), Decimal(quantity))
            for product, location, due_on, quantity in row.promises or []
        ),
        overridden=frozenset(row.overridden or ()),
    )
