"""What a refusal's codes come from, each taken out of the way: the world as it would be if that were mended."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from hub.canonical.practice import Practice, PracticeResource, PracticeService
from hub.canonical.wall import LAST_DATE
from hub.scheduling.board import carry_over
from hub.scheduling.diary import Diary, LotOnHand
from hub.scheduling.series import SeriesRequest

UNTIL = "until"
"""Not a refusal's code: the last date that was asked for."""
_PLENTY = Decimal(10**9)
_LONGEST = timedelta(days=3 * 366)
_HALF_A_YEAR = timedelta(days=183)


@dataclass(frozen=True, slots=True)
class World:
    """What a series is decided on."""

    practice: Practice
    diary: Diary
    request: SeriesRequest

    @property
    def service(self) -> PracticeService:
        """The service asked for; it is declared."""
        service = self.practice.find_service(self.request.trip.parts[0].service_id)
        if service is None:
            raise LookupError("an unknown service is refused before anything is lifted")
        return service


def latest_end(practice: Practice, request: SeriesRequest) -> date:
    """The last date that may come up: as late as so many sessions may take, and half a year."""
    service = practice.find_service(request.trip.parts[0].service_id)
    rule = service.series if service else None
    sessions = request.sessions or (rule.sessions if rule else None) or 1
    apart = (rule.min_days if rule.max_days is None else rule.max_days) if rule else 0
    later = request.start_on + min(sessions * timedelta(days=apart), _LONGEST) + _HALF_A_YEAR
    return min(max(request.until_on, later), LAST_DATE)


def liftable(world: World) -> tuple[str, ...]:
    """The codes that may stand against a session of this series, and can be lifted."""
    return tuple(dict.fromkeys(_liftable(world)))


def lift(world: World, code: str) -> World:
    """The world as if nothing gave rise to that code."""
    lifted = _LIFTS.get(code)
    return lifted(world) if lifted is not None else _lift_kind(world, code.removeprefix("no_"))


def _liftable(world: World) -> Iterator[str]:
    service, part = world.service, world.request.trip.parts[0]
    needs = [need for step in service.steps for need in step.needs]
    rules = (
        (UNTIL, True),
        ("no_credit", part.package_id is not None),
        ("no_stock", bool(service.uses or any(option.uses for option in service.options))),
        ("none_suitable", any(need.certification for need in needs)),
        ("missing_prerequisite", bool(service.requires)),
        ("too_soon", bool(service.spacing or (service.series and service.series.min_days))),
        ("too_late", bool(service.series and service.series.max_days is not None)),
        ("patient_busy", any(visit.patient_id == part.patient_id for visit in world.diary.visits)),
        ("not_supervised", any(need.present for need in needs)),
        ("service_not_offered", service.offered is not None),
        ("closed", True),
    )
    yield from (code for code, applies in rules if applies)
    yield from (f"no_{need.kind}" for need in needs if not need.present)


def _lift_until(world: World) -> World:
    until_on = latest_end(world.practice, world.request)
    return replace(world, request=replace(world.request, until_on=until_on))


def _lift_no_credit(world: World) -> World:
    trip = world.request.trip
    parts = tuple(replace(part, package_id=None) for part in trip.parts)
    return replace(world, request=replace(world.request, trip=replace(trip, parts=parts)))


def _lift_no_stock(world: World) -> World:
    here = world.request.trip.location_id
    more = tuple(LotOnHand(product.id, here, "", _PLENTY, date.max) for product in world.practice.products)
    return _with_diary(world, replace(world.diary, lots=(*world.diary.lots, *more)))


def _lift_none_suitable(world: World) -> World:
    """Licences that there are do not lapse."""

    def lasting(resource: PracticeResource) -> PracticeResource:
        if not resource.certifications:
            return resource
        ever = {"valid_from": None, "until": None}
        licences = tuple(one.model_copy(update=ever) for one in resource.certifications)
        return resource.model_copy(update={"certifications": licences})

    return _with_resources(world, lasting)


def _lift_patient_busy(world: World) -> World:
    patient = world.request.trip.parts[0].patient_id
    visits = tuple(
        replace(one, leaves_at=one.arrives_at) if one.patient_id == patient else one for one in world.diary.visits
    )
    return _with_diary(world, replace(world.diary, visits=visits))


def _lift_not_supervised(world: World) -> World:
    steps = tuple(
        step.model_copy(update={"needs": tuple(need for need in step.needs if not need.present)})
        for step in world.service.steps
    )
    return _with_service(world, steps=steps)


def _lift_closed(world: World) -> World:
    always = {"hours": None, "closed": (), "since": None, "until": None}
    places = tuple(place.model_copy(update=always) for place in world.practice.locations)
    return replace(world, practice=world.practice.model_copy(update={"locations": places}))


def _lift_kind(world: World, kind: str) -> World:
    """Everybody of the kind is there, and free."""
    always = {"hours": None, "extra": (), "away": (), "since": None, "until": None}
    of_kind = {one.id for one in world.practice.resources if one.kind == kind}
    free = _with_resources(world, lambda one: one.model_copy(update=always) if one.id in of_kind else one)
    return _with_diary(free, world.diary.without_claims_of(of_kind))


def _lift_series(**changes: object) -> Callable[[World], World]:
    def lifted(world: World) -> World:
        rule = world.service.series
        return _with_service(world, series=rule.model_copy(update=changes) if rule else None)

    return lifted


def _lift_too_soon(world: World) -> World:
    unspaced = tuple(one.model_copy(update={"spacing": ()}) for one in world.practice.services)
    practice = world.practice.model_copy(update={"services": unspaced})
    return _lift_series(min_days=0)(replace(world, practice=practice))


def _with_diary(world: World, diary: Diary) -> World:
    carry_over(world.diary, diary)
    return replace(world, diary=diary)


def _with_resources(world: World, change: Callable[[PracticeResource], PracticeResource]) -> World:
    resources = tuple(change(resource) for resource in world.practice.resources)
    return replace(world, practice=world.practice.model_copy(update={"resources": resources}))


def _with_service(world: World, **changes: object) -> World:
    changed = world.service.model_copy(update=changes)
    services = tuple(changed if one.id == changed.id else one for one in world.practice.services)
    return replace(world, practice=world.practice.model_copy(update={"services": services}))


_LIFTS: dict[str, Callable[[World], World]] = {
    UNTIL: _lift_until,
    "no_credit": _lift_no_credit,
    "no_stock": _lift_no_stock,
    "none_suitable": _lift_none_suitable,
    "missing_prerequisite": lambda world: _with_service(world, requires=()),
    "too_soon": _lift_too_soon,
    "too_late": _lift_series(max_days=None),
    "patient_busy": _lift_patient_busy,
    "not_supervised": _lift_not_supervised,
    "service_not_offered": lambda world: _with_service(world, offered=None),
    "closed": _lift_closed,
}
