"""Two clients of Sorrel who are one person here: both records are read and written, and taken back with the merge."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.operations.merge_people import Undone, Word, merge_people, unmerge_people
from hub.sync.people.decide import Match
from tests.database import Database
from tests.integration.operations.sorrel_desk import CARDS, book, both, pull_cards, save
from tests.integration.operations.unseen_practice import Desk, unseen_practice
from tests.peers.unseen.sorrel.server import Sorrel


@pytest.fixture
def sorrel() -> Sorrel:
    return Sorrel()


@pytest.fixture
def desk(sorrel: Sorrel, database: Database, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "practice"
    with unseen_practice("sorrel", sorrel.serve, database, folder, secret="sorrel", house="h-1") as opened:
        yield opened


def merge(desk: Desk, first: str, second: str) -> int:
    """As a person decides it."""
    with desk.hub.store.begin("test") as work:
        found = work.records.load(Kind.PATIENT, [first, second])
        people = {id_: one for id_, one in found.items() if isinstance(one, Patient)}
        return merge_people(work, [Match(first, second, "test", ())], people, Word("desk"))[second].id


def unmerge(desk: Desk, merge_id: int) -> None:
    assert isinstance(unmerge_people(desk.hub.store, merge_id, desk.hub.word_on_people("desk")), Undone)


def test_a_change_of_one_person_is_written_to_both_records_there_and_taken_back_with_the_merge(
    desk: Desk, sorrel: Sorrel
) -> None:
    first, second = sorrel.client("Ann"), sorrel.client("Anne")
    other = sorrel.card(second, "303 555 0102")
    both(desk)
    people = desk.patients()
    done = merge(desk, people[first].id, people[second].id)
    assert pull_cards(desk).updated == 0
    save(desk, desk.patients()[first].model_copy(update={"family_name": "Lee", "phone": "+13035550199"}))
    assert (desk.push().sent, desk.hub.push(CARDS).sent) == (1, 1)
    names = [one["name"] for one in sorrel.kinds["clients"].values()]
    assert names == [{"given": "Ann", "family": "Lee"}] * 2
    assert sorrel.kinds["cards"][other]["reach"] == {"mobile": "+13035550199"}
    assert sorrel.changes == [f"PATCH clients/{first}", f"PATCH clients/{second}", f"PATCH cards/{other}"]
    both(desk)
    assert (desk.push().sent, desk.hub.push(CARDS).sent, len(sorrel.changes)) == (0, 0, 3), "neither echoes"
    sorrel.change("clients", second, name={"given": "Ann", "family": "Lee-Roe"})
    desk.pull(Kind.PATIENT)
    assert desk.patients()[first].family_name == "Lee-Roe", "either says something of the one"
    assert desk.push().sent == 1
    assert sorrel.kinds["clients"][first]["name"] == {"given": "Ann", "family": "Lee-Roe"}, "and the other hears of it"
    assert sorrel.changes[3:] == [f"PATCH clients/{first}"]
    desk.pull(Kind.PATIENT)
    assert (desk.push().sent, len(sorrel.changes)) == (0, 4)
    unmerge(desk, done)
    assert {id_: one.given_name for id_, one in desk.patients().items()} == {first: "Ann", second: "Anne"}
    assert desk.push().sent == 1, "the first says its own already"
    assert [one["name"]["given"] for one in sorrel.kinds["clients"].values()] == ["Ann", "Anne"]
    both(desk)
    changed = len(sorrel.changes)
    desk.push()
    assert len(sorrel.changes) == changed
    assert len({one.id for one in desk.patients().values()}) == 2


@pytest.mark.slow
def test_what_still_waits_of_somebody_who_became_part_of_another_makes_no_second_record(
    desk: Desk, sorrel: Sorrel
) -> None:
    first = sorrel.client("Ann")
    desk.pull(Kind.PATIENT)
    save(desk, Patient(id="pat_2", given_name="Anne", family_name="Roe", email="ann@example.org"))
    merge(desk, desk.patients()[first].id, "pat_2")
    assert (desk.push().unchanged, desk.hub.push(CARDS).unchanged) == (1, 1)
    assert list(sorrel.kinds["clients"]) == [first]
    [card] = sorrel.kinds["cards"].values()
    assert (card["owner"], card["reach"]) == (first, {"mail": "ann@example.org"}), "told of the one, in their own right"


@pytest.mark.slow
def test_that_one_of_the_two_records_is_refused_holds_up_no_other_and_is_tried_alone(
    desk: Desk, sorrel: Sorrel
) -> None:
    first, second = sorrel.client("Ann"), sorrel.client("Ann")
    both(desk)
    people = desk.patients()
    merge(desk, people[first].id, people[second].id)
    sorrel.refused = {first}
    save(desk, desk.patients()[first].model_copy(update={"family_name": "Lee"}))
    assert desk.push().dead == 1
    assert [one["name"]["family"] for one in sorrel.kinds["clients"].values()] == ["Roe", "Lee"]
    sorrel.refused = set()
    desk.hub.exchange.replay_dead("sorrel", None)
    assert desk.push().sent == 1
    assert sorrel.changes[-1] == f"PATCH clients/{first}"
    assert sorrel.changes.count(f"PATCH clients/{second}") == 1
    assert [one["name"]["family"] for one in sorrel.kinds["clients"].values()] == ["Lee", "Lee"]


@pytest.mark.slow
def test_a_patient_made_here_and_merged_since_stays_merged_when_its_system_changes_it(
    desk: Desk, sorrel: Sorrel
) -> None:
    first = sorrel.client("Ann")
    desk.pull(Kind.PATIENT)
    save(desk, Patient(id="pat_2", given_name="Anne", family_name="Roe"))
    desk.push()
    desk.pull(Kind.PATIENT)
    merge(desk, desk.patients()[first].id, "pat_2")
    sorrel.change("clients", "C2", name={"given": "Anne", "family": "Lee"})
    desk.pull(Kind.PATIENT)
    assert desk.patients()["C2"].id == desk.patients()[first].id
    assert desk.patients()[first].family_name == "Lee"


@pytest.mark.slow
def test_each_of_two_records_is_written_once_whatever_its_id_looks_like(desk: Desk, sorrel: Sorrel) -> None:
    sorrel.letters["clients"] = "Ç "
    first, second = sorrel.client("Ann"), sorrel.client("Ann")
    desk.pull(Kind.PATIENT)
    people = desk.patients()
    merge(desk, people[first].id, people[second].id)
    save(desk, desk.patients()[first].model_copy(update={"family_name": "Lee"}))
    assert desk.push().sent == 1
    assert sorrel.changes == [f"PATCH clients/{first}", f"PATCH clients/{second}"]
    assert [one["name"]["family"] for one in sorrel.kinds["clients"].values()] == ["Lee", "Lee"]


@pytest.mark.slow
@pytest.mark.parametrize("is_known", [True, False])
def test_who_is_merged_while_a_change_is_on_its_way_stays_merged(desk: Desk, sorrel: Sorrel, *, is_known: bool) -> None:
    first, second = sorrel.client("Ann"), sorrel.client("Anne") if is_known else "C2"
    desk.pull(Kind.PATIENT)
    other = desk.patients()[second] if is_known else Patient(id="pat_2", given_name="Anne", family_name="Roe")
    survivor = desk.patients()[first].id
    save(desk, other.model_copy(update={"family_name": "Lee"}))
    sorrel.meanwhile = lambda: merge(desk, survivor, str(other.id))
    assert desk.push().sent == 1
    assert desk.patients()[second].id == survivor


@pytest.mark.slow
def test_one_person_is_gone_with_their_last_record_and_until_then_booked_on_one_that_stands(
    desk: Desk, sorrel: Sorrel
) -> None:
    first, second = sorrel.client("Ann"), sorrel.client("Ann")
    desk.pull(Kind.PATIENT)
    people = desk.patients()
    merge(desk, people[first].id, people[second].id)
    sorrel.change("clients", first, struck=True)
    assert desk.pull()[Kind.PATIENT].gone == 1
    patient = desk.patients()[second]
    assert patient.active
    book(desk, patient.id)
    assert desk.push().sent == 1
    assert [one["client"] for one in sorrel.kinds["diary"].values()] == [second]
    assert desk.issues() == []
    sorrel.change("clients", second, struck=True)
    assert desk.pull()[Kind.PATIENT].gone == 1
    assert not desk.patients()[second].active
    assert len(desk.issues()) == 1, "a visit to come of somebody who is gone"


@pytest.mark.slow
def test_what_the_house_writes_in_its_own_way_is_not_written_again_to_either_record(desk: Desk, sorrel: Sorrel) -> None:
    sorrel.kept = lambda fields: {"name": {key: value.upper() for key, value in fields["name"].items()}}
    first, second = sorrel.client("Ann"), sorrel.client("Ann")
    desk.pull(Kind.PATIENT)
    people = desk.patients()
    merge(desk, people[first].id, people[second].id)
    changed = desk.patients()[first].model_copy(update={"family_name": "Lee"})
    save(desk, changed)
    assert desk.push().sent == 1
    save(desk, changed)
    assert desk.push().unchanged == 1
    assert sorrel.changes == [f"PATCH clients/{first}", f"PATCH clients/{second}"]


@pytest.mark.slow
def test_one_person_whose_records_are_all_struck_at_once_is_gone(desk: Desk, sorrel: Sorrel) -> None:
    first, second = sorrel.client("Ann"), sorrel.client("Ann")
    desk.pull(Kind.PATIENT)
    people = desk.patients()
    merge(desk, people[first].id, people[second].id)
    for one in (first, second):
        sorrel.change("clients", one, struck=True)
    desk.pull(Kind.PATIENT)
    assert not desk.patients()[first].active
