from uuid import NAMESPACE_URL, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.canonical.ids import PREFIX, Kind, derive, mint
from hub.canonical.phi import Phi, phi_classes
from hub.canonical.records import Location, Patient, Provider, Resource, Service, Visit, VisitState

PUBLIC_OF_PATIENT = {"id", "registered_on", "texts_allowed", "marketing_allowed", "active"}
WRITABLE = st.characters(codec="utf-8")


@given(st.sampled_from(list(Kind)), st.text(WRITABLE), st.text(WRITABLE))
def test_an_id_is_derived_as_a_name_based_uuid(kind: Kind, system: str, source_id: str) -> None:
    known = uuid5(NAMESPACE_URL, f"hub:{system}:{kind}:{source_id}").hex
    assert derive(kind, system, source_id) == f"{PREFIX[kind]}_{known}"


def test_every_field_of_a_patient_is_marked_or_known_to_be_public():
    assert set(Patient.model_fields) - set(phi_classes(Patient)) == PUBLIC_OF_PATIENT


def test_what_is_clinical_or_financial_of_a_visit_is_marked():
    assert phi_classes(Visit) == {"price": Phi.FINANCIAL, "note": Phi.CLINICAL}


@pytest.mark.parametrize("model", [Provider, Location, Resource, Service])
def test_what_the_practice_publishes_is_not_personal(model):
    assert phi_classes(model) == {}


def test_the_same_source_always_derives_the_same_id():
    assert derive(Kind.PATIENT, "legacy", "C1") == derive(Kind.PATIENT, "legacy", "C1")
    assert derive(Kind.PATIENT, "legacy", "C1") != derive(Kind.VISIT, "legacy", "C1")
    assert derive(Kind.PATIENT, "legacy", "C1") != derive(Kind.PATIENT, "ehr", "C1")


def test_a_minted_id_shows_its_kind():
    assert mint(Kind.VISIT).startswith("vis_")
    assert mint(Kind.VISIT) != mint(Kind.VISIT)


def visit(**changes):
    fields = {"id": "vis_1", "patient_id": "pat_1", "location_id": "main", "state": "booked"}
    return Visit.model_validate(fields | {"start": "2026-03-02T09:00-06:00", "end": "2026-03-02T10:00-06:00"} | changes)


def test_a_visit_ends_after_it_starts():
    with pytest.raises(ValidationError, match="ends after it starts"):
        visit(end="2026-03-02T09:00-06:00")


def test_a_visit_needs_instants_with_a_zone():
    with pytest.raises(ValidationError):
        visit(start="2026-03-02T09:00")


def test_a_record_is_closed_against_unknown_fields():
    with pytest.raises(ValidationError):
        visit(colour="red")


def test_cancelled_and_missed_visits_occupy_nothing():
    assert {state for state in VisitState if state.occupies} == {
        VisitState.BOOKED,
        VisitState.ARRIVED,
        VisitState.FULFILLED,
    }
