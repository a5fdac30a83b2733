"""Forms in a practice file: what is wrong is named where it stands."""

import pytest

from hub.canonical.practice import read_practice, read_sound_practice
from hub.errors import InvalidInput

HEAD = """\
zone: America/Chicago
resources: [{id: dana, kind: provider}]
services: [{id: laser, tags: [hot], consents: [form], steps: [{name: laser, minutes: 30, needs: [{kind: provider}]}]}]
"""


@pytest.mark.parametrize(
    ("form", "field", "message"),
    [
        ("{id: other, versions: [{version: '1'}]}", "services[0].consents[0]", "'form' is not declared"),
        ("{id: form, versions: []}", "consents[0].versions", "at least one"),
        ("{id: form}", "consents[0].versions", "missing"),
        ("{id: form, versions: [{version: 1}]}", "consents[0].versions[0].version", "not text"),
        ("{id: form, versions: [{version: '1'}, {version: '2'}]}", "consents[0]", "`from` which date"),
        (
            "{id: form, versions: [{version: '1', from: 2026-03-02}, {version: '2', from: 2026-03-02}]}",
            "consents[0]",
            "oldest first",
        ),
        ("{id: form, versions: [{version: '1'}, {version: '1', from: 2026-03-02}]}", "consents[0]", "stands twice"),
        ("{id: form, versions: [{version: '1'}], valid_days: -1}", "consents[0].valid_days", "less than"),
        ("{id: form, versions: [{version: '1'}], colour: red}", "consents[0].colour", "unknown key"),
    ],
)
def test_a_mistake_in_a_form_is_named(form, field, message):
    with pytest.raises(InvalidInput) as caught:
        read_practice(f"{HEAD}consents:\n  - {form}\n", "practice.yaml")
    problem = next(problem for problem in caught.value.problems if problem.field == field)
    assert message in problem.message
    assert problem.line == (3 if field.startswith("services") else 5)


def test_a_form_stands_once_and_a_practice_folder_knows_its_tags():
    form = "{id: form, versions: [{version: '1'}]}"
    with pytest.raises(InvalidInput) as caught:
        read_practice(f"{HEAD}consents: [{form}, {form}]\n", "practice.yaml")
    assert [problem.field for problem in caught.value.problems] == ["consents[1].id"]
    tagged = "{id: form, versions: [{version: '1'}], tags: [hot, cold]}"
    with pytest.raises(InvalidInput) as caught:
        read_sound_practice(f"{HEAD}consents: [{tagged}]\n", "practice.yaml")
    assert [(one.field, one.message) for one in caught.value.problems] == [
        ("consents[0].tags", "no service has the tag 'cold'")
    ]
