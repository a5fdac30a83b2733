"""Who is away beside what the practice file says: noted when it happens, effective at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from hub.canonical.practice import Practice, PracticeResource, Stretch


@dataclass(frozen=True, slots=True)
class Absence:
    """When a resource is not there. What is booked with it stays booked."""

    resource_id: str
    starts_at: datetime
    ends_at: datetime


def with_absences(practice: Practice, absences: Iterable[Absence]) -> Practice:
    """The practice as it works with these absences; those of resources that it no longer has change nothing."""
    away: dict[str, list[Stretch]] = {}
    for one in absences:
        away.setdefault(one.resource_id, []).append(Stretch.model_construct(starts=one.starts_at, ends=one.ends_at))
    if not away:
        return practice
    resources = tuple(_away(resource, away.get(resource.id, [])) for resource in practice.resources)
    return practice.model_copy(update={"resources": resources})


def _away(resource: PracticeResource, stretches: list[Stretch]) -> PracticeResource:
    return resource.model_copy(update={"away": (*resource.away, *stretches)}) if stretches else resource
