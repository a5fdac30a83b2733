"""The index finds whomever the rules would make something of, however names, mailboxes and streets are written."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from random import Random

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.store.unit_of_work import SqlStore
from hub.sync.people.blocks import find_pairs
from hub.sync.people.compare import compare
from hub.sync.people.judge import Outcome, judge
from hub.sync.people.normal import normal_person
from hub.sync.people.population import Population
from tests.legacy.clients import make_clients
from tests.legacy.told_people import patient_of

TODAY = date(2026, 9, 10)
BORN = date(1980, 1, 2)
HOME = {"street": "100 First Street", "postal_code": "78701"}
SAME_HOME = {"street": "100 1st St.", "postal_code": "78701-1234"}
STREET_FIRST = {"street": "First Street 100", "postal_code": "78701"}
SAME_STREET_FIRST = {"street": "1st St. 100"}
ALIKE = [
    (("Robert", "Lee"), ("Bob", "LEE")),
    (("Élodie", "Müller"), ("Elodie", "Muller")),
    (("Mary Ann", "O'Brien"), ("Mary-Ann", "OBrien")),
    (("Catherine", "St. John"), ("Catharine", "Stjohn")),
    (("Doe, Jane", None), ("Jane", "Doe")),
    (("Jane", "Doe"), ("Doe", "Jane")),
    (("Dr. Ann", "Lee Jr."), ("Ann", "Ley")),
]
BOTH_WAYS = [(one, other, HOME, SAME_HOME) for pair in ALIKE for one, other in (pair, pair[::-1])]
HOMES = [(*ALIKE[0], STREET_FIRST, SAME_STREET_FIRST), (*ALIKE[0], SAME_STREET_FIRST, STREET_FIRST)]


def patient(id_: str, names: tuple[str, str | None], **more: object) -> Patient:
    return Patient(id=PatientId(id_), given_name=names[0], family_name=names[1], **{"born_on": BORN, **more})


def pairs_to_find(patients: Sequence[Patient]) -> dict[str, set[str]]:
    """Id → of whom the rules make something beside it, a merge or a question to a person."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for one, other in find_pairs([normal_person(each) for each in patients], Population()):
        judged = judge(compare(one, other, Population()))
        is_open = judged.outcome is Outcome.OPEN and judged.compared.ties > 0
        if is_open or judged.outcome in (Outcome.MERGE, Outcome.REVIEW):
            wanted[one.id].add(other.id)
            wanted[other.id].add(one.id)
    return wanted


@pytest.mark.parametrize(("one", "other", "home", "same_home"), [*BOTH_WAYS, *HOMES])
def test_who_shares_a_birth_date_and_a_home_is_found_by_the_index(store: SqlStore, one, other, home, same_home) -> None:
    known, new = patient("known", one, **home), patient("new", other, **same_home)
    assert pairs_to_find([known, new])
    strangers = [patient("nobody", ("Zita", "Quirk"), **home), patient("later", one, born_on=date(1999, 9, 9))]
    with store.begin("test") as work:
        work.records.save([known, *strangers])
        assert set(work.people.load_like([new])) == {"known"}


@pytest.mark.parametrize("hard", [False, True])
def test_whomever_the_rules_would_make_something_of_is_found_by_the_index(store: SqlStore, hard: bool) -> None:
    clients = make_clients(700, TODAY, Random(5), hard=hard)
    patients = {one.id: one for one in map(patient_of, clients)}
    wanted = pairs_to_find(list(patients.values()))
    assert len(wanted) > 50
    with store.begin("test") as work:
        work.records.save(list(patients.values()))
        missed = {id_ for id_, others in wanted.items() if others - set(work.people.load_like([patients[id_]]))}
    assert missed == set()


def test_a_name_or_a_birth_date_alone_brings_nobody(store: SqlStore) -> None:
    known = [
        patient("of_that_name", ("Ann", "Lee"), born_on=date(1980, 5, 5), **HOME),
        patient("of_that_day", ("Anne", "Ray"), street="7 Elm St"),
        patient("of_that_house_number", ("Ann", "Lee"), born_on=date(1980, 5, 6), street="100 Elm St"),
    ]
    with store.begin("test") as work:
        work.records.save(known)
        assert set(work.people.load_like([patient("new", ("Ann", "Lee"), street="1 Oak St")])) == set()
