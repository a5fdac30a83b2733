"""The index finds whoever the rules would compare by birth date, however the names are written."""

from datetime import date

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.store.unit_of_work import SqlStore
from hub.sync.people.blocks import find_pairs
from hub.sync.people.normal import normal_person
from hub.sync.people.population import Population

BORN = date(1980, 1, 2)
ALIKE = [
    (("Ann", "Lee"), ("Anne", "Miller")),
    (("Ann", "Lee"), ("ANNETTE", "LEE")),
    (("Élodie", "Müller"), ("Elodie", "Mueller")),
    (("Mary Ann", "O'Brien"), ("Marian", "OBrien")),
    (("Mary-Ann", "St. John"), ("Sue", "Stjohn")),
    (("J. Paul", "Getty"), ("J.P.", "Getty")),
    (("Doe, Jane", None), ("Jane", "Roe")),
    (("Jane", "Doe"), ("Doe", "Jane")),
    (("Dr. Ann", "Lee Jr."), ("Ann", "Ley")),
    (("Jo", "Li"), ("Jo", "Wu")),
]


def patient(id_: str, names: tuple[str, str | None], born_on: date = BORN) -> Patient:
    return Patient(id=PatientId(id_), given_name=names[0], family_name=names[1], born_on=born_on)


@pytest.mark.parametrize(("one", "other"), [*ALIKE, *((b, a) for a, b in ALIKE)])
def test_who_is_compared_by_a_birth_date_is_found_by_the_index(store: SqlStore, one, other) -> None:
    known, new = patient("known", one), patient("new", other)
    assert len(list(find_pairs([normal_person(known), normal_person(new)], Population()))) == 1
    with store.begin("test") as work:
        work.records.save([known, patient("nobody", ("Zita", "Quirk")), patient("later", one, date(1999, 9, 9))])
        assert set(work.people.load_like([new])) == {"known"}
