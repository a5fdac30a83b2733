"""A FHIR R4 server as a sink: each record stands there once, whatever answers get lost.

What the hub creates carries an identifier of the hub. A create first searches for it (an earlier one whose answer was
lost), then creates with `If-None-Exist` on it, so that two at once make one on servers that honour it.
"""

from collections.abc import Mapping
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.fhir_r4.client import FhirClient, Resource, parse_instant
from hub.connectors.fhir_r4.invariants import check
from hub.errors import Conflict, Problem, RecordRejected
from hub.ports import Write

HUB_SYSTEM = "urn:medspa-hub:"
"""Identifiers of the hub: `urn:medspa-hub:visit` and a visit's id."""
_OF_THE_SERVER = {"id", "meta", "text"}


class FhirSink:
    """Writes appointments; patients and others by the same rules."""

    def __init__(self, client: FhirClient, system: str) -> None:
        self.system = system
        self._client = client

    def send(self, write: Write) -> SourceRecord:
        """As `hub.ports.Sink.send`. A payload without the hub's identifier is refused: it could not be found again.

        Raises:
            RecordRejected: it breaks FHIR R4, or the server will not take it.
            RetryLater, NeedsAttention, Conflict: as `hub.ports.Sink.send`.
        """
        desired = dict(write.payload)
        _refuse_broken(desired)
        current = self._current(write, desired)
        if current is None:
            system, value = _own_identifier(desired)
            return self._record(write.kind, self._client.create(desired, f"identifier={system}|{value}"))
        changed = plan_update(desired, current)
        if changed is None:
            return self._record(write.kind, current)
        return self._record(write.kind, self._client.update(changed, _version(current)))

    def _current(self, write: Write, desired: Resource) -> Resource | None:
        resource_type = desired["resourceType"]
        if write.target is not None:
            found = self._client.fetch(resource_type, write.target.id)
            if found is not None:
                return found
            hint = "It was deleted there; decide whether it should be created again"
            raise Conflict(Problem(f"{resource_type}/{write.target.id} is gone", code="gone", hint=hint))
        system, value = _own_identifier(desired)
        matches = self._client.find_by_identifier(resource_type, system, value)
        if len(matches) > 1:
            hint = "Remove the identifier from the copies in that system"
            raise Conflict(
                Problem(f"{len(matches)} {resource_type} resources carry {value}", code="copied_identifier", hint=hint)
            )
        return matches[0] if matches else None

    def _record(self, kind: Kind, resource: Resource) -> SourceRecord:
        return SourceRecord(
            ref=SourceRef(self.system, kind, resource["id"]),
            payload=resource,
            version=_version(resource),
            modified_at=parse_instant(resource.get("meta", {}).get("lastUpdated")),
        )


def plan_update(desired: Mapping[str, Any], current: Mapping[str, Any]) -> Resource | None:
    """The resource to put, or None where the server already holds what is desired.

    Elements the hub does not write stay. Identifiers are joined; every other element the hub writes is replaced.
    """
    wanted = {key: value for key, value in desired.items() if key not in _OF_THE_SERVER}
    if "identifier" in wanted:
        kept = [i for i in current.get("identifier", []) if i not in wanted["identifier"]]
        wanted["identifier"] = [*kept, *wanted["identifier"]]
    merged = {**current, **wanted}
    return None if _same(merged, current) else merged


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


def _own_identifier(resource: Mapping[str, Any]) -> tuple[str, str]:
    for identifier in resource.get("identifier", []):
        if str(identifier.get("system", "")).startswith(HUB_SYSTEM) and identifier.get("value"):
            return identifier["system"], identifier["value"]
    hint = f"Write an identifier with system {HUB_SYSTEM}… in the mapping"
    raise RecordRejected(Problem("the record carries no identifier of the hub", code="no_identifier", hint=hint))


def _version(resource: Mapping[str, Any]) -> str | None:
    version = resource.get("meta", {}).get("versionId")
    return version if isinstance(version, str) else None
