"""Find: the instants at which a booking would not be refused."""

from datetime import datetime

from hub.canonical.practice import Practice
from hub.scheduling.decision import Openings, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.request import OpeningsRequest


def find_openings(practice: Practice, diary: Diary, request: OpeningsRequest, now: datetime) -> Openings | Refusal:
    """Every grid instant on the dates asked for at which `decide_booking` would accept the trip.

    A refusal only for what no time can mend: `unknown_service`, `unknown_patient`, `unknown_resource`.
    """
    raise NotImplementedError
