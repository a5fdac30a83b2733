"""One judge for many minutes says what a new one says for each."""

import json

import pytest

from hub.scheduling.judge import Judge, judge
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.play import openings_request
from hub.scheduling.scenario.player import Player
from hub.scheduling.serving import board_of
from tests.properties.scheduling.practices import Generator


@pytest.mark.parametrize("seed", range(25))
def test_what_is_kept_between_minutes_changes_no_reason_and_no_choice(seed):
    scenario, _ = read_scenario(json.dumps(Generator(seed).document()), "random.json")
    player = Player(scenario)
    request = openings_request(player, scenario.actions[0].find)
    board = board_of(scenario, player.book.diary(), request)
    kept = Judge(board, request.trip, player.now)
    begin, end = board.window
    for minute in range(begin + 1440, end - 1440, 97):
        once, anew = kept.at(minute), judge(board, request.trip, minute, player.now)
        assert once.reasons == anew.reasons
        assert [(case.choice, case.reasons) for case in once.cases] == [
            (case.choice, case.reasons) for case in anew.cases
        ]
