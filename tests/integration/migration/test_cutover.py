"""From an old system to the hub and back: counted, step by step, and nothing that was written is lost."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from signal import SIGKILL
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text

from hub.bootstrap.reentry_files import write_reentry_files
from hub.canonical.ids import Kind
from hub.canonical.records import Patient, Visit, VisitState
from hub.canonical.source import SourceRef
from hub.errors import InvalidInput, NeedsAttention, SafetyStop
from hub.operations.book_visit import Booked, book_visit
from hub.operations.cancel_visit import cancel_visit
from hub.operations.end_visits import Ended
from hub.operations.migration.cut_over import Terms, cut_over
from hub.operations.migration.future_bookings import judge_future
from hub.operations.migration.go_back import close_way_back, digest_of, go_back
from hub.operations.migration.take_delta import GONE, Delta, take_delta
from hub.operations.move_visit import Moved, MoveRequest, move_visit
from hub.ports import UnitOfWork
from hub.ports.cutovers import CutoverStep, Step
from hub.ports.pending import NewPending
from hub.ports.verifications import CheckState, HistoryCheck
from hub.scheduling.pending import Stage, begin
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.migration.moved import FOLDER, dump_of, run_of
from tests.integration.operations.small_practice import NINE, PRACTICE, open_practice, wanted
from tests.legacy.generate import generate
from tests.processes import start

CHICAGO = ZoneInfo("America/Chicago")
TO_COME = [SourceRef("legacy", Kind.VISIT, f"F{number}") for number in range(25)]
TERMS = Terms("Dr. Lee", None, timedelta(days=14))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "export")
    return tmp_path / "export"


@pytest.fixture
def moved(store: SqlStore, export: Path) -> SqlStore:
    run_of(store, export).run()
    return store


def switch(store: SqlStore, export: Path, terms: Terms = TERMS, folder: Path = FOLDER) -> dict[Step, CutoverStep]:
    """Without a proof: these tests are about the steps."""
    return cut_over(run_of(store, export, folder), terms, prove=lambda: None, proof=lambda _work, _system: None)


def prover(store: SqlStore, *states: CheckState) -> Callable[[], None]:
    """Each time it is asked it keeps a proof of the data as it stands, whose only check came to the next state."""
    coming = iter(states)

    def prove() -> None:
        with store.begin("prove") as work:
            check = HistoryCheck("totals_agree", "Totals agree.", next(coming))
            work.verifications.save("legacy", work.verifications.hash_data(), [check], [])

    return prove


def edit(export: Path) -> dict[str, int]:
    """A newer export: two rows of clients are gone, one is new, another city stands in three."""
    with (export / "clients.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    once = [n for n, row in enumerate(rows) if Counter(one[0] for one in rows)[row[0]] == 1 and row[0].startswith("C")]
    city = header.index("City")
    for n in once[:3]:
        rows[n][city] = "Newtown"
    new = ["C99999", *rows[once[3]][1:]]
    rows = [row for n, row in enumerate(rows) if n not in once[4:6]]
    with (export / "clients.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([header, *rows, new])
    return {"new": 1, "changed": 3, "gone": 2}


def counted(delta: Delta) -> dict[str, dict[str, int]]:
    return {one.file: {"new": one.new, "changed": one.changed, "gone": one.gone} for one in delta.files}


def test_a_delta_counts_what_changed_and_leaves_to_a_person_what_is_gone(moved: SqlStore, export: Path) -> None:
    told = edit(export)
    with moved.begin("read") as work:
        before = set(work.records.load_all(Kind.PATIENT))
    delta = take_delta(run_of(moved, export))
    assert counted(delta) == {"clients.csv": told}
    with moved.begin("read") as work:
        gone = {one.subject_id for one in work.issues.find_open(GONE)}
        assert set(work.records.load_all(Kind.PATIENT)) >= before
    assert gone == {one.canonical_id for one in delta.gone}
    assert len(gone) == 2
    assert counted(take_delta(run_of(moved, export))) == {}


def test_what_was_changed_after_the_freeze_is_refused(moved: SqlStore, export: Path) -> None:
    edit(export)
    visits = (export / "appointments.csv").read_text("utf-8")
    (export / "appointments.csv").write_text(visits + visits.splitlines()[1] + "\n", encoding="utf-8")
    early = Terms("Dr. Lee", datetime(2001, 1, 1, tzinfo=UTC), timedelta(days=14))
    with pytest.raises(InvalidInput, match=r"appointments.csv:\d+: it was changed after the old system was frozen"):
        switch(moved, export, early)
    go_back(moved, "legacy", "Dr. Lee")
    run_of(moved, export).run()
    assert set(switch(moved, export)) == {Step.FREEZE, Step.DELTA, Step.SWITCH}


def test_whoever_goes_on_behind_the_account_of_the_last_delta_counts_it_alike(
    moved: SqlStore, engine: Engine, export: Path
) -> None:
    told = edit(export)

    def fall(name: str) -> None:
        if name == "cutover_delta:before_commit":
            raise ConnectionError

    with pytest.raises(ConnectionError):
        switch(SqlStore(engine, fall), export)
    steps = switch(moved, export)
    assert {name: steps[Step.DELTA].detail[name] for name in told} == told


def test_nothing_is_switched_that_is_not_proven_and_nothing_comes_in_after_it(moved: SqlStore, export: Path) -> None:
    prove = prover(moved, CheckState.OK, CheckState.OK)
    with pytest.raises(NeedsAttention, match="was not verified yet"):
        cut_over(run_of(moved, export), TERMS, prove)
    prove()
    edit(export)
    cut_over(run_of(moved, export), TERMS, prove)
    with moved.begin("read") as work:
        assert Kind.VISIT in work.cutovers.find_silent()["legacy"]
    edit(export)
    with pytest.raises(NeedsAttention, match="the hub is the system of record"):
        take_delta(run_of(moved, export))


def test_a_check_that_fails_on_the_last_delta_keeps_the_old_system_until_it_is_met(
    moved: SqlStore, export: Path
) -> None:
    prove = prover(moved, CheckState.OK, CheckState.FAILED, CheckState.OK)
    prove()
    edit(export)
    with pytest.raises(SafetyStop, match="totals_agree"):
        cut_over(run_of(moved, export), TERMS, prove)
    with moved.begin("read") as work:
        assert not work.cutovers.find_silent()
    assert Step.SWITCH in cut_over(run_of(moved, export), TERMS, prove)


@pytest.fixture
def to_come(tmp_path: Path, store: SqlStore, export: Path) -> Path:
    """A migration folder whose history was moved into a practice that books: with visits of three days to come."""
    folder = Path(copytree(FOLDER, tmp_path / "folder"))
    with (folder / "migration.yaml").open("a", encoding="utf-8") as file:
        file.write(f"cutover_on: {NINE:%Y-%m-%d}\n")
    providers, rooms = {"E1": "dr-lee", "E2": "dr-kim"}, {"Room 1": "room-1", "Room 2": "room-2"}
    aliases = {"provider": providers, "resource": rooms, "service": {"Talk": "consult"}, "location": {"Main": "main"}}
    (folder / "decisions.yaml").write_text(json.dumps({"aliases": aliases}), encoding="utf-8")
    clients = sorted(json.loads((export / "truth.json").read_text("utf-8"))["clients"])
    header = (export / "appointments.csv").read_text("utf-8").splitlines()[0].split(",")
    with (export / "appointments.csv").open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header)
        for number in range(25):
            day, time, side = number // 10 + 1, number % 10 // 2, number % 2 + 1
            at = NINE.astimezone(CHICAGO) + timedelta(days=day, minutes=30 * time)
            said = {
                "ApptID": f"F{number}",
                "ClientID": clients[number],
                "Service": "Talk",
                "Staff": f"E{side}",
            }
            said |= {"Room": f"Room {side}", "Location": "Main", "Date": f"{at:%Y-%m-%d}", "Start": f"{at:%H:%M}"}
            writer.writerow({**said, "End": f"{at + timedelta(minutes=30):%H:%M}", "Status": "Booked"})
    open_practice(store, patients=0)
    run_of(store, export, folder).run()
    return folder


def write_fifty(store: SqlStore) -> dict[str, dict[str, str]]:
    """By the engine fifteen bookings, moves of fifteen visits and ten cancellations; and ten patients are edited.

    Gives hub id → what must stand in the list.
    """
    with store.begin("look") as work:
        standing = {ref: link.canonical_id for ref, link in work.links.find(TO_COME).items()}
        visits = [standing[ref] for ref in TO_COME]
        held = work.records.load(Kind.VISIT, visits)
        known = sorted(set(work.links.find_all("legacy", Kind.PATIENT).values()))
        renamed = [one.model_copy(update={"city": "=Newtown"}) for one in patients_of(work, known)[:10]]
        work.records.save(renamed)
    placed: dict[str, datetime] = {}
    for visit_id in visits[:15]:
        visit = held[visit_id]
        assert isinstance(visit, Visit)
        placed[visit_id] = visit.start + timedelta(days=3)
        assert isinstance(move_visit(store, MoveRequest([visit_id], placed[visit_id]), actor="desk"), Moved)
    for number in range(15):
        at = NINE - timedelta(days=number // 10) + timedelta(minutes=30 * (number % 10 // 2))
        request = BookingRequest(Trip((Part("consult", renamed[number % 10].id),), "main"), at)
        booked = book_visit(store, request, actor="desk")
        assert isinstance(booked, Booked), booked
        placed[booked.visits[0].id] = at
    for visit_id in visits[15:]:
        assert isinstance(cancel_visit(store, visit_id, actor="desk"), Ended)
    told = {id_: {"start": at.astimezone(CHICAGO).isoformat(), "state": "booked"} for id_, at in placed.items()}
    return {
        **told,
        **{id_: {"state": "cancelled"} for id_ in visits[15:]},
        **{one.id: {"city": "=Newtown"} for one in renamed},
    }


def patients_of(work: UnitOfWork, ids: list[str]) -> list[Patient]:
    found = work.records.load(Kind.PATIENT, ids)
    return [one for one in (found[id_] for id_ in ids) if isinstance(one, Patient)]


def test_fifty_changes_survive_the_way_back(
    store: SqlStore, to_come: Path, export: Path, engine: Engine, tmp_path: Path
) -> None:
    moved = store
    switch(moved, export, folder=to_come)
    told = write_fifty(moved)
    assert len(told) == 50
    before = dump_of(engine)
    way_back = go_back(moved, "legacy", "Dr. Lee")
    listed = {one.id: one.said for one in way_back.entries}
    assert {id_: {name: listed[id_][name] for name in told[id_]} for id_ in listed} == told
    assert sum(said["what"].startswith("new") and said["old_id"] == "" for said in listed.values()) == 15
    assert dump_of(engine) == before, "what the hub wrote stays as it is"
    assert go_back(moved, "legacy", "Somebody Else") == way_back
    write_reentry_files(way_back, tmp_path / "list")
    with (tmp_path / "list" / "reentry-patient.csv").open(encoding="utf-8", newline="") as file:
        assert [row["city"] for row in csv.DictReader(file)] == ["'=Newtown"] * 10
    note = json.loads((tmp_path / "list" / "reentry.json").read_text("utf-8"))
    assert (note["signed_by"], note["records"], note["sha256"]) == ("Dr. Lee", 50, digest_of(way_back.entries))
    edit(export)
    with pytest.raises(NeedsAttention, match="not yet in legacy"):
        take_delta(run_of(moved, export, to_come))
    close_way_back(moved, "legacy", "Dr. Lee")
    with moved.begin("read") as work:
        assert work.cutovers.find_silent() == {}


def test_what_the_last_delta_itself_notes_on_a_booking_is_not_listed(
    store: SqlStore, to_come: Path, export: Path, owner: Engine
) -> None:
    with store.begin("look") as work:
        ids = [link.canonical_id for link in work.links.find(TO_COME).values()]
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM claim WHERE visit_id = ANY(:ids)"), {"ids": ids})
        connection.execute(text("UPDATE visit SET contested = true WHERE id = ANY(:ids)"), {"ids": ids})
    switch(store, export, folder=to_come)
    with owner.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM visit WHERE contested")).scalar_one() == 0
    assert go_back(store, "legacy", "Dr. Lee").entries == ()


def test_what_the_old_system_can_be_told_of_waits_in_the_outbox_and_not_on_the_list(
    store: SqlStore, to_come: Path, export: Path
) -> None:
    moved = store
    switch(moved, export, folder=to_come)
    told = write_fifty(moved)
    way_back = go_back(moved, "legacy", "Dr. Lee", {Kind.VISIT})
    with moved.begin("read") as work:
        waiting = {one.canonical_id for one in work.outbox.find_waiting("legacy")}
    assert waiting | {one.id for one in way_back.entries} == set(told)
    assert (len(waiting), way_back.told, len(way_back.entries)) == (40, 40, 10)
    with pytest.raises(NeedsAttention, match="not yet told of 40"):
        close_way_back(moved, "legacy", "Dr. Lee")


def test_after_its_time_there_is_no_way_back(moved: SqlStore, engine: Engine, export: Path) -> None:
    switch(moved, export)
    later = SqlStore(engine, clock=lambda _connection: datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(NeedsAttention, match="the time for a way back ended"):
        go_back(later, "legacy", "Dr. Lee")


def test_bookings_to_come_are_listed_with_what_they_conflict_with(moved: SqlStore) -> None:
    with moved.begin("write") as work:
        (head,) = work.migrations.find_heads()
        some = next(one for one in work.records.load_all(Kind.VISIT).values() if isinstance(one, Visit))
        # the first two want the same patient at once
        booked = list(work.migrations.find_unplaced("legacy", datetime(2001, 1, 1, tzinfo=UTC)))[:3]
        at = datetime(2098, 5, 5, 15, tzinfo=UTC)
        held = work.records.load(Kind.VISIT, booked)
        for n, id_ in enumerate(booked):
            start = at + timedelta(days=n // 2)
            change = {"start": start, "end": start + timedelta(minutes=30), "state": VisitState.BOOKED}
            work.records.save([held[id_].model_copy(update={**change, "patient_id": some.patient_id})])
        found = judge_future(work, head)
    contested = {one.visit_id for one in found.conflicts if "overlap: patient" in one.reasons}
    assert contested
    assert contested < set(booked[:2])


def _cut_over_until(url: str, export: Path, point: int) -> None:
    passed = 0

    def die(name: str) -> None:
        nonlocal passed
        passed += name.startswith(("cutover_", "compare_exports", "migrate_land", "migrate_account"))
        if passed == point:
            os.kill(os.getpid(), SIGKILL)

    switch(SqlStore(application_engine(url), die), export)


@pytest.mark.slow
def test_killed_at_every_step_it_ends_with_each_step_once(database: Database, store: SqlStore, export: Path) -> None:
    run_of(store, export).run()
    told, killed = edit(export), 0
    while True:
        process = start(_cut_over_until, database.text_url, export, killed + 1)
        process.join()
        if process.exitcode != -SIGKILL:
            break
        killed += 1
    assert process.exitcode == 0
    assert killed > 5
    with store.begin("read") as work:
        steps = work.cutovers.find_steps("legacy")
        gone = work.issues.find_open(GONE)
    assert sorted(steps) == sorted([Step.FREEZE, Step.DELTA, Step.SWITCH])
    assert {name: steps[Step.DELTA].detail[name] for name in told} == told
    assert len(gone) == told["gone"]


VENDOR = PRACTICE.replace("{id: main,", "{id: main, authority: {vendor: legacy},")


def test_the_switch_makes_the_old_systems_calendars_the_hubs_and_the_way_back_gives_them_back(
    moved: SqlStore, export: Path
) -> None:
    open_practice(moved, patients=2, practice=VENDOR)
    with pytest.raises(NeedsAttention, match="legacy owns the calendar of 'main'"):
        book_visit(moved, wanted(), actor="desk")
    steps = switch(moved, export)
    assert steps[Step.SWITCH].detail["calendars"] == ["main"]
    assert isinstance(book_visit(moved, wanted(), actor="desk"), Booked)
    open_practice(moved, patients=2, practice=VENDOR + "\n# Applied again.\n")
    assert isinstance(book_visit(moved, wanted(minutes=30), actor="desk"), Booked)
    go_back(moved, "legacy", "Dr. Lee")
    with pytest.raises(NeedsAttention, match="legacy owns the calendar of 'main'"):
        book_visit(moved, wanted(minutes=60, patient=1), actor="desk")


def test_calendars_of_other_systems_stay_theirs_at_the_switch(moved: SqlStore, export: Path) -> None:
    open_practice(moved, patients=1, practice=VENDOR.replace("vendor: legacy", "vendor: ehr"))
    assert switch(moved, export)[Step.SWITCH].detail["calendars"] == []
    with pytest.raises(NeedsAttention, match="ehr owns the calendar of 'main'"):
        book_visit(moved, wanted(), actor="desk")


def test_nothing_is_switched_while_the_old_system_has_not_said_what_became_of_a_booking(
    moved: SqlStore, export: Path
) -> None:
    open_practice(moved, patients=1, practice=VENDOR)
    with moved.begin("ask") as work:
        in_ten_minutes = work.now + timedelta(minutes=10)
        standing = begin(pays=False, asks_vendor=True)
        asked = work.pendings.begin(NewPending("book", standing, "legacy", in_ten_minutes, in_ten_minutes, {}))
    with pytest.raises(NeedsAttention, match="1 bookings or changes that legacy was asked to confirm"):
        switch(moved, export)
    with moved.begin("settle") as work:
        work.pendings.save(asked, replace(standing, stage=Stage.RELEASED), "refused")
    assert Step.SWITCH in switch(moved, export)
