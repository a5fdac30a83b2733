"""Which rules a visit breaks that was booked here and that a practice file, an absence or a fact met afterwards."""

from collections.abc import Iterable
from dataclasses import replace

from hub.canonical.practice import Practice
from hub.scheduling.board import board_over
from hub.scheduling.config_change import BookedVisit
from hub.scheduling.diary import Diary
from hub.scheduling.judge import judge
from hub.scheduling.protocol import reach_of
from hub.scheduling.request import Trip
from hub.scheduling.timeline import minute_of

_NOT_THEIRS = frozenset({"in_the_past", "patient_busy", "no_stock", "no_credit"})
"""What is no rule broken by a visit that stands: whom it overlaps is contested, what is short is one reorder task, its
credit is taken, and now is not then."""


def broken_rules(practice: Practice, diary: Diary, visit: BookedVisit) -> tuple[str, ...]:
    """The codes, sorted, but for those that were passed over at booking; other visits of its resources aside.

    The diary has the patient's visits of any date.
    """
    unknown = _unknown(practice, visit)
    if unknown is not None:
        return (unknown,)
    part, arrival = visit.part, minute_of(visit.arrives_at)
    service = practice.find_service(part.service_id)
    names = service.names if service is not None else ()
    named = {name: who for name, who in visit.resources.items() if name in names}
    trip = Trip((replace(part, resources=named, package_id=None),), visit.location_id)
    reach = reach_of(practice, trip)
    others = tuple(one for one in diary.visits_of(part.patient_id) if one.id != visit.id)
    alone = Diary(patients=diary.patients, visits=others)
    board = board_over(practice, alone, visit.location_id, (arrival, arrival + 1), reach)
    verdict = judge(board, trip, arrival, visit.arrives_at)
    return tuple(sorted(verdict.reasons - _NOT_THEIRS - visit.overridden))


def is_required(practice: Practice, service_ids: Iterable[str]) -> bool:
    """Whether some service asks for one of these before it."""
    words = {rule.before for service in practice.services for rule in service.requires}
    services = (practice.find_service(one) for one in service_ids) if words else ()
    return any(service is not None and any(map(service.answers_to, words)) for service in services)


def _unknown(practice: Practice, visit: BookedVisit) -> str | None:
    """What the practice file does not name any more."""
    if practice.find_location(visit.location_id) is None:
        return "unknown_location"
    service = practice.find_service(visit.part.service_id)
    if service is None:
        return "unknown_service"
    if visit.part.option_id is not None and service.option(visit.part.option_id) is None:
        return "unknown_option"
    if any(practice.find_resource(who) is None for who in visit.resources.values()):
        return "unknown_resource"
    return None
