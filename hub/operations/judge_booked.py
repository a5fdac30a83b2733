"""Say of visits that were booked here which rules they break now, and stop saying it when the obstacle is gone.

They keep time, stock and credit; a person moves them or calls them off. A shortage of stock is one reorder task, and
none of these.
"""

from collections.abc import Collection
from datetime import UTC

from hub.canonical.ids import Kind
from hub.canonical.practice import Practice
from hub.canonical.records import Visit
from hub.operations.apply_practice import load_practice
from hub.ports import BREAKS_RULES, Issue, UnitOfWork
from hub.scheduling.booked_rules import broken_rules, is_required

_VISIT = str(Kind.VISIT)


def judge_booked(work: UnitOfWork, visit_ids: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Open, change or close the issue `breaks_rules` of those that were booked here, as a part of an operation.

    Gives the codes of those that break some.
    """
    booked = work.facts.load_booked(visit_ids) if visit_ids else ()
    if not booked or work.practices.find_in_force().practice is None:
        return {}
    practice, today = load_practice(work), work.now.astimezone(UTC).date()
    patients = {one.part.patient_id for one in booked}
    diary = work.diaries.load(first_on=today, last_on=today, patient_ids=patients)
    reasons = {one.id: broken_rules(practice, diary, one) for one in booked}
    broken = {one: codes for one, codes in reasons.items() if codes}
    work.issues.open([Issue(BREAKS_RULES, _VISIT, one, codes) for one, codes in broken.items()])
    work.issues.close(BREAKS_RULES, _VISIT, [one for one in reasons if one not in broken])
    return broken


def judge_relying(work: UnitOfWork, practice: Practice, visits: Collection[Visit]) -> dict[str, tuple[str, ...]]:
    """The same of what may rely on these visits, now that they do not take place, or stand elsewhere."""
    if not is_required(practice, (one.service_id or "" for one in visits)):
        return {}
    return judge_booked(work, work.facts.find_beside([visit.id for visit in visits]))
