"""A board under another practice file shows what one laid anew would, and lays only what is different."""

from datetime import date, datetime

import pytest

from hub.canonical.practice import Practice
from hub.scheduling.board import Board
from hub.scheduling.diary import Diary
from hub.scheduling.timeline import MINUTES_PER_DAY, minute_of

HOURS = [{"days": "mon-sun", "from": "09:00", "to": "17:00"}]
PRACTICE = Practice.model_validate(
    {
        "zone": "America/Chicago",
        "resources": [
            {"id": "lee", "kind": "provider", "hours": HOURS, "certifications": [{"code": "x", "until": "2026-03-03"}]}
        ],
    }
)
FIRST = minute_of(datetime.fromisoformat("2026-03-02T00:00-06:00"))
WINDOW = (FIRST, FIRST + 4 * MINUTES_PER_DAY)


def changed(**changes):
    [lee] = PRACTICE.resources
    return PRACTICE.model_copy(update={"resources": (lee.model_copy(update=changes),)})


def seen(board):
    [lee] = board.resources.values()
    certified = board.certified(lee, NEEDS, 0)
    return board.on_duty("lee"), board.duty_runs("lee", 60), board.free_runs("lee", 1, 60), certified


NEEDS = Practice.model_validate(
    {
        "zone": "America/Chicago",
        "services": [
            {"id": "s", "steps": [{"name": "a", "minutes": 5, "needs": [{"kind": "provider", "certification": "x"}]}]}
        ],
    }
).services[0].steps[0].needs  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hours": None},
        {"since": date(2026, 3, 4)},
        {"until": date(2026, 3, 2)},
        {"capacity": 2},
        {"certifications": ()},
    ],
)
def test_it_shows_what_one_laid_anew_would(changes):
    before = Board(PRACTICE, Diary(), "main", WINDOW)
    seen(before)
    later = changed(**changes)
    assert seen(before.under(later)) == seen(Board(later, Diary(), "main", WINDOW))


def test_hours_are_not_laid_again_because_a_certificate_changed(monkeypatch):
    before = Board(PRACTICE, Diary(), "main", WINDOW)
    seen(before)
    later = changed(certifications=())
    anew = seen(Board(later, Diary(), "main", WINDOW))
    monkeypatch.delattr("hub.scheduling.board.duty_timeline")
    assert seen(before.under(later)) == anew
