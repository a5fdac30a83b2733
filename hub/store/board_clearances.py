"""Which forms the patients of a day's visits have still to sign, and how many notes are at hand."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from hub.canonical.consents import ConsentState
from hub.canonical.practice import Practice
from hub.scheduling.clearances import ConsentStanding, missing_consents
from hub.store.tables.chart import document
from hub.store.tables.consents import consent

_TO_COME = ("booked", "arrived")


def load_unsigned(
    look: Connection, practice: Practice | None, visits: Sequence[Any], zone: ZoneInfo
) -> dict[str, tuple[str, ...]]:
    """Visit → the names of the forms to sign, of those that are to come and have some; one query, or none.

    `visits` are rows with `id`, `patient_id`, `service_id`, `start` and `state`; `zone` is their location's.
    """
    if practice is None or not practice.consents:
        return {}
    to_come = [row for row in visits if row.state in _TO_COME]
    theirs = _load_consents(look, {row.patient_id for row in to_come})
    names = {form.id: form.name or form.id for form in practice.consents}
    found: dict[str, tuple[str, ...]] = {}
    for row in to_come:
        service = practice.find_service(row.service_id or "")
        on: date = row.start.astimezone(zone).date()
        missing = missing_consents(practice, service, theirs.get(row.patient_id, ()), on) if service else ()
        if forms := tuple(names[one.form_id] for one in missing):
            found[row.id] = forms
    return found


def count_documents(look: Connection, visits: Sequence[Any]) -> dict[str, int]:
    """Visit → notes at hand about its patient, of those that are to come and have some."""
    patients = {row.patient_id for row in visits if row.state in _TO_COME}
    columns = document.c
    query = select(columns.patient_id, func.count().label("notes")).where(columns.patient_id.in_(patients))
    counted = look.execute(query.where(columns.active).group_by(columns.patient_id))
    notes = {row.patient_id: row.notes for row in counted}
    return {row.id: notes[row.patient_id] for row in visits if row.state in _TO_COME and row.patient_id in notes}


def _load_consents(look: Connection, patient_ids: set[str]) -> dict[str, list[ConsentStanding]]:
    columns = consent.c
    query = select(columns.patient_id, columns.form_id, columns.version, columns.state, columns.valid_until)
    found: dict[str, list[ConsentStanding]] = {}
    for row in look.execute(query.where(columns.patient_id.in_(patient_ids))):
        standing = ConsentStanding(row.form_id, row.version, ConsentState(row.state), row.valid_until)
        found.setdefault(row.patient_id, []).append(standing)
    return found
