"""Write visits that others made into the book: whom they name, whom the engine fills in, and which rules they break.

Nothing is refused. What overlaps is contested with an issue `overlap`; a visit to come that breaks a rule keeps its
claims and gets an issue `breaks_rules` with the codes, which is closed when it is placed again and breaks none.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC

from hub.canonical.ids import Kind
from hub.canonical.time import Span
from hub.errors import RetryLater
from hub.operations.apply_practice import load_practice
from hub.operations.judge_booked import judge_booked
from hub.operations.note_reassigned import note_reassigned
from hub.operations.note_shortages import note_shortages
from hub.ports import BREAKS_RULES, FactClaim, Issue, Placed, Store, UnitOfWork
from hub.scheduling.decision import PlannedPromise
from hub.scheduling.facts import Fact
from hub.scheduling.fill import Filling, PlacedFact, fill_facts
from hub.scheduling.filled import FilledVisit

_VISIT = str(Kind.VISIT)


def place_facts(work: UnitOfWork, visit_ids: Collection[str]) -> Placed:
    """Place these visits as part of an operation, in place of what they took. Repeating changes nothing.

    Those to come are placed by their services' protocols; what has begun or is over takes whom it names throughout,
    and is asked for no rule but that nobody is in two places. Nobody books meanwhile.
    """
    work.visits.lock()
    facts = work.facts.load(visit_ids) if work.practices.find_in_force().practice is not None else ()
    to_come = {fact.visit.id for fact in facts}
    over = [one for one in visit_ids if one not in to_come]
    placed = work.claims.place_facts(over) if over else Placed(0, 0, ())
    work.facts.close_ended()
    if facts:
        placed = _sum(placed, _write(work, facts, _fill(work, facts)))
    judge_booked(work, work.facts.find_beside(visit_ids))
    return placed


def recheck_facts(store: Store, others: Collection[str] = ()) -> None:
    """Judge again what broke rules, and `others`: for when an obstacle may have come or gone.

    What others made is placed anew, what was booked here is only judged. An operation of its own, after the one that
    made the difference. Where that fails, the next tending does it. Bookings wait for it only where there is something
    to write.
    """
    with suppress(RetryLater), store.begin("recheck_facts") as work:
        work.facts.close_ended()
        again = sorted({*work.facts.find_flagged(), *others})
        outside = work.facts.find_outside(again)
        if outside and _differs(work, outside):
            place_facts(work, outside)
        judge_booked(work, again)


def recheck_flagged(store: Store) -> None:
    """The same where anything is flagged at all; else it costs one question."""
    with store.begin("find_flagged") as work:
        has_flagged = work.facts.has_flagged()
    if has_flagged:
        recheck_facts(store)


def recheck_all_facts(store: Store) -> None:
    """The same with everything that is still to come: for when the practice itself changed."""
    with store.begin("find_facts") as work:
        concerned = work.facts.find_to_come()
    recheck_facts(store, concerned)


def _differs(work: UnitOfWork, visit_ids: Collection[str]) -> bool:
    """Whether placing them now would write anything."""
    facts = work.facts.load(visit_ids)
    if not facts:
        return False
    filling = _fill(work, facts)
    said = {issue.subject_id: issue.codes for issue in work.issues.find_open(BREAKS_RULES)}
    is_same = all(one.reasons == said.get(one.visit.id, ()) for one in filling.placed)
    return not is_same or bool(filling.displaced or _changed(facts, filling) or _promised(facts, filling))


def _write(work: UnitOfWork, facts: Sequence[Fact], filling: Filling) -> Placed:
    changed = [*_changed(facts, filling), *(one.visit for one in filling.displaced)]
    placed = work.claims.place([claim for visit in changed for claim in _claims(visit)]) if changed else None
    for one in filling.displaced:
        note_reassigned(work, one.visit.id, one.visit.patient_id, _who(one.visit), actor="system:hub")
    _promise(work, facts, _promised(facts, filling))
    _flag(work, (*filling.placed, *filling.displaced))
    return placed or Placed(0, 0, ())


def _changed(facts: Sequence[Fact], filling: Filling) -> list[FilledVisit]:
    """The visits that take something else than before."""
    before = {fact.visit.id: _taken(fact.visit) for fact in facts if fact.is_placed}
    return [one.visit for one in filling.placed if _taken(one.visit) != before.get(one.visit.id)]


def _promised(facts: Sequence[Fact], filling: Filling) -> dict[str, tuple[PlannedPromise, ...]]:
    """What visits promise of stock, of those that promise something else than before."""
    before = {fact.visit.id: fact.promised for fact in facts}
    return {one.visit.id: one.promises for one in filling.placed if one.promises != before[one.visit.id]}


def _promise(work: UnitOfWork, facts: Sequence[Fact], promised: Mapping[str, Sequence[PlannedPromise]]) -> None:
    """Nobody is refused for want of it here: what the lots cannot keep is to be ordered, and says so."""
    if not promised:
        return
    before = (one for fact in facts if fact.visit.id in promised for one in fact.promised)
    after = (one for its in promised.values() for one in its)
    places = {(one.product_id, one.location_id) for one in (*before, *after)}
    work.bookings.lock([("stock", *place) for place in places])
    work.facts.promise(promised)
    note_shortages(work, load_practice(work), places, always=True)


def _fill(work: UnitOfWork, facts: Sequence[Fact]) -> Filling:
    days = [fact.visit.arrives_at.astimezone(UTC).date() for fact in facts]
    patients = {fact.visit.patient_id for fact in facts}
    diary = work.diaries.load(first_on=min(days), last_on=max(days), patient_ids=patients)
    return fill_facts(load_practice(work), diary, facts, work.now)


def _flag(work: UnitOfWork, placed: Iterable[PlacedFact]) -> None:
    reasons = {one.visit.id: one.reasons for one in placed}
    work.issues.open([Issue(BREAKS_RULES, _VISIT, one, codes) for one, codes in reasons.items() if codes])
    work.issues.close(BREAKS_RULES, _VISIT, [one for one, codes in reasons.items() if not codes])


def _claims(visit: FilledVisit) -> Iterator[FactClaim]:
    whole = Span(visit.arrives_at, visit.leaves_at)
    yield FactClaim("patient", visit.patient_id, whole, visit_id=visit.id, need="patient")
    for one in visit.claims:
        yield FactClaim(
            "resource",
            one.resource_id,
            Span(one.start_at, one.end_at),
            visit_id=visit.id,
            step=one.step,
            need=one.need,
            is_reassignable=one.is_reassignable,
        )


def _taken(visit: FilledVisit) -> set[tuple[object, ...]]:
    return {
        (one.resource_id, one.need, one.step, one.start_at, one.end_at, one.is_reassignable) for one in visit.claims
    }


def _who(visit: FilledVisit) -> dict[str, str]:
    return {one.need: one.resource_id for one in visit.claims if one.is_reassignable}


def _sum(one: Placed, other: Placed) -> Placed:
    visits = tuple(sorted({*one.contested_visits, *other.contested_visits}))
    return Placed(one.firm + other.firm, one.contested + other.contested, visits)
