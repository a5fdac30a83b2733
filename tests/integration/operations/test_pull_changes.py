"""What changed in the EMR becomes the hub's, page by page: all of it, once, and nothing half."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina
from sqlalchemy import Engine, text

from hub.canonical.ids import Kind
from hub.canonical.records import Visit, VisitState
from hub.connectors.fhir_r4.client import FhirClient
from hub.connectors.fhir_r4.source import FhirSource
from hub.connectors.kit.http import Limits
from hub.errors import HubError, InvalidInput, NeedsAttention, RetryLater
from hub.operations.linked_system import LinkedSystem
from hub.operations.pull_changes import pull_changes
from hub.ports import Page, Store
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.fhir_practice import ehr, fill, fill_a_little, open_practice, pull
from tests.peers.fhir import FhirDesk, appointment
from tests.peers.fixtures import (  # noqa: F401
    _medplum_process,
    _sandbox_process,
    fhir_server,
    medplum_server,
    sandbox_server,
)
from tests.peers.processes import free_port
from tests.peers.scripted import answer, bundle, scripted


@pytest.fixture(autouse=True)
def _no_waits_between_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def practice(store: Store) -> Store:
    open_practice(store)
    return store


@pytest.fixture
def desk(sandbox_server: FhirDesk) -> FhirDesk:  # noqa: F811
    fill_a_little(sandbox_server)
    return sandbox_server


@pytest.fixture
def full_desk(sandbox_server: FhirDesk) -> FhirDesk:  # noqa: F811
    fill(sandbox_server)
    return sandbox_server


def visits(store: Store) -> dict[str, Visit]:
    """By their id in the EMR."""
    with store.begin("test") as work:
        ids = work.links.find_all(ehr().name, Kind.VISIT)
        held = work.records.load_all(Kind.VISIT)
    return {source_id: held[id_] for source_id, id_ in ids.items()}


def counts(engine: Engine, *tables: str) -> dict[str, int]:
    with engine.connect() as connection:
        return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}


def issues(store: Store, kind: str) -> dict[str, tuple[str, ...]]:
    with store.begin("test") as work:
        return {issue.subject_id: issue.codes for issue in work.issues.find_open(kind)}


def test_everything_is_pulled_linked_and_claimed(practice, fhir_server):  # noqa: F811
    fill(fhir_server)
    results = pull(fhir_server.url, practice)
    assert {kind: result.inserted for kind, result in results.items()} == {
        Kind.LOCATION: 0, Kind.RESOURCE: 0, Kind.PROVIDER: 0, Kind.PATIENT: 40, Kind.VISIT: 59,
    }  # fmt: skip
    pulled = visits(practice)
    states = [visit.state for visit in pulled.values()]
    assert {state: states.count(state) for state in set(states)} == {
        VisitState.BOOKED: 38, VisitState.FULFILLED: 17, VisitState.CANCELLED: 2, VisitState.NO_SHOW: 2,
    }  # fmt: skip
    first = pulled["a001"]
    assert (first.provider_id, first.room_id, first.location_id, first.service_id) == (
        "dr-lee", "laser-suite", "main", "ipl-photofacial",
    )  # fmt: skip
    assert first.start.isoformat() == "2026-03-02T16:30:00+00:00"


def test_two_that_overlap_in_a_room_are_both_kept_and_put_before_a_person(practice, desk):
    assert pull(desk.url, practice)[Kind.VISIT].contested == 1
    with practice.begin("test") as work:
        [issue] = work.issues.find_open("overlap")
    assert issue.subject_id in {visits(practice)["a058"].id, visits(practice)["a059"].id}


def test_pulling_again_changes_nothing(practice, desk, engine):
    tables = ("source_record", "source_link", "patient", "visit", "claim", "review_issue", "outbox_delivery")
    pull(desk.url, practice)
    before = counts(engine, *tables)
    again = pull(desk.url, practice)
    assert all((r.inserted, r.updated, r.rejected) == (0, 0, 0) for r in again.values())
    assert counts(engine, *tables) == before
    assert before["outbox_delivery"] == 0, "what came from the EMR is not sent back to it"


def test_the_next_pull_asks_only_for_what_changed_since(practice):
    patient = {"resourceType": "Patient", "id": "p1", "meta": {"lastUpdated": "2026-03-01T10:00:07.000Z"}}
    with scripted(lambda _asked: answer(bundle(patient))) as server:
        pull(server.url, practice, (Kind.PATIENT,))
        pull(server.url, practice, (Kind.PATIENT,))
        first, second = (asked.target for asked in server.asked)
    assert "_lastUpdated=" not in first
    assert "_lastUpdated=ge2026-03-01T09%3A58%3A07.000Z" in second


@pytest.mark.parametrize("commit", [2, 3, 4])
def test_a_page_and_the_place_after_it_are_kept_together_or_not_at_all(practice, full_desk, engine, commit):
    commits: list[str] = []

    def die(point: str) -> None:
        commits.append(point)
        if commits.count("pull_changes:before_commit") == commit:
            raise KeyboardInterrupt

    with FhirClient(full_desk.url) as client:
        source = FhirSource(client, ehr().name, page_size=15)
        with pytest.raises(KeyboardInterrupt):
            pull_changes(ehr(), Kind.PATIENT, source, SqlStore(engine, die))
        kept = 15 * (commit - 2)
        assert counts(engine, "source_record", "patient") == {"source_record": kept, "patient": kept}
        assert counts(engine, "stream_cursor")["stream_cursor"] == (kept > 0)
        pull_changes(ehr(), Kind.PATIENT, source, practice)
    assert counts(engine, "patient") == {"patient": 40}


@pytest.mark.parametrize(("status", "state"), [("cancelled", VisitState.CANCELLED), ("noshow", VisitState.NO_SHOW)])
def test_a_visit_that_will_not_be_frees_its_time(practice, desk, engine, status, state):
    pull(desk.url, practice)
    visit_id = visits(practice)["a057"].id
    desk.put({**desk.all("Appointment", _id="a057")[0], "status": status})
    assert pull(desk.url, practice)[Kind.VISIT].updated == 1
    assert visits(practice)["a057"].state is state
    with engine.connect() as connection:
        claimed = connection.execute(text("SELECT count(*) FROM claim WHERE visit_id = :id"), {"id": visit_id})
        assert claimed.scalar_one() == 0


def test_a_move_in_the_emr_moves_the_visit_and_its_claims(practice, desk, engine):
    pull(desk.url, practice)
    held = desk.all("Appointment", _id="a057")[0]
    desk.put({**held, "start": "2026-03-24T18:00:00Z", "end": "2026-03-24T18:45:00Z"})
    pull(desk.url, practice)
    moved = visits(practice)["a057"]
    assert moved.start.isoformat() == "2026-03-24T18:00:00+00:00"
    with engine.connect() as connection:
        starts = connection.execute(
            text("SELECT DISTINCT lower(during) FROM claim WHERE visit_id = :id"), {"id": moved.id}
        )
        assert list(starts.scalars()) == [moved.start]


def test_what_the_hub_changed_stays_when_the_emr_changes_something_else(practice, desk):
    pull(desk.url, practice)
    ours = visits(practice)["a057"]
    with practice.begin("test") as work:
        work.records.save([ours.model_copy(update={"note": "prefers the left chair"})])
    desk.put({**desk.all("Appointment", _id="a057")[0], "status": "arrived"})
    pull(desk.url, practice)
    theirs = visits(practice)["a057"]
    assert (theirs.state, theirs.note) == (VisitState.ARRIVED, "prefers the left chair")


def test_the_practice_file_keeps_what_it_names(practice, desk):
    desk.put({"resourceType": "Practitioner", "id": "lee", "name": [{"text": "H. Lee", "suffix": ["MD"]}]})
    pull(desk.url, practice)
    with practice.begin("test") as work:
        provider = work.records.load(Kind.PROVIDER, ["dr-lee"])["dr-lee"]
    assert (provider.name, provider.title) == ("dr-lee", "MD"), "the name is the practice's; the title was open"


def test_a_record_that_breaks_fhir_is_kept_with_its_problems_until_the_emr_corrects_it(practice, desk):
    broken = {k: v for k, v in appointment("odd").items() if k != "end"}
    desk.put(broken)
    assert pull(desk.url, practice)[Kind.VISIT].rejected == 1
    assert issues(practice, "rejected_record") == {"juniper-ehr/odd": ("app-2",)}
    assert pull(desk.url, practice)[Kind.VISIT].rejected == 0, "known already"
    desk.put(appointment("odd"))
    assert pull(desk.url, practice)[Kind.VISIT].inserted == 1
    assert issues(practice, "rejected_record") == {}


def test_a_visit_of_a_patient_who_comes_later_is_taken_then_though_it_is_not_read_again(practice, desk):
    pull(desk.url, practice)
    desk.put(appointment("early", patient="p999"))
    desk.put(appointment("another", start="2026-03-13T15:00:00Z"))
    assert pull(desk.url, practice, (Kind.VISIT,))[Kind.VISIT].rejected == 1
    assert issues(practice, "rejected_record") == {"juniper-ehr/early": ("orphan_patient",)}
    desk.put({"resourceType": "Patient", "id": "p999", "name": [{"family": "Late"}]})
    result = pull(desk.url, practice, overlap=timedelta(0))[Kind.VISIT]
    assert (result.read, result.inserted) == (1, 1)
    assert "early" in visits(practice)
    assert issues(practice, "rejected_record") == {}


def test_an_unknown_service_leaves_the_visit_and_asks_a_person(practice, desk):
    unknown = {"serviceType": [{"coding": [{"code": "NEW-THING"}]}]}
    desk.put({**appointment("odd"), **unknown})
    pull(desk.url, practice)
    assert visits(practice)["odd"].service_id is None
    assert issues(practice, "incomplete_record") == {"juniper-ehr/odd": ("unknown_service",)}


def test_no_issue_quotes_what_a_person_is_called(practice, desk, engine):
    desk.put({"resourceType": "Patient", "id": "bad", "gender": "Penelope", "birthDate": "Penelope"})
    pull(desk.url, practice)
    with engine.connect() as connection:
        said = connection.execute(
            text("SELECT string_agg(detail::text || codes::text, ' ') FROM review_issue")
        ).scalar_one()
    assert "Patient.gender" in said
    assert "Penelope" not in said


def test_an_alias_that_names_nothing_is_refused_with_its_place_before_anything_is_read(practice, desk, engine):
    good = ehr()
    wrong = LinkedSystem(good.name, good.mappings, good.zone, {Kind.PROVIDER: {"lee": "dr-leigh"}})
    with FhirClient(desk.url) as client, pytest.raises(InvalidInput) as caught:
        pull_changes(wrong, Kind.VISIT, FhirSource(client, good.name), practice)
    [problem] = caught.value.problems
    assert (problem.file, problem.field) == ("connections/juniper-ehr.yaml", "aliases.provider.lee")
    assert counts(engine, "source_record", "stream_cursor") == {"source_record": 0, "stream_cursor": 0}


class _Dying:
    """A source whose process dies after so many pages: the pages are real."""

    def __init__(self, source: FhirSource, pages: int) -> None:
        self.system = source.system
        self._source = source
        self._pages = pages

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        for number, page in enumerate(self._source.read(kind, cursor)):
            if number == self._pages:
                raise KeyboardInterrupt
            yield page


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_pull_that_is_cut_off_goes_on_and_ends_with_everything(practice, fhir_server, engine, pages):  # noqa: F811
    fill(fhir_server)
    with FhirClient(fhir_server.url) as client:
        source = FhirSource(client, ehr().name, page_size=15)
        with pytest.raises(KeyboardInterrupt):
            pull_changes(ehr(), Kind.PATIENT, _Dying(source, pages), practice)
        assert 0 < counts(engine, "patient")["patient"] <= 40
        pull_changes(ehr(), Kind.PATIENT, source, practice)
    assert counts(engine, "patient") == {"patient": 40}


@pytest.mark.parametrize(
    "trouble",
    [
        ({"kind": "slow"}, RetryLater, "no answer in time"),
        ({"kind": "error"}, RetryLater, "status 500"),
        ({"kind": "truncated"}, RetryLater, "stops in the middle"),
        ({"kind": "drop"}, RetryLater, "broke off"),
        ({"kind": "html"}, NeedsAttention, "not JSON (text/html)"),
        ({"kind": "error", "after": 1}, RetryLater, "status 500"),
        ({"kind": "drop", "after": 2}, RetryLater, "broke off"),
    ],
)
def test_a_server_in_trouble_gives_one_message_and_nothing_half(practice, full_desk, engine, trouble):
    fault, expected, said = trouble
    full_desk.fault(**fault)
    limits = Limits(read_seconds=0.3 if fault["kind"] == "slow" else 300, whole_seconds=300)
    with FhirClient(full_desk.url, limits=limits) as client, pytest.raises(expected) as caught:
        pull_changes(ehr(), Kind.PATIENT, FhirSource(client, ehr().name, page_size=15), practice)
    assert len(caught.value.problems) == 1
    assert said in str(caught.value)
    assert f"{full_desk.url}/Patient" in str(caught.value)
    whole_pages = 15 * fault.get("after", 0)
    assert counts(engine, "source_record", "patient") == {"source_record": whole_pages, "patient": whole_pages}
    full_desk.fault()
    pull(full_desk.url, practice, (Kind.PATIENT,))
    assert counts(engine, "patient") == {"patient": 40}


def test_a_server_that_is_not_there_gives_one_message(practice, engine):
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(RetryLater, match="no connection") as caught:
        pull(url, practice, (Kind.PATIENT,))
    assert len(caught.value.problems) == 1
    assert counts(engine, "stream_cursor") == {"stream_cursor": 0}


def test_links_in_a_circle_give_one_message_and_keep_what_was_read(practice, engine):
    patient = {"resourceType": "Patient", "id": "p1", "name": [{"family": "x"}]}
    circle = answer(bundle(patient, next_url="Patient?page=2"))
    with scripted(lambda _asked: circle) as server, pytest.raises(HubError, match="circle"):
        pull(server.url, practice, (Kind.PATIENT,))
    assert counts(engine, "patient") == {"patient": 1}
