"""What the schedule planned, as rows: of a visit, or of a hold that becomes one."""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql import Range

from hub.scheduling.decision import PlannedVisit
from hub.scheduling.request import Part
from hub.store.tables import claim, package_use, stock_promise
from hub.store.units import ensure_units

OwnerColumn = Literal["visit_id", "hold_id"]

_KINDS = text("""
    SELECT id, 'provider' AS kind FROM provider WHERE id = ANY(:ids) AND kind = 'provider'
    UNION ALL SELECT id, kind FROM resource WHERE id = ANY(:ids)""")
_BOOKED = text("""
    SELECT CAST(CAST(:now AS timestamptz) AT TIME ZONE coalesce(max(zone), 'UTC') AS date) AS today,
        (SELECT max(id) FROM practice_version) AS version
    FROM location WHERE id = :id""")


def placed_row(connection: Connection, planned: PlannedVisit, part: Part) -> dict[str, Any]:
    """The columns that say when, where and with whom: those that a move writes anew."""
    chosen = [resource_id for _, resource_id in planned.resources]
    kinds = {row.id: row.kind for row in connection.execute(_KINDS, {"ids": chosen})}
    first = {kinds[one]: one for one in reversed(chosen) if one in kinds}
    return {
        "location_id": planned.location_id,
        "provider_id": first.get("provider"),
        "room_id": first.get("room"),
        "device_id": first.get("device"),
        "start": planned.arrives_at,
        "end": planned.leaves_at,
        "asked": dict(part.resources),
    }


def booked_row(connection: Connection, planned: PlannedVisit, part: Part, now: datetime) -> dict[str, Any]:
    """The columns that a booking writes once, and the practice file that is accepted with it."""
    booked = connection.execute(_BOOKED, {"id": planned.location_id, "now": now}).one()
    return {
        "patient_id": planned.patient_id,
        "service_id": planned.service_id,
        "option_id": planned.option_id,
        "series_id": part.series_id,
        "price_minor": planned.price.amount_minor if planned.price else None,
        "price_currency": planned.price.currency if planned.price else None,
        "deposit_minor": planned.deposit.amount_minor if planned.deposit else None,
        "booked_on": booked.today,
        "practice_version_id": booked.version,
    } | placed_row(connection, planned, part)


def save_taken(connection: Connection, planned: PlannedVisit, owner: OwnerColumn, owner_id: str) -> None:
    """Write the time, stock and credit that it takes."""
    connection.execute(insert(claim), _claims(connection, planned, {owner: owner_id}))
    if planned.promises:
        connection.execute(insert(stock_promise), [row | {owner: owner_id} for row in _promises(planned)])
    if planned.package_id is not None:
        connection.execute(insert(package_use), {owner: owner_id, "package_id": planned.package_id})


def _claims(connection: Connection, planned: PlannedVisit, owner: dict[str, str]) -> list[dict[str, Any]]:
    patient = ("patient", planned.patient_id)
    owners = {patient, *(("resource", one.resource_id) for one in planned.claims)}
    units = ensure_units(connection, owners)
    rows = [
        owner
        | {
            "unit_id": units["resource", one.resource_id].by_number[one.unit],
            "during": Range(one.start_at, one.end_at),
            "step": one.step,
            "need": one.need,
        }
        for one in planned.claims
    ]
    span = Range(planned.arrives_at, planned.leaves_at)
    rows.append(owner | {"unit_id": units[patient].by_number[1], "during": span, "step": None, "need": "patient"})
    return rows


def _promises(planned: PlannedVisit) -> list[dict[str, Any]]:
    return [
        {
            "product_id": one.product_id,
            "location_id": one.location_id,
            "quantity": one.quantity,
            "due_on": one.promised_on,
        }
        for one in planned.promises
    ]
