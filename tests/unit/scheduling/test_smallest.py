"""The smallest sets that suffice: all of them, with few questions."""

from itertools import chain, combinations

from hypothesis import given
from hypothesis import strategies as st

from hub.scheduling.smallest import smallest_sets

ITEMS = "abcdefghijklm"


def asked_of(items, enough, most=3):
    """What is found where a set suffices when it holds one of `enough`, and every question."""
    questions = []

    def suffices(chosen):
        questions.append(chosen)
        return any(set(one) <= set(chosen) for one in enough)

    return smallest_sets(items, suffices, most), questions


def brute_force(items, enough, most):
    for count in range(1, most + 1):
        found = [one for one in combinations(items, count) if any(set(each) <= set(one) for each in enough)]
        if found:
            return found
    return []


SETS = st.lists(st.sets(st.sampled_from(ITEMS[:7]), min_size=1, max_size=5), max_size=4)


@given(SETS, st.integers(1, 4))
def test_they_are_those_of_brute_force_and_no_question_is_put_twice(enough, most):
    found, questions = asked_of(ITEMS[:7], enough, most)
    assert found == brute_force(ITEMS[:7], enough, most)
    assert len(set(questions)) == len(questions)
    assert all(list(one) == sorted(one) and one for one in questions)


def test_nothing_suffices_of_nothing():
    assert asked_of("", []) == ([], [])


def test_where_all_together_do_not_suffice_it_is_asked_once_beyond_each_alone():
    assert asked_of(ITEMS, []) == ([], [*((item,) for item in ITEMS), tuple(ITEMS)])


def test_two_of_thirteen_are_found_with_a_third_of_the_questions_of_trying_each_pair():
    most = [len(asked_of(ITEMS, [pair])[1]) for pair in combinations(ITEMS, 2)]
    assert max(most) <= 30
    assert len(list(chain(ITEMS, combinations(ITEMS, 2)))) == 91
