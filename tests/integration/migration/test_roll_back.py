"""A batch of a moved history is taken back as if it had never been loaded, or not at all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from threading import Event
from typing import Any

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from hub.canonical.finance import Payment, PaymentKind
from hub.canonical.ids import Kind, PatientId, PaymentId, VisitId
from hub.canonical.money import Money
from hub.canonical.records import Patient, Visit
from hub.errors import HubError, InvalidInput, NeedsAttention
from hub.operations.merge_people import Word, merge_people
from hub.operations.migration.cut_over import Terms, cut_over
from hub.operations.migration.roll_back import Standing, TakenBack, list_batches, roll_back
from hub.operations.migration.take_delta import take_delta
from hub.ports import UnitOfWork
from hub.ports.migrations import Partition, Stage
from hub.ports.rollbacks import Batch
from hub.store.embedded import EmbeddedServer
from hub.store.unit_of_work import SqlStore
from hub.sync.people.decide import Match
from tests.database import Database, fresh_database
from tests.integration.migration.moved import dump_of, run_of
from tests.integration.migration.test_cutover import edit
from tests.legacy.generate import generate

WHO = ("Dr. Lee", "loaded by mistake")
WAITING = """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE NOT l.granted AND d.datname = current_database()"""
OUTWARD = ("outbox_delivery", "domain_event", "pending_change", "payment_intent", "freed")


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("moved") / "export"
    generate(4, 60, folder)
    return folder


@pytest.fixture(scope="module")
def moved_once(database_server: EmbeddedServer, export: Path) -> Iterator[str]:
    """The name of a database that the export was moved into, to be cloned."""
    with fresh_database(database_server) as database:
        run_of(SqlStore(database.engine), export).run()
        database.engine.dispose()
        database.owner.dispose()
        yield str(database.url.database)


@pytest.fixture
def database(database_server: EmbeddedServer, moved_once: str) -> Iterator[Database]:
    """A database of the test's own, with the history in it."""
    with fresh_database(database_server, moved_once) as fresh:
        yield fresh


def counting(store: SqlStore, *kinds: str, month: str | None = None) -> list[Batch]:
    """The loads and landings that count; of these kinds, if any are named."""
    return [
        one
        for one in list_batches(store)
        if one.state == "loaded"
        and one.partition.kind is not None
        and (not kinds or f"{one.partition.stage} {one.partition.kind}" in kinds)
        and month in (None, one.partition.month)
    ]


def ids_of(batches: list[Batch]) -> list[int]:
    return [one.id for one in batches]


def taken_back(store: SqlStore, batches: list[Batch]) -> TakenBack:
    done = roll_back(store, ids_of(batches), *WHO)
    assert isinstance(done, TakenBack), done
    return done


def ask(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def write(owner: Engine, statement: str, **values: Any) -> None:
    with owner.begin() as connection:
        connection.execute(text(statement), values)


def canonical(dump: list[str]) -> list[str]:
    """Without what says which attempts there were."""
    return [line for line in dump if not line.startswith(("import_batch", "source_record"))]


def test_all_of_a_history_is_taken_back_and_a_run_makes_it_anew(export: Path, store: SqlStore, engine: Engine) -> None:
    before = dump_of(engine)
    taken_back(store, counting(store))
    for table in ("patient", "visit", "payment", "package", "service", "provider", "person_pair", "history_conflict"):
        assert ask(engine, f"SELECT count(*) FROM {table}") == 0, table
    assert ask(engine, "SELECT sum(on_hand) FROM lot") == 0
    assert ask(engine, "SELECT count(*) FROM review_issue") == 0
    run_of(store, export).run()
    assert dump_of(engine) == before


def test_one_month_goes_alone_is_shown_and_comes_again_alike(export: Path, store: SqlStore, engine: Engine) -> None:
    before, month = dump_of(engine), "2024-05"
    batches = counting(store, "load visit", "load payment", month=month)
    assert len(batches) == 2
    done = taken_back(store, batches)
    assert done.removed["visit"] == 5
    assert {line for line in dump_of(engine) if line.startswith("patient")} <= set(before)
    files = {one.file: one for one in run_of(store, export).read_account()}
    visits, payments = files["appointments.csv"], files["payments.csv"]
    assert (visits.taken_back, payments.taken_back) == (5, 3)
    for one in files.values():
        assert one.loaded + one.merged + one.quarantined + one.review + one.landed + one.taken_back == one.rows
    done_again: list[str] = []
    run_of(store, export).run(lambda place, counts: done_again.append(str(place)) if counts is not None else None)
    assert done_again == [f"load visit {month}", "replay", f"load payment {month}", "claim", "account"]
    assert dump_of(engine) == before


def test_the_first_month_goes_without_the_places_that_others_name(store: SqlStore, engine: Engine) -> None:
    before = ask(engine, "SELECT count(*) FROM location")
    first = next(one for one in counting(store, "load visit") if one.counts.get("loaded"))
    taken_back(store, counting(store, "load visit", "load payment", month=first.partition.month))
    assert ask(engine, "SELECT count(*) FROM location") == before
    assert not ask(engine, f"SELECT EXISTS (SELECT FROM location WHERE batch_id = {first.id})")


def test_who_took_it_back_stays_in_the_book_and_twice_is_once(store: SqlStore, engine: Engine) -> None:
    batches = counting(store, "load lot")
    taken_back(store, batches)
    (told,) = [one for one in list_batches(store) if one.id == batches[0].id]
    assert told.state == "reversed"
    assert told.reversal is not None
    assert (told.reversal.by, told.reversal.reason) == WHO
    assert told.counts == batches[0].counts
    before = dump_of(engine)
    assert taken_back(store, [told]).batches == ()
    assert dump_of(engine) == before
    assert ask(engine, "SELECT count(*) FROM audit_entry WHERE action = 'roll_back'") == 1


def test_what_a_lot_brought_is_taken_out_by_a_line_of_its_ledger(store: SqlStore, engine: Engine) -> None:
    lines = ask(engine, "SELECT count(*) FROM lot_movement")
    done = taken_back(store, counting(store, "load lot"))
    assert ask(engine, "SELECT count(*) FROM lot_movement") == lines + done.removed["lot"]
    assert ask(engine, "SELECT max(on_hand) FROM lot") == 0


def a_patient(work: UnitOfWork) -> Patient:
    found = work.records.load_all(Kind.PATIENT).values()
    named = {one.patient_id for one in work.records.load_all(Kind.VISIT).values() if isinstance(one, Visit)}
    return next(one for one in found if isinstance(one, Patient) and one.id in named)


def a_visit(work: UnitOfWork) -> Visit:
    return next(one for one in work.records.load_all(Kind.VISIT).values() if isinstance(one, Visit))


def edit_a_patient(store: SqlStore, _owner: Engine, _export: Path) -> str:
    with store.begin("edit") as work:
        one = a_patient(work)
        work.records.save([one.model_copy(update={"city": "Newtown"})])
    return one.id


def book_a_visit(store: SqlStore, _owner: Engine, _export: Path) -> str:
    at = datetime(2098, 5, 5, 15, tzinfo=UTC)
    with store.begin("book") as work:
        new = {"id": VisitId("vis_new"), "start": at, "end": at + timedelta(minutes=30)}
        work.records.save([a_visit(work).model_copy(update=new)])
    return "vis_new"


def merge_with_another(store: SqlStore, _owner: Engine, _export: Path) -> str:
    with store.begin("merge") as work:
        here, other = a_patient(work), Patient(id=PatientId("pat_here"), given_name="A", family_name="B")
        work.records.save([other])
        both: dict[str, Patient] = {here.id: here, other.id: other}
        done = merge_people(work, [Match(other.id, here.id, "decided", ())], both, Word("desk"))
    return str(done[here.id].id)


def tell_another_system(store: SqlStore, owner: Engine, _export: Path) -> str:
    with store.begin("tell") as work:
        work.outbox.enqueue("emr", Kind.VISIT, a_visit(work).id)
    write(owner, "UPDATE outbox_delivery SET state = 'sent', sent_at = now()")
    return str(ask(owner, "SELECT id FROM outbox_delivery"))


def redeem_a_session(_store: SqlStore, owner: Engine, _export: Path) -> str:
    write(
        owner,
        """INSERT INTO package_use (package_id, visit_id) SELECT p.id, v.id FROM visit v, package p
        WHERE p.credits > p.used_before ORDER BY 1, 2 LIMIT 1""",
    )
    return str(ask(owner, "SELECT id FROM package_use"))


def use_of_a_lot(_store: SqlStore, owner: Engine, _export: Path) -> str:
    write(
        owner,
        """INSERT INTO lot_movement (lot_id, kind, at, change, actor)
        SELECT id, 'used', now(), -1, 'desk' FROM lot WHERE on_hand > 0 ORDER BY id LIMIT 1""",
    )
    return str(ask(owner, "SELECT record_id FROM lot JOIN lot_movement m ON m.lot_id = lot.id WHERE m.kind = 'used'"))


def decide_a_pair(store: SqlStore, _owner: Engine, _export: Path) -> str:
    with store.begin("decide") as work:
        pair = work.people.find_open()[0]
        work.people.decide(*pair.match.pair, "separate", actor="desk", reason=None)
    return str(pair.id)


def know_it_elsewhere(_store: SqlStore, owner: Engine, _export: Path) -> str:
    write(
        owner,
        """INSERT INTO source_link (system, kind, source_id, canonical_id)
        SELECT 'emr', 'patient', '77', min(id) FROM patient""",
    )
    return "emr:77"


def wait_for_a_service(store: SqlStore, owner: Engine, _export: Path) -> str:
    write(
        owner,
        """INSERT INTO waitlist_entry (id, location_id, parts, channel, together, first_on, last_on)
        SELECT 'wait_1', (SELECT min(id) FROM location), jsonb_build_array(jsonb_build_object('service', v.service_id,
            'patient', v.patient_id)), 'desk', false, '2098-01-01', '2098-02-01' FROM visit v ORDER BY id LIMIT 1""",
    )
    return "wait_1"


def switch_over(store: SqlStore, _owner: Engine, export: Path) -> str:
    terms = Terms("Dr. Lee", None, timedelta(days=14))
    cut_over(run_of(store, export), terms, prove=lambda: None, proof=lambda _work, _system: None)
    return "legacy"


@pytest.mark.parametrize(
    ("kind", "happens"),
    [
        ("patient", edit_a_patient),
        ("visit", book_a_visit),
        ("merge", merge_with_another),
        ("delivery", tell_another_system),
        ("package_use", redeem_a_session),
        ("lot", use_of_a_lot),
        ("person_pair", decide_a_pair),
        ("source_link", know_it_elsewhere),
        ("waitlist_entry", wait_for_a_service),
        ("cutover", switch_over),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_was_done_since_keeps_the_batch_that_it_stands_on(
    kind: str, happens: Callable[[SqlStore, Engine, Path], str], store: SqlStore, owner: Engine, export: Path
) -> None:
    happened = happens(store, owner, export)
    before = dump_of(owner)
    done = roll_back(store, ids_of(counting(store)), *WHO)
    assert isinstance(done, Standing)
    assert (kind, happened) in {(one.kind, one.id) for one in done.dependants}
    assert dump_of(owner) == before


def test_replay_stands_when_payments_go_since_it_reads_none(export: Path, store: SqlStore, engine: Engine) -> None:
    before = dump_of(engine)
    taken_back(store, counting(store, "load payment", month="2024-05"))
    standing = [one for one in list_batches(store) if one.state == "loaded"]
    assert [str(one.partition) for one in standing if one.partition.kind is None] == ["replay"]
    run_of(store, export).run()
    assert dump_of(engine) == before


def test_batches_that_stand_on_it_are_named_through_to_the_last_and_go_with_it(store: SqlStore) -> None:
    (patients,) = counting(store, "load patient")
    done = roll_back(store, [patients.id], *WHO)
    assert isinstance(done, Standing)
    assert {one.kind for one in done.dependants} == {"batch"}
    later = [int(one.id) for one in done.dependants]
    kinds = {one.partition.kind for one in list_batches(store) if one.id in later}
    assert kinds == {Kind.VISIT, Kind.PAYMENT, Kind.PACKAGE}
    assert isinstance(roll_back(store, [patients.id, *later], *WHO), TakenBack)


def test_what_is_unknown_or_writes_nothing_or_was_not_kept_is_refused(store: SqlStore, owner: Engine) -> None:
    (replay,) = [one for one in list_batches(store) if str(one.partition) == "replay"]
    with pytest.raises(InvalidInput, match="there is no batch 4711"):
        roll_back(store, [4711], *WHO)
    with pytest.raises(InvalidInput, match=r"\(replay\) writes no records"):
        roll_back(store, [replay.id], *WHO)
    with pytest.raises(InvalidInput, match="--reason"):
        roll_back(store, [replay.id], "Dr. Lee", " ")
    (lots,) = counting(store, "load lot")
    write(owner, "UPDATE import_batch SET is_noted = false WHERE id = :id", id=lots.id)
    with pytest.raises(NeedsAttention, match="is not kept"):
        roll_back(store, [lots.id], *WHO)


def test_nobody_is_told_and_nobody_who_waits_is_offered_what_was_freed(
    store: SqlStore, engine: Engine, owner: Engine
) -> None:
    write(owner, "INSERT INTO location (id, name) VALUES ('loc_here', 'Here')")
    write(
        owner,
        """INSERT INTO waitlist_entry (id, location_id, parts, channel, together, first_on, last_on)
        VALUES ('wait_1', 'loc_here', '[]', 'desk', false, '2026-01-01', '2099-01-01')""",
    )
    assert ask(engine, "SELECT count(*) FROM claim") > 0
    before = {table: ask(engine, f"SELECT count(*) FROM {table}") for table in OUTWARD}
    taken_back(store, counting(store, "load visit", "load payment", "load package", "load lot"))
    assert ask(engine, "SELECT count(*) FROM claim") == 0
    assert {table: ask(engine, f"SELECT count(*) FROM {table}") for table in OUTWARD} == before


def test_a_delta_is_taken_back_and_what_stood_before_it_counts_again(
    export: Path, store: SqlStore, engine: Engine, tmp_path: Path
) -> None:
    newer = Path(copytree(export, tmp_path / "newer"))
    before, last = dump_of(engine), max(one.id for one in list_batches(store))
    edit(newer)
    take_delta(run_of(store, newer))
    assert canonical(dump_of(engine)) != canonical(before)
    delta = [one for one in counting(store) if one.id > last]
    done = taken_back(store, delta)
    assert done.restored["patient"] == 3
    assert len(done.revived) == len(delta)
    after = [line for line in canonical(dump_of(engine)) if '"gone_from_export"' not in line]
    assert after == canonical(before)
    run_of(store, export).run()
    assert max(ids_of(counting(store))) <= last, "what counted before the delta counts again"


def test_a_visit_that_a_newer_export_moved_takes_its_old_time_again(
    export: Path, store: SqlStore, engine: Engine, tmp_path: Path
) -> None:
    newer = Path(copytree(export, tmp_path / "newer"))
    told = (newer / "appointments.csv").read_text("utf-8")
    assert told.count(",09:30 AM,10:15,Booked,") == 1, "of a visit that is still to come"
    later = told.replace(",09:30 AM,10:15,Booked,", ",09:30 AM,10:40,Booked,")
    (newer / "appointments.csv").write_text(later, encoding="utf-8")
    before, last = dump_of(engine), max(one.id for one in list_batches(store))
    run_of(store, newer).run()
    assert times(dump_of(engine)) != times(before)
    taken_back(store, [one for one in counting(store) if one.id > last])
    assert times(dump_of(engine)) == times(before)


def times(dump: list[str]) -> list[str]:
    return [line for line in dump if line.startswith(("visit ", "claim "))]


def pay_ahead(store: SqlStore, month: str, visit_id: str) -> int:
    """A batch of one deposit; gives its number."""
    with store.begin("load") as work:
        place = Partition(Stage.LOAD, Kind.PAYMENT, month)
        batch_id = work.migrations.open_attempt("legacy", "folder", place, month)
        paid = {"kind": PaymentKind.DEPOSIT, "amount": Money(amount_minor=2500, currency="USD")}
        payment = Payment(id=PaymentId(f"pay_{month}"), visit_id=visit_id, paid_on=date(2026, 1, 1), **paid)
        work.records.save([payment], batch_id=batch_id, origin="legacy")
        work.payments.adopt_deposits([visit_id])
        work.migrations.close_attempt(batch_id, {}, {})
    return batch_id


def test_deposits_of_two_batches_on_one_visit_go_in_the_order_in_which_they_were_put_there(
    store: SqlStore, engine: Engine, owner: Engine
) -> None:
    visit_id = ask(engine, "SELECT min(id) FROM visit")
    to_come = """UPDATE visit SET start = '2098-01-01', "end" = '2098-01-02', state = 'booked', price_minor = 10000,
        price_currency = 'USD' WHERE id = :id"""
    write(owner, to_come, id=visit_id)
    row = f"SELECT CAST(to_jsonb(v) AS text) FROM visit v WHERE id = '{visit_id}'"
    deposit = f"SELECT deposit_minor FROM visit WHERE id = '{visit_id}'"
    before = ask(engine, row)
    first, second = (pay_ahead(store, month, visit_id) for month in ("2098-01", "2098-02"))
    assert ask(engine, deposit) == 5000
    refused = roll_back(store, [first], *WHO)
    assert isinstance(refused, Standing)
    assert [(one.kind, one.id) for one in refused.dependants] == [("batch", str(second))]
    assert isinstance(roll_back(store, [second], *WHO), TakenBack)
    assert ask(engine, deposit) == 2500
    assert isinstance(roll_back(store, [first], *WHO), TakenBack)
    assert ask(engine, row) == before


def test_whoever_writes_meanwhile_waits_and_finds_it_gone(store: SqlStore, engine: Engine) -> None:
    begun, go_on = Event(), Event()

    def hold(point: str) -> None:
        if point == "roll_back:before_commit":
            begun.set()
            assert go_on.wait(180)

    with store.begin("look") as work:
        new = a_visit(work).model_copy(update={"id": VisitId("vis_new")})

    def book() -> None:
        with store.begin("book") as work:
            work.records.save([new])

    batches = ids_of(counting(store))
    with ThreadPoolExecutor() as others:
        going = others.submit(roll_back, SqlStore(engine, hold), batches, *WHO)
        assert begun.wait(180)
        booking = others.submit(book)
        while not ask(engine, WAITING):
            assert not booking.done()
        go_on.set()
        assert isinstance(going.result(), TakenBack)
        with pytest.raises(HubError, match="the database refused to store this"):
            booking.result()
    assert ask(engine, "SELECT count(*) FROM visit") == 0


def test_the_application_can_remove_only_what_is_taken_back_in_the_same_breath(store: SqlStore, engine: Engine) -> None:
    (patients,) = counting(store, "load patient")
    statements = (
        f"SELECT remove_made(ARRAY[{patients.id}]::bigint[], 'patient')",
        "DELETE FROM patient",
        "DELETE FROM batch_reversal",
    )
    for statement in statements:
        with engine.connect() as connection, pytest.raises(ProgrammingError) as refused:
            connection.execute(text(statement))
        assert isinstance(refused.value.orig, InsufficientPrivilege)
    taken_back(store, counting(store, "load lot"))
    (lots,) = [one for one in list_batches(store) if str(one.partition) == "load lot"]
    with engine.connect() as connection, pytest.raises(ProgrammingError):
        connection.execute(text(f"SELECT remove_made(ARRAY[{lots.id}]::bigint[], 'source_link')"))
