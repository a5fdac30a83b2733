"""A REST system that nobody has seen, in which a client's phone is on a card of its own: one patient, by YAML alone."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.canonical.ids import Kind
from hub.canonical.records import Patient
from hub.canonical.source import SourceRecord, SourceRef
from hub.cli.mapping import app
from hub.errors import InvalidInput
from hub.operations import pull_changes as pulling
from hub.operations.receive_webhook import receive_webhook
from hub.ports.inbox import WebhookEvent
from hub.store.health import load_health
from tests.database import Database
from tests.integration.operations.sorrel_desk import CARDS, book, both, opened_anew, pull_cards, save, take
from tests.integration.operations.unseen_practice import Desk, check_folder, unseen_practice
from tests.peers.unseen.sorrel.server import Sorrel


@pytest.fixture
def sorrel() -> Sorrel:
    return Sorrel()


@pytest.fixture
def desk(sorrel: Sorrel, database: Database, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "practice"
    with unseen_practice("sorrel", sorrel.serve, database, folder, secret="sorrel", house="h-1") as opened:
        yield opened


def test_a_client_and_the_card_that_belongs_to_them_are_one_patient(desk: Desk, sorrel: Sorrel) -> None:
    ann = sorrel.client("Ann", born="1990-04-01")
    for name in ("Bea", "Cho"):
        sorrel.client(name)
    card = sorrel.card(ann, "303 555 0101", may_text="y")
    both(desk)
    patient = desk.patients()[ann]
    assert len(desk.patients()) == 3
    assert (patient.given_name, patient.born_on) == ("Ann", date(1990, 4, 1))
    assert (patient.phone, patient.texts_allowed) == ("+13035550101", True)
    found = desk.hub.exchange.explain(Kind.PATIENT, patient.id, actor="t", personal=False)
    explained = {one.field: one for one in found.fields}
    assert [(explained[name].system, explained[name].source_id) for name in ("given_name", "phone")] == [
        ("sorrel", ann),
        (CARDS, card),
    ]


def test_what_comes_first_waits_for_the_other_without_loss_and_without_an_issue(desk: Desk, sorrel: Sorrel) -> None:
    card = sorrel.card("C1", "303 555 0101")
    assert (pull_cards(desk).waiting, pull_cards(desk).inserted) == (1, 0)
    first = load_health(desk.hub.engine).awaiting
    sorrel.change("cards", card, reach={"mobile": "303 555 0102"})
    assert pull_cards(desk).waiting == 1
    assert desk.issues() == []
    assert load_health(desk.hub.engine).awaiting == first, "it waits since it came first"
    sorrel.client("Ann")
    desk.pull(Kind.PATIENT)
    assert desk.patients()["C1"].phone == "+13035550102"
    assert len(desk.patients()) == 1
    done = pull_cards(desk)
    assert (done.waiting, done.updated, done.inserted) == (0, 0, 0)
    assert load_health(desk.hub.engine).awaiting == ()


@pytest.mark.slow
def test_what_waits_is_taken_however_the_client_comes(
    desk: Desk, sorrel: Sorrel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "_AT_ONCE", 1)
    for number in range(1, 5):
        card = sorrel.card(f"C{number}", f"303 555 010{number}")
        if number < 4:
            sorrel.kinds["cards"][card]["changed"] = "2026-01-01T00:00:00Z"  # long read when the next pull comes
    assert pull_cards(desk).waiting == 4
    rung = sorrel.client("Ann")
    receive_webhook("sorrel", [WebhookEvent("e1", "client.made", Kind.PATIENT, rung)], desk.hub.store)
    assert desk.hub.exchange.work_inbox("sorrel").records == 1
    assert desk.patients()[rung].phone == "+13035550101"
    brought = sorrel.client("Bea")  # and by something else than a pull, such as an import
    take(desk, SourceRecord(SourceRef("sorrel", Kind.PATIENT, brought), sorrel.kinds["clients"][brought]))
    assert desk.patients()[brought].phone is None
    pull_cards(desk)
    assert desk.patients()[brought].phone == "+13035550102", "with what says more, at the latest"
    sorrel.client("Cho")
    sorrel.client("Dee")
    desk.pull(Kind.PATIENT)
    assert [desk.patients()[f"C{number}"].phone for number in (3, 4)] == ["+13035550103", "+13035550104"]


@pytest.mark.slow
def test_a_rehearsal_foresees_what_waits_and_what_of_it_is_taken_with_the_client(desk: Desk, sorrel: Sorrel) -> None:
    card = sorrel.card("C1", "303 555 0101")
    foreseen = [(one.what, one.id) for one in desk.hub.exchange.rehearse(CARDS).here]
    assert foreseen == [("waiting", f"{CARDS}/{card}")]
    pull_cards(desk)
    sorrel.client("Ann")
    sorrel.client("Bea")
    plan = desk.hub.exchange.rehearse("sorrel")
    first, second, taken = plan.here
    assert [one.what for one in plan.here] == ["new", "new", "changed"]
    assert (taken.id, taken.fields) == (first.id, ("phone",))
    desk.pull(Kind.PATIENT)
    assert {one.id for one in desk.patients().values()} == {first.id, second.id}
    assert desk.patients()["C1"].phone == "+13035550101"
    assert desk.hub.exchange.rehearse("sorrel").here == ()


@pytest.mark.slow
def test_a_card_that_is_struck_while_it_waits_says_nothing_any_more(desk: Desk, sorrel: Sorrel) -> None:
    card = sorrel.card("C1", "303 555 0101")
    pull_cards(desk)
    sorrel.change("cards", card, struck=True)
    pull_cards(desk)
    sorrel.client("Ann")
    both(desk)
    assert desk.patients()["C1"].phone is None


def test_each_field_is_written_to_the_record_that_it_came_from(desk: Desk, sorrel: Sorrel) -> None:
    ann = sorrel.client("Ann")
    card = sorrel.card(ann, "303 555 0101", ring="loud")
    both(desk)
    save(desk, desk.patients()[ann].model_copy(update={"phone": "+13035550199"}))
    assert (desk.push().sent, desk.hub.push(CARDS).sent) == (0, 1)
    save(desk, desk.patients()[ann].model_copy(update={"family_name": "Lee"}))
    assert (desk.push().sent, desk.hub.push(CARDS).sent) == (1, 0)
    assert sorrel.changes == [f"PATCH cards/{card}", f"PATCH clients/{ann}"]
    row = sorrel.kinds["cards"][card]
    assert (row["reach"], row["owner"], row["ring"]) == ({"mobile": "+13035550199"}, ann, "loud")
    assert (pull_cards(desk).recognised, desk.pull(Kind.PATIENT)[Kind.PATIENT].updated) == (0, 0)
    assert (desk.push().sent, desk.hub.push(CARDS).sent) == (0, 0), "nothing echoes"
    assert len(sorrel.changes) == 2


@pytest.mark.slow
def test_a_patient_made_here_gets_both_records_the_client_first_and_a_card_only_where_it_has_something_to_say(
    desk: Desk, sorrel: Sorrel
) -> None:
    save(desk, Patient(id="pat_1", given_name="Ann", family_name="Roe", email="ann@example.org"))
    save(desk, Patient(id="pat_2", given_name="Bea", family_name="Roe"))
    foreseen = desk.hub.exchange.rehearse(CARDS)
    assert ([(one.what, one.id) for one in foreseen.there], foreseen.waits) == ([("waiting", "pat_1")], False)
    done = desk.hub.push(CARDS)
    assert (done.failed, done.unchanged, done.dead) == (1, 1, 0), "the card waits for its client"
    assert desk.push().sent == 2
    desk.make_due()
    assert desk.hub.push(CARDS).sent == 1
    [card] = sorrel.kinds["cards"].values()
    assert (card["reach"], sorrel.kinds["clients"][card["owner"]]["partner"]) == ({"mail": "ann@example.org"}, "pat_1")
    both(desk)
    assert {one.id for one in desk.patients().values()} == {"pat_1", "pat_2"}
    assert len(sorrel.changes) == 3


@pytest.mark.slow
def test_a_card_that_is_struck_empties_its_fields_and_ends_nobody(desk: Desk, sorrel: Sorrel) -> None:
    ann = sorrel.client("Ann")
    card = sorrel.card(ann, "303 555 0101", may_text="n")
    both(desk)
    sorrel.change("cards", card, struck=True)
    assert pull_cards(desk).gone == 1
    patient = desk.patients()[ann]
    assert (patient.given_name, patient.phone, patient.texts_allowed, patient.active) == ("Ann", None, None, True)
    assert desk.issues() == []
    save(desk, patient.model_copy(update={"phone": "+13035550199"}))
    assert desk.hub.push(CARDS).sent == 1
    assert [one["reach"] for one in sorrel.kinds["cards"].values() if not one.get("struck")] == [
        {"mobile": "+13035550199"}
    ], "what is said here anew is on a new card"


@pytest.mark.slow
def test_a_card_that_is_given_to_another_client_says_all_of_it_of_that_one(desk: Desk, sorrel: Sorrel) -> None:
    first, second = sorrel.client("Ann"), sorrel.client("Bea")
    card = sorrel.card(first, "303 555 0101", may_text="y")
    both(desk)
    sorrel.change("cards", card, owner=second, may_text="n")
    assert pull_cards(desk).updated == 2
    people = desk.patients()
    assert (people[first].phone, people[first].texts_allowed) == (None, None)
    assert (people[second].phone, people[second].texts_allowed) == ("+13035550101", False)
    assert desk.issues() == []


@pytest.mark.slow
@pytest.mark.parametrize("phone", ["303 555 0101", "303 555 0102"])
def test_what_another_card_of_the_patient_still_says_stands_when_one_is_struck_or_given_away(
    desk: Desk, sorrel: Sorrel, phone: str
) -> None:
    ann, bea = sorrel.client("Ann"), sorrel.client("Bea")
    first = sorrel.card(ann, "303 555 0101", may_text="y")
    second = sorrel.card(ann, phone)
    both(desk)
    sorrel.change("cards", first, struck=True)
    pull_cards(desk)
    patient = desk.patients()[ann]
    assert (patient.phone, patient.texts_allowed) == (f"+1{phone.replace(' ', '')}", None)
    third = sorrel.card(ann, "303 555 0103")
    pull_cards(desk)
    sorrel.change("cards", third, owner=bea)
    pull_cards(desk)
    assert desk.patients()[ann].phone == f"+1{phone.replace(' ', '')}"
    sorrel.change("cards", second, struck=True)
    pull_cards(desk)
    assert [desk.patients()[one].phone for one in (ann, bea)] == [None, "+13035550103"]


@pytest.mark.slow
def test_two_clients_whom_the_house_makes_one_are_one_here_however_many_cards_tell_them_apart(
    desk: Desk, sorrel: Sorrel
) -> None:
    first, second = sorrel.client("Ann"), sorrel.client("Ann")
    for owner in (first, second):
        sorrel.card(owner, "303 555 0101")
    both(desk)
    people = desk.patients()
    take(desk, SourceRecord(SourceRef("sorrel", Kind.PATIENT, second), {}, merged_into=first))
    assert desk.patients()[second].id == people[first].id
    assert desk.issues() == []


@pytest.mark.slow
def test_both_connections_share_one_token(desk: Desk, sorrel: Sorrel) -> None:
    sorrel.card(sorrel.client("Ann"))
    both(desk)
    assert sorrel.passes == ["p1"]


@pytest.mark.slow
def test_cards_of_another_vendor_are_reached_at_its_own_address_with_its_own_secrets(
    desk: Desk, sorrel: Sorrel
) -> None:
    folder = desk.hub.systems.folder.path
    clients, cards = (folder / "connections" / f"{name}.yaml" for name in ("sorrel", CARDS))
    said = clients.read_text()
    address = (
        said[said.index("base_url:") : said.index("mappings:")] + said[said.index("auth:") : said.index("streams:")]
    )
    cards.write_text(cards.read_text().replace("streams:", f"{address}streams:", 1))
    hub = opened_anew(desk)
    ann = sorrel.client("Ann")
    sorrel.card(ann, "303 555 0101")
    hub.pull("sorrel", Kind.PATIENT)
    hub.pull(CARDS, Kind.PATIENT)
    assert desk.patients()[ann].phone == "+13035550101"
    assert sorrel.passes == ["p1", "p2"]


CARD, CONNECTION = "mappings/sorrel-cards/patient.yaml", "connections/sorrel-cards.yaml"
CLIENT = "mappings/sorrel/patient.yaml"
DIARY = "streams:\n  visit: {direction: pull, read: {path: diary, id: id}}"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (CARD, "joins: owner\n", "", r"patient\.yaml:2: record: sorrel-cards joins sorrel, .*Add joins: PATH"),
        (CLIENT, "fields:", "joins: boss\nfields:", r"sorrel/patient\.yaml:2: joins: sorrel joins no other"),
        (CARD, "fields:", "fields:\n  given_name: called", r"cards/patient\.yaml:5: fields\.given_name: sorrel"),
        (CARD, "joins: owner", "joins: owner[", r"patient\.yaml:3: joins: .*paths"),
        (CONNECTION, "joins: sorrel", "joins: sorel", r"sorrel-cards\.yaml:4: joins: there is no connection 'sorel'"),
        (CONNECTION, "streams:", DIARY, r"cards\.yaml:7: streams\.visit: .*patients"),
        (CONNECTION, "joins: sorrel", "joins: sorrel\nlimits: {attempts: 1}", r"cards\.yaml:5: limits: without"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_when_the_folder_is_checked(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    def change(_connection: Path) -> None:
        path = tmp_path / "practice" / file
        written = path.read_text()
        assert old in written or new in written
        path.write_text(written if new and new in written else written.replace(old, new, 1))

    with pytest.raises(InvalidInput, match=said):
        check_folder("sorrel", tmp_path / "practice", change)
    if file.startswith("mappings"):
        around = {"HUB_PRACTICE": str(tmp_path / "practice"), "COLUMNS": "200"}
        linted = CliRunner().invoke(app, ["lint"], env=around)
        assert (linted.exit_code, re.search(said, linted.output) is not None) == (1, True)


@pytest.mark.slow
def test_what_is_reached_as_another_system_is_speaks_as_that_one_does(tmp_path: Path) -> None:
    def change(_connection: Path) -> None:
        said = (
            "system: sorrel-cards\nconnector: fhir_r4\njoins: sorrel\nmappings: sorrel-cards\nstreams: {patient: {}}\n"
        )
        (tmp_path / "practice" / CONNECTION).write_text(said)

    with pytest.raises(InvalidInput, match=r"cards\.yaml:2: connector: it is reached as sorrel is, which is rest"):
        check_folder("sorrel", tmp_path / "practice", change)


@pytest.mark.slow
def test_a_field_of_both_records_is_allowed_where_the_practice_says_whose_word_counts(tmp_path: Path) -> None:
    def change(_connection: Path) -> None:
        path = tmp_path / "practice" / CARD
        if "given_name" not in path.read_text():
            path.write_text(path.read_text() + "  given_name: called\n")
        (tmp_path / "practice" / "records.yaml").write_text("patient: {fields: {given_name: sorrel}}\n")

    check_folder("sorrel", tmp_path / "practice", change)


@pytest.mark.slow
def test_records_of_one_patient_in_one_system_are_no_two_systems_that_disagree(desk: Desk, sorrel: Sorrel) -> None:
    (desk.hub.systems.folder.path / "records.yaml").write_text("patient: {fields: {phone: manual}}\n")
    hub = opened_anew(desk)
    card = sorrel.card(sorrel.client("Ann"), "303 555 0101")
    for system in ("sorrel", CARDS):
        hub.pull(system, Kind.PATIENT)
    sorrel.change("cards", card, reach={"mobile": "303 555 0102"})
    done = hub.pull(CARDS, Kind.PATIENT)
    assert (done.updated, done.conflicts) == (1, 0)
    sorrel.change("cards", card, struck=True)
    done = hub.pull(CARDS, Kind.PATIENT)
    assert (done.updated, done.conflicts) == (1, 0)


@pytest.mark.slow
def test_a_visit_of_local_times_goes_both_ways(desk: Desk, sorrel: Sorrel) -> None:
    ann = sorrel.client("Ann")
    there = {"what": "P", "who": "L", "day": "14.02.2098", "from": "09:00", "to": "09:45", "state": "set"}
    first = sorrel.add("diary", client=ann, **there)
    desk.pull()
    visit = desk.visits()[first]
    assert visit.start == datetime(2098, 2, 14, 16, tzinfo=UTC)
    book(desk, desk.patients()[ann].id)
    assert desk.push().sent == 1
    row = sorrel.kinds["diary"]["D2"]
    assert {name: row[name] for name in ("client", *there)} == {
        "client": ann, "what": "T", "who": "K", "day": "14.02.2098", "from": "11:00", "to": "11:30", "state": "set",
    }  # fmt: skip
    done = desk.pull()[Kind.VISIT]
    assert (done.inserted, done.updated) == (0, 0)


@pytest.mark.slow
def test_a_visit_that_the_house_strikes_and_enters_anew_under_the_hubs_id_is_moved(desk: Desk, sorrel: Sorrel) -> None:
    ann = sorrel.client("Ann")
    desk.pull()
    book(desk, desk.patients()[ann].id)
    desk.push()
    row = sorrel.kinds["diary"]["D1"]
    sorrel.change("diary", "D1", struck=True)
    again = {name: row[name] for name in ("client", "what", "who", "day", "state", "partner")}
    sorrel.add("diary", **again, **{"from": "14:00", "to": "14:30"})
    desk.pull()
    visit = desk.visits()["D2"]
    assert (visit.state, visit.start) == ("booked", datetime(2098, 2, 14, 21, tzinfo=UTC))
    assert desk.visits()["D1"].id == visit.id


@pytest.mark.slow
@pytest.mark.parametrize("names_others", [True, False])
def test_an_alias_of_the_client_is_whose_card_it_is_and_both_are_read_and_written(
    desk: Desk, sorrel: Sorrel, *, names_others: bool
) -> None:
    clients, cards = (desk.hub.systems.folder.path / "connections" / f"{name}.yaml" for name in ("sorrel", CARDS))
    clients.write_text(clients.read_text() + "  patient: {C1: pat_1}\n")
    if names_others:  # what it says of a kind stands beside what the other says
        cards.write_text(cards.read_text() + "aliases: {patient: {C9: pat_9}}\n")
    with desk.hub.store.begin("test") as work:
        work.records.save([Patient(id=f"pat_{n}", given_name="Ann", family_name="Roe") for n in (1, 9)])
    hub, ann = opened_anew(desk), sorrel.client("Ann")
    card = sorrel.card(ann, "303 555 0101", may_text="y")
    assert hub.pull(CARDS, Kind.PATIENT).waiting == 0
    sorrel.change("clients", ann, name={"given": "Ann", "family": "Lee"})
    sorrel.change("cards", card, reach={"mobile": "303 555 0102"})
    for name in ("sorrel", CARDS):
        hub.pull(name, Kind.PATIENT)
    patient = desk.patients()[ann]
    assert (patient.id, patient.family_name, patient.phone) == ("pat_1", "Lee", "+13035550102")
    save(desk, patient.model_copy(update={"family_name": "Poe", "phone": "+13035550103"}))
    assert (hub.push("sorrel").sent, hub.push(CARDS).sent) == (1, 1)
    assert sorrel.changes == [f"PATCH clients/{ann}", f"PATCH cards/{card}"]


@pytest.mark.slow
def test_who_is_aliased_and_was_never_read_is_written_and_not_made_again(desk: Desk, sorrel: Sorrel) -> None:
    clients = desk.hub.systems.folder.path / "connections" / "sorrel.yaml"
    clients.write_text(clients.read_text() + "  patient: {C1: pat_1}\n")
    hub, ann = opened_anew(desk), sorrel.client("Ann")
    save(desk, Patient(id="pat_1", given_name="Ann", family_name="Lee", phone="+13035550101"))
    assert (hub.push("sorrel").sent, hub.push(CARDS).sent) == (1, 1)
    assert sorrel.changes == [f"PATCH clients/{ann}", "POST cards"]
    assert [one["owner"] for one in sorrel.kinds["cards"].values()] == [ann]
