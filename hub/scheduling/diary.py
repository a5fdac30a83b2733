"""The changing part of the schedule, as a snapshot: what is taken, promised and paid for at one moment.

The store loads one from its tables for a location and a stretch of time; the scenario player keeps one in memory.
Whoever makes a diary leaves out what no longer counts: expired holds, cancelled visits and no-shows.
"""

from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Any

from hub.scheduling.filled import FilledVisit
from hub.scheduling.timeline import Span, minute_from, minute_of


@dataclass(frozen=True, slots=True)
class BusyClaim:
    """One unit of a resource, taken over [start_at, end_at) by a visit, a hold or a block."""

    id: str
    """Names the claim when its unit changes (`Recolouring`)."""
    resource_id: str
    unit: int
    """Counted from 1 to the resource's capacity; facts from outside may exceed it."""
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class PatientVisit:
    """A booked or completed visit or a live hold: what the rules between visits and the patient's time look at.

    All of a patient's visits count, whatever their location and however long ago (a prerequisite may be a year old).
    """

    id: str
    patient_id: str
    service_id: str
    location_id: str
    arrives_at: datetime
    leaves_at: datetime
    """The end of the last step with the patient."""
    series_id: str | None = None
    """The series it was booked in."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Stock promised to a booked visit or a live hold. A completed visit's is already out of `on_hand`."""

    product_id: str
    location_id: str
    promised_on: date
    """The local date of the visit's arrival."""
    quantity: Decimal
    visits: int = 1
    """Of so many, added up. What is taken off again has both below nothing."""


def taken_off(promise: Promise) -> Promise:
    """What a promise is added to for it not to count any more: its own opposite."""
    return replace(promise, quantity=-promise.quantity, visits=-promise.visits)


@dataclass(frozen=True, slots=True)
class OpenVial:
    """What is left of a vial that was opened."""

    id: str
    closes_at: datetime
    """The first instant at which it may not be used any more."""
    remaining: Decimal


@dataclass(frozen=True, slots=True)
class LotOnHand:
    """What is left of a lot."""

    product_id: str
    location_id: str
    lot: str
    on_hand: Decimal
    expires_on: date
    """The last local date on which it may be used."""
    open_vials: tuple[OpenVial, ...] = ()
    """Those with something left, which `on_hand` counts; also one whose hours have ended and nobody has noted it."""

    @property
    def sealed(self) -> Decimal:
        """What is not opened yet."""
        return self.on_hand - sum((vial.remaining for vial in self.open_vials), Decimal())


@dataclass(frozen=True, slots=True)
class PackageStanding:
    """A package and the credits that no booking or hold has taken yet."""

    id: str
    patient_id: str
    service_id: str
    credits_left: int
    expires_on: date | None = None


class ClaimsByResource(Collection[BusyClaim]):
    """Claims that are made when somebody asks for a resource's: the same tuple each time."""

    @abstractmethod
    def resources(self) -> Iterable[str]:
        """Whose there are."""

    @abstractmethod
    def claims_of(self, resource_id: str) -> tuple[BusyClaim, ...]:
        """Those of one resource, in order of start."""

    @abstractmethod
    def spans_of(self, resource_id: str) -> Sequence[Span]:
        """The minutes of each of them, without making them, in no order."""

    def __iter__(self) -> Iterator[BusyClaim]:
        return chain.from_iterable(self.claims_of(resource_id) for resource_id in self.resources())

    def __len__(self) -> int:
        return sum(len(self.spans_of(resource_id)) for resource_id in self.resources())

    def __contains__(self, claim: object) -> bool:
        return isinstance(claim, BusyClaim) and claim in self.claims_of(claim.resource_id)


class _Made(Mapping[str, tuple[BusyClaim, ...]]):
    """Claims by resource as a mapping."""

    def __init__(self, claims: ClaimsByResource) -> None:
        self._claims = claims
        self._resources = frozenset(claims.resources())

    def __getitem__(self, resource_id: str) -> tuple[BusyClaim, ...]:
        if resource_id not in self._resources:
            raise KeyError(resource_id)
        return self._claims.claims_of(resource_id)

    def __iter__(self) -> Iterator[str]:
        return iter(self._resources)

    def __len__(self) -> int:
        return len(self._resources)


class _Exchanged(ClaimsByResource):
    """The claims of a diary with those of some resources exchanged."""

    def __init__(self, before: "Diary", exchanged: Mapping[str, tuple[BusyClaim, ...]]) -> None:
        self._before = before
        self._exchanged = exchanged

    def resources(self) -> Iterable[str]:
        return self._before.claims_of.keys() | self._exchanged.keys()

    def claims_of(self, resource_id: str) -> tuple[BusyClaim, ...]:
        exchanged = self._exchanged.get(resource_id)
        return self._before.claims_of.get(resource_id, ()) if exchanged is None else exchanged

    def spans_of(self, resource_id: str) -> Sequence[Span]:
        exchanged = self._exchanged.get(resource_id)
        return self._before.spans_of(resource_id) if exchanged is None else spans_of(exchanged)

    def exchanging(self, exchanged: Mapping[str, tuple[BusyClaim, ...]]) -> "_Exchanged":
        """The same with others exchanged, too; what it stands on does not grow."""
        return _Exchanged(self._before, {**self._exchanged, **exchanged})


@dataclass(frozen=True, eq=False)
class Diary:
    """One consistent snapshot. Two are equal when they are the same object: what is worked out from one is kept in it.

    For `find_openings` it must hold every claim that touches the dates asked for, a day
    more on both sides; for `decide_booking` those of the day. Claims of other locations' resources do no harm.
    """

    claims: Collection[BusyClaim] = ()
    patients: Mapping[str, bool] = field(default_factory=dict)
    """Patient → whether the practice knows them (`known_only`). Whoever is absent is `unknown_patient`."""
    visits: tuple[PatientVisit, ...] = ()
    """At least those of the patients in the request."""
    promises: tuple[Promise, ...] = ()
    """All of the products in the request at its location, of any date."""
    lots: tuple[LotOnHand, ...] = ()
    packages: tuple[PackageStanding, ...] = ()
    filled: tuple[FilledVisit, ...] = ()
    """Visits of which some claims are the engine's to reassign, in order of arrival; all their claims are in `claims`,
    or they count as taken like any other."""

    @cached_property
    def claims_of(self) -> Mapping[str, tuple[BusyClaim, ...]]:
        """Resource → its claims, in order of start."""
        if isinstance(self.claims, ClaimsByResource):
            return _Made(self.claims)
        grouped: dict[str, list[BusyClaim]] = {}
        for claim in sorted(self.claims, key=lambda claim: (claim.start_at, claim.end_at)):
            grouped.setdefault(claim.resource_id, []).append(claim)
        return {resource: tuple(claims) for resource, claims in grouped.items()}

    def spans_of(self, resource_id: str) -> Sequence[Span]:
        """The minutes of the resource's claims, in no order."""
        if isinstance(self.claims, ClaimsByResource):
            return self.claims.spans_of(resource_id)
        return spans_of(self.claims_of.get(resource_id, ()))

    def near(self, first: datetime, last: datetime) -> "Diary":
        """The same diary with only the claims that touch the time between: what is decided there needs no others."""
        begin = first - self._longest_claim
        return self.with_claims(
            claim
            for claims in self.claims_of.values()
            for claim in claims[bisect_left(claims, begin, key=_start) : bisect_left(claims, last, key=_start)]
            if first < claim.end_at
        )

    @cached_property
    def _longest_claim(self) -> timedelta:
        return max((one.end_at - one.start_at for one in self.claims), default=timedelta())

    @cached_property
    def views(self) -> dict[Hashable, Any]:
        """What was worked out from this snapshot and is worth keeping as long as it."""
        return {}

    def visits_of(self, patient_id: str) -> tuple[PatientVisit, ...]:
        """The patient's visits, in order of arrival."""
        return tuple(sorted((v for v in self.visits if v.patient_id == patient_id), key=lambda v: v.arrives_at))

    def with_claims(self, claims: Iterable[BusyClaim]) -> "Diary":
        """The same diary with these claims in place of its own."""
        return replace(self, claims=tuple(claims))

    def without_claims_of(self, resource_ids: Iterable[str]) -> "Diary":
        """The same diary in which nothing is taken of these; otherwise as `exchanging`."""
        return self._with_exchanged(dict.fromkeys(resource_ids, ()))

    def exchanging(self, gone: Iterable[tuple[str, str]], added: Iterable[BusyClaim] = (), **changes: Any) -> "Diary":
        """The same diary without the claims `gone` (resource, claim id) and with others, and other fields as given.

        What `claims_of` holds for the resources of neither is the same tuple in both.
        """
        without: dict[str, set[str]] = {}
        for resource_id, claim_id in gone:
            without.setdefault(resource_id, set()).add(claim_id)
        changed: dict[str, list[BusyClaim]] = {
            resource_id: [one for one in self.claims_of.get(resource_id, ()) if one.id not in ids]
            for resource_id, ids in without.items()
        }
        for claim in added:
            changed.setdefault(claim.resource_id, list(self.claims_of.get(claim.resource_id, ()))).append(claim)
        exchanged = {
            resource_id: tuple(sorted(claims, key=lambda claim: (claim.start_at, claim.end_at)))
            for resource_id, claims in changed.items()
        }
        return self._with_exchanged(exchanged, **changes)

    def _with_exchanged(self, exchanged: dict[str, tuple[BusyClaim, ...]], **changes: Any) -> "Diary":
        before = self.claims
        claims = before.exchanging(exchanged) if isinstance(before, _Exchanged) else _Exchanged(self, exchanged)
        return replace(self, claims=claims, **changes)


def _start(claim: BusyClaim) -> datetime:
    return claim.start_at


def spans_of(claims: Iterable[BusyClaim]) -> list[Span]:
    """The minutes of claims, each with the minutes it takes a part of."""
    return [(minute_of(claim.start_at), minute_from(claim.end_at)) for claim in claims]
