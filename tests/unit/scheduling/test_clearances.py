from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from hub.canonical.consents import ConsentState
from hub.canonical.practice import read_practice
from hub.scheduling.check_in import Arriving, Override, decide_check_in, plan_signature
from hub.scheduling.clearances import ConsentStanding, MissingConsent, find_missing, is_supervised, missing_consents
from hub.scheduling.decision import Refusal
from hub.scheduling.request import Part
from hub.scheduling.rules_between_visits import DatedVisit
from hub.scheduling.timeline import minute_of

PRACTICE = read_practice(
    """
zone: America/Chicago
resources:
  - {id: dana, kind: provider}
  - {id: dr-lee, kind: provider, skills: [md], hours: [{days: mon-fri, from: "09:00", to: "12:00"}]}
consents:
  - {id: laser, versions: [{version: "1"}, {version: "2", from: 2026-06-01}], valid_days: 30}
  - {id: photo, versions: [{version: "a", from: 2026-04-01}], tags: [shown]}
services:
  - {id: exam, steps: [{name: exam, minutes: 15, needs: [{kind: provider}]}]}
  - id: lhr
    consents: [laser]
    tags: [shown]
    requires: [{before: exam, max_days: 10}]
    steps:
      - name: laser
        minutes: 30
        needs: [{kind: provider, id: dana}, {kind: provider, skills: [md], present: true}]
policy: {overrides: {owner: [missing_prerequisite, missing_consent]}}
""",
    "practice.yaml",
)
LHR = PRACTICE.find_service("lhr")
MAY, JUNE = date(2026, 5, 20), date(2026, 6, 1)


def signed(version="1", until=None, state=ConsentState.SIGNED):
    return ConsentStanding("laser", version, state, until)


def missing(on, *consents):
    found = missing_consents(PRACTICE, LHR, consents, on)
    return {one.form_id: (one.version, one.why) for one in found}


def dated(service_id, at):
    return DatedVisit(service_id, PRACTICE.find_service(service_id), minute_of(at), at.date())


VISIT = dated("lhr", datetime(2026, 5, 20, 15, tzinfo=UTC))
EXAM = dated("exam", datetime(2026, 5, 20, 14, tzinfo=UTC))


@pytest.mark.parametrize(
    ("on", "consents", "expected"),
    [
        (MAY, [], ("1", "unsigned")),
        (MAY, [signed(state=ConsentState.PREPARED)], ("1", "unsigned")),
        (MAY, [signed(until=MAY)], None),
        (MAY, [signed(until=date(2026, 5, 19))], ("1", "expired")),
        (MAY, [signed(state=ConsentState.VOID)], ("1", "withdrawn")),
        (MAY, [signed(state=ConsentState.VOID), signed()], None),
        (MAY, [signed("2")], None),
        (date(2026, 5, 31), [signed()], None),
        (JUNE, [signed()], ("2", "outdated")),
        (JUNE, [signed("0")], ("2", "outdated")),
        (JUNE, [signed("2", until=MAY)], ("2", "expired")),
    ],
)
def test_a_consent_is_missing_unless_signed_in_the_version_of_the_day_and_valid_on_it(on, consents, expected):
    assert missing(on, *consents).get("laser") == expected


def test_a_form_is_asked_for_by_tag_and_not_before_its_first_version():
    assert "photo" not in missing(date(2026, 3, 31))
    assert missing(date(2026, 4, 1))["photo"] == ("a", "unsigned")
    exam = PRACTICE.find_service("exam")
    assert list(missing_consents(PRACTICE, exam, [], MAY)) == []


@pytest.mark.parametrize(
    ("exam", "is_missing"),
    [
        (EXAM, False),
        (replace(EXAM, arrives_on=date(2026, 5, 10)), False),
        (replace(EXAM, arrives_on=date(2026, 5, 9)), True),
        (replace(EXAM, arrival=VISIT.arrival), True),
    ],
)
def test_what_must_come_before_took_place_in_time(exam, is_missing):
    assert find_missing(PRACTICE, VISIT, [signed()], [exam]).prerequisites == (("exam",) if is_missing else ())


def test_a_role_passes_over_a_missing_exam_and_never_over_a_consent():
    override = Override(frozenset({"missing_prerequisite", "missing_consent"}), "seen last week", "owner")
    decided = decide_check_in(PRACTICE, [Arriving("ann", VISIT)], MAY, override)
    assert (decided.reasons, decided.overridden) == (("missing_consent",), ("missing_prerequisite",))
    nobody = replace(override, role="front_desk")
    assert decide_check_in(PRACTICE, [Arriving("ann", VISIT)], MAY, nobody).reasons == (
        "missing_consent",
        "missing_prerequisite",
    )
    assert decide_check_in(PRACTICE, [Arriving("ann", VISIT)], MAY, replace(override, reason=" ")).reasons == (
        "reason_missing",
    )


def test_an_exam_of_somebody_else_who_checks_in_too_does_not_count():
    consents = [signed(), ConsentStanding("photo", "a", ConsentState.SIGNED)]
    theirs, hers = Arriving("bea", EXAM), Arriving("ann", EXAM)
    visit = Arriving("ann", VISIT, consents)
    assert decide_check_in(PRACTICE, [theirs, visit], MAY).reasons == ("missing_prerequisite",)
    assert decide_check_in(PRACTICE, [hers, visit], MAY).reasons == ()
    assert decide_check_in(PRACTICE, [hers, visit], JUNE).reasons == ("not_today",)


def test_a_signature_is_for_what_is_needed_and_holds_so_many_days():
    needed = [MissingConsent("laser", "2", "outdated"), MissingConsent("laser", "1", "unsigned")]
    assert plan_signature(PRACTICE, "laser", None, needed, MAY).version == "2"
    today = plan_signature(PRACTICE, "laser", None, [], MAY)
    assert (today.version, today.valid_until) == ("1", date(2026, 6, 19))
    assert plan_signature(PRACTICE, "laser", "3", [], MAY) == Refusal(("unknown_version",))
    assert plan_signature(PRACTICE, "tattoo", None, [], MAY) == Refusal(("unknown_consent",))


@pytest.mark.parametrize(("hour", "expected"), [(14, True), (16, True), (17, False)])
def test_supervision_is_there_while_somebody_who_may_is_on_duty_throughout(hour, expected):
    part = Part("lhr", "ann")
    at = datetime(2026, 5, 20, hour, tzinfo=UTC)
    assert is_supervised(PRACTICE, "main", part, "dana", at) is expected
