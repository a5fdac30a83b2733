"""Say of visits that were booked here which rules they break now, and stop saying it when the obstacle is gone.

They keep time, stock and credit; a person moves them or calls them off. A shortage of stock is one reorder task, and
none of these.
"""

from collections.abc import Collection
from datetime import UTC

from hub.canonical.ids import Kind
from hub.operations.apply_practice import load_practice
from hub.ports import BREAKS_RULES, Issue, UnitOfWork
from hub.scheduling.booked_rules import broken_rules

_VISIT = str(Kind.VISIT)


def judge_booked(work: UnitOfWork, visit_ids: Collection[str]) -> None:
    """Open, change or close the issue `breaks_rules` of those that were booked here, as a part of an operation."""
    booked = work.facts.load_booked(visit_ids) if visit_ids else ()
    if not booked or work.practices.find_in_force().practice is None:
        return
    practice, today = load_practice(work), work.now.astimezone(UTC).date()
    patients = {one.part.patient_id for one in booked}
    diary = work.diaries.load(first_on=today, last_on=today, patient_ids=patients)
    reasons = {one.id: broken_rules(practice, diary, one) for one in booked}
    work.issues.open([Issue(BREAKS_RULES, _VISIT, one, codes) for one, codes in reasons.items() if codes])
    work.issues.close(BREAKS_RULES, _VISIT, [one for one, codes in reasons.items() if not codes])
