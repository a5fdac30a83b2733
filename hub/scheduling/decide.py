"""Book: judge a trip at one time and plan what to write."""

from datetime import datetime

from hub.canonical.practice import Practice
from hub.scheduling.decision import Booking, Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.request import BookingRequest


def decide_booking(practice: Practice, diary: Diary, request: BookingRequest, now: datetime) -> Booking | Refusal:
    """A booking that breaks no rule, or every reason against it at that time.

    Pure and repeatable: the same diary gives the same resources and units. Decide on a snapshot, lock
    `keys.lock_keys(booking)`, load the diary again and decide again; if the choice differs, release and repeat.
    """
    raise NotImplementedError
