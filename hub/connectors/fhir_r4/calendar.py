"""A FHIR R4 server as the owner of a calendar: an Appointment that it stores as booked is a yes.

Each Appointment carries the hub's identifier of the visit, by which a create is conditional and by which it is found.
Refusals by status (400, 409, 412, 422 …) are a no; failures, timeouts and broken answers leave it open.
"""

from collections.abc import Mapping
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRef
from hub.connectors.fhir_r4.client import FhirClient, Resource, parse_instant
from hub.connectors.fhir_r4.invariants import check
from hub.connectors.fhir_r4.record import hub_system, record_of, version_of
from hub.connectors.fhir_r4.sink import marked, plan_update
from hub.connectors.kit.http import Limits
from hub.errors import Conflict, HubError, NeedsAttention, RecordRejected, only_reasons
from hub.ports import Absent, Confirmed, Declined, Unknown, Write

APPOINTMENT = "Appointment"
LIMITS = Limits(connect_seconds=5, read_seconds=10, whole_seconds=15, attempts=1, longest_wait_seconds=2)
"""Somebody waits at the desk."""
_STANDS = {"booked", "arrived", "fulfilled", "checked-in"}
_WAITS = {"proposed", "pending", "waitlist"}
_NOT_DONE = {"http_401", "http_403", "http_406", "foreign_link", "address"}
"""Of what a person must mend: what shows that nothing was stored."""
_CHANGED = Declined("changed")
_OVER = Declined("cancelled_there")


class FhirCalendar:
    """`hub.ports.VendorCalendar`."""

    def __init__(self, client: FhirClient, system: str) -> None:
        self._client = client
        self._system = system

    def confirm(self, write: Write) -> Confirmed | Declined | Unknown:
        """See the port: a conditional create."""
        desired = marked(write)
        problems = check({"id": "new", **desired})
        if problems:
            return Declined(problems[0].code)
        try:
            return self._judge(self._client.create(desired, _search(write.id)), desired)
        except HubError as error:
            return _outcome(error)

    def look(self, write: Write) -> Confirmed | Declined | Absent | Unknown:
        """See the port: a search by the identifier."""
        found = self._find(write.id, write.target)
        return self._judge(found, write.payload) if isinstance(found, dict) else found

    def move(self, write: Write) -> Confirmed | Declined | Unknown:
        """See the port: an update of the version that was read; where there is none, it is made."""
        found = self._find(write.id, write.target)
        if isinstance(found, Absent):
            return self.confirm(write)
        if isinstance(found, Unknown):
            return Declined(found.code, was_asked=False)  # nothing was written
        is_over = found.get("status") not in _STANDS | _WAITS
        return _OVER if is_over else self._change(found, marked(write))

    def cancel(self, visit_id: str, target: SourceRef | None) -> Confirmed | Declined | Absent | Unknown:
        """See the port: an update of the status; what is over there already stays as it is."""
        first = self._cancel(visit_id, target)
        return self._cancel(visit_id, target) if first == _CHANGED else first  # somebody there was quicker: read again

    def _cancel(self, visit_id: str, target: SourceRef | None) -> Confirmed | Declined | Absent | Unknown:
        found = self._find(visit_id, target)
        if not isinstance(found, dict):
            return found
        if found.get("status") not in _STANDS | _WAITS:
            return Confirmed(record_of(found, self._system, Kind.VISIT))
        try:
            stored = self._client.update({**found, "status": "cancelled"}, version_of(found))
        except Conflict:
            return _CHANGED
        except HubError as error:
            return _outcome(error)
        return Confirmed(record_of(stored, self._system, Kind.VISIT))

    def _find(self, visit_id: str, target: SourceRef | None) -> Resource | Absent | Unknown:
        try:
            if target is not None:
                return self._client.fetch(APPOINTMENT, target.id) or Absent()
            found = self._client.find_by_identifier(APPOINTMENT, hub_system(Kind.VISIT), visit_id)
        except HubError as error:
            return Unknown(_code(error))
        if len(found) > 1:
            return Unknown("copied_identifier")
        return found[0] if found else Absent()

    def _change(self, found: Resource, desired: Resource) -> Confirmed | Declined | Unknown:
        try:
            changed = plan_update(desired, found)
            stored = found if changed is None else self._client.update(changed, version_of(found))
        except Conflict:
            return _CHANGED
        except HubError as error:
            return _outcome(error)
        return self._judge(stored, desired)

    def _judge(self, stored: Resource, desired: Mapping[str, Any]) -> Confirmed | Declined | Unknown:
        """Whether what stands there is what was asked for."""
        status = stored.get("status")
        if status in _WAITS:
            return Unknown(str(status))
        if status not in _STANDS:
            return _OVER
        if any(parse_instant(stored.get(key)) != parse_instant(desired.get(key)) for key in ("start", "end")):
            return Declined("other_time", may_stand=True)
        return Confirmed(record_of(stored, self._system, Kind.VISIT))


def _search(visit_id: str) -> str:
    return f"identifier={hub_system(Kind.VISIT)}|{visit_id}"


def _outcome(error: HubError) -> Declined | Unknown:
    """What a failed write means."""
    code = _code(error)
    if code in ("unreachable", "left_alone", "rate_limited"):
        return Declined(code, was_asked=False)
    is_no = isinstance(error, Conflict | RecordRejected) or (isinstance(error, NeedsAttention) and code in _NOT_DONE)
    return Declined(code) if is_no else Unknown(code)


def _code(error: HubError) -> str:
    return next(iter(only_reasons(error.problems)), "invalid")
