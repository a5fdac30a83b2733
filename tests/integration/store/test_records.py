"""Canonical records are written whole, once, and only where they changed."""

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.errors import HubError
from hub.ports import Saved
from hub.store.unit_of_work import SqlStore
from tests.integration.store.records_made_up import landed, practice, visit

KINDS = (Kind.PATIENT, Kind.PROVIDER, Kind.LOCATION, Kind.RESOURCE, Kind.SERVICE, Kind.VISIT)


def test_records_come_back_as_they_were_saved(store: SqlStore) -> None:
    records = [visit(1, 0, 30, room="room-1"), *practice()]
    with store.begin("test") as work:
        saved = work.records.save(records)
    with store.begin("test") as work:
        loaded = {key: one for kind in KINDS for key, one in work.records.load_all(kind).items()}
    assert saved == Saved(inserted=tuple(str(one.id) for one in records))
    assert loaded == {one.id: one for one in records}


def test_saving_again_touches_only_what_changed(store: SqlStore, engine: Engine) -> None:
    with store.begin("test") as work:
        (source,) = work.landing.land([landed("a")])
        work.records.save(practice(), sources={"pat-1": source.id}, batch_id=None)
    changed = Patient(id="pat-1", given_name="Other")
    with store.begin("test") as work:
        saved = work.records.save([*practice(), changed])
        assert work.records.load(Kind.PATIENT, ["pat-1", "nobody"]) == {"pat-1": changed}
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, revision, source_record_id FROM patient ORDER BY id")).all()
    assert saved == Saved((), ("pat-1",), unchanged=8)
    assert [tuple(row) for row in rows] == [("pat-0", 1, None), ("pat-1", 2, source.id), ("pat-2", 1, None)]


def test_of_a_record_that_stands_twice_the_last_counts(store: SqlStore) -> None:
    with store.begin("test") as work:
        work.records.save([Patient(id="p", city="A"), Patient(id="p", city="B")])
        assert work.records.load(Kind.PATIENT, ["p"])["p"] == Patient(id="p", city="B")


def test_origin_and_batch_are_those_of_the_first_time(store: SqlStore, engine: Engine) -> None:
    with store.begin("test") as work:
        batch = work.imports.open_batch("legacy", "folder", {})
        work.records.save([*practice(), visit(1, 0, 30)], origin="legacy", batch_id=batch)
        work.records.save([visit(1, 0, 45)], origin="fhir")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT origin, batch_id FROM visit")).one() == ("legacy", batch)


def test_an_operation_that_fails_leaves_nothing(store: SqlStore) -> None:
    with pytest.raises(HubError), store.begin("test") as work:  # noqa: PT012 the whole operation is what fails
        work.records.save(practice())
        work.journal.record_event("practice_saved", Kind.LOCATION, "main")
        work.records.save([visit(1, 0, 30, provider="nobody")])
    with store.begin("test") as work:
        assert work.records.load_all(Kind.PATIENT) == {}


def test_a_refusal_of_the_database_names_no_value(store: SqlStore) -> None:
    with pytest.raises(HubError) as refused, store.begin("test") as work:
        work.records.save([visit(1, 0, 30)])
    assert "fk_visit_patient_id" in str(refused.value)
    assert "pat-0" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_one_operation_has_one_moment(store: SqlStore, engine: Engine) -> None:
    with store.begin("test") as work:
        work.journal.record_event("first", Kind.VISIT, "v")
        work.journal.record_event("second", Kind.VISIT, "v")
        now = work.now
    with engine.connect() as connection:
        assert set(connection.execute(text("SELECT at FROM domain_event")).scalars()) == {now}
    assert now.utcoffset() is not None
