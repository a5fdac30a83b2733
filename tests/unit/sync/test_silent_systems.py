"""A system that was cut over has no word any more, for the kinds that were moved."""

from datetime import UTC, datetime

from hub.canonical.ids import Kind
from hub.sync.lineage import Lineage
from hub.sync.merge import Said, Stands, decide_merge
from hub.sync.system_of_record import FieldRules, RecordRules

BEFORE, LATER = datetime(2098, 1, 1, tzinfo=UTC), datetime(2098, 1, 2, tzinfo=UTC)
RULES = RecordRules({Kind.PATIENT: FieldRules("old")})


def changed_by(system: str, rules: FieldRules) -> dict[str, object]:
    said = Said(system, 1, LATER, {"city": "Waco"}, {"city": "Austin"})
    merge = decide_merge(said, Stands({"city": "Austin"}, Lineage(BEFORE), is_shared=False), rules)
    return {"changes": dict(merge.changes), "lost": dict(merge.lost)}


def test_before_the_switch_the_system_of_record_prevails() -> None:
    assert changed_by("old", RULES.of(Kind.PATIENT)) == {"changes": {"city": "Waco"}, "lost": {}}


def test_after_it_what_it_changes_does_not_stand_and_is_told() -> None:
    rules = RULES.without({"old": {Kind.PATIENT}}).of(Kind.PATIENT)
    assert changed_by("old", rules) == {"changes": {}, "lost": {"city": "hub"}}


def test_another_kind_and_another_system_are_as_before() -> None:
    rules = RULES.without({"old": {Kind.VISIT}})
    assert rules.of(Kind.PATIENT) == RULES.of(Kind.PATIENT)
    latest = RecordRules().without({"old": {Kind.PATIENT}}).of(Kind.PATIENT)
    assert changed_by("other", latest)["changes"] == {"city": "Waco"}
