"""What a FHIR server says that it can do (its CapabilityStatement), against what a connection's streams need of it.

https://hl7.org/fhir/R4/capabilitystatement.html. Servers leave things out, so that what is missing is to be looked at;
what is read proves itself, what is written nobody can try beforehand.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from hub.canonical.ids import Kind
from hub.connectors.fhir_r4.source import RESOURCE_TYPES
from hub.ports.checks import Check, ok, warn

ABOUT = "capabilities"
_WRITTEN_TYPES = {**RESOURCE_TYPES, Kind.PROCEDURE: "Procedure", Kind.DOSE: "MedicationAdministration"}
_OF_READING = frozenset({"search-type", "read"})
_OF_WRITING = frozenset({"search-type", "read", "create", "update"})


def check_capabilities(
    statement: Mapping[str, Any], pulled: Collection[Kind], pushed: Collection[Kind]
) -> Iterator[Check]:
    """One line of what it is; one for each resource type of which it lacks something."""
    needs = _needs(pulled, pushed)
    offered = _offered(statement)
    version = str(statement.get("fhirVersion") or "unknown")
    said = f"FHIR {version}" + (f", {name}" if (name := _software(statement)) else "")
    if not offered:
        yield warn(ABOUT, f"{said}; it names no resources", "See what stands above; ask the vendor what it takes")
        return
    lacks = {type_: missing for type_, need in needs.items() if (missing := _missing(need, offered.get(type_, ())))}
    for type_, missing in lacks.items():
        what = f"of {type_}: {', '.join(sorted(missing))}" if type_ in offered else f"of {type_} at all"
        hint = "Ask the vendor for it, or take the stream (or its direction) out of the connection"
        yield warn(ABOUT, f"{said}; it says nothing {what}", hint)
    if not lacks:
        yield ok(ABOUT, f"{said}; it says all that the streams need: {', '.join(needs)}")


def _needs(pulled: Collection[Kind], pushed: Collection[Kind]) -> dict[str, frozenset[str]]:
    """Resource type → the interactions."""
    needs: dict[str, frozenset[str]] = {}
    for kinds, interactions in ((pulled, _OF_READING), (pushed, _OF_WRITING)):
        for type_ in (_WRITTEN_TYPES[kind] for kind in kinds if kind in _WRITTEN_TYPES):
            needs[type_] = needs.get(type_, frozenset()) | interactions
    return needs


def _offered(statement: Mapping[str, Any]) -> dict[str, frozenset[str] | None]:
    """Resource type → its interactions; None: it names the type and none of them."""
    rest = statement.get("rest")
    servers = [one for one in rest if isinstance(one, dict)] if isinstance(rest, list) else []
    resources = [one for server in servers[:1] for one in server.get("resource") or [] if isinstance(one, dict)]
    return {str(one.get("type")): _codes(one) for one in resources}


def _codes(resource: Mapping[str, Any]) -> frozenset[str] | None:
    said = resource.get("interaction")
    return frozenset(str(one.get("code")) for one in said if isinstance(one, dict)) if isinstance(said, list) else None


def _missing(need: frozenset[str], offered: Collection[str] | None) -> frozenset[str]:
    return need.difference(offered) if offered is not None else frozenset()


def _software(statement: Mapping[str, Any]) -> str:
    """Its name and version, as it calls itself; at most a line."""
    software = statement.get("software")
    parts = [software.get("name"), software.get("version")] if isinstance(software, dict) else []
    return " ".join(str(part) for part in parts if isinstance(part, str) and part.isprintable())[:60]
