"""A GraphQL system that nobody has seen (signed tokens, Relay pages, points, faults with 200) is connected by YAML."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.canonical.ids import Kind, PatientId, mint
from hub.canonical.records import Patient
from hub.errors import InvalidInput, RetryLater
from hub.operations.cancel_visit import Cancellation
from hub.operations.move_visit import MoveRequest
from hub.scheduling.request import BookingRequest, Part, Trip
from tests.database import Database
from tests.integration.operations.unseen_practice import Desk, check_folder, unseen_practice
from tests.peers.unseen.mirrorlake.server import SECRET, Mirrorlake

CHICAGO = ZoneInfo("America/Chicago")


@pytest.fixture
def mirrorlake() -> Mirrorlake:
    return Mirrorlake()


@pytest.fixture
def desk(mirrorlake: Mirrorlake, database: Database, tmp_path: Path) -> Iterator[Desk]:
    with unseen_practice("mirrorlake", mirrorlake.serve, database, tmp_path / "practice", secret=SECRET) as opened:
        yield opened


def at(hour: int) -> datetime:
    return datetime(2098, 2, 14, hour, tzinfo=CHICAGO)


def test_a_session_booked_moved_and_dropped_here_is_so_there_once(desk: Desk, mirrorlake: Mirrorlake):
    members = [mirrorlake.add_member(f"Ann{n}", "Roe", f"512555{n:04}") for n in range(25)]
    for day, member in enumerate(members[:22], start=1):
        mirrorlake.add_session(member, datetime(2098, 3, day, 9, tzinfo=CHICAGO))
    mirrorlake.throttled = 1
    done = desk.pull()
    assert (done[Kind.PATIENT].inserted, done[Kind.VISIT].inserted) == (25, 22)
    patient = desk.patients()[members[24]]
    trip = Trip((Part("talk", patient.id, resources={"provider": "dr-kim"}),), "main", "desk")
    visit = desk.hub.desk.book(BookingRequest(trip, at(10)), actor="desk").visits[0].id  # type: ignore[union-attr]
    assert desk.push().sent == 1
    session = mirrorlake.sessions["S-023"]
    assert (session["tag"], session["startsAt"], session["host"]) == (visit, "2098-02-14T16:00:00.000Z", {"id": "H-4"})
    assert desk.pull()[Kind.VISIT].inserted == 0, "it is known when it comes back"
    desk.hub.desk.move(MoveRequest([visit], at(13)), actor="desk")
    assert desk.push().sent == 1
    assert session["startsAt"] == "2098-02-14T19:00:00.000Z"
    desk.hub.desk.cancel([visit], Cancellation("desk"))
    assert desk.push().sent == 1
    assert session["stage"] == "DROPPED"
    desk.pull()
    assert desk.push().sent == 0
    assert (len(mirrorlake.sessions), desk.issues()) == (23, [])


@pytest.mark.slow
def test_what_changes_there_changes_here_and_the_other_way_round(desk: Desk, mirrorlake: Mirrorlake):
    member = mirrorlake.add_member("Ann", "Roe", "5125550100")
    desk.pull()
    mirrorlake.members[member]["familyName"] = "Poe"
    mirrorlake.touch(mirrorlake.members[member])
    assert desk.pull()[Kind.PATIENT].updated == 1
    desk.save_and_tell(desk.patients()[member].model_copy(update={"given_name": "Anne"}))
    assert desk.push().sent == 1
    assert mirrorlake.members[member]["givenName"] == "Anne"
    mirrorlake.members[member]["givenName"] = "Annie"
    mirrorlake.touch(mirrorlake.members[member])
    desk.save_and_tell(desk.patients()[member].model_copy(update={"given_name": "Anja"}))
    assert desk.push().failed == 1
    assert mirrorlake.members[member]["givenName"] == "Annie", "a change made there meanwhile is not overwritten"


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Kind.PATIENT, Kind.VISIT])
def test_after_a_lost_answer_it_stands_there_once(desk: Desk, mirrorlake: Mirrorlake, kind: Kind):
    member = mirrorlake.add_member("Ann", "Roe", "5125550100")
    desk.pull()
    if kind is Kind.VISIT:
        trip = Trip((Part("talk", desk.patients()[member].id),), "main", "desk")
        desk.hub.desk.book(BookingRequest(trip, at(10)), actor="desk")
    else:
        desk.save_and_tell(Patient(id=PatientId(mint(Kind.PATIENT)), given_name="Bea", family_name="Poe"))
    mirrorlake.lose = 3
    with pytest.raises(RetryLater):
        desk.push()
    mirrorlake.lose = 0
    desk.make_due()
    assert desk.push().sent == 1
    assert (len(mirrorlake.members), len(mirrorlake.sessions)) == ((1, 1) if kind is Kind.VISIT else (2, 0))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("offering { id } startsAt", "offering { key } startsAt", "mirrorlake.yaml:59: streams.visit.read.document: "),
        ("query Members(", "query Members((", "members.graphql:1: "),
        ("edition touchedAt } }", "editon touchedAt } }", "members.graphql:3: Cannot query field 'editon'"),
        ("members.graphql", "member.graphql", "member.graphql: this file is not there"),
        ("type Query", "tpe Query", "mirrorlake-schema.graphql: this is no GraphQL schema"),
    ],
)  # fmt: skip
def test_a_document_that_the_schema_does_not_know_is_refused_before_anything_is_asked(
    old: str, new: str, said: str, tmp_path: Path
):
    def broken(file: Path) -> None:
        file.write_text(file.read_text().replace(old, new, 1))

    with pytest.raises(InvalidInput) as caught:
        check_folder("mirrorlake", tmp_path / "practice", broken)
    assert said in str(caught.value)
