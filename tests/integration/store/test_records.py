"""Canonical records are written whole, once, and only where they changed."""

import pytest
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.canonical.records import Patient
from hub.errors import HubError
from hub.ports import Saved
from hub.ports.migrations import Partition, Stage
from hub.store.unit_of_work import SqlStore
from tests.integration.store.records_made_up import landed, money, practice, visit

KINDS = (Kind.PATIENT, Kind.PROVIDER, Kind.LOCATION, Kind.RESOURCE, Kind.SERVICE, Kind.VISIT)
MONEY = (Kind.INVOICE, Kind.PAYMENT, Kind.PACKAGE, Kind.GIFT_CARD, Kind.MEMBERSHIP)


def test_records_come_back_as_they_were_saved(store: SqlStore) -> None:
    records = [visit(1, 0, 30, room="room-1"), *practice()]
    with store.begin("test") as work:
        saved = work.records.save(records)
    with store.begin("test") as work:
        loaded = {key: one for kind in KINDS for key, one in work.records.load_all(kind).items()}
    assert saved == Saved(inserted=tuple(str(one.id) for one in records))
    assert loaded == {one.id: one for one in records}


def test_money_comes_back_as_it_was_saved_and_saving_it_again_changes_nothing(store: SqlStore) -> None:
    records = [*money(), visit(1, 0, 30), *practice()]
    with store.begin("test") as work:
        work.records.save(records)
    with store.begin("test") as work:
        loaded = {key: one for kind in MONEY for key, one in work.records.load_all(kind).items()}
        again = work.records.save(records)
    assert loaded == {one.id: one for one in money()}
    assert again == Saved(unchanged=len(records))


def test_an_amount_that_changes_says_where_it_comes_from(store: SqlStore) -> None:
    with store.begin("test") as work:
        (source,) = work.landing.land([landed("x", kind=Kind.PAYMENT)])
        work.records.save([*money(), visit(1, 0, 30), *practice()], sources={"pay-1": source.id})
    paid = next(one for one in money() if one.id == "pay-1")
    with store.begin("test") as work:
        work.records.save([paid.model_copy(update={"amount": Money(amount_minor=1)})])
    with store.begin("test") as work:
        lineage = work.records.load_lineage(Kind.PAYMENT, ["pay-1"])["pay-1"]
    assert set(lineage.fields) == {"*", "amount"}
    assert lineage.of("amount").source_record_id is None
    assert lineage.of("method").source_record_id == source.id


def test_sessions_of_a_package_never_go_below_zero(store: SqlStore, owner: Engine) -> None:
    with store.begin("test") as work:
        work.records.save([*money(), visit(1, 0, 30), *practice()])
    with owner.begin() as connection:
        connection.execute(text("INSERT INTO package_use (package_id, visit_id) VALUES ('pkg-1', 'v1')"))
    package = next(one for one in money() if one.id == "pkg-1")
    with store.begin("test") as work:
        work.records.save([package.model_copy(update={"used_before": 5})])
    with pytest.raises(HubError), store.begin("test") as work:
        work.records.save([package.model_copy(update={"used_before": 6})])
    with store.begin("test") as work:
        assert work.records.load(Kind.PACKAGE, ["pkg-1"])["pkg-1"] == package.model_copy(update={"used_before": 5})


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
        batch = work.migrations.open_attempt("legacy", "folder", Partition(Stage.LAND, Kind.VISIT), "x")
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
