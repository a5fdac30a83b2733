"""Which forms a new practice file asks for of visits that are booked already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.canonical.practice import Practice
from hub.scheduling.clearances import ConsentStanding, MissingConsent, missing_consents
from hub.scheduling.clock import wall_clock
from hub.scheduling.config_change import BookedVisit
from hub.scheduling.timeline import minute_of

Files = Mapping[str, Sequence[ConsentStanding]]
"""Patient → their consents."""


@dataclass(frozen=True, slots=True)
class ConsentDue:
    """A version of a form that booked visits need by the new file, and by the old one not."""

    form_id: str
    version: str
    visits: int
    patients: int


def find_due(old: Practice, new: Practice, visits: Sequence[BookedVisit], files: Files) -> tuple[ConsentDue, ...]:
    """What is still to sign by the new file alone, in the order of forms and versions."""
    due: dict[tuple[str, str], list[str]] = {}
    for visit in visits:
        before = {(one.form_id, one.version) for one in _missing(old, visit, files)}
        for one in _missing(new, visit, files):
            if (one.form_id, one.version) not in before:
                due.setdefault((one.form_id, one.version), []).append(visit.part.patient_id)
    return tuple(ConsentDue(*key, len(patients), len(set(patients))) for key, patients in sorted(due.items()))


def _missing(practice: Practice, visit: BookedVisit, files: Files) -> tuple[MissingConsent, ...]:
    service = practice.find_service(visit.part.service_id)
    if service is None or practice.find_location(visit.location_id) is None:
        return ()
    on = wall_clock(practice.zone_of(visit.location_id)).date_at(minute_of(visit.arrives_at))
    return tuple(missing_consents(practice, service, files.get(visit.part.patient_id, ()), on))
