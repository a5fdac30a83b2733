"""Medplum as the EMR, both ways, with Dagster's tracked runs doing the pulling and the pushing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from fhir.resources.R4B import get_fhir_model_class
from sqlalchemy import text

from hub.bootstrap import Hub, read_practice_folder
from hub.bootstrap.connected_systems import ConnectedSystems
from hub.canonical.consents import ConsentState
from hub.canonical.ids import Kind
from hub.canonical.records import Visit, VisitState
from hub.connectors.fhir_r4.invariants import check
from hub.operations.book_visit import Booked
from hub.operations.cancel_visit import Cancellation
from hub.operations.find_notes import find_notes
from hub.pipelines.definitions import JOB, define
from hub.pipelines.runs import Ran, run
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.settings import PROJECT, Settings
from hub.store.board_query import BoardQuery
from hub.store.unit_of_work import SqlStore
from tests.database import Database
from tests.integration.pipelines.conftest import materialized
from tests.integration.pipelines.ehr_practice import SECRET, fill, note, slot, write_folder
from tests.peers.fhir import FhirDesk
from tests.peers.fixtures import _medplum_process, medplum_server

__all__ = ["_medplum_process", "medplum_server"]
pytestmark = pytest.mark.slow
TYPES = ("Patient", "Appointment", "Consent", "Procedure", "MedicationAdministration", "Slot", "DocumentReference")
TEN = datetime(2098, 3, 3, 16, tzinfo=UTC)
LUNCH = datetime(2098, 3, 3, 18, 15, tzinfo=UTC)


@dataclass
class Both:
    """The practice's hub and its EMR."""

    hub: Hub
    desk: FhirDesk
    instance: dg.DagsterInstance
    lines: list[str] = field(default_factory=list)

    def round(self) -> Ran:
        """A tracked run of everything: pull, then push."""

        @contextmanager
        def opening() -> Iterator[Hub]:
            yield self.hub

        folder = self.hub.folder
        defined = define(tuple(folder.connections.values()), folder.practice.zone, opening, self.lines.append)
        ran = run(defined, JOB, self.instance)
        assert ran.success, self.lines
        return ran

    def numbers(self, ran: Ran, asset: str) -> dict[str, Any]:
        """What a run recorded of an asset."""
        key = dg.AssetKey(["ehr", asset])
        events = self.instance.all_logs(ran.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        found = [one.dagster_event for one in events if one.dagster_event and one.dagster_event.asset_key == key]
        [event] = found
        return {name: one.value for name, one in event.step_materialization_data.materialization.metadata.items()}

    def id_of(self, kind: Kind, there: str) -> str:
        with self.hub.store.begin("test") as work:
            return work.links.find_all("ehr", kind)[there]

    def load(self, kind: Kind, there: str) -> Any:
        id_ = self.id_of(kind, there)
        with self.hub.store.begin("test") as work:
            return work.records.load(kind, [id_])[id_]

    def book(self, patient: str, start: datetime) -> Visit | Refusal:
        part = Part("botox-forehead", self.id_of(Kind.PATIENT, patient))
        done = self.hub.desk.book(BookingRequest(Trip((part,), "main"), start), actor="desk")
        return done.visits[0] if isinstance(done, Booked) else done  # type: ignore[return-value]

    def versions(self) -> dict[str, str]:
        """Of everything there that either side may write."""
        return {f"{kind}/{one['id']}": one["meta"]["versionId"] for kind in TYPES for one in self.desk.all(kind)}


@pytest.fixture
def both(database: Database, medplum_server: FhirDesk, tmp_path: Path) -> Iterator[Both]:
    folder = read_practice_folder(Settings(practice=write_folder(tmp_path / "practice", medplum_server.url)))
    hub = Hub(database.engine, SqlStore(database.engine), ConnectedSystems(folder, PROJECT / "mappings"))
    hub.apply_practice()
    fill(medplum_server)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Both(hub, medplum_server, instance)


def test_charts_and_calendars_come_in_and_their_words_stay_out(both: Both, owner: Any) -> None:
    ran = both.round()
    assert materialized(both.instance, ran.run_id) >= {
        f"ehr/{kind}s" for kind in ("slot", "document", "consent", "role")
    }
    document = both.load(Kind.DOCUMENT, "note-1")
    assert (document.kind, document.reference) == ("consultation_note", "https://ehr.example/notes/1")
    assert document.visit_id == both.id_of(Kind.VISIT, "today")
    with both.hub.store.begin("test") as work:
        [role] = work.records.load_all(Kind.ROLE).values()
    assert (role.provider_id, role.location_id, role.speciality) == ("dr-lee", "main", "Injectables")
    with owner.connect() as connection:
        landed = connection.execute(text("SELECT string_agg(payload::text, ' ') FROM source_record")).scalar_one()
    assert "note-1" in landed
    assert SECRET not in landed
    assert "enl4d2VucQ" not in landed


def test_the_notes_are_at_hand_when_the_visit_opens(both: Both, owner: Any) -> None:
    both.round()
    today = both.id_of(Kind.VISIT, "today")
    notes = find_notes(both.hub.store, today, actor="desk")
    assert not isinstance(notes, Refusal)
    assert [(one.reference, one.visit_id) for one in notes] == [("https://ehr.example/notes/1", today)]
    board = BoardQuery(both.hub.engine)
    [here] = board.load_locations()
    [visit] = board.load_day(here, date(2026, 3, 10)).visits
    assert visit.documents == 1
    with owner.connect() as connection:
        looked = connection.execute(text("SELECT subject_id FROM audit_entry WHERE action = 'find_notes'")).scalars()
        assert list(looked) == [today]
    both.desk.put(note("entered-in-error"))
    both.round()
    assert find_notes(both.hub.store, today, actor="desk") == ()
    assert find_notes(both.hub.store, "nobody", actor="desk") == Refusal(("unknown_visit",))


def test_what_the_emr_closed_is_closed_here_until_it_opens_it(both: Both) -> None:
    both.round()
    refused = both.book("p1", LUNCH)
    assert isinstance(refused, Refusal)
    both.desk.put(slot("free"))
    both.round()
    assert isinstance(both.book("p1", LUNCH), Visit)


def test_what_was_signed_there_counts_at_check_in_here(both: Both) -> None:
    both.round()
    with both.hub.store.begin("test") as work:
        consents = work.consents.load([both.id_of(Kind.PATIENT, one) for one in ("p1", "p2")])
    [theirs], [by_form] = consents.values()
    assert (theirs.form_id, theirs.version, theirs.state) == ("botox-consent", "2", ConsentState.SIGNED)
    assert (by_form.form_id, by_form.version, by_form.state) == ("botox-consent", "2", ConsentState.SIGNED)
    assert by_form.document == both.id_of(Kind.FORM, "q2")


def test_both_sides_change_and_agree_and_then_rest(both: Both) -> None:
    first = both.round()
    ann, today = both.id_of(Kind.PATIENT, "p1"), both.id_of(Kind.VISIT, "today")
    visit = both.book("p1", TEN)
    assert isinstance(visit, Visit)
    assert not isinstance(both.hub.desk.complete([today], actor="desk", used={"botox": Decimal(24)}), Refusal)
    assert not isinstance(both.hub.desk.sign(ann, "botox-consent", actor="desk", document="binder 7"), Refusal)
    [patient] = [one for one in both.desk.all("Patient") if one["id"] == "p1"]
    both.desk.put({**patient, "telecom": [{"system": "phone", "value": "+15125550100"}]})
    second = both.round()
    sent = [both.numbers(ran, "deliveries")["sent"] for ran in (first, second)]
    assert sum(sent) == 6, "two visits, two consents, what was done and what was given"
    _assert_agreed(both, visit, today)
    both.hub.desk.cancel([visit.id], Cancellation("desk"))
    both.desk.put(note("superseded"))
    both.round()
    [cancelled] = [one for one in both.desk.all("Appointment") if one["id"] != "today"]
    assert cancelled["status"] == "cancelled"
    assert both.load(Kind.DOCUMENT, "note-1").active is False
    _assert_rest(both)


def _assert_agreed(both: Both, visit: Visit, today: str) -> None:
    appointments = {one["id"]: one for one in both.desk.all("Appointment")}
    assert appointments.pop("today")["status"] == "fulfilled"
    [ours] = appointments.values()
    assert datetime.fromisoformat(ours["start"]) == visit.start
    [procedure], [given] = both.desk.all("Procedure"), both.desk.all("MedicationAdministration")
    assert procedure["code"]["coding"][0]["code"] == "btx"
    assert procedure["extension"][0]["valueReference"]["reference"] == "Appointment/today"
    [product] = given["contained"]
    assert product["batch"]["lotNumber"] == "C3709"
    assert given["dosage"]["dose"] == {"value": 24, "unit": "unit"}
    assert given["supportingInformation"][0]["reference"] == "Appointment/today"
    titles = {one.get("sourceAttachment", {}).get("title"): one for one in both.desk.all("Consent")}
    signed = titles["binder 7"]
    assert signed["policyRule"]["coding"][0] == {
        "system": "urn:medspa-hub:form", "code": "botox-consent", "version": "2"
    }  # fmt: skip
    for written in (ours, procedure, given, signed):
        get_fhir_model_class(written["resourceType"]).model_validate(written)
        assert check(written) == ()
    assert both.load(Kind.PATIENT, "p1").phone == "+15125550100"
    assert both.load(Kind.VISIT, "today").state is VisitState.FULFILLED
    assert both.load(Kind.VISIT, "today").id == today


def _assert_rest(both: Both) -> None:
    """Nothing of what was written comes back as a change, and nothing is written again."""
    before = both.versions()
    ran = both.round()
    assert both.versions() == before
    assert both.numbers(ran, "deliveries")["sent"] == 0
    assert both.numbers(ran, "visits")["updated"] == 0
    assert both.instance.get_runs_count() == 4
    with both.hub.store.begin("test") as work:
        assert work.outbox.find_dead("ehr") == ()
        assert set(work.outbox.count()) == {"sent"}
        assert work.conflicts.find_all() == ()
