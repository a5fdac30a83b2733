"""A FHIR resource as a source record: its id, its version, and whether the hub made it."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from hub.canonical.ids import Kind
from hub.canonical.source import SourceRecord, SourceRef
from hub.connectors.fhir_r4.client import Resource, parse_instant


def hub_system(kind: Kind) -> str:
    """The identifier system under which the hub writes its own ids: `urn:medspa-hub:visit`."""
    return f"urn:medspa-hub:{kind}"


def record_of(resource: Resource, system: str, kind: Kind) -> SourceRecord:
    """The resource, unchanged, as a record of `kind` in `system`."""
    return SourceRecord(
        ref=SourceRef(system, kind, id_of(resource)),
        payload=resource,
        version=version_of(resource),
        modified_at=modified_at(resource),
        hub_id=_hub_id(resource, kind),
    )


def id_of(resource: Resource) -> str:
    """Its id; for one without, a mark of its content, so that it can be kept and shown."""
    value = resource.get("id")
    if isinstance(value, str) and value:
        return value
    content = json.dumps(resource, sort_keys=True).encode()
    return f"no-id-{sha256(content).hexdigest()[:16]}"


def version_of(resource: Resource) -> str | None:
    """`meta.versionId`, if it has one."""
    version = _meta(resource).get("versionId")
    return version if isinstance(version, str) else None


def modified_at(resource: Resource) -> datetime | None:
    """`meta.lastUpdated`, if it has one."""
    return parse_instant(_meta(resource).get("lastUpdated"))


def _meta(resource: Resource) -> dict[str, Any]:
    meta = resource.get("meta")
    return meta if isinstance(meta, dict) else {}


def _hub_id(resource: Resource, kind: Kind) -> str | None:
    identifiers = resource.get("identifier")
    for identifier in identifiers if isinstance(identifiers, list) else []:
        if isinstance(identifier, dict) and identifier.get("system") == hub_system(kind):
            value = identifier.get("value")
            return value if isinstance(value, str) and value else None
    return None
