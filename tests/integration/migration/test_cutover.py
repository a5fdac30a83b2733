"""From an old system to the hub and back: counted, step by step, and nothing that was written is lost."""

import csv
import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL

import pytest
from sqlalchemy import Engine

from hub.bootstrap.reentry_files import write_reentry_files
from hub.canonical.ids import Kind, VisitId
from hub.canonical.records import Patient, Visit, VisitState
from hub.errors import InvalidInput, NeedsAttention, SafetyStop
from hub.operations.migration.cut_over import Terms, cut_over
from hub.operations.migration.future_bookings import judge_future
from hub.operations.migration.go_back import close_way_back, digest_of, go_back
from hub.operations.migration.take_delta import GONE, Delta, take_delta
from hub.ports.cutovers import CutoverStep, Step
from hub.ports.verifications import CheckState, HistoryCheck
from hub.store.engine import application_engine
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.migration.moved import dump_of, run_of
from tests.legacy.generate import generate
from tests.processes import start

TERMS = Terms("Dr. Lee", None, timedelta(days=14))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    generate(4, 60, tmp_path / "export")
    return tmp_path / "export"


@pytest.fixture
def moved(store: SqlStore, export: Path) -> SqlStore:
    run_of(store, export).run()
    return store


def switch(store: SqlStore, export: Path, terms: Terms = TERMS) -> dict[Step, CutoverStep]:
    """Without a proof: these tests are about the steps."""
    return cut_over(run_of(store, export), terms, prove=lambda: None, proof=lambda _work, _system: None)


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


def write_fifty(store: SqlStore) -> dict[str, dict[str, str]]:
    """Fifteen bookings, fifteen moves, ten cancellations, ten patients: hub id → what must stand in the list."""
    with store.begin("write") as work:
        visits = [one for one in work.records.load_all(Kind.VISIT).values() if isinstance(one, Visit)]
        patients = [one for one in work.records.load_all(Kind.PATIENT).values() if isinstance(one, Patient)]
        known = work.links.find_systems(Kind.PATIENT, [one.id for one in patients])
        patients = [one for one in patients if one.id in known]
        visits.sort(key=lambda one: one.id)
        patients.sort(key=lambda one: one.id)
        at = datetime(2098, 5, 5, 15, tzinfo=UTC)
        new = [
            visits[n].model_copy(
                update={"id": VisitId(f"vis_new{n}"), "start": at, "end": at + timedelta(minutes=n + 5)}
            )
            for n in range(15)
        ]
        moved = [one.model_copy(update={"start": at, "end": at + timedelta(minutes=30)}) for one in visits[:15]]
        off = [one for one in visits[15:] if one.state is not VisitState.CANCELLED][:10]
        cancelled = [one.model_copy(update={"state": VisitState.CANCELLED}) for one in off]
        renamed = [one.model_copy(update={"city": "=Newtown"}) for one in patients[:10]]
        work.records.save([*new, *moved, *cancelled, *renamed])
    placed = {one.id: {"start": "2098-05-05T10:00:00-05:00", "state": str(one.state)} for one in (*new, *moved)}
    ended = {one.id: {"state": "cancelled"} for one in cancelled}
    return {**placed, **ended, **{one.id: {"city": "=Newtown"} for one in renamed}}


def test_fifty_changes_survive_the_way_back(moved: SqlStore, export: Path, engine: Engine, tmp_path: Path) -> None:
    switch(moved, export)
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
        take_delta(run_of(moved, export))
    close_way_back(moved, "legacy", "Dr. Lee")
    with moved.begin("read") as work:
        assert work.cutovers.find_silent() == {}


def test_what_the_old_system_can_be_told_of_waits_in_the_outbox_and_not_on_the_list(
    moved: SqlStore, export: Path
) -> None:
    switch(moved, export)
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
