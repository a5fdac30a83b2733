"""What the schedule planned, as rows, and the one statement that writes them: a visit's, or a hold's that becomes one.

A column is written when the row names it: whoever adds one to `visit` or `hold` adds a key here.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Literal

from pydantic_core import to_json
from sqlalchemy import Connection

from hub.scheduling.decision import PlannedVisit
from hub.scheduling.request import Part
from hub.store.driver import Answer, defer

Table = Literal["visit", "hold"]
Verb = Literal["insert", "update"]
Row = Mapping[str, Any]

# The practice file that is accepted is the one in force: whoever puts another in force waits for the locks.
_ACCEPTED = {"practice_version_id": "(SELECT max(id) FROM practice_version)"}
_INSERT = """
    WITH {taken}
    INSERT INTO {table} ({columns})
    SELECT {values} FROM json_populate_recordset(CAST(NULL AS {table}), %(rows)s) given"""
_UPDATE = """
    WITH {taken}
    UPDATE {table} SET {changes}, updated_at = now(), revision = {table}.revision + 1
    FROM json_populate_recordset(CAST(NULL AS {table}), %(rows)s) given WHERE {table}.id = given.id
    RETURNING {table}.*"""
# Units are looked up one by one: a plan that read them all would read a unit for each patient.
# A patient's unit is made with the first claim. Whoever claims a patient has their lock, so two never make one.
_TAKEN = {
    "claims": """
    given_claim AS (SELECT *, (SELECT u.id FROM resource_unit u
            WHERE (u.owner_kind, u.owner_id, u.number) = (one.owner_kind, one.owner_id, one.number)) AS unit_id
        FROM json_to_recordset(%(claims)s) AS one
            (owner text, owner_kind text, owner_id text, number int, during tstzrange, step text, need text)),
    made AS (INSERT INTO resource_unit (owner_kind, owner_id, number)
        SELECT DISTINCT owner_kind, owner_id, number FROM given_claim WHERE unit_id IS NULL
        ON CONFLICT DO NOTHING RETURNING *),
    claimed AS (INSERT INTO claim ({table}_id, unit_id, during, step, need)
        SELECT owner, coalesce(unit_id, made.id), during, step, need FROM given_claim
        LEFT JOIN made USING (owner_kind, owner_id, number))""",
    "promises": """
    promised AS (INSERT INTO stock_promise ({table}_id, product_id, location_id, quantity, due_on)
        SELECT {table}_id, product_id, location_id, quantity, due_on
        FROM json_populate_recordset(CAST(NULL AS stock_promise), %(promises)s))""",
    "uses": """
    paid AS (INSERT INTO package_use ({table}_id, package_id) SELECT {table}_id, package_id
        FROM json_populate_recordset(CAST(NULL AS package_use), %(uses)s))""",
}


def placed_row(planned: PlannedVisit, part: Part) -> dict[str, Any]:
    """The columns that say when, where and with whom: those that a move writes anew."""
    return {
        "location_id": planned.location_id,
        "provider_id": planned.first_of_kind.get("provider"),
        "room_id": planned.first_of_kind.get("room"),
        "device_id": planned.first_of_kind.get("device"),
        "start": planned.arrives_at,
        "end": planned.leaves_at,
        "asked": dict(part.resources),
    }


def booked_row(planned: PlannedVisit, part: Part, booked_on: date) -> dict[str, Any]:
    """The columns that a booking writes once."""
    return placed_row(planned, part) | {
        "booked_on": booked_on,
        "patient_id": planned.patient_id,
        "service_id": planned.service_id,
        "option_id": planned.option_id,
        "series_id": part.series_id,
        "price_minor": planned.price.amount_minor if planned.price else None,
        "price_currency": planned.price.currency if planned.price else None,
        "deposit_minor": planned.deposit.amount_minor if planned.deposit else None,
        **dict.fromkeys(_ACCEPTED),
    }


def insert_planned(connection: Connection, table: Table, planned: Sequence[tuple[Row, PlannedVisit]]) -> Answer:
    """Write new rows (of the same columns, `id` among them) with the time, stock and credit that they take.

    It goes with the next statement.
    """
    return _write(connection, "insert", table, planned)


def update_planned(connection: Connection, planned: Sequence[tuple[Row, PlannedVisit]]) -> Answer:
    """The same for visits that are there and have given up what they took; gives them as they stand, in no order."""
    return _write(connection, "update", "visit", planned)


def _write(connection: Connection, verb: Verb, table: Table, planned: Sequence[tuple[Row, PlannedVisit]]) -> Answer:
    owned = [(str(row["id"]), one) for row, one in planned]
    rows = {
        "rows": [row for row, _ in planned],
        "claims": [row for owner, one in owned for row in _claims(owner, one)],
        "promises": [row for owner, one in owned for row in _promises(f"{table}_id", owner, one)],
        "uses": [{f"{table}_id": owner, "package_id": one.package_id} for owner, one in owned if one.package_id],
    }
    statement = _statement(verb, table, tuple(planned[0][0]), tuple(name for name in _TAKEN if rows[name]))
    return defer(connection, statement, {name: to_json(found).decode() for name, found in rows.items()})


@lru_cache(maxsize=64)
def _statement(verb: Verb, table: Table, columns: tuple[str, ...], taken: tuple[str, ...]) -> str:
    parts = ",".join(_TAKEN[name].format(table=table) for name in taken)
    if verb == "insert":
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(_ACCEPTED.get(name, f'given."{name}"') for name in columns)
        return _INSERT.format(taken=parts, table=table, columns=names, values=values)
    changes = ", ".join(f'"{name}" = given."{name}"' for name in columns if name != "id")
    return _UPDATE.format(taken=parts, table=table, changes=changes)


def _claims(owner: str, planned: PlannedVisit) -> list[dict[str, Any]]:
    rows = [
        _claim(owner, ("resource", one.resource_id, one.unit), (one.start_at, one.end_at), one.step, one.need)
        for one in planned.claims
    ]
    span = (planned.arrives_at, planned.leaves_at)
    rows.append(_claim(owner, ("patient", planned.patient_id, 1), span, None, "patient"))
    return rows


def _claim(
    owner: str, unit: tuple[str, str, int], span: tuple[datetime, datetime], step: str | None, need: str
) -> dict[str, Any]:
    kind, owner_id, number = unit
    during = f"[{span[0].isoformat()},{span[1].isoformat()})"
    named = {"owner_kind": kind, "owner_id": owner_id, "number": number}
    return named | {"owner": owner, "during": during, "step": step, "need": need}


def _promises(column: str, owner: str, planned: PlannedVisit) -> list[dict[str, Any]]:
    return [
        {
            column: owner,
            "product_id": one.product_id,
            "location_id": one.location_id,
            "quantity": one.quantity,
            "due_on": one.promised_on,
        }
        for one in planned.promises
    ]
