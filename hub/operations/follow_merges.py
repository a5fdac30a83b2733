"""Whoever still names a patient by an id that was merged away means the record that they became part of.

Nobody is asked about merges where the id is known, and a key that was used for either id stands for the same request.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from hub.ports import Store
from hub.scheduling.decision import Refusal
from hub.scheduling.request import BookingRequest, OpeningsRequest, Trip
from hub.scheduling.series import SeriesRequest

_MAY_BE_MERGED = frozenset({"unknown_patient", "key_reused"})


Request = TypeVar("Request", OpeningsRequest, BookingRequest, SeriesRequest)
Answer = TypeVar("Answer")


def follow_merges(store: Store, request: Request, ask: Callable[[Request], Answer]) -> Answer:
    """What is answered; where a patient is not known by the id given, what is answered for the one they became."""
    answer = ask(request)
    if not isinstance(answer, Refusal) or not _MAY_BE_MERGED & set(answer.reasons):
        return answer
    led = lead_to_survivors(store, request)
    return answer if led == request else ask(led)


def lead_to_survivors(store: Store, request: Request) -> Request:
    """The same request for the records that count."""
    with store.begin("follow_merges") as work:
        survivors = work.people.find_survivors({part.patient_id for part in request.trip.parts})
    return replace(request, trip=_led(request.trip, survivors)) if survivors else request


def find_survivor(store: Store, patient_id: str) -> str:
    """The record that counts: itself, unless it was merged into another."""
    with store.begin("follow_merges") as work:
        return work.people.find_survivors([patient_id]).get(patient_id, patient_id)


def _led(trip: Trip, survivors: Mapping[str, str]) -> Trip:
    parts = (replace(part, patient_id=survivors.get(part.patient_id, part.patient_id)) for part in trip.parts)
    return replace(trip, parts=tuple(parts))
