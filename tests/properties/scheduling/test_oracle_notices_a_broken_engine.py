"""A check of the check: with a rule of the engine broken, some random practice must show it."""

import pytest

from hub.scheduling import assignment, board, openings, rules_between_visits
from hub.scheduling import rules as trip_rules
from tests.properties.scheduling.test_engine_agrees_with_oracle import disagreement

ENOUGH = 80


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


@pytest.mark.slow
@pytest.mark.parametrize(
    "break_it",
    [forget_capacity_between_parts, forget_certification_dates, forget_supervision, look_at_spacing_one_way],
)
def test_oracle_notices_when_the_engine_breaks_a_rule(break_it, monkeypatch):
    break_it(monkeypatch)
    assert any(disagreement(seed) is not None for seed in range(ENOUGH))
