"""What really happens to a visit on its day: its claims follow in one transaction, and the knock-on is shown."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.canonical.practice import PROVIDER, Practice
from hub.canonical.records import Visit, VisitState
from hub.operations.apply_practice import load_practice
from hub.operations.note_visits import Note, load_visits, note_visits
from hub.operations.place_facts import recheck_facts
from hub.ports import StandingVisit, Store, TakenBy, UnitOfWork
from hub.scheduling.decision import Refusal
from hub.scheduling.knock_on import KnockOn, Standing, Taken, find_knock_on
from hub.scheduling.running import RunningStep, Turn, plan_finish, plan_late, plan_over, planned_steps, steps_as_taken

# A chain of visits that wait for each other ends with the night at the latest.
_RIPPLE = timedelta(days=2)
_Plan = Callable[[tuple[RunningStep, ...], datetime], Turn | Refusal]
"""(steps, now) → what happens."""


@dataclass(frozen=True, slots=True)
class Ran:
    """It goes so now."""

    visits: tuple[Visit, ...]
    knock_on: KnockOn
    """Whom it meets, by id; shown, not applied. What others booked without a room may stand in another one already."""


def late_visit(store: Store, *visit_ids: str, minutes: int, actor: str, push_to: Collection[str] = ()) -> Ran | Refusal:
    """The patient arrives so many minutes later than these visits stand in the book.

    `not_booked`: unknown, over or cancelled. `already_arrived`: the patient is here.

    Args:
        store: where the book is.
        visit_ids: one visit, or the parts of a trip.
        minutes: from 1 on.
        actor: who says so: a login, or `system:<name>`.
        push_to: the systems that must be told.

    Raises:
        NeedsAttention: no practice file is in force.
    """

    def plan(steps: tuple[RunningStep, ...], now: datetime) -> Turn:
        return plan_late(steps, minutes, now)

    note = Note("visit_delayed", "late_visit", actor)
    return _run(store, visit_ids, plan, note, push_to, is_here=False)


def overrun_visit(
    store: Store,
    visit_id: str,
    *,
    actor: str,
    step: str | None = None,
    until: datetime | None = None,
    minutes: int = 0,
    push_to: Collection[str] = (),
) -> Ran | Refusal:
    """A step runs `until` an instant, or so many `minutes` longer than it stands; default: the one under way.

    `not_booked`; `unknown_step`; `not_begun`: the step is still to come; `not_over`: it ends then anyway. The other
    arguments are those of `late_visit`.
    """

    def plan(steps: tuple[RunningStep, ...], now: datetime) -> Turn | Refusal:
        return plan_over(steps, now, step=step, until=until, minutes=minutes)

    return _run(store, [visit_id], plan, Note("visit_overran", "overrun_visit", actor), push_to)


def finish_visit(
    store: Store, visit_id: str, *, actor: str, at: datetime | None = None, push_to: Collection[str] = ()
) -> Ran | Refusal:
    """The patient is done, now or `at` an earlier instant: what is left of the visit's time is free at once.

    `not_booked`; `not_begun`: not after arrival; `in_the_future`. The other arguments are those of `late_visit`.
    """

    def plan(steps: tuple[RunningStep, ...], now: datetime) -> Turn | Refusal:
        return plan_finish(steps, at or now, now)

    return _run(store, [visit_id], plan, Note("visit_finished", "finish_visit", actor), push_to)


def _run(
    store: Store,
    visit_ids: Sequence[str],
    plan: _Plan,
    note: Note,
    push_to: Collection[str],
    *,
    is_here: bool = True,
) -> Ran | Refusal:
    with store.begin(note.action) as work:
        work.visits.lock()
        standing = work.visits.load_standing(visit_ids)
        if not standing:
            return Refusal(("not_booked",))
        if not is_here and any(one.visit.state is VisitState.ARRIVED for one in standing):
            return Refusal(("already_arrived",))
        practice = load_practice(work)
        taken: dict[str, TakenBy] = {one.visit.id: work.running.load(one.visit.id) for one in standing}
        turns: dict[str, Turn] = {}
        for one in standing:
            turn = plan(_steps(practice, one, taken[one.visit.id]), work.now)
            if isinstance(turn, Refusal):
                return turn
            turns[one.visit.id] = turn
        knock_on = _follow(work, practice, taken, turns)
        visits = load_visits(work, turns)
        note_visits(work, visits, _with_knock_on(note, turns, knock_on), push_to)
        from_outside = work.facts.find_to_come() if knock_on.contested else ()
        concerned = sorted(set(from_outside).intersection(knock_on.contested))
        has_flagged = work.facts.has_flagged()
    if concerned or has_flagged:  # what others booked may stand elsewhere, or stand again
        recheck_facts(store, concerned)
    return Ran(visits, knock_on)


def _steps(practice: Practice, one: StandingVisit, taken: TakenBy) -> tuple[RunningStep, ...]:
    """The steps as they stand; a visit of a service that the practice does not have is one step."""
    visit, service = one.visit, practice.find_service(one.part.service_id)
    if service is None:
        return (RunningStep("visit", visit.start, visit.end, with_patient=True),)
    filled = {PROVIDER: visit.provider_id} if visit.provider_id else {}
    return steps_as_taken(planned_steps(service, one.part.option_id, filled, visit.start), taken.steps, visit.end)


def _follow(work: UnitOfWork, practice: Practice, taken: Mapping[str, TakenBy], turns: Mapping[str, Turn]) -> KnockOn:
    before = [one.standing for one in taken.values()]
    after = [moved for one in before for moved in _moved(one, turns[one.id])]
    began_at = min(one.start_at for one in before)
    until = max(one.end_at for one in after) + _RIPPLE
    others = work.running.load_others(list(turns), began_at, until)
    capacity = {resource.id: resource.capacity for resource in practice.resources}
    knock_on = find_knock_on(after, others, capacity, began_at)
    for visit_id, turn in turns.items():
        work.running.follow(visit_id, turn, knock_on.displaced)
    return knock_on


def _moved(standing: Standing, turn: Turn) -> list[Taken]:
    spans = ((one, turn.span(one.start_at, one.end_at)) for one in standing.taken)
    return [Taken(one.owner, span[0], span[1], one.claim_id) for one, span in spans if span]


def _with_knock_on(note: Note, turns: Mapping[str, Turn], knock_on: KnockOn) -> Note:
    turn = next(iter(turns.values()))
    data = {
        "from": turn.stood_at.isoformat(),
        "to": turn.happens_at.isoformat(),
        "contested": list(knock_on.contested),
        "waiting": {one.visit_id: one.minutes for one in knock_on.pushed},
    }
    return Note(note.event, note.action, note.actor, event_data=data)
