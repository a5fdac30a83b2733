"""What is wrong with a request whatever the time: it stands alone in a refusal, or the request is no request."""

from collections.abc import Iterable

from hub.canonical.practice import Practice
from hub.errors import InvalidInput, Problem
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import Diary
from hub.scheduling.request import Trip


def refuse_unknown(practice: Practice, diary: Diary, trip: Trip) -> Refusal | None:
    """The first of `unknown_service`, `unknown_patient` and `unknown_resource` that applies.

    Raises:
        InvalidInput: the location, an option or a name asked for is not declared, or there is no part.
    """
    _require_request(practice, trip)
    if any(practice.find_service(part.service_id) is None for part in trip.parts):
        return Refusal(("unknown_service",))
    if any(part.patient_id not in diary.patients for part in trip.parts):
        return Refusal(("unknown_patient",))
    asked = {resource_id for part in trip.parts for resource_id in part.resources.values()}
    if any(practice.find_resource(resource_id) is None for resource_id in asked):
        return Refusal(("unknown_resource",))
    return None


def _require_request(practice: Practice, trip: Trip) -> None:
    if not trip.parts:
        raise InvalidInput(Problem("nothing is asked for", field="parts", hint="Name at least one service"))
    if practice.find_location(trip.location_id) is None:
        raise InvalidInput(Problem(f"the location {trip.location_id!r} is not declared", field="location"))
    for part in trip.parts:
        service = practice.find_service(part.service_id)
        if service is None:
            continue
        if part.option_id is not None and service.option(part.option_id) is None:
            message = f"the service {service.id!r} has no option {part.option_id!r}"
            raise InvalidInput(Problem(message, field="option"))
        for name in part.resources.keys() - set(service.names):
            message = f"the service {service.id!r} has no need named {name!r}"
            raise InvalidInput(Problem(message, field="with", hint=f"Its names: {', '.join(service.names)}"))


def refuse_two_calendars(practice: Practice, location_ids: Iterable[str]) -> Refusal | None:
    """`two_calendars`: nothing moves from one owner's calendar to another's; it is cancelled there and booked here."""
    declared = (one for one in location_ids if practice.find_location(one) is not None)
    owners = {practice.vendor_of(one) for one in declared}
    return Refusal(("two_calendars",)) if len(owners) > 1 else None
