"""A check of the check: with a rule of the engine broken, some random practice must show it."""

from dataclasses import replace

import pytest

from hub.scheduling import assignment, board, clock, openings, rules_between_visits, stock, timeline
from hub.scheduling import rules as trip_rules
from tests.properties.scheduling.test_engine_agrees_with_oracle import disagreement

ENOUGH = 600


def forget_capacity_between_parts(patch):
    patch.setattr(assignment, "_beside", lambda _board, _slot, _resource, _chosen, bits: bits)


def forget_certification_dates(patch):
    patch.setattr(board.Board, "certified", lambda self, _resource, _needs, _offset: self.always)


def forget_supervision(patch):
    patch.setattr(openings, "supervised_arrivals", lambda board, _timed: board.always)


def look_at_spacing_one_way(patch):
    def is_too_soon(visit, others):
        return any(rules_between_visits._too_close(visit, other) for other in others)

    patch.setattr(trip_rules, "is_too_soon", is_too_soon)


def let_a_step_run_a_minute_into_what_follows(patch):
    patch.setattr(board, "erode", lambda bits, length: timeline.erode(bits, max(length - 1, 1)))


def call_every_day_regular(patch):
    patch.setattr(clock.WallClock, "_is_regular", lambda self, day: True)


def keep_stock_a_day_after_it_expired(patch):
    def shelf_of(practice, diary, *rest):
        lots = tuple(replace(lot, expires_on=lot.expires_on + stock._ONE_DAY) for lot in diary.lots)
        return stock.shelf_of(practice, replace(diary, lots=lots), *rest)

    patch.setattr(trip_rules, "shelf_of", shelf_of)


def leave_devices_free_to_walk(patch):
    def goes_with(slot, resource, chosen):
        beside = [who for other, who in chosen if other.key[0] == slot.key[0] and other.steps & slot.steps]
        return all(who.id != resource.id for who in beside)

    patch.setattr(assignment, "goes_with", goes_with)


def let_the_patient_be_in_two_places(patch):
    patch.setattr(board.Board, "patient_free", lambda self, _patient: self.always)


def let_prerequisites_never_age(patch):
    def lacks_prerequisite(visit, others):
        earlier = [other for other in others if other.arrival < visit.arrival]
        rules = visit.service.requires if visit.service else ()
        return not all(any(other.answers_to(rule.before) for other in earlier) for rule in rules)

    patch.setattr(trip_rules, "lacks_prerequisite", lacks_prerequisite)


def count_a_day_too_few_between_visits(patch):
    real = rules_between_visits.is_too_soon

    def is_too_soon(visit, others):
        day = stock._ONE_DAY
        return real(visit, [replace(other, arrives_on=other.arrives_on - day) for other in others])

    patch.setattr(trip_rules, "is_too_soon", is_too_soon)


MUTATIONS = [
    forget_capacity_between_parts,
    forget_certification_dates,
    forget_supervision,
    look_at_spacing_one_way,
    let_a_step_run_a_minute_into_what_follows,
    call_every_day_regular,
    keep_stock_a_day_after_it_expired,
    leave_devices_free_to_walk,
    let_the_patient_be_in_two_places,
    let_prerequisites_never_age,
    count_a_day_too_few_between_visits,
]


@pytest.mark.slow
@pytest.mark.parametrize("break_it", MUTATIONS)
def test_oracle_notices_when_the_engine_breaks_a_rule(break_it, monkeypatch):
    break_it(monkeypatch)
    clock.wall_clock.cache_clear()  # what a clock remembers was worked out by the whole one
    assert any(disagreement(seed) is not None for seed in range(ENOUGH))
    clock.wall_clock.cache_clear()


@pytest.mark.slow
def test_oracle_agrees_with_the_whole_engine_on_the_same_practices():
    assert [disagreement(seed) for seed in range(100)] == [None] * 100
