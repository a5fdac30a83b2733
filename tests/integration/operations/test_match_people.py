"""A patient whom a system brings is matched with those who are there: at once by the rules, the rest by a person."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

from sqlalchemy import Engine, text

from hub.canonical.ids import Kind, PatientId
from hub.canonical.records import Patient
from hub.canonical.source import SourceRecord, SourceRef
from hub.operations.merge_people import Undone, Word, decide_pair, unmerge_people
from hub.operations.pull_changes import PullResult, pull_changes
from hub.ports import Page, Store
from hub.store.unit_of_work import SqlStore
from tests.integration.operations.fhir_practice import ehr

ANN = Patient(
    id=PatientId("pat_ann"),
    given_name="Ann",
    family_name="Lee",
    born_on=date(1980, 1, 2),
    phone="+15125550101",
    email="ann@example.com",
    street="1 Elm St",
    registered_on=date(2020, 1, 1),
)


class Desk:
    """A system with these patients."""

    def __init__(self, *patients: Patient, system: str = ehr().name) -> None:
        self._patients = patients
        self._system = system

    def read(self, kind: Kind, cursor: str | None) -> Iterator[Page]:
        rows = (
            SourceRecord(SourceRef(self._system, kind, one.id), _resource(one), version=f"{hash(one)}")
            for one in self._patients
        )
        yield Page(tuple(rows), cursor)


def _resource(patient: Patient) -> dict[str, object]:
    contacts = {"phone": patient.phone, "email": patient.email}
    return {
        "resourceType": "Patient",
        "id": patient.id,
        "name": [{"given": [patient.given_name], "family": patient.family_name}],
        "birthDate": str(patient.born_on),
        "telecom": [{"system": system, "value": value} for system, value in contacts.items() if value],
    }


FAMILIES = ("Adler", "Brooks", "Castillo", "Dunn", "Evans", "Fischer", "Grant", "Hughes")
CASES: dict[str, tuple[dict[str, object], bool, str | None]] = {
    "by phone": ({"email": None}, True, None),
    "by mailbox": ({"phone": "+15125550999"}, True, None),
    "a namesake": ({"phone": "+15125550998", "email": "other@example.com"}, False, "name_birth"),
    "a slip in the name": ({"given_name": "Anne", "email": None}, False, "twin_or_slip"),
    "a twin": ({"given_name": "Zoe"}, False, None),
    "a child of the same name": ({"born_on": date(2005, 6, 7)}, False, None),
    "a spouse": ({"given_name": "Bert", "born_on": date(1979, 5, 5)}, False, None),
    "no birth date": ({"born_on": None}, False, "no_birth_date"),
}
"""How who comes differs from who is there; whether they are one; by which rule they wait for a person."""
SYSTEM = replace(ehr(), aliases={})


def there(n: int) -> Patient:
    own = {"family_name": FAMILIES[n], "phone": f"+1512555010{n}", "email": f"ann{n}@example.com"}
    return ANN.model_copy(update={"id": f"pat_{n}", "born_on": date(1980, 1, n + 1), **own})


def come(store: Store, patients: Sequence[Patient]) -> PullResult:
    return pull_changes(SYSTEM, Kind.PATIENT, Desk(*patients), store)


def test_who_comes_is_known_by_the_rules_alone_and_the_rest_waits_for_a_person(store: Store, engine: Engine) -> None:
    with store.begin("test") as work:
        work.records.save([there(n) for n in range(len(CASES))])
    new = [
        there(n).model_copy(update={"id": f"p{n}", "street": None, **differs})
        for n, (differs, *_) in enumerate(CASES.values())
    ]
    result = come(store, new)
    known = sum(is_known for _, is_known, _ in CASES.values())
    assert (result.read, result.inserted) == (len(CASES), len(CASES) - known)
    with store.begin("test") as work:
        linked = work.links.find_all(SYSTEM.name, Kind.PATIENT)
        waiting = {frozenset(pair.match.pair): pair.match.rule for pair in work.people.find_open()}
        (issue,) = work.issues.find_open("people_to_review")
    found = {
        name: (linked[f"p{n}"] == f"pat_{n}", waiting.get(frozenset((linked[f"p{n}"], f"pat_{n}"))))
        for n, name in enumerate(CASES)
    }
    assert found == {name: (is_known, rule) for name, (_, is_known, rule) in CASES.items()}
    assert issue.detail["count"] == len(waiting) == 3
    changed = come(store, [new[0].model_copy(update={"email": "new@example.org"}), *new[1:]])
    assert (changed.inserted, changed.updated) == (0, 1)
    with engine.connect() as db:
        assert db.execute(text("SELECT id FROM patient WHERE email = 'new@example.org'")).scalars().all() == ["pat_0"]


def test_one_person_whom_two_systems_bring_at_once_is_one(engine: Engine) -> None:
    new = [there(n).model_copy(update={"id": f"p{n}"}) for n in range(8)]

    def bring(system: str) -> PullResult:
        return pull_changes(replace(SYSTEM, name=system), Kind.PATIENT, Desk(*new, system=system), SqlStore(engine))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(bring, ("one", "other")))
    with engine.connect() as db:
        assert db.execute(text("SELECT count(*) FROM patient WHERE merged_into IS NULL")).scalar_one() == len(new)


def test_who_was_matched_wrongly_comes_back_as_they_came(store: Store) -> None:
    with store.begin("test") as work:
        work.records.save([there(0)])
    come(store, [there(0).model_copy(update={"id": "p0", "email": "other@example.com"})])
    with store.begin("test") as work:
        (merge,) = work.people.find_merges("pat_0")
        assert vars(work.records.load(Kind.PATIENT, ["pat_0"])["pat_0"])["email"] == "other@example.com"
    assert isinstance(unmerge_people(store, merge.id, Word("desk")), Undone)
    with store.begin("test") as work:
        own = work.links.find_all(SYSTEM.name, Kind.PATIENT)["p0"]
        found = work.records.load(Kind.PATIENT, ["pat_0", own])
    assert found["pat_0"] == there(0)
    assert (vars(found[own])["email"], vars(found[own])["family_name"]) == ("other@example.com", FAMILIES[0])
    come(store, [there(0).model_copy(update={"id": "p0", "email": "third@example.com"})])
    with store.begin("test") as work:
        assert work.links.find_all(SYSTEM.name, Kind.PATIENT)["p0"] == own


def test_the_issue_goes_when_all_is_decided(store: Store) -> None:
    with store.begin("test") as work:
        work.records.save([there(0)])
    come(store, [there(0).model_copy(update={"id": "p0", "phone": None, "email": None})])
    with store.begin("test") as work:
        (pair,) = work.people.find_open()
    decide_pair(store, pair.id, "separate", Word("desk"))
    with store.begin("test") as work:
        assert work.issues.find_open("people_to_review") == ()
