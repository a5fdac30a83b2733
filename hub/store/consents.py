"""Consents of patients: prepared, signed, withdrawn; and patients who are here."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

from hub.canonical.consents import Consent
from hub.canonical.ids import Kind, mint
from hub.canonical.records import Visit
from hub.store.moment import Moment
from hub.store.records import SqlRecords

_COLUMNS = "id, patient_id, form_id, version, state, signed_at, valid_until, document"
_LOAD = text(f"SELECT {_COLUMNS} FROM consent WHERE patient_id = ANY(:ids) ORDER BY prepared_at, id")  # noqa: S608 columns
_PREPARE = text(f"""
    INSERT INTO consent (id, patient_id, form_id, version, state, prepared_at)
    VALUES (:id, :patient, :form, :version, 'prepared', :now)
    ON CONFLICT (patient_id, form_id, version) WHERE state = 'prepared' DO NOTHING
    RETURNING {_COLUMNS}""")  # noqa: S608 columns
_SIGN_PREPARED = text(f"""
    UPDATE consent SET state = 'signed', signed_at = :now, valid_until = :until, document = :document
    WHERE patient_id = :patient AND form_id = :form AND version = :version AND state = 'prepared'
    RETURNING {_COLUMNS}""")  # noqa: S608 columns
_SIGN = text(f"""
    INSERT INTO consent (id, patient_id, form_id, version, state, prepared_at, signed_at, valid_until, document)
    VALUES (:id, :patient, :form, :version, 'signed', :now, :now, :until, :document)
    RETURNING {_COLUMNS}""")  # noqa: S608 columns
_WITHDRAW = text(f"""
    UPDATE consent SET state = 'void', voided_at = :now
    WHERE patient_id = :patient AND form_id = :form AND state = 'signed'
    RETURNING {_COLUMNS}""")  # noqa: S608 columns
_VISITS = text("""
    SELECT id FROM visit WHERE patient_id = ANY(:ids) AND state IN ('booked', 'arrived', 'fulfilled')
    ORDER BY start, id""")
_CHECK_IN = text("""
    UPDATE visit SET state = 'arrived', updated_at = :now, revision = revision + 1 WHERE id = ANY(:ids)""")


class SqlConsents:
    """`hub.ports.Consents`."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment

    def load(self, patient_ids: Collection[str]) -> Mapping[str, tuple[Consent, ...]]:
        """See the port."""
        found: dict[str, list[Consent]] = {one: [] for one in patient_ids}
        for row in self._connection.execute(_LOAD, {"ids": list(patient_ids)}):
            found[row.patient_id].append(_consent(row))
        return {one: tuple(its) for one, its in found.items()}

    def prepare(self, patient_id: str, form_id: str, version: str) -> Consent | None:
        """See the port."""
        values = {"patient": patient_id, "form": form_id, "version": version, "now": self._moment.now}
        row = self._connection.execute(_PREPARE, values | {"id": mint(Kind.CONSENT)}).one_or_none()
        return None if row is None else _consent(row)

    def sign(
        self, patient_id: str, form_id: str, version: str, *, valid_until: date | None, document: str | None = None
    ) -> Consent:
        """See the port."""
        values = {"patient": patient_id, "form": form_id, "version": version, "now": self._moment.now}
        values |= {"until": valid_until, "document": document}
        row = self._connection.execute(_SIGN_PREPARED, values).one_or_none()
        return _consent(row or self._connection.execute(_SIGN, values | {"id": mint(Kind.CONSENT)}).one())

    def withdraw(self, patient_id: str, form_id: str) -> tuple[Consent, ...]:
        """See the port."""
        values = {"patient": patient_id, "form": form_id, "now": self._moment.now}
        return tuple(_consent(row) for row in self._connection.execute(_WITHDRAW, values))

    def load_visits(self, patient_ids: Collection[str]) -> Mapping[str, tuple[Visit, ...]]:
        """See the port."""
        ids = self._connection.execute(_VISITS, {"ids": list(patient_ids)}).scalars().all()
        found = SqlRecords(self._connection).load(Kind.VISIT, ids)
        return {one: _visits_of(one, [found[visit_id] for visit_id in ids]) for one in patient_ids}

    def check_in(self, visit_ids: Collection[str]) -> None:
        """See the port."""
        self._connection.execute(_CHECK_IN, {"ids": list(visit_ids), "now": self._moment.now})


def _consent(row: Row[Any]) -> Consent:
    return Consent.model_validate(dict(row._mapping))  # noqa: SLF001 the documented way to a row's names


def _visits_of(patient_id: str, records: Sequence[object]) -> tuple[Visit, ...]:
    return tuple(one for one in records if isinstance(one, Visit) and one.patient_id == patient_id)
