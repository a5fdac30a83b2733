"""A FHIR R4 server as a sink: each record stands there once, whatever answers get lost.

What the hub creates carries its identifier: system `urn:medspa-hub:visit`, value the visit's id. A create first
searches for it (an earlier one whose answer was lost), then creates with `If-None-Exist` on it, so that two at once
make one on servers that honour it.
"""

from collections.abc import Mapping
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord
from hub.connectors.fhir_r4.client import FhirClient, Resource, parse_instant
from hub.connectors.fhir_r4.invariants import check
from hub.connectors.fhir_r4.record import hub_system, record_of, version_of
from hub.errors import Conflict, Problem, RecordRejected
from hub.ports import Write

_WHOLE = {Kind.PROCEDURE, Kind.DOSE}
"""What the hub alone says, as a whole: a conditional update by its identifier is one journey, however often sent."""
_OF_THE_SERVER = {"id", "meta", "text"}


class FhirSink:
    """Writes every kind by the same rules; what is the hub's own as a whole in one journey where it may."""

    def __init__(self, client: FhirClient, system: str) -> None:
        self.system = system
        self._client = client

    def send(self, write: Write) -> SourceRecord:
        """As `hub.ports.Sink.send`.

        Raises:
            RecordRejected: it breaks FHIR R4, or the server will not take it.
            RetryLater, NeedsAttention, Conflict: as `hub.ports.Sink.send`.
        """
        desired = marked(write)
        _refuse_broken(desired)
        search = f"identifier={hub_system(write.kind)}|{write.id}"
        if write.kind in _WHOLE and self._client.updates_where(desired["resourceType"]):
            return record_of(self._client.update_where(desired, search), self.system, write.kind)
        current = self._current(write, desired["resourceType"])
        if current is None:
            return record_of(self._client.create(desired, search), self.system, write.kind)
        changed = plan_update(desired, current)
        stored = current if changed is None else self._client.update(changed, version_of(current))
        return record_of(stored, self.system, write.kind)

    def _current(self, write: Write, resource_type: str) -> Resource | None:
        if write.target is not None:
            found = self._client.fetch(resource_type, write.target.id)
            if found is not None:
                return found
            hint = "It was deleted there; decide whether it should be created again"
            raise Conflict(Problem(f"{resource_type}/{write.target.id} is gone", code="gone", hint=hint))
        matches = self._client.find_by_identifier(resource_type, hub_system(write.kind), write.id)
        if len(matches) > 1:
            hint = "Remove the hub's identifier from the copies in that system"
            message = f"{len(matches)} {resource_type} resources carry {write.id}"
            raise Conflict(Problem(message, code="copied_identifier", hint=hint))
        return matches[0] if matches else None


def plan_update(desired: Mapping[str, Any], current: Mapping[str, Any]) -> Resource | None:
    """The resource to put, or None where the server already holds what is desired.

    A desired resource with a version is a whole one, made onto that version; one without is laid over the current one.

    Raises:
        Conflict: it was made onto another version, and the server's is not the same by now.
    """
    base = version_of(dict(desired))
    kept = {key: value for key, value in current.items() if base is None or key in _OF_THE_SERVER}
    merged = {**kept, **{key: value for key, value in desired.items() if key not in _OF_THE_SERVER}}
    if base is None:
        held = current.get("identifier", [])
        merged["identifier"] = [*held, *(i for i in desired.get("identifier", []) if i not in held)]
    if _same(merged, current):
        return None
    if base is not None and base != version_of(dict(current)):
        hint = "It is read again with the next pull; then decide again"
        raise Conflict(Problem(f"{current['resourceType']}/{current['id']} changed there", code="changed", hint=hint))
    return merged


def marked(write: Write) -> Resource:
    """The payload with the hub's identifier on it."""
    mine = {"system": hub_system(write.kind), "value": write.id}
    held = [i for i in write.payload.get("identifier", []) if i.get("system") != mine["system"]]
    return {**write.payload, "identifier": [*held, mine]}


def _same(left: Any, right: Any) -> bool:
    """Equal as FHIR means it: instants by their moment, identifiers in any order."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        pairs = ((left, right), (right, left))
        return len(left) == len(right) and all(any(_same(a, b) for b in two) for one, two in pairs for a in one)
    moment = parse_instant(left)
    return bool(left == right) or (moment is not None and moment == parse_instant(right))


def _refuse_broken(resource: Resource) -> None:
    problems = check({"id": "new", **resource})
    if problems:
        raise RecordRejected(*problems)
