"""Whether there can be room at all: minute by minute, as many resources as there are who need one.

A quick no for a full practice, where a search would try every order in vain. A yes says nothing about whole visits.
"""

from collections.abc import Sequence

from hub.canonical.practice import PracticeResource
from hub.scheduling.assignment import Slot
from hub.scheduling.loosened import Loosened


def may_fit(loose: Loosened, slots: Sequence[Slot], at: int) -> bool:
    """Whether at every minute at which somebody begins, each slot alone could have a resource beside all facts."""
    bit = 1 << (at - loose.board.window[0])
    for slot in slots:
        who = [one for one in slot.candidates if slot.free[one.id] & bit]
        for start, end in slot.spans:
            begun = {span[0] for one in who for span, _ in loose.near(one.id, at + start, at + end)}
            minutes = {at + start, *(minute for minute in begun if minute > at + start)}
            if not all(_has_one_more(loose, minute, who, set()) for minute in minutes):
                return False
    return True


def _has_one_more(loose: Loosened, minute: int, who: Sequence[PracticeResource], seen: set[str]) -> bool:
    """An augmenting path of the matching that stands: a free resource, or one whose holder finds another."""
    for one in who:
        if one.id in seen:
            continue
        seen.add(one.id)
        holders = {number for _, number in loose.near(one.id, minute, minute + 1)}
        if len(holders) < _units_at(loose, one, minute):
            return True
        for number in holders:
            for name in loose.names(number):
                if name.current == one.id and _has_one_more(loose, minute, name.able, seen):
                    return True
    return False


def _units_at(loose: Loosened, one: PracticeResource, minute: int) -> int:
    bit = 1 << (minute - loose.board.window[0])
    return sum(bool(loose.board.free_runs(one.id, units, 1) & bit) for units in range(1, one.capacity + 1))
