"""What a new practice file changes, and which visits in the book it would break.

Each visit to come is judged as if it were not there, with the resources it has. What was against it under the old file
already is not the change's doing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel

from hub.canonical.practice import (
    ConsentForm,
    ConsentVersion,
    Hours,
    Option,
    Policy,
    Practice,
    PracticeLocation,
    PracticeResource,
    PracticeService,
    Product,
    Step,
    StockLot,
)
from hub.scheduling.dated_change import in_words
from hub.scheduling.decide import decide_booking
from hub.scheduling.decision import Refusal
from hub.scheduling.diary import BusyClaim, Diary, LotOnHand, Promise, taken_off
from hub.scheduling.request import BookingRequest, Part, Trip

REHEARSED = ("patients", "packages")
"""Parts of a practice file that only a rehearsal looks at."""
_MARGIN = timedelta(days=3)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One place of the practice file: by section, id and key."""

    path: str
    """`resources.dr-lee.hours`, `services.lhr.steps.laser.minutes`."""
    how: Literal["added", "removed", "changed"]
    before: Any = None
    """As in JSON; only of what is changed."""
    after: Any = None


@dataclass(frozen=True, slots=True)
class BookedVisit:
    """A visit that is to come, with what it takes."""

    id: str
    part: Part
    """What was asked for; the service is "" where the source did not say."""
    location_id: str
    arrives_at: datetime
    resources: Mapping[str, str] = field(default_factory=dict)
    """Need name → who fills it."""
    claim_ids: frozenset[str] = frozenset()
    promises: tuple[Promise, ...] = ()
    overridden: frozenset[str] = frozenset()
    """The codes that were passed over for it."""


@dataclass(frozen=True, slots=True)
class BrokenVisit:
    """A visit that the new file has no place for as it stands. Nothing in it is personal."""

    id: str
    service_id: str
    location_id: str
    arrives_at: datetime
    resources: tuple[str, ...]
    """Who fills its needs, in order of the needs' names."""
    reasons: tuple[str, ...]
    """The codes that the new file brings, sorted."""
    fits_otherwise: bool
    """Whether the same time works with other resources (those that were asked for kept)."""


def find_changes(old: Practice, new: Practice) -> tuple[Change, ...]:
    """Every place in which they differ in meaning, in the order of the file. Layout and comments are no change."""
    return tuple(_differences((), _plain(old), _plain(new)))


def find_broken(
    old: Practice, new: Practice, diary: Diary, visits: Sequence[BookedVisit], now: datetime
) -> tuple[BrokenVisit, ...]:
    """The visits that the new file breaks, in the order given.

    The diary holds everything from now to the last of the visits, and all their patients.
    """
    after = replace(diary, lots=_lots_under(new, diary.lots))
    days_before, days_after = _Days(diary), _Days(after)
    broken = []
    for visit in visits:
        new_reasons = _reasons(new, days_after.without(visit), visit, visit.resources, now)
        if new_reasons and (
            brought := new_reasons - _reasons(old, days_before.without(visit), visit, visit.resources, now)
        ):
            otherwise = not _reasons(new, days_after.without(visit), visit, visit.part.resources, now)
            broken.append(_broken(visit, brought, fits_otherwise=otherwise))
    return tuple(broken)


def _reasons(
    practice: Practice, diary: Diary, visit: BookedVisit, filled: Mapping[str, str], now: datetime
) -> frozenset[str]:
    """Every code against the visit at its time with these resources; names that the service lost ask for nobody."""
    service = practice.find_service(visit.part.service_id)
    if practice.find_location(visit.location_id) is None:
        return frozenset({"unknown_location"})
    if service is not None and visit.part.option_id is not None and service.option(visit.part.option_id) is None:
        return frozenset({"unknown_option"})
    named = {name: who for name, who in filled.items() if service is not None and name in service.names}
    trip = Trip((replace(visit.part, resources=named),), visit.location_id)
    decision = decide_booking(practice, diary, BookingRequest(trip, visit.arrives_at), now)
    return frozenset(decision.reasons) if isinstance(decision, Refusal) else frozenset()


def _broken(visit: BookedVisit, reasons: frozenset[str], *, fits_otherwise: bool) -> BrokenVisit:
    resources = tuple(visit.resources[name] for name in sorted(visit.resources))
    reported = tuple(sorted(reasons))
    service_id = visit.part.service_id
    return BrokenVisit(visit.id, service_id, visit.location_id, visit.arrives_at, resources, reported, fits_otherwise)


class _Days:
    """A diary cut into days, so that judging one visit does not read everybody's."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._claims: dict[date, list[BusyClaim]] = {}
        for claim in diary.claims:
            for day in _days_between(claim.start_at, claim.end_at):
                self._claims.setdefault(day, []).append(claim)

    def without(self, visit: BookedVisit) -> Diary:
        """What stands around the visit, as if it were not there."""
        days = _days_between(visit.arrives_at - _MARGIN, visit.arrives_at + _MARGIN)
        near = {claim.id: claim for day in days for claim in self._claims.get(day, ())}
        return replace(
            self._diary,
            claims=tuple(claim for claim in near.values() if claim.id not in visit.claim_ids),
            visits=tuple(
                one for one in self._diary.visits if one.patient_id == visit.part.patient_id and one.id != visit.id
            ),
            promises=(*self._diary.promises, *map(taken_off, visit.promises)),
            packages=tuple(
                replace(one, credits_left=one.credits_left + 1) if one.id == visit.part.package_id else one
                for one in self._diary.packages
            ),
        )


def _days_between(first: datetime, last: datetime) -> Iterator[date]:
    day = first.astimezone(UTC).date()
    while day <= last.astimezone(UTC).date():
        yield day
        day += _ONE_DAY


def _lots_under(new: Practice, lots: tuple[LotOnHand, ...]) -> tuple[LotOnHand, ...]:
    """The lots once the file is applied: counts of known ones stay, expiries are the file's, new ones come."""
    after = {(lot.product_id, lot.location_id, lot.lot): lot for lot in lots}
    for lot in new.stock:
        key = (lot.product, new.location_of(lot), lot.lot)
        on_hand = after[key].on_hand if key in after else lot.on_hand
        after[key] = LotOnHand(*key, on_hand, lot.expires)
    return tuple(after.values())


def _plain(value: Any) -> Any:
    """What a part of the file means, as in JSON: lists of named things by their names, sets in order."""
    if isinstance(value, Hours):
        return in_words(value) + _dates(value)
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()
        return {field.alias or key: _plain(getattr(value, key)) for key, field in fields if key not in REHEARSED}
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], Policy):
        return _plain(value[0])
    if isinstance(value, tuple):
        by_name = {_name_of(entry): _plain(entry) for entry in value}
        return [_plain(entry) for entry in value] if None in by_name or not value else by_name
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    return value if value is None or isinstance(value, bool | int | str) else _text(value)


def _name_of(entry: object) -> str | None:
    """What stands for an entry of a list; None: its place does."""
    if isinstance(entry, StockLot):
        return "/".join(part for part in (entry.product, entry.lot, entry.location) if part)
    if isinstance(entry, PracticeLocation | PracticeResource | PracticeService | Product | Option | ConsentForm):
        return entry.id
    if isinstance(entry, ConsentVersion):
        return entry.version
    if isinstance(entry, Policy):
        return _text(entry.since or "first")
    return entry.name if isinstance(entry, Step) else None


def _dates(hours: Hours) -> str:
    words = (("since", hours.since), ("until", hours.until))
    return "".join(f" {word} {day}" for word, day in words if day is not None)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _differences(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield Change(".".join(path), "changed", old, new)
        return
    for key in dict.fromkeys((*old, *new)):
        if key not in new:
            yield Change(".".join((*path, key)), "removed")
        elif key not in old:
            yield Change(".".join((*path, key)), "added")
        else:
            yield from _differences((*path, key), old[key], new[key])
