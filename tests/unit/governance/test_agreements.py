"""Agreements: who may hold personal data on which day, and what a file of them may not say."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canonical.phi import Phi
from hub.canonical.records import Location, Patient, Visit
from hub.errors import InvalidInput, NeedsAttention
from hub.governance.agreements import (
    Agreements,
    State,
    judge_agreement,
    personal_classes,
    read_agreements,
    require_agreement,
)

SYSTEMS = ("ehr", "crm", "terminal", "files")
TEXT = """
agreements:
  - {vendor: EHR Inc., systems: [ehr], signed_on: 2026-01-10, until: 2027-01-09}
  - vendor: CRM Ltd.
    systems: [crm]
    signed_on: 2025-03-01
    reviewed_on: 2026-03-01
    changes: [{on: 2026-06-01, what: acquisition}]
exemptions:
  - {system: terminal, why: payment_processing}
  - {system: files, why: own_records}
"""


@pytest.fixture(scope="module")
def agreements() -> Agreements:
    return read_agreements(TEXT, "agreements.yaml", SYSTEMS)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("on", "state"),
    [
        ("2026-01-09", State.NOT_YET),
        ("2026-01-10", State.IN_FORCE),
        ("2027-01-09", State.IN_FORCE),
        ("2027-01-10", State.ENDED),
    ],
)
def test_an_agreement_holds_from_the_day_it_is_signed_to_its_last_day(
    agreements: Agreements, on: str, state: State
) -> None:
    standing = judge_agreement(agreements, "ehr", day(on))
    assert standing.state is state
    assert standing.moves == (frozenset(Phi) if state is State.IN_FORCE else frozenset())


def test_a_connection_that_stands_nowhere_moves_nothing_personal(agreements: Agreements) -> None:
    standing = judge_agreement(agreements, "fax", day("2026-06-01"))
    assert (standing.state, standing.moves) == (State.NONE, frozenset())


def test_the_yearly_review_escalates_and_cuts_nothing_off(agreements: Agreements) -> None:
    due = judge_agreement(agreements, "ehr", day("2027-01-09"))
    assert due.review_due_on == day("2027-01-10")
    assert not due.is_overdue
    late = judge_agreement(agreements, "crm", day("2027-03-02"))
    assert late.is_overdue
    assert late.moves == frozenset(Phi)


def test_a_material_change_asks_for_a_review_within_thirty_days(agreements: Agreements) -> None:
    assert judge_agreement(agreements, "crm", day("2026-06-15")).review_due_on == day("2026-07-01")
    assert not judge_agreement(agreements, "crm", day("2026-07-01")).is_overdue
    assert judge_agreement(agreements, "crm", day("2026-07-02")).is_overdue


def test_a_review_after_the_change_settles_it() -> None:
    reviewed = TEXT.replace("reviewed_on: 2026-03-01", "reviewed_on: 2026-06-20")
    standing = judge_agreement(read_agreements(reviewed, "agreements.yaml", SYSTEMS), "crm", day("2026-07-02"))
    assert (standing.review_due_on, standing.is_overdue) == (day("2027-06-20"), False)


def test_payment_processing_moves_money_and_names_and_nothing_clinical(agreements: Agreements) -> None:
    standing = judge_agreement(agreements, "terminal", day("2026-06-01"))
    require_agreement(standing, "patient", personal_classes(Patient, ["given_name", "phone"]))
    with pytest.raises(NeedsAttention, match="clinical data of a visit: it is exempt for payment_processing"):
        require_agreement(standing, "visit", personal_classes(Visit, ["start", "note"]))


def test_whose_visit_it_is_is_personal_and_where_is_not() -> None:
    assert personal_classes(Visit, ["start", "patient_id"]) == {Phi.IDENTITY}
    assert personal_classes(Visit, ["start", "room_id"]) == frozenset()
    assert personal_classes(Location, Location.model_fields) == frozenset()


@given(
    st.dates(day("2025-01-01"), day("2028-01-01")), st.sampled_from([*SYSTEMS, "fax"]), st.sets(st.sampled_from(Phi))
)
def test_what_is_not_among_what_may_move_is_refused_whatever_the_day(on: date, system: str, classes: set[Phi]) -> None:
    standing = judge_agreement(read_agreements(TEXT, "agreements.yaml", SYSTEMS), system, on)
    if classes <= standing.moves:
        require_agreement(standing, "patient", classes)
    else:
        with pytest.raises(NeedsAttention) as refused:
            require_agreement(standing, "patient", classes)
        assert [problem.code for problem in refused.value.problems] == ["no_agreement"]


@given(st.integers(min_value=0, max_value=2000))
def test_an_overdue_review_never_takes_the_data_away(days: int) -> None:
    on = day("2025-03-01") + timedelta(days=days)
    standing = judge_agreement(read_agreements(TEXT, "agreements.yaml", SYSTEMS), "crm", on)
    assert standing.moves == frozenset(Phi)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            TEXT.replace("systems: [ehr]", "systems: [her]"),
            "agreements.yaml:3: agreements[0].systems[0]: there is no",
        ),
        (TEXT.replace("systems: [ehr]", "systems: []"), "at least one stands here"),
        (TEXT.replace("until: 2027-01-09", "until: 2026-01-09"), "`until` is not before `signed_on`"),
        (TEXT.replace("reviewed_on: 2026-03-01", "reviewed_on: 2024-03-01"), "`reviewed_on` is not before `signed_on`"),
        (TEXT.replace("why: own_records", "why: trust"), "agreements.yaml:11: exemptions[1].why"),
        (TEXT.replace("system: files", "system: ehr"), "ehr has an agreement and an exemption"),
        (TEXT.replace("signed_on: 2026-01-10", "signed_on: soon"), "agreements[0].signed_on"),
        (TEXT.replace("vendor: CRM Ltd.", "vendors: CRM Ltd."), "unknown key 'vendors'"),
    ],
)
def test_a_wrong_file_is_refused_with_line_key_and_what_to_do(broken: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_agreements(broken, "agreements.yaml", SYSTEMS)
    assert said in str(refused.value)
