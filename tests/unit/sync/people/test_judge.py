"""Who is one person: rule by rule, in the practice's words."""

from datetime import date

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.sync.people.compare import compare
from hub.sync.people.judge import Judgement, Outcome, judge
from hub.sync.people.normal import normal_person
from hub.sync.people.population import Population

ANN = Patient(
    id=PatientId("a"),
    given_name="Katherine",
    family_name="O'Brien",
    born_on=date(1980, 4, 7),
    phone="+15125550101",
    email="kate.obrien@example.com",
    street="12 North Elm Street",
    postal_code="78701",
)
NAMES = {"katherine": 40, "kate": 9, "layla": 30, "ayla": 25, "zoe": 30, "anna": 40, "robert": 40, "bob": 1}
MANY = Population(size=2000, given=NAMES)
FEW = Population(size=20)
NEITHER = {"phone": "+15125550999", "email": "other@example.org"}


def judged(differs: dict[str, object], one: Patient = ANN, population: Population = MANY) -> Judgement:
    """The same whoever stands first."""
    other = normal_person(one.model_copy(update={"id": "b", **differs}))
    there = judge(compare(normal_person(one), other, population))
    assert judge(compare(other, normal_person(one), population)) == there
    return there


@pytest.mark.parametrize(
    "differs",
    [
        {},
        {"phone": None},
        {"email": None},
        {"given_name": "KATHERINE", "family_name": "OBrien"},
        {"given_name": "Ms. Katherine J."},
        {"family_name": "O\u2019Brien Jr."},
        {"family_name": "Ó'Brïen", "phone": None},
        {"given_name": "O'Brien", "family_name": "Katherine"},
        {"email": "Kate.OBrien+spa@example.com", "phone": None},
        {"street": "1 Other Rd", "postal_code": "90210", "email": None},
        {"family_name": "O'Brein", "email": None},
        {"family_name": "Smith-O'Brien", "email": None},
        {"family_name": "Smith", "email": None},
        {"family_name": "Smith", "street": None},
        {"given_name": "Kathrine", "email": None},
        {"born_on": date(1980, 7, 4), "email": None},
        {"born_on": date(1981, 4, 7), "email": None},
        {"born_on": date(1980, 4, 17), "street": None},
        {"street": "12 N Elm St.", "email": None, "family_name": "Smith"},
    ],
    ids=str,
)
def test_the_same_person_written_otherwise_is_merged(differs: dict[str, object]) -> None:
    assert judged(differs).outcome is Outcome.MERGE


@pytest.mark.parametrize(
    "differs",
    [
        NEITHER,
        {**NEITHER, "street": None},
        {"phone": None, "email": None},
        {"born_on": None},
        {"born_on": date(1983, 9, 21), "email": None},
        {"born_on": date(1960, 4, 7)},
        {"given_name": "K.", "email": None},
        {"family_name": "Smith-O'Brien", "phone": None, "email": None},
        {"family_name": None},
        {"given_name": "Catherina", "email": None},
    ],
    ids=str,
)
def test_what_nobody_can_tell_waits_for_a_person(differs: dict[str, object]) -> None:
    assert judged(differs).outcome is Outcome.REVIEW


@pytest.mark.parametrize(
    "differs",
    [
        {"given_name": "Zoe"},
        {"given_name": "Zoe", "phone": None},
        {"born_on": date(2004, 5, 6)},
        {"born_on": date(2004, 5, 6), **NEITHER},
        {"family_name": "O'Brien Jr.", "born_on": date(2003, 1, 1)},
        {"given_name": "Bert", "born_on": date(1979, 1, 2)},
        {"given_name": "Bert", "family_name": "Stone", "born_on": date(1979, 1, 2)},
        {"born_on": date(1983, 9, 21), **NEITHER},
    ],
    ids=str,
)
def test_relatives_and_strangers_are_two_whatever_they_share(differs: dict[str, object]) -> None:
    assert judged(differs).outcome is Outcome.VETO


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Baby A", "Baby B"),
        ("Baby Boy A", "Baby Boy B"),
        ("Mary A.", "Mary B"),
        ("Mary Ann", "Mary B."),
        ("A.", "Amy"),
        ("A", "Ann"),
    ],
)
def test_twins_whom_only_an_initial_tells_apart_are_not_merged_though_they_share_all_else(one: str, other: str) -> None:
    assert judged({"given_name": other}, ANN.model_copy(update={"given_name": one})).outcome is Outcome.REVIEW


@pytest.mark.parametrize(("one", "other"), [("Mary Ann", "Mary A."), ("Mary A", "Mary"), ("Jose Luis M.", "Jose M.")])
def test_a_middle_initial_that_goes_with_the_other_name_or_is_left_out_is_no_other_name(one: str, other: str) -> None:
    assert judged({"given_name": other}, ANN.model_copy(update={"given_name": one})).outcome is Outcome.MERGE


def test_father_and_son_of_one_name_and_one_phone_are_two_by_their_suffixes() -> None:
    senior = ANN.model_copy(update={"family_name": "O'Brien Sr.", "born_on": None})
    assert judged({"family_name": "O'Brien Jr."}, senior).outcome is Outcome.VETO


def test_a_wrong_decade_and_a_child_of_the_same_name_look_alike_so_nobody_merges_them() -> None:
    assert judged({"born_on": date(1960, 4, 7)}).rule == "generation_or_slip"
    assert judged({"born_on": date(1960, 4, 7), "email": None}).outcome is Outcome.VETO


@pytest.mark.parametrize(("one", "other"), [("Layla", "Ayla"), ("Kate", "Katherine")])
def test_twins_whose_names_are_alike_are_not_merged_where_both_names_are_usual(one: str, other: str) -> None:
    who = ANN.model_copy(update={"given_name": one, "email": None})
    assert judged({"given_name": other}, who).rule == "twin_or_slip"


@pytest.mark.parametrize(("one", "other"), [("Layla", "Laylla"), ("Zoe", "Zooe"), ("Robert", "Bob"), ("Anna", "Ana")])
def test_a_slip_or_a_short_form_that_nobody_else_is_called_is_the_same_name(one: str, other: str) -> None:
    who = ANN.model_copy(update={"given_name": one, "email": None})
    assert judged({"given_name": other}, who).rule == "given_slip_birth_contact"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Omar", "Omr"),
        ("Emery", "Emey"),
        ("Quinn", "Qunn"),
        ("Anna", "Annna"),
        ("Liz", "Elizabeth"),
        ("Mary-Kate", "Mry-Kate"),
    ],
)
def test_among_few_people_what_hardly_a_child_is_named_is_a_slip_or_a_short_form(one: str, other: str) -> None:
    who = ANN.model_copy(update={"given_name": one, "email": None})
    assert judged({"given_name": other}, who, FEW).rule == "given_slip_birth_contact"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nora", "Nova"),
        ("Martha", "Marta"),
        ("Layla", "Ayla"),
        ("Hien", "Hieu"),
        ("Nora", "Eleanor"),
        ("Ann", "Anne"),
        ("Carol", "Carole"),
    ],
)
def test_among_few_people_twins_whose_names_parents_choose_are_two(one: str, other: str) -> None:
    who = ANN.model_copy(update={"given_name": one, "email": None})
    assert judged({"given_name": other}, who, FEW).rule == "twin_or_slip"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Philip", "Phillip"), ("Jörg", "Jorge"), ("René", "Renée"), ("Martine", "Marine"), ("Aleix", "Álex")],
)
def test_among_few_people_two_spellings_that_both_are_names_wait_for_a_person(one: str, other: str) -> None:
    without = ANN.model_copy(update={"given_name": one, "email": None})
    assert judged({"given_name": other}, without, FEW).rule == "twin_or_slip"


@pytest.mark.parametrize(("one", "other"), [("Thorsten", "Thosten"), ("Xiomara", "Xiomra"), ("Svetlana", "Svetlanna")])
def test_a_slip_of_a_name_of_the_world_is_known_among_few_people(one: str, other: str) -> None:
    who = ANN.model_copy(update={"given_name": one, "email": None})
    assert judged({"given_name": other}, who, FEW).rule == "given_slip_birth_contact"


def test_a_mailbox_of_ones_own_tells_a_slip_where_the_name_cannot() -> None:
    own = ANN.model_copy(update={"given_name": "Mackenzie", "email": "mackenzie.obrien@example.com"})
    household = own.model_copy(update={"email": "obrien.family@example.com"})
    slip = {"given_name": "Makenzie", "phone": None}
    assert judged(slip, own, FEW).outcome is Outcome.MERGE
    assert judged(slip, household, FEW).rule == "twin_or_slip"
    philip = own.model_copy(update={"given_name": "Philip", "email": "philip@example.com"})
    assert judged({"given_name": "Phillip"}, philip, FEW).rule == "twin_or_slip"


def test_a_name_that_hardly_anybody_has_is_weighed_by_the_register_among_many_too() -> None:
    who = ANN.model_copy(update={"given_name": "Martha", "email": None})
    many = Population(size=2000, given={**NAMES, "martha": 2, "marta": 1})
    assert judged({"given_name": "Marta"}, who, many).rule == "twin_or_slip"
    assert judged({"given_name": "Marhta"}, who, many).rule == "given_slip_birth_contact"
    marie = Population(size=2000, given={**NAMES, "marie": 6, "mary": 1})
    assert judged({"given_name": "Mary"}, who.model_copy(update={"given_name": "Marie"}), marie).rule == "twin_or_slip"


def test_where_nobody_was_counted_every_slip_waits_for_a_person() -> None:
    assert judged({"given_name": "Kathrine", "email": None}, population=Population()).outcome is Outcome.REVIEW


def test_a_usual_short_form_is_the_same_name_among_few_only_with_the_same_mailbox() -> None:
    who = ANN.model_copy(update={"given_name": "Lillian"})
    assert judged({"given_name": "Lily", "email": None}, who, FEW).rule == "twin_or_slip"
    assert judged({"given_name": "Lily", "phone": None}, who, FEW).outcome is Outcome.MERGE


def test_names_that_changed_places_may_be_badly_written_too() -> None:
    assert judged({"given_name": "O'Brien", "family_name": "Kathrine", "phone": None}).outcome is Outcome.MERGE
    assert judged({"given_name": "O'Brein", "family_name": "Katherine", "phone": None}).outcome is Outcome.REVIEW
    assert judged({"given_name": "O'Brien", "family_name": "Zoe", "phone": None}).outcome is Outcome.VETO


def test_two_short_forms_of_one_name_may_be_brothers() -> None:
    gary = ANN.model_copy(update={"given_name": "Gary", "email": None})
    assert judged({"given_name": "Jerry"}, gary).rule == "twin_or_slip"


@pytest.mark.parametrize(("one", "other"), [("Madison", "Maddie"), ("Olivia", "Liv"), ("Francisco", "Paco")])
def test_short_forms_that_the_table_lacks_are_known(one: str, other: str) -> None:
    who = ANN.model_copy(update={"given_name": one, "email": None})
    assert judged({"given_name": other}, who).outcome is Outcome.MERGE


def test_the_practices_own_number_ties_nobody() -> None:
    shared = Population(size=2000, given=NAMES, contacts=frozenset({"+15125550101"}))
    assert judged({"email": None}, population=shared).outcome is Outcome.REVIEW
    assert judged({}, population=shared).outcome is Outcome.MERGE


def test_a_birth_date_that_was_made_up_is_no_birth_date() -> None:
    made_up = Population(size=2000, given=NAMES, births=frozenset({date(1980, 4, 7)}))
    assert judged({}, population=made_up).rule == "no_birth_date"


@pytest.mark.parametrize("contact", [{"phone": "+15555555555"}, {"email": "none@example.com"}, {"email": "n/a"}])
def test_a_contact_that_is_none_ties_nobody(contact: dict[str, object]) -> None:
    who = ANN.model_copy(update={"phone": None, "email": None, **contact})
    assert judged({}, who).rule == "name_birth"


def test_evidence_holds_words_and_no_values() -> None:
    codes = judged({"given_name": "Kathrine", "email": None}).compared.codes
    assert codes == ("given_slip", "family_same", "born_same", "phone_same", "email_unknown", "address_same")
