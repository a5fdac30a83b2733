"""Every way a pending change can go: each order of steps, each answer, in time or late, once or again."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import pytest

from hub.scheduling.by_hand import Verdict, open_step, settle_by_hand
from hub.scheduling.pending import Answer, PaymentState, Stage, Standing, Step, begin, find_steps, follow

BEGINNINGS = [begin(pays=pays, asks_vendor=asks) for pays, asks in product((False, True), repeat=2)]


@dataclass(frozen=True)
class Story:
    """Where it stands, and every step that was ever asked for: its answer may come at any time, and again."""

    standing: Standing
    asked: frozenset[Step]

    def following(self) -> Iterator[tuple[Step, Answer, "Story"]]:
        for step, answer, in_time in product(sorted(self.asked), Answer, (True, False)):
            yield step, answer, story(follow(self.standing, step, answer, in_time=in_time), self.asked)


def story(standing: Standing, asked: frozenset[Step] = frozenset()) -> Story:
    return Story(standing, asked.union(find_steps(standing)))


def reachable(beginning: Story) -> set[Story]:
    found, ahead = {beginning}, deque([beginning])
    while ahead:
        for _, _, one in ahead.popleft().following():
            if one not in found:
                found.add(one)
                ahead.append(one)
    return found


STORIES = sorted({one for beginning in BEGINNINGS for one in reachable(story(beginning))}, key=repr)
EVERYTHING = sorted({one.standing for one in STORIES}, key=repr)
STEPS = [(one.standing, step, answer, after.standing) for one in STORIES for step, answer, after in one.following()]


@pytest.mark.parametrize("standing", EVERYTHING, ids=str)
def test_what_is_settled_is_either_done_and_paid_or_released_and_free(standing):
    if standing.is_settled and standing.stage is Stage.DONE:
        assert standing.payment in (None, PaymentState.CAPTURED, PaymentState.FAILED)
    elif standing.is_settled:
        assert standing.stage is Stage.RELEASED
        assert standing.payment in (None, PaymentState.DECLINED, PaymentState.VOIDED)


@pytest.mark.parametrize("standing", EVERYTHING, ids=str)
def test_from_everywhere_good_answers_lead_to_an_end(standing):
    for _ in range(5):
        for step in find_steps(standing):
            standing = follow(standing, step, Answer.YES)
    assert standing.is_settled


@pytest.mark.parametrize("standing", EVERYTHING, ids=str)
def test_who_gives_no_answer_changes_nothing(standing):
    assert all(follow(standing, step, Answer.UNKNOWN) == standing for step in Step)


def test_it_is_done_only_on_the_vendors_word_and_with_the_money_reserved():
    for before, step, answer, after in STEPS:
        if after.stage is Stage.DONE and before.stage is not Stage.DONE:
            assert answer is Answer.YES
            assert step is (Step.CONFIRM if before.asks_vendor else Step.AUTHORISE)
            assert after.payment in (None, PaymentState.AUTHORISED)


def test_what_is_done_stays_done_and_what_was_given_up_is_never_promised_again():
    for before, _, _, after in STEPS:
        assert after.stage is Stage.DONE or before.stage is not Stage.DONE
        assert before.stage.is_undecided or not after.stage.is_undecided


def test_money_is_taken_only_for_what_is_done_and_once():
    for before, step, _, after in STEPS:
        if before.payment is PaymentState.CAPTURED:
            assert after.payment is PaymentState.CAPTURED
        elif after.payment is PaymentState.CAPTURED:
            assert (step, after.stage) == (Step.CAPTURE, Stage.DONE)


def test_money_is_asked_for_only_as_the_stage_says():
    for standing in EVERYTHING:
        steps = find_steps(standing)
        assert Step.CAPTURE not in steps or standing.stage is Stage.DONE
        assert Step.VOID not in steps or standing.stage in (Stage.RELEASED, Stage.WITHDRAWING)
        assert Step.AUTHORISE not in steps or standing.stage is Stage.PAYING


@pytest.mark.parametrize("late", [Answer.YES, Answer.PARTLY])
def test_a_vendors_yes_that_comes_after_the_release_is_taken_back_there(late):
    released = follow(begin(pays=False, asks_vendor=True), Step.CONFIRM, Answer.NO)
    assert find_steps(follow(released, Step.CONFIRM, late)) == (Step.WITHDRAW,)


def test_money_that_is_reserved_after_the_release_is_given_back():
    released = follow(begin(pays=True, asks_vendor=False), Step.AUTHORISE, Answer.NO)
    late = follow(released, Step.AUTHORISE, Answer.YES)
    assert find_steps(late) == (Step.VOID,)
    assert follow(late, Step.VOID, Answer.YES) == replace(released, payment=PaymentState.VOIDED)


def test_nobody_new_is_asked_when_the_holds_own_time_is_over():
    paying = begin(pays=True, asks_vendor=True)
    late = follow(paying, Step.AUTHORISE, Answer.YES, in_time=False)
    assert (late.stage, find_steps(late)) == (Stage.RELEASED, (Step.VOID,))


def test_a_confirmation_counts_however_late_it_comes():
    confirming = begin(pays=False, asks_vendor=True)
    assert follow(confirming, Step.CONFIRM, Answer.YES, in_time=False).stage is Stage.DONE


@pytest.mark.parametrize("standing", EVERYTHING, ids=str)
def test_a_persons_word_answers_what_is_asked_and_promises_nothing_that_was_given_up(standing):
    assert (open_step(standing) is None) == standing.is_settled
    for verdict in Verdict:
        settled = settle_by_hand(standing, verdict)
        if settled is None:
            is_given_up = standing.stage in (Stage.RELEASED, Stage.WITHDRAWING)
            assert standing.is_settled or (is_given_up and verdict is Verdict.STANDS)
            continue
        assert settled.standing != standing
        assert settled.standing == follow(standing, settled.step, settled.answer)
        if settled.standing.stage is Stage.DONE and standing.stage is not Stage.DONE:
            assert verdict is Verdict.STANDS
