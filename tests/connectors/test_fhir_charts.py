"""Of charts the hub takes what it must know: no words of a note, no answers of a form, and never the wrong way."""

import pytest

from hub.connectors.fhir_r4.withheld import without_content
from hub.connectors.kit.connection import read_connection
from hub.errors import InvalidInput

SECRET = "Zyxwenq"
FHIR = "system: ehr\nconnector: fhir_r4\nbase_url: https://ehr.example\nmappings: fhir-r4\nstreams:\n  {}\n"


def test_the_words_of_a_note_and_the_answers_of_a_form_are_taken_off():
    note = {
        "resourceType": "DocumentReference",
        "text": {"div": SECRET},
        "description": SECRET,
        "_description": {"extension": [{"valueString": SECRET}]},
        "content": [{"attachment": {"url": "https://ehr.example/1", "data": SECRET, "title": SECRET}}, "odd"],
    }
    form = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": [{"text": SECRET}]}
    assert without_content(note) == {
        "resourceType": "DocumentReference",
        "content": [{"attachment": {"url": "https://ehr.example/1"}}, "odd"],
    }
    assert without_content(form) == {"resourceType": "QuestionnaireResponse", "status": "completed"}


def test_what_the_hub_writes_back_stays_whole():
    consent = {"resourceType": "Consent", "sourceAttachment": {"data": SECRET}}
    assert without_content(consent) is consent


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        ("document: {direction: both}", "the hub never writes a document"),
        ("slot: {direction: push}", "the hub never writes a slot"),
        ("dose: {}", "a dose is read off the hub's own book"),
        ("procedure: {direction: both}", "a procedure is read off the hub's own book"),
    ],
)
def test_a_stream_that_runs_the_wrong_way_is_refused_with_its_line(stream, message):
    with pytest.raises(InvalidInput, match=message) as refused:
        read_connection(FHIR.format(stream), "ehr.yaml")
    assert "ehr.yaml:6" in str(refused.value)
