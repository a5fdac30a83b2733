"""What is found sound at once, fhir.resources finds sound: the shapes may be stricter, never milder."""

import copy
from functools import reduce
from operator import getitem
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.connectors.fhir_r4.invariants import STUMBLES
from hub.connectors.fhir_r4.shapes import is_sound
from tests.connectors.test_fhir_invariants import paths_of
from tests.peers.fhir import appointment, valid_seed

RICH: list[dict[str, Any]] = [
    {
        "resourceType": "Patient",
        "id": "p1",
        "meta": {"versionId": "1", "lastUpdated": "2026-01-01T00:00:00.000Z", "tag": [{"code": "x"}]},
        "text": {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"},
        "extension": [
            {"url": "https://example.com/a", "valueCode": "x"},
            {"url": "https://example.com/b", "extension": [{"url": "c", "valueBoolean": True}]},
        ],
        "identifier": [{"system": "urn:a", "value": "1", "period": {"start": "2026-01-01"}}],
        "name": [{"use": "official", "family": "Abbott", "given": ["Ada", "B."]}],
        "birthDate": "1990-02-28",
        "deceasedBoolean": False,
        "multipleBirthInteger": 2,
        "photo": [{"contentType": "image/png", "data": "aGVsbG8=", "size": 5}],
        "communication": [{"language": {"coding": [{"code": "en"}]}, "preferred": True}],
        "link": [{"other": {"reference": "Patient/2"}, "type": "seealso"}],
    },
    {
        "resourceType": "MedicationAdministration",
        "id": "m1",
        "status": "completed",
        "medicationCodeableConcept": {"text": "x"},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-03-12T15:00:00Z",
        "dosage": {"dose": {"value": 20.5, "unit": "U"}, "rateRatio": {"numerator": {"value": 1}}},
    },
    {**appointment("a1"), "priority": 3, "requestedPeriod": [{"start": "2026-03-01T00:00:00Z"}]},
]
PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**31),
    st.sampled_from([1.5, "", " ", "x", "2026-01-01", "2026-01-01T00:00:00Z", "0", "true", "a b", "Patient/1", "\n"]),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just({"colour": "red"}),
)
KEYS = st.sampled_from(
    ["colour", "_family", "value", "valueString", "valueCode", "deceasedDateTime", "resourceType", "id", "extension"]
)


def is_taken(resource: dict[str, Any]) -> bool:
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(copy.deepcopy(resource))
    except (ValidationError, *STUMBLES):
        return False
    return True


def test_what_is_usual_is_found_sound_without_asking():
    assert [r["id"] for r in (*RICH, *valid_seed()) if not is_sound(r)] == []


def test_one_of_several_may_stand_there_and_must_where_it_is_demanded():
    patient, given_dose = RICH[0], RICH[1]
    assert not is_sound({**patient, "deceasedDateTime": "2026-01-01"})
    assert not is_sound({key: value for key, value in given_dose.items() if key != "medicationCodeableConcept"})


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([*RICH, *valid_seed()]), st.data())
def test_nothing_is_found_sound_that_fhir_resources_refuses(resource, data):
    changed = copy.deepcopy(resource)
    for _ in range(data.draw(st.integers(1, 3))):
        *there, last = data.draw(st.sampled_from([path for path in paths_of(changed) if path]))
        place = reduce(getitem, there, changed)
        what = data.draw(st.sampled_from(["other", "away", "more", "twice"]))
        if what == "away":
            del place[last]
        elif what == "more" and isinstance(place, dict):
            place[data.draw(KEYS)] = copy.deepcopy(data.draw(PLAIN))
        elif what == "twice":
            place[last] = [place[last], copy.deepcopy(place[last])]
        else:
            place[last] = copy.deepcopy(data.draw(PLAIN))
    if isinstance(changed.get("resourceType"), str) and changed["resourceType"] == resource["resourceType"]:
        assert is_taken(changed) or not is_sound(changed)
