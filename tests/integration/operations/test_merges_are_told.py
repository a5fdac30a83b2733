"""Two records become one person, and every system that knows either hears of it at once, by the practice's rules."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from hub.canonical.ids import Kind, PatientId
from hub.canonical.records import Patient, Visit, VisitState
from hub.mapping.apply import read_mapping
from hub.operations.explain_record import ExplainedField, explain_record
from hub.operations.match_people import match_all, match_loaded
from hub.operations.merge_people import Undone, Word, decide_pair, unmerge_people
from hub.ports import BookableResource, Site
from hub.ports.people import Matcher
from hub.store.unit_of_work import SqlStore
from hub.sync.people.decide import Match
from hub.sync.system_of_record import RecordRules, read_record_rules
from tests.integration.operations.scripted_systems import START, Vendor, linked, pull, push

TABLE = """
record: patient
fields:
  given_name: first
  family_name: last
  born_on: {path: born, codec: date}
  phone: {path: phone, codec: phone, problem: blank}
  email: email
  city: city
  texts_allowed: {path: may_text, codec: boolean}
  active: {path: active, codec: boolean, default: true}
"""
SYSTEMS = ("a", "b", "c")
ANN = {"first": "Ann", "last": "Ames", "born": "1980-01-02", "phone": "+15125550100", "may_text": True, "active": True}
LATER = START + timedelta(days=1)


@dataclass
class Practice:
    """The hub between three systems that are told of patients; time goes as a test says."""

    store: SqlStore
    rules: str = ""
    silent_of: dict[str, str] = field(default_factory=dict)
    """System → a field that its table does not have."""

    def __post_init__(self) -> None:
        self.vendors = {name: Vendor(name) for name in SYSTEMS}

    def linked(self, name: str, told: tuple[str, ...] = SYSTEMS) -> Any:
        lines = TABLE.splitlines()
        table = "\n".join(line for line in lines if self.silent_of.get(name, "?") not in line)
        mappings = {"patient": read_mapping(table, "patient.yaml", {})}
        return replace(linked(name, told=told, rules=self.rules, aliases=False), mappings=mappings)

    def word(self) -> Word:
        declared = read_record_rules(self.rules, "records.yaml", SYSTEMS) if self.rules else RecordRules()
        return Word("desk", "asked her", told={Kind.PATIENT: SYSTEMS, Kind.VISIT: SYSTEMS}, rules=declared)

    def comes(self, name: str, id_: str, *, at: datetime = START, told: tuple[str, ...] = (), **said: Any) -> str:
        """A record of a system is pulled; gives who it is."""
        self.vendors[name].put(id_, {**ANN, **said}, at=at)
        pull(self.vendors[name], self.linked(name, told), self.store)
        with self.store.begin("test") as work:
            return work.links.find_all(name, Kind.PATIENT)[id_]

    def two(self, first: dict[str, Any] | None = None, second: dict[str, Any] | None = None) -> tuple[str, str]:
        """One whom `a` knows and one whom `b` does, whom nobody takes for one: of another phone and mailbox."""
        one = self.comes("a", "1", **{"email": "ann@a.example", **(first or {})})
        other = self.comes("b", "7", **{"at": LATER, "phone": "+15125550199", "email": None, **(second or {})})
        return one, other

    def merge(self, one: str, other: str) -> None:
        with self.store.begin("test") as work:
            work.people.open_pairs([Match(min(one, other), max(one, other), "name_birth", ())])
            [pair] = work.people.find_open()
        decide_pair(self.store, pair.id, "merge", self.word())

    def unmerge(self, survivor: str) -> None:
        with self.store.begin("test") as work:
            [merge] = work.people.find_merges(survivor)
        assert isinstance(unmerge_people(self.store, merge.id, self.word()), Undone)

    def deliver(self) -> int:
        """Everything is sent; gives how much was written anywhere."""
        before = sum(len(one.written) for one in self.vendors.values())
        for name, vendor in self.vendors.items():
            push(vendor, self.linked(name), self.store)
        return sum(len(one.written) for one in self.vendors.values()) - before

    def waits(self) -> dict[str, list[str]]:
        with self.store.begin("test") as work:
            found = {name: [one.canonical_id for one in work.outbox.find_waiting(name)] for name in SYSTEMS}
        return {name: ids for name, ids in found.items() if ids}

    def settles(self) -> None:
        """What came back of the writing is the hub's own: nothing goes out, and nothing is left to decide."""
        assert self.deliver() == 0
        for name, vendor in self.vendors.items():
            done = pull(vendor, self.linked(name), self.store)
            assert (done.inserted, done.updated, done.conflicts) == (0, 0, 0)
        assert self.waits() == {}
        assert self.deliver() == 0

    def patient(self, id_: str) -> Patient:
        with self.store.begin("test") as work:
            found = work.records.load(Kind.PATIENT, [id_])[id_]
        assert isinstance(found, Patient)
        return found

    def explained(self, id_: str) -> dict[str, ExplainedField]:
        return {one.field: one for one in explain_record(self.store, Kind.PATIENT, id_, actor="test").fields}

    def conflicts(self) -> list[tuple[str, str, str, Any]]:
        with self.store.begin("test") as work:
            return [(one.canonical_id, one.system, one.field, one.theirs) for one in work.conflicts.find_all()]

    def issues(self) -> list[tuple[str, str]]:
        with self.store.begin("test") as work:
            return [(one.kind, one.subject_id) for one in work.issues.find_open() if one.kind == "conflict"]


@pytest.fixture
def practice(store: SqlStore) -> Practice:
    return Practice(store)


def test_both_systems_get_what_the_survivor_is_at_once_and_nobody_else_does(practice: Practice) -> None:
    survivor, other = practice.two({"city": "Austin"}, {"may_text": False})
    practice.merge(survivor, other)
    assert practice.waits() == {"a": [survivor], "b": [survivor]}
    assert practice.deliver() == 2
    there = [practice.vendors["a"].records["1"], practice.vendors["b"].records["7"]]
    assert there[0] == there[1]
    assert {name: there[0][name] for name in ("phone", "email", "city", "may_text")} == {
        "phone": "+15125550199", "email": "ann@a.example", "city": "Austin", "may_text": False,
    }  # fmt: skip
    assert practice.vendors["c"].records == {}
    practice.settles()


def test_each_value_of_a_merged_person_says_which_record_it_came_from_and_by_which_rule(practice: Practice) -> None:
    survivor, other = practice.two({"city": None}, {"may_text": False, "city": "Waco"})
    practice.merge(survivor, other)
    said = practice.explained(survivor)
    assert {name: (said[name].system, said[name].source_id, said[name].rule) for name in said} == {
        **dict.fromkeys(said, ("a", "1", "only")),
        "phone": ("b", "7", "latest"),
        "city": ("b", "7", "only"),
        "texts_allowed": ("b", "7", "strictest"),
    }
    assert said["phone"].at == LATER


@pytest.mark.parametrize(
    ("rules", "phone"),
    [
        ("", "+15125550199"),
        ("patient: {system_of_record: a}", "+15125550100"),
        ("patient: {fields: {phone: b}}", "+15125550199"),
        ("patient: {system_of_record: a, fields: {phone: latest}}", "+15125550199"),
        ("patient: {system_of_record: c}", "+15125550199"),
    ],
)
def test_the_rule_of_a_field_says_whose_value_of_two_stands_and_the_other_hears_of_it(
    practice: Practice, rules: str, phone: str
) -> None:
    practice.rules = rules
    survivor, other = practice.two()
    practice.merge(survivor, other)
    assert practice.patient(survivor).phone == phone
    practice.deliver()
    assert [practice.vendors[name].records[id_]["phone"] for name, id_ in (("a", "1"), ("b", "7"))] == [phone] * 2
    assert (practice.conflicts(), practice.issues()) == ([], [])
    practice.settles()


def test_where_a_person_decides_the_two_keep_their_values_and_the_merge_asks(practice: Practice) -> None:
    practice.rules = "patient: {fields: {phone: manual}}"
    survivor, other = practice.two()
    practice.merge(survivor, other)
    asked = [(survivor, "b", "phone", "+15125550199")]
    assert (practice.conflicts(), practice.issues()) == (asked, [("conflict", f"b/{survivor}")])
    practice.deliver()
    assert practice.vendors["a"].records["1"]["phone"] == "+15125550100"
    assert practice.vendors["b"].records["7"]["phone"] == "+15125550199"
    assert practice.vendors["b"].records["7"]["email"] == "ann@a.example", "all else is told"
    assert practice.conflicts() == asked
    practice.unmerge(survivor)
    assert (practice.conflicts(), practice.issues()) == ([], [])


def test_what_was_open_about_the_other_is_open_about_the_survivor_and_goes_back_with_it(practice: Practice) -> None:
    practice.rules = "patient: {fields: {city: manual}}"
    survivor, other = practice.two(second={"city": "Waco"})
    with practice.store.begin("test") as work:
        work.records.save([practice.patient(other).model_copy(update={"city": "Paris"})])
    practice.comes("b", "7", at=LATER + timedelta(hours=1), phone="+15125550199", email=None, city="Dallas")
    assert practice.conflicts() == [(other, "b", "city", "Dallas")]
    practice.merge(survivor, other)
    practice.deliver()
    assert practice.conflicts() == [(survivor, "b", "city", "Dallas")]
    assert practice.issues() == [("conflict", f"b/{survivor}")]
    practice.unmerge(survivor)
    assert practice.conflicts() == [(other, "b", "city", "Dallas")]
    assert practice.issues() == [("conflict", f"b/{other}")]


def test_what_a_system_had_changed_before_a_merge_counts_when_it_is_read_after_it(practice: Practice) -> None:
    survivor, other = practice.two({"email": None, "city": "Austin"}, {"email": "old@b.example"})
    practice.merge(survivor, other)
    assert practice.patient(survivor).email == "old@b.example"
    told = {"at": LATER + timedelta(hours=1), "phone": "+15125550199", "email": "new@b.example"}
    practice.comes("b", "7", told=SYSTEMS, **told)
    assert practice.patient(survivor).email == "new@b.example"
    practice.deliver()
    assert practice.vendors["a"].records["1"]["email"] == "new@b.example"


def test_taking_it_back_tells_both_and_every_value_is_where_it_was_from(practice: Practice) -> None:
    survivor, other = practice.two({"city": "Austin"}, {"may_text": False})
    before = [practice.explained(id_) for id_ in (survivor, other)]
    practice.merge(survivor, other)
    practice.deliver()
    practice.unmerge(survivor)
    assert [practice.explained(id_) for id_ in (survivor, other)] == before
    assert practice.waits() == {"a": [survivor], "b": [other]}, "nobody is told of whom only the merge brought there"
    practice.deliver()
    assert practice.vendors["a"].records["1"]["phone"] == "+15125550100"
    assert practice.vendors["b"].records["7"]["phone"] == "+15125550199"
    practice.settles()


def test_who_only_an_old_system_knew_reaches_nobody_by_a_merge_nor_by_its_end(practice: Practice) -> None:
    ids = [PatientId("pat_1"), PatientId("pat_2")]
    with practice.store.begin("test") as work:
        work.practices.save_sites([Site("main", "Main", "UTC")])
        work.practices.save_resources([BookableResource("dr-lee", "provider", "Lee", "main", 1)])
        work.records.save([Patient(id=id_, given_name="Ann", family_name="Ames") for id_ in ids])
        past = {"location_id": "main", "start": START, "end": LATER, "state": VisitState.FULFILLED}
        work.records.save([Visit(id="vis_1", patient_id="pat_2", **past)])
    practice.merge(*ids)
    assert practice.waits() == {}
    practice.unmerge("pat_1")
    assert practice.waits() == {}


def test_a_system_that_was_still_to_be_told_of_the_other_is_told_of_the_one_and_of_both_once_they_are_two(
    practice: Practice,
) -> None:
    survivor, other = practice.two()
    with practice.store.begin("test") as work:
        work.outbox.enqueue("c", Kind.PATIENT, other)
    practice.merge(survivor, other)
    practice.deliver()
    [made] = practice.vendors["c"].records.values()
    assert (made["phone"], made["email"]) == ("+15125550199", "ann@a.example")
    practice.settles()
    practice.unmerge(survivor)
    practice.deliver()
    assert [one["phone"] for one in practice.vendors["c"].records.values()] == ["+15125550100", "+15125550199"]
    practice.settles()


def test_what_a_system_puts_back_as_it_was_before_the_merge_is_its_word(practice: Practice) -> None:
    survivor, other = practice.two({"city": "Austin"})
    with practice.store.begin("test") as work:
        work.outbox.enqueue("c", Kind.PATIENT, other)
    practice.deliver()
    [(made, before)] = practice.vendors["c"].records.items()
    practice.settles()
    practice.merge(survivor, other)
    practice.deliver()
    practice.settles()
    practice.vendors["c"].put(made, before, at=LATER + timedelta(days=3650))
    pull(practice.vendors["c"], practice.linked("c"), practice.store)
    assert (before.get("city"), practice.patient(survivor).city) == (None, None)


def test_matching_everybody_tells_of_whom_it_merges(practice: Practice) -> None:
    survivor, other = practice.two()
    with practice.store.begin("test") as work:
        work.records.save([practice.patient(other).model_copy(update={"email": "ann@a.example"})])
    [done] = match_all(practice.store, Matcher(), practice.word()).decided.merges
    assert done.pair == (min(survivor, other), max(survivor, other))
    assert practice.waits() == {"a": [done.first], "b": [done.first]}


def test_a_new_record_found_to_be_somebody_takes_back_no_no_and_its_own_no_counts(practice: Practice) -> None:
    practice.comes("a", "1", may_text=False)
    id_ = practice.comes("b", "7", at=LATER, told=SYSTEMS)
    assert practice.patient(id_).texts_allowed is False, "the newer yes was said of a person of its own"
    assert practice.comes("c", "9", at=START - timedelta(days=1), told=SYSTEMS, may_text=True) == id_
    practice.deliver()
    assert [one["may_text"] for v in practice.vendors.values() for one in v.records.values()] == [False] * 3
    practice.settles()
    practice.comes("a", "1", at=LATER + timedelta(days=1), told=SYSTEMS, may_text=True)
    assert practice.patient(id_).texts_allowed is True, "a change of mind is a word"


def test_an_older_no_of_a_new_record_holds_whatever_the_rules_say(practice: Practice) -> None:
    practice.rules = "patient: {system_of_record: a}"
    practice.comes("a", "1", at=LATER)
    id_ = practice.comes("b", "7", told=SYSTEMS, may_text=False)
    assert practice.patient(id_).texts_allowed is False
    assert practice.explained(id_)["texts_allowed"].rule == "strictest"
    practice.deliver()
    assert practice.vendors["a"].records["1"]["may_text"] is False
    practice.settles()


def test_a_new_record_of_a_system_that_does_not_ask_takes_no_yes_back(practice: Practice) -> None:
    id_ = practice.comes("a", "1")
    practice.silent_of = {"b": "texts_allowed"}
    assert practice.comes("b", "7", at=LATER, told=SYSTEMS) == id_
    assert practice.patient(id_).texts_allowed is True
    practice.settles()


def test_a_new_record_found_to_be_somebody_can_be_a_person_of_its_own_again_with_its_own_values(
    practice: Practice,
) -> None:
    id_ = practice.comes("a", "1", city="Austin")
    before = practice.explained(id_)
    assert practice.comes("b", "7", at=LATER, city="Waco", may_text=False) == id_
    practice.unmerge(id_)
    assert practice.explained(id_) == before
    with practice.store.begin("test") as work:
        other = work.links.find_all("b", Kind.PATIENT)["7"]
    said = practice.explained(other)["city"]
    assert (said.value, said.system, said.source_id, said.at) == ("Waco", "b", "7", LATER)


def test_whom_a_history_makes_one_with_somebody_nobody_is_told_of(practice: Practice) -> None:
    known = practice.comes("a", "1", email="ann@a.example", city=None)
    row = Patient(id=PatientId("pat_old"), **{**practice.patient(known).model_dump(exclude={"id"}), "city": "Waco"})
    with practice.store.begin("test") as work:
        work.records.save([row])
        assert len(match_loaded(work, ["pat_old"], Matcher()).decided.merges) == 1
    assert practice.patient(known).city == "Waco"
    assert practice.waits() == {}


def test_a_merge_that_dies_before_its_end_leaves_no_word_of_it(practice: Practice, engine: Engine) -> None:
    survivor, other = practice.two()

    def die(point: str) -> None:
        if point == "decide_pair:before_commit":
            raise ConnectionAbortedError

    alive, practice.store = practice.store, SqlStore(engine, die)
    with pytest.raises(ConnectionAbortedError):
        practice.merge(survivor, other)
    practice.store = alive
    assert practice.waits() == {}


@pytest.mark.parametrize("rules", ["", "patient: {fields: {phone: c}}"])
@pytest.mark.parametrize("has_older_record", [True, False])
def test_what_an_old_system_left_fills_blanks_and_overrules_no_live_one_though_it_came_last(
    practice: Practice, owner: Engine, rules: str, *, has_older_record: bool
) -> None:
    practice.rules = rules
    old = {"at": LATER, "phone": "+15125550199", "email": "ann@old.example"}
    came = [("a", "1", {"email": None}), ("c", "9", {**old, "city": "Waco"})]
    ids = {system: practice.comes(system, id_, **said) for system, id_, said in came}
    with owner.begin() as db:
        db.exec_driver_sql("INSERT INTO import_batch (system, folder, file_hashes) VALUES ('c', 'export', '{}')")
        db.exec_driver_sql("UPDATE source_record SET batch_id = (SELECT id FROM import_batch) WHERE system = 'c'")
        older = ids["c" if has_older_record else "a"]
        db.exec_driver_sql(f"UPDATE patient SET registered_on = '2020-01-01' WHERE id = '{older}'")
    practice.merge(ids["a"], ids["c"])
    found = practice.patient(older)
    assert (found.phone, found.email, found.city) == ("+15125550100", "ann@old.example", "Waco")
    assert practice.conflicts() == [], "and nobody is asked about what is history"
