"""Words of an expectation that nothing could answer are refused at load; each expected row needs a row of its own."""

import pytest

from hub.errors import InvalidInput
from hub.scheduling.scenario.document import read_scenario
from hub.scheduling.scenario.expectations import Expectation, mismatches

PRACTICE = """\
zone: America/Chicago
now: 2026-03-02T08:00
resources: [{id: lee, kind: provider}, {id: c1, kind: chair}]
products: [{id: gel, unit: u}]
consents: [{id: release, versions: [{version: "1"}]}]
services: [{id: peel, tags: [skin], steps: [{name: a, minutes: 30, needs: [{kind: provider}, {kind: bed}]}]}]
patients: [{id: ann}]
visits: [{id: v, patient: ann, service: peel, arrives: 2026-03-02T09:00}]
actions:
"""


def said_of(action, expect):
    with pytest.raises(InvalidInput) as caught:
        read_scenario(f"{PRACTICE}  - {{{action}, expect: {{{expect}}}}}\n", "s.yaml")
    [problem] = caught.value.problems
    return str(problem)


BOOK = "book: {service: peel, patient: ann, arrives: 2026-03-02T09:00}"
SERIES = "series: {service: peel, patient: ann, start: 2026-03-02, until: 2026-06-01, sessions: 2}"


@pytest.mark.parametrize(
    ("action", "expect", "field", "said"),
    [
        (BOOK, "refused: [closed, no_provder]", "refused[1]", "code 'no_provder'. Did you mean 'no_provider'?"),
        (BOOK, "refused: [no_nurse]", "refused[0]", "no refusal code 'no_nurse'."),
        ("cancel: {visit: v}", "relying: [{codes: [to_soon]}]", "relying[0].codes[0]", "Did you mean 'too_soon'?"),
        (SERIES, "why: {reasons: [no_stok]}", "why.reasons[0]", "Did you mean 'no_stock'?"),
        (SERIES, "why: {smallest: [{lift: [untill]}]}", "why.smallest[0].lift[0]", "Did you mean 'until'?"),
        (SERIES, "why: {smallest: [{sessions: [{codes: [x]}]}]}", "why.smallest[0].sessions[0].codes[0]", "'x'. Known"),
        (SERIES, "why: {patient: anne}", "why.patient", "no patient 'anne'. Did you mean 'ann'?"),
        (SERIES, "undecided: withdrawing", "undecided", "no stage 'withdrawing'. Known: confirming, paying"),
        (BOOK, "payment: captred", "payment", "no payment state 'captred'. Did you mean 'captured'?"),
        (BOOK, "missing: [{why: unsignd}]", "missing[0].why", "Did you mean 'unsigned'?"),
        (BOOK, "missing: [{consent: releas}]", "missing[0].consent", "Did you mean 'release'?"),
        (BOOK, "missing: [{before: pel}]", "missing[0].before", "Did you mean 'peel'?"),
        (BOOK, "with: {provider: le}", "with.provider", "no resource 'le'. Did you mean 'lee'?"),
        (BOOK, "stock: {gal: 1}", "stock.gal", "no product 'gal'. Did you mean 'gel'?"),
        ("offers: {}", "patients: [an]", "patients[0]", "no patient 'an'."),
        ("gaps: {from: 2026-03-02, until: 2026-03-02}", "gaps: [{fits: [bob]}]", "gaps[0].fits[0]", "no patient 'bob'"),
        ("gaps: {from: 2026-03-02, until: 2026-03-02}", "idle: {leo: 5}", "idle.leo", "Did you mean 'lee'?"),
    ],
)  # fmt: skip
def test_a_word_that_nothing_could_answer_is_refused_at_load_with_line_key_and_the_nearest(action, expect, field, said):
    problem = said_of(action, expect)
    assert problem.startswith(f"s.yaml:10: actions[0].expect.{field}: there is no ")
    assert said in problem


@pytest.mark.parametrize("code", ["no_chair", "no_bed", "no_device", "no_series", "missing_prerequisite"])
def test_a_code_of_any_kind_that_the_practice_has_or_needs_may_be_expected(code):
    read_scenario(f"{PRACTICE}  - {{{BOOK}, expect: {{refused: [{code}]}}}}\n", "s.yaml")


ROWS = [
    {"consent": "release", "version": "1", "why": "unsigned"},
    {"consent": "photos", "version": "1", "why": "expired"},
]


@pytest.mark.parametrize(
    ("expected", "fits"),
    [
        ([{"version": "1"}, {"version": "1"}], True),
        ([{"version": "1"}, {"consent": "release"}], True),
        ([{"consent": "release"}, {"version": "1"}], True),
        ([{"consent": "release"}, {"consent": "release"}], False),
        ([{"consent": "release"}, {"why": "unsigned"}], False),
        ([{"version": "1"}], False),
    ],
)
def test_each_expected_row_needs_an_actual_row_of_its_own(expected, fits):
    wanted = Expectation.model_validate({"missing": expected})
    assert mismatches(wanted, {"missing": ROWS}) == (() if fits else ("missing",))
