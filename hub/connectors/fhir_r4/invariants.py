"""What FHIR R4 demands of a resource and the parser lets pass: required codes, invariants, references, instants.

`check` gives every problem with its path, and never a value: a value may be personal.

Source: HL7 FHIR R4 (4.0.1), resource pages of what is read and written; datatypes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from hub.connectors.fhir_r4.client import parse_instant
from hub.connectors.fhir_r4.shapes import is_sound
from hub.errors import Problem

Json = Mapping[str, Any]

REQUIRED_CODES: Mapping[str, frozenset[str]] = {
    path: frozenset(codes.split())
    for path, codes in {
        "Appointment.status": (
            "proposed pending booked arrived fulfilled cancelled noshow entered-in-error checked-in waitlist"
        ),
        "Appointment.participant.status": "accepted declined tentative needs-action",
        "Appointment.participant.required": "required optional information-only",
        "Patient.gender": "male female other unknown",
        "Patient.contact.gender": "male female other unknown",
        "Patient.link.type": "replaced-by replaces refer seealso",
        "Practitioner.gender": "male female other unknown",
        "Location.status": "active suspended inactive",
        "Location.mode": "instance kind",
        "Location.hoursOfOperation.daysOfWeek": "mon tue wed thu fri sat sun",
        "Consent.status": "draft proposed active rejected inactive entered-in-error",
        "DocumentReference.status": "current superseded entered-in-error",
        "DocumentReference.docStatus": "preliminary final amended entered-in-error",
        "MedicationAdministration.status": ("in-progress not-done on-hold completed entered-in-error stopped unknown"),
        "Procedure.status": ("preparation in-progress not-done on-hold stopped completed entered-in-error unknown"),
        "QuestionnaireResponse.status": "in-progress completed amended entered-in-error stopped",
        "Slot.status": "busy free busy-unavailable busy-tentative entered-in-error",
        "identifier.use": "usual official temp secondary old",
        "name.use": "usual official temp nickname anonymous old maiden",
        "telecom.system": "phone fax email pager url sms other",
        "telecom.use": "home work temp old mobile",
        "address.use": "home work temp old billing",
        "address.type": "postal physical both",
        "text.status": "generated extensions additional empty",
    }.items()
}
"""Required bindings, by path; a path that starts small holds in every resource."""

REFERENCES: Mapping[str, frozenset[str]] = {
    path: frozenset(targets.split())
    for path, targets in {
        "Appointment.participant.actor": (
            "Patient Practitioner PractitionerRole RelatedPerson Device HealthcareService Location"
        ),
        "Appointment.reasonReference": "Condition Procedure Observation ImmunizationRecommendation",
        "Appointment.slot": "Slot",
        "Appointment.basedOn": "ServiceRequest",
        "Consent.patient": "Patient",
        "Consent.sourceReference": "Consent DocumentReference Contract QuestionnaireResponse",
        "DocumentReference.subject": "Patient Practitioner Group Device",
        "MedicationAdministration.subject": "Patient Group",
        "MedicationAdministration.medicationReference": "Medication",
        "MedicationAdministration.performer.actor": ("Practitioner PractitionerRole Patient RelatedPerson Device"),
        "Procedure.subject": "Patient Group",
        "Procedure.location": "Location",
        "Procedure.performer.actor": ("Practitioner PractitionerRole Organization Patient RelatedPerson Device"),
        "Schedule.actor": "Patient Practitioner PractitionerRole RelatedPerson Device HealthcareService Location",
        "Slot.schedule": "Schedule",
        "PractitionerRole.practitioner": "Practitioner",
        "PractitionerRole.location": "Location",
        "PractitionerRole.healthcareService": "HealthcareService",
        "Patient.generalPractitioner": "Organization Practitioner PractitionerRole",
        "Patient.managingOrganization": "Organization",
        "Patient.contact.organization": "Organization",
        "Patient.link.other": "Patient RelatedPerson",
        "Practitioner.qualification.issuer": "Organization",
        "Location.managingOrganization": "Organization",
        "Location.partOf": "Location",
        "Location.endpoint": "Endpoint",
    }.items()
}
"""Which types a reference may name, by path."""

_LOCAL = re.compile(r"(?:https?://\S+/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_URN = re.compile(r"urn:(?:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|oid:[0-2](?:\.(?:0|[1-9][0-9]*))+)")
_BLANK = re.compile(r"\s")
_WITHOUT_TIMES = {"proposed", "cancelled", "waitlist"}
STUMBLES = (AttributeError, KeyError, TypeError)
"""What fhir.resources raises where something is too wrong for it to say what: `_family: "0"`, a contained Banana."""
_PARSER_WORDS = {"extra_forbidden": "an element that R4 does not have", "list_type": "not a list"}


class Element(NamedTuple):
    """An element of a resource."""

    owner: str
    """The path of what it stands in, without numbers: `Patient.name`."""
    key: str
    path: str
    """`Patient.name[0].use`."""
    value: Any
    is_one_of_many: bool = False
    """One of a list that stands under the key."""


Elements = Sequence[Element]
_CODED = frozenset(path.rpartition(".")[2] for path in REQUIRED_CODES)
_ADDRESSES = frozenset({"url", "system"})
_PERIODS = frozenset({"period", "requestedPeriod"})
_LOOKED_AT = _CODED | _ADDRESSES | _PERIODS | {"reference", "telecom"}
"""The keys of elements about which there is a rule, beside that none is empty."""


def check(resource: Json) -> tuple[Problem, ...]:
    """Every way in which `resource` breaks FHIR R4, in the order of its paths; none where it holds."""
    problems = list(_parse(resource))
    elements = _walk(resource)
    for of_elements in (_codes, _emptiness, _periods, _contact_points, _addresses):
        problems += of_elements(elements)
    problems += _references(resource, elements)
    for rule in (_identity, *_RULES.get(_type(resource), ())):
        problems += rule(resource)
    unique = {(p.field, p.code): p for p in problems}
    return tuple(sorted(unique.values(), key=lambda p: p.field or ""))


def _type(resource: Json) -> str:
    return str(resource.get("resourceType", ""))


def _parse(resource: Json) -> Iterator[Problem]:
    """What fhir.resources finds, without the values that its messages may quote."""
    kind = _type(resource)
    try:
        if is_sound(resource):
            return
        get_fhir_model_class(kind).model_validate(dict(resource))
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False, include_context=False):
            words = "missing" if "missing" in one["type"] else _PARSER_WORDS.get(one["type"], "not of the type R4 says")
            yield Problem(words, code="structure", field=_join(kind, one["loc"]))
    except ValueError:
        yield Problem("not a resource type of FHIR R4", code="structure", field="resourceType")
    except STUMBLES:
        yield Problem("not of the type R4 says", code="structure", field=kind)


def _codes(elements: Elements) -> Iterator[Problem]:
    for one in elements:
        if one.key not in _CODED:
            continue
        allowed = REQUIRED_CODES.get(f"{one.owner}.{one.key}") or REQUIRED_CODES.get(f"{_last(one.owner)}.{one.key}")
        values = one.value if isinstance(one.value, list) else [one.value]
        if allowed and not all(isinstance(v, str) and v in allowed for v in values):
            yield Problem(f"not one of {', '.join(sorted(allowed))}", code="code", field=one.path)


def _emptiness(elements: Elements) -> Iterator[Problem]:
    for one in elements:
        if not one.value and isinstance(one.value, Mapping):
            yield Problem("an element without content", code="ele-1", field=one.path)


def _references(resource: Json, elements: Elements) -> Iterator[Problem]:
    contained = {f"#{c.get('id')}" for c in _list(resource.get("contained")) if isinstance(c, Mapping)} | {"#"}
    for one in elements:
        if one.key != "reference" or one.is_one_of_many or not isinstance(one.value, str):
            continue
        path, owner, value = one.path, one.owner, one.value
        if value.startswith("#"):
            if value not in contained:
                yield Problem("points to nothing contained here", code="ref-1", field=path)
            continue
        local = _LOCAL.fullmatch(value)
        if not local and not _URN.fullmatch(value):
            yield Problem("not a reference: Type/id, an address or a urn", code="reference", field=path)
        elif local and local[1] not in REFERENCES.get(owner, {local[1]}):
            yield Problem(f"may not point to a {local[1][:40]}", code="reference", field=path)


def _periods(elements: Elements) -> Iterator[Problem]:
    for one in elements:
        if one.key in _PERIODS and isinstance(one.value, Mapping):
            start, end = parse_instant(one.value.get("start")), parse_instant(one.value.get("end"))
            if start and end and start > end:
                yield Problem("ends before it starts", code="per-1", field=one.path)


def _contact_points(elements: Elements) -> Iterator[Problem]:
    for one in elements:
        is_contact_point = one.key == "telecom" and isinstance(one.value, Mapping)
        if is_contact_point and "value" in one.value and "system" not in one.value:
            yield Problem("a value without its system", code="cpt-2", field=one.path)


def _addresses(elements: Elements) -> Iterator[Problem]:
    for one in elements:
        if one.key in _ADDRESSES and isinstance(one.value, str) and (not one.value or _BLANK.search(one.value)):
            yield Problem("an address has no blanks", code="uri", field=one.path)


def _identity(resource: Json) -> Iterator[Problem]:
    if not isinstance(resource.get("id"), str):
        yield Problem("missing", code="structure", field=f"{_type(resource)}.id")


def _appointment_times(resource: Json) -> Iterator[Problem]:
    has_start, has_end = resource.get("start") is not None, resource.get("end") is not None
    if has_start != has_end:
        missing = "end" if has_start else "start"
        yield Problem("start and end belong together", code="app-2", field=f"Appointment.{missing}")
    elif not has_start and str(resource.get("status")) not in _WITHOUT_TIMES:
        yield Problem("only a proposed or cancelled appointment has no times", code="app-3", field="Appointment.start")
    for name in ("start", "end"):
        if resource.get(name) is not None and parse_instant(resource[name]) is None:
            yield Problem("not an instant with a zone", code="instant", field=f"Appointment.{name}")
    start, end = parse_instant(resource.get("start")), parse_instant(resource.get("end"))
    if start and end and end <= start:
        yield Problem("ends before it starts, or at once", code="end_after_start", field="Appointment.end")


def _appointment_numbers(resource: Json) -> Iterator[Problem]:
    for name, least in (("minutesDuration", 1), ("priority", 0)):
        value = resource.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            yield Problem(f"not a whole number from {least} on", code="number", field=f"Appointment.{name}")


def _appointment_people(resource: Json) -> Iterator[Problem]:
    participants = _list(resource.get("participant"))
    if not participants:
        yield Problem("nobody takes part", code="participants", field="Appointment.participant")
    for index, participant in enumerate(participants):
        if not isinstance(participant, Mapping):
            continue
        path = f"Appointment.participant[{index}]"
        if not participant.get("actor") and not participant.get("type"):
            yield Problem("neither an actor nor a type", code="app-1", field=path)
        if participant.get("status") is None:
            yield Problem("missing", code="structure", field=f"{path}.status")


def _appointment_cancellation(resource: Json) -> Iterator[Problem]:
    if resource.get("cancelationReason") is not None and resource.get("status") not in ("cancelled", "noshow"):
        yield Problem("a reason although nothing was cancelled", code="app-4", field="Appointment.cancelationReason")


def _patient_contacts(resource: Json) -> Iterator[Problem]:
    for index, contact in enumerate(_list(resource.get("contact"))):
        if isinstance(contact, Mapping) and not contact.keys() & {"name", "telecom", "address", "organization"}:
            yield Problem("a contact without details", code="pat-1", field=f"Patient.contact[{index}]")


def _slot_times(resource: Json) -> Iterator[Problem]:
    start, end = parse_instant(resource.get("start")), parse_instant(resource.get("end"))
    for name, at in (("start", start), ("end", end)):
        if at is None:
            yield Problem("not an instant with a zone", code="instant", field=f"Slot.{name}")
    if start and end and end <= start:
        yield Problem("ends before it starts, or at once", code="end_after_start", field="Slot.end")


def _consent_policy(resource: Json) -> Iterator[Problem]:
    if not resource.get("policy") and not resource.get("policyRule"):
        yield Problem("neither a policy nor a policyRule", code="ppc-1", field="Consent.policyRule")


def _dose_given(resource: Json) -> Iterator[Problem]:
    dosage = resource.get("dosage")
    if isinstance(dosage, Mapping) and not dosage.keys() & {"dose", "rateRatio", "rateQuantity"}:
        yield Problem("neither a dose nor a rate", code="mad-1", field="MedicationAdministration.dosage")


_RULES: Mapping[str, tuple[Callable[[Json], Iterator[Problem]], ...]] = {
    "Appointment": (_appointment_times, _appointment_numbers, _appointment_people, _appointment_cancellation),
    "Patient": (_patient_contacts,),
    "Slot": (_slot_times,),
    "Consent": (_consent_policy,),
    "MedicationAdministration": (_dose_given,),
}


def _walk(resource: Json) -> list[Element]:
    """Every element below the resource about which there is a rule: most values have none, and are passed by."""
    kind = _type(resource)
    found: list[Element] = []
    left: list[tuple[str, str, str, Any, bool]] = [("", kind, kind, resource, False)]
    while left:
        owner, key, path, value, is_one_of_many = left.pop()
        if value is not resource and (key in _LOOKED_AT or value == {}):
            found.append(Element(owner, key, path, value, is_one_of_many))
        if isinstance(value, dict):
            inner = f"{owner}.{key}" if owner else key
            for name, child in value.items():
                if (name in _LOOKED_AT or isinstance(child, dict | list)) and name != "contained":
                    left.append((inner, name, f"{path}.{name}", child, False))
        elif isinstance(value, list):
            for n, child in enumerate(value):
                if key in _LOOKED_AT or isinstance(child, dict | list):
                    left.append((owner, key, f"{path}[{n}]", child, True))
    return found


def _last(owner: str) -> str:
    return owner.rpartition(".")[2]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _join(kind: str, parts: tuple[str | int, ...]) -> str:
    return kind + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
