"""What tests of Sorrel do: its cards read, a patient changed here, the folder opened anew, a visit booked."""

from datetime import UTC, datetime

from hub.bootstrap import Hub, check_practice_folder
from hub.bootstrap.connected_systems import ConnectedSystems
from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.canonical.source import SourceRecord
from hub.operations.pull_changes import PullResult, take_page
from hub.ports import Page
from hub.scheduling.request import BookingRequest, Part, Trip
from hub.settings import PROJECT, Settings
from tests.integration.operations.unseen_practice import Desk

CARDS = "sorrel-cards"


def pull_cards(desk: Desk) -> PullResult:
    return desk.hub.pull(CARDS, Kind.PATIENT)


def both(desk: Desk) -> None:
    desk.pull(Kind.PATIENT)
    pull_cards(desk)


def save(desk: Desk, record: Patient) -> None:
    """Changed here, with word of it left for everybody."""
    with desk.hub.store.begin("test") as work:
        work.records.save([record])
        work.outbox.enqueue_all(["sorrel", CARDS], Kind.PATIENT, [record.id])


def opened_anew(desk: Desk) -> Hub:
    """With the practice folder as it is now."""
    folder = check_practice_folder(Settings(practice=desk.hub.systems.folder.path))
    return Hub(desk.hub.engine, desk.hub.store, ConnectedSystems(folder, PROJECT / "mappings"))


def take(desk: Desk, record: SourceRecord) -> None:
    with desk.hub.store.begin("test") as work:
        take_page(desk.hub.systems.linked("sorrel"), record.ref.kind, Page((record,), None), work)


def book(desk: Desk, patient_id: str) -> None:
    trip = Trip((Part("talk", patient_id, resources={"provider": "dr-kim"}),), "main", "desk")
    desk.hub.desk.book(BookingRequest(trip, datetime(2098, 2, 14, 18, tzinfo=UTC)), actor="desk")
