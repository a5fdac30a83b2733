"""From pairs to people."""

from datetime import date
from itertools import permutations
from random import Random

import pytest

from hub.canonical.ids import PatientId
from hub.canonical.records import Patient
from hub.matching import SplinkLikeness
from hub.sync.people.decide import Thresholds, decide_people
from hub.sync.people.normal import normal_person
from tests.legacy.clients import make_clients
from tests.legacy.doubles import Client
from tests.legacy.told_people import check_people, patient_of

TODAY = date(2026, 3, 2)
ANN = Patient(id=PatientId("a"), given_name="Ann", family_name="Lee", born_on=date(1980, 4, 7), phone="+15125550101")


def decided(*differs: dict[str, object], **given: object):
    people = [normal_person(ANN.model_copy(update=one)) for one in differs]
    answers = {decide_people(order, lambda _: (), **given) for order in permutations(people)}
    assert len(answers) == 1
    return answers.pop()


def test_the_lowest_in_rank_survives() -> None:
    people = [normal_person(ANN), normal_person(ANN.model_copy(update={"id": "b"}))]
    (merge,) = decide_people(people, lambda id_: (id_ != "b",)).merges
    assert (merge.first, merge.second, merge.rule) == ("b", "a", "name_birth_contact")


def test_three_writings_of_one_person_are_one() -> None:
    found = decided({}, {"id": "b", "email": "x@y.z"}, {"id": "c", "phone": None, "email": "x@y.z"})
    assert [(one.first, one.second) for one in found.merges] == [("a", "b"), ("a", "c")]
    assert found.reviews == ()


def test_nobody_in_the_middle_makes_two_who_contradict_each_other_one() -> None:
    twins = {"id": "a", "given_name": "Ann"}, {"id": "c", "given_name": "Marian"}
    middle = {"id": "b", "given_name": "Ann Marian", "email": "x@y.z", "street": "1 Elm"}
    tied = [{**one, "email": "x@y.z", "street": "1 Elm"} for one in twins]
    found = decided(*tied, middle)
    assert len(found.merges) == 1
    assert [one.rule for one in found.reviews] == ["contradicts_another"]


def test_a_pair_that_a_person_parted_is_not_merged_and_not_asked_about() -> None:
    found = decided({}, {"id": "b"}, settled={("a", "b")})
    assert (found.merges, found.reviews) == ((), ())


def test_two_who_were_parted_are_not_made_one_by_a_third() -> None:
    found = decided({}, {"id": "b"}, {"id": "c"}, settled={("a", "b")})
    assert len(found.merges) == 1
    assert {one.rule for one in found.reviews} <= {"contradicts_another"}


def test_only_those_who_are_new_are_looked_at() -> None:
    found = decided({}, {"id": "b"}, {"id": "c", "phone": "+15125550777"}, {"id": "d", "phone": "+15125550777"},
                    new=frozenset({"d"}))  # fmt: skip
    assert [(one.first, one.second) for one in found.merges] == [("c", "d")]


@pytest.mark.parametrize(("score", "outcome"), [(0.9999, "merge"), (0.7, "review"), (0.2, "apart"), (None, "apart")])
def test_a_score_decides_what_the_rules_leave_open(score: float | None, outcome: str) -> None:
    one, other = {"given_name": "Annabelle"}, {"id": "b", "given_name": "Annnabelle", "born_on": date(1980, 7, 4)}
    scores = {("a", "b"): score} if score else {}
    found = decided({**one, "family_name": "Leeds"}, {**other, "family_name": "Leads"}, scores=scores)
    assert (len(found.merges), len(found.reviews)) == {"merge": (1, 0), "review": (0, 1), "apart": (0, 0)}[outcome]


def test_no_score_makes_twins_one_nor_two_who_share_no_contact() -> None:
    sure = {("a", "b"): 1.0}
    assert decided({}, {"id": "b", "given_name": "Zoe"}, scores=sure).merges == ()
    assert decided({}, {"id": "b", "phone": "+15125550999"}, scores=sure).merges == ()
    assert decided({}, {"id": "b", "born_on": date(2004, 4, 7)}, scores=sure).merges == ()


def test_thresholds_are_what_the_practice_says() -> None:
    one = {"given_name": "Annabelle", "family_name": "Leeds"}
    other = {"id": "b", "given_name": "Annnabelle", "family_name": "Leads", "born_on": date(1980, 7, 4)}
    never = Thresholds(merge=1.0, review=0.9)
    assert decided(one, other, scores={("a", "b"): 0.9999}, thresholds=never).merges == ()
    assert decided(one, other, scores={("a", "b"): 0.8}, thresholds=never).reviews == ()


def _assert_truth_is_met(clients: list[Client], least_recall: float = 0.98, *, scored: bool = False) -> None:
    people = [normal_person(patient_of(client)) for client in clients]
    scores = SplinkLikeness().score(people, 0.5) if scored else None
    found = check_people(clients, decide_people(people, lambda _: (), scores=scores))
    assert found.false_merges == []
    assert found.unasked == []
    assert found.recall >= least_recall, found.by_kind


@pytest.mark.parametrize("seed", range(4))
def test_made_up_people_meet_their_truth(seed: int) -> None:
    _assert_truth_is_met(make_clients(900, TODAY, Random(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 130))
def test_many_made_up_people_meet_their_truth(seed: int) -> None:
    _assert_truth_is_met(make_clients(4000, TODAY, Random(seed)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 204))
def test_with_scores_the_badly_written_are_merged_too_and_nobody_else(seed: int) -> None:
    clients = make_clients(4000, TODAY, Random(seed), hard=True)
    _assert_truth_is_met(clients, scored=True)


@pytest.mark.slow
def test_the_same_people_in_any_order_get_the_same_scores_to_the_last_digit() -> None:
    people = [normal_person(patient_of(client)) for client in make_clients(1500, TODAY, Random(1), hard=True)]
    first = SplinkLikeness().score(people, 0.5)
    assert first
    Random(2).shuffle(people)
    assert SplinkLikeness().score(people, 0.5) == first
