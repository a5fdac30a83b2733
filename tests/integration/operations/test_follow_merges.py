"""Who asks for a patient by an id that was merged away is answered for the record that the patient became."""

from datetime import timedelta

import pytest

from hub.canonical.ids import Kind, PatientId
from hub.canonical.records import Patient
from hub.operations.book_visit import Booked, book_visit
from hub.operations.find_openings import find_openings
from hub.operations.follow_merges import find_survivor, follow_merges, lead_to_survivors
from hub.operations.hold_visit import Held, hold_visit
from hub.operations.join_waitlist import join_waitlist
from hub.operations.merge_people import Word, merge_people, unmerge_people
from hub.ports.people import Merged
from hub.ports.waitlist import WaitlistEntry
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.request import BookingRequest, OpeningsRequest
from hub.store.unit_of_work import SqlStore
from hub.sync.people.decide import Match
from tests.integration.operations.small_practice import NINE, open_practice, wanted


@pytest.fixture(autouse=True)
def chain(store: SqlStore) -> list[Merged]:
    """The first patient became the second, who became the third."""
    open_practice(store, patients=5)
    return [_merge(store, "pat-2", "pat-1"), _merge(store, "pat-3", "pat-2")]


def _merge(store: SqlStore, first: str, second: str) -> Merged:
    with store.begin("test") as work:
        patients = {id_: Patient(id=PatientId(id_), given_name="Ann") for id_ in (first, second)}
        assert patients.keys() <= work.records.load(Kind.PATIENT, patients).keys()
        return merge_people(work, [Match(first, second, "by_hand", ())], patients, Word("test"))[second]


def book(store: SqlStore, request: BookingRequest, key: str | None = None) -> Booked | Refusal:
    return follow_merges(store, request, lambda asked: book_visit(store, asked, actor="test", key=key))


def test_booking_holding_finding_and_waiting_follow_the_merge_to_its_end(store: SqlStore) -> None:
    booked = book(store, wanted(patient=1))
    assert isinstance(booked, Booked)
    assert booked.visits[0].patient_id == "pat-3"
    request = wanted(patient=1, minutes=60)
    assert isinstance(follow_merges(store, request, lambda asked: hold_visit(store, asked, actor="test")), Held)
    days = OpeningsRequest(request.trip, NINE.date(), NINE.date() + timedelta(days=1))
    assert isinstance(follow_merges(store, days, lambda asked: find_openings(store, asked)), Openings)
    entry = follow_merges(store, days, lambda asked: join_waitlist(store, asked, actor="test"))
    assert isinstance(entry, WaitlistEntry)
    assert entry.patient_ids == ("pat-3",)


def test_a_key_stands_for_the_same_visit_before_and_after_the_merge(store: SqlStore) -> None:
    before = book(store, wanted(patient=4), "before")
    _merge(store, "pat-3", "pat-4")
    after = book(store, wanted(patient=1, minutes=60), "after")
    assert isinstance(before, Booked)
    assert isinstance(after, Booked)
    assert [one.id for one in _again(store, wanted(patient=4), "before").visits] == [one.id for one in before.visits]
    assert _again(store, wanted(patient=1, minutes=60), "after").visits == after.visits
    assert book(store, wanted(patient=1, minutes=90), "after") == Refusal(("key_reused",))


def _again(store: SqlStore, request: BookingRequest, key: str) -> Booked:
    answer = book(store, request, key)
    assert isinstance(answer, Booked)
    return answer


def test_who_is_nobody_stays_unknown(store: SqlStore) -> None:
    assert book(store, wanted(patient=77)) == Refusal(("unknown_patient",))


def test_after_the_merge_is_taken_back_the_id_is_its_own_again(store: SqlStore, chain: list[Merged]) -> None:
    assert find_survivor(store, "pat-1") == "pat-3"
    for merge in reversed(chain):
        unmerge_people(store, merge.id, Word("test", "two after all"))
    assert find_survivor(store, "pat-1") == "pat-1"
    assert lead_to_survivors(store, wanted(patient=1)) == wanted(patient=1)
