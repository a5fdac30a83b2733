"""A small invented practice for the FHIR sandbox, the same for the same day.

Nobody in it exists: telephone numbers are of the range 555-01xx, addresses of example.com.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.connectors.kit.sandbox.storage import Resource

ZONE = ZoneInfo("America/Chicago")
SYSTEM = "https://ehr.juniper.example.com"
APPOINTMENTS = 60

PEOPLE = (
    ("Ada", "Abbott"),
    ("Bela", "Barlow"),
    ("Cora", "Castle"),
    ("Dina", "Draper"),
    ("Elsa", "Ellery"),
    ("Fay", "Fenwick"),
    ("Gwen", "Garner"),
    ("Hope", "Holloway"),
    ("Iris", "Ingram"),
    ("Joan", "Jasper"),
    ("Kira", "Kendall"),
    ("Lena", "Lowell"),
    ("Mina", "Marlow"),
    ("Nora", "Norwood"),
    ("Opal", "Oakley"),
    ("Pia", "Prescott"),
    ("Quinn", "Quigley"),
    ("Rosa", "Redfern"),
    ("Sara", "Sawyer"),
    ("Tess", "Thorne"),
    ("Alan", "Underhill"),
    ("Boris", "Vance"),
    ("Carl", "Whitlock"),
    ("Dean", "Yardley"),
    ("Emil", "Zimmer"),
    ("Finn", "Ashdown"),
    ("Glen", "Birch"),
    ("Hugo", "Crane"),
    ("Ivan", "Dalton"),
    ("Jack", "Everly"),
    ("Karl", "Foxworth"),
    ("Liam", "Grantham"),
    ("Milo", "Hartley"),
    ("Ned", "Iverson"),
    ("Otto", "Jarvis"),
    ("Paul", "Keaton"),
    ("Rex", "Langdon"),
    ("Seth", "Merrick"),
    ("Theo", "Nash"),
    ("Umar", "Orwell"),
)
STREETS = ("Juniper Lane", "Cedar Street", "Pecan Drive", "Live Oak Road", "Bluebonnet Way")
ROOMS = {"room-1": "Room 1", "room-2": "Room 2", "facial": "Facial Room", "laser": "Laser Suite"}
SERVICES = {
    "CONS-NEW": ("Consultation - new patient", 30),
    "BTX-FOREHEAD": ("Botox 20u - forehead", 30),
    "JUV-LIPS": ("Juvederm 1ml - lips", 60),
    "HF-SIGNATURE": ("HydraFacial - signature", 45),
    "IPL-FACE": ("IPL photofacial - face", 45),
}


@dataclass(frozen=True, slots=True)
class _Practitioner:
    id: str
    given: str
    family: str
    suffix: str
    room: str
    services: tuple[str, ...]
    weekdays: frozenset[int]


_STAFF = (
    _Practitioner("lee", "Hannah", "Lee", "MD", "laser", ("IPL-FACE",), frozenset({0, 1, 2, 3})),
    _Practitioner("lopez", "Maria", "Lopez", "NP", "room-2", ("JUV-LIPS", "CONS-NEW"), frozenset({0, 1, 2, 3, 4})),
    _Practitioner("tran", "Kim", "Tran", "RN", "room-1", ("BTX-FOREHEAD",), frozenset({1, 2, 3, 4})),
    _Practitioner("adams", "Zoë", "Adams", "LE", "facial", ("HF-SIGNATURE",), frozenset({0, 1, 2, 3, 4})),
)
_STARTS = (time(9), time(10, 30), time(13), time(14, 15))


def seed_resources(today: date) -> list[Resource]:
    """Forty patients, four practitioners, a site with four rooms, and appointments around `today`.

    What is past is fulfilled, cancelled or missed; what is to come is booked. Two overlap in one room, and one breaks
    the FHIR contract (a start without an end).
    """
    return [*_locations(), *map(_practitioner, _STAFF), *map(_patient, range(len(PEOPLE))), *_appointments(today)]


def _locations() -> Iterator[Resource]:
    site = _coded("http://terminology.hl7.org/CodeSystem/location-physical-type", "si", "Site")
    room = _coded("http://terminology.hl7.org/CodeSystem/location-physical-type", "ro", "Room")
    yield {
        "resourceType": "Location",
        "id": "austin",
        "status": "active",
        "name": "Juniper Austin",
        "physicalType": site,
    }
    for name, label in ROOMS.items():
        yield {
            "resourceType": "Location",
            "id": name,
            "status": "active",
            "name": label,
            "physicalType": room,
            "partOf": {"reference": "Location/austin"},
        }


def _practitioner(staff: _Practitioner) -> Resource:
    return {
        "resourceType": "Practitioner",
        "id": staff.id,
        "active": True,
        "name": [
            {
                "use": "official",
                "text": f"{staff.given} {staff.family}, {staff.suffix}",
                "family": staff.family,
                "given": [staff.given],
                "suffix": [staff.suffix],
            }
        ],
    }


def _patient(index: int) -> Resource:
    given, family = PEOPLE[index]
    return {
        "resourceType": "Patient",
        "id": f"p{index + 1:03}",
        "identifier": [{"system": f"{SYSTEM}/mrn", "value": f"J{10001 + index}"}],
        "active": True,
        "name": [{"use": "official", "family": family, "given": [given]}],
        "telecom": [
            {"system": "phone", "value": f"(512) 555-01{index:02}", "use": "mobile"},
            {"system": "email", "value": f"{given}.{family}@example.com".lower()},
        ],
        "gender": "female" if index < 20 else "male",
        "birthDate": date(1960 + index, 1 + index % 12, 1 + index % 28).isoformat(),
        "address": [
            {
                "use": "home",
                "line": [f"{100 + index} {STREETS[index % len(STREETS)]}"],
                "city": "Austin",
                "state": "TX",
                "postalCode": "78701",
            }
        ],
    }


def _appointments(today: date) -> Iterator[Resource]:
    """From eight days back on, two or three a day for as long as it takes, then the overlap and the broken one."""
    count, day = 0, today - timedelta(days=8)
    while count < APPOINTMENTS - 3:
        on_duty = [staff for staff in _STAFF if day.weekday() in staff.weekdays]
        for turn, staff in enumerate(on_duty[: APPOINTMENTS - 3 - count]):
            start = _STARTS[(day.toordinal() + turn) % len(_STARTS)]
            yield _appointment(count, staff, staff.room, datetime.combine(day, start, ZONE), today)
            count += 1
        day += timedelta(days=1)
    lee, tran = _STAFF[0], _STAFF[2]
    both = next(d for d in _days_after(today) if d.weekday() in lee.weekdays & tran.weekdays)
    yield _appointment(count, tran, "room-1", datetime.combine(both, time(16), ZONE), today)
    yield _appointment(count + 1, lee, "room-1", datetime.combine(both, time(16, 15), ZONE), today)
    broken = _appointment(count + 2, tran, "room-1", datetime.combine(both, time(12), ZONE), today)
    del broken["end"]
    yield broken


def _days_after(today: date) -> Iterator[date]:
    return (today + timedelta(days=days) for days in range(2, 16))


def _appointment(index: int, staff: _Practitioner, room: str, start: datetime, today: date) -> Resource:
    code = staff.services[index % len(staff.services)]
    label, minutes = SERVICES[code]
    patient = f"p{1 + index * 7 % len(PEOPLE):03}"
    people = (f"Patient/{patient}", f"Practitioner/{staff.id}", f"Location/{room}")
    return {
        "resourceType": "Appointment",
        "id": f"a{index + 1:03}",
        "status": _status(index, start, today),
        "serviceType": [_coded(f"{SYSTEM}/service", code, label)],
        "start": _utc(start),
        "end": _utc(start + timedelta(minutes=minutes)),
        "minutesDuration": minutes,
        "participant": [{"actor": {"reference": one}, "status": "accepted"} for one in people],
    }


def _status(index: int, start: datetime, today: date) -> str:
    if start.date() >= today:
        return "booked"
    return {4: "cancelled", 8: "noshow"}.get(index % 9, "fulfilled")


def _coded(system: str, code: str, label: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": label}]}


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
