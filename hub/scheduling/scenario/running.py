"""Play what happens on the day: a patient is late, a step runs over, a visit is finished."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from hub.scheduling.decision import Refusal
from hub.scheduling.diary import BusyClaim
from hub.scheduling.knock_on import Standing, Taken, find_knock_on
from hub.scheduling.running import (
    RunningStep,
    Turn,
    arrival_of,
    leaving_of,
    plan_finish,
    plan_late,
    plan_over,
    planned_steps,
)
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.day_actions import Finish, Late, Over
from hub.scheduling.scenario.player import Outcome, Player, refused

Plan = Callable[[tuple[RunningStep, ...]], Turn | Refusal]


def run_late(player: Player, action: Late) -> Outcome:
    """The patient comes later; nobody who is here already is late."""
    return _follow(player, action.visit, lambda steps: plan_late(steps, action.minutes, player.now), State.BOOKED)


def run_over(player: Player, action: Over) -> Outcome:
    """A step takes longer."""
    until = _instant(player, action.visit, action.until) if action.until else None

    def plan(steps: tuple[RunningStep, ...]) -> Turn | Refusal:
        return plan_over(steps, player.now, step=action.step, until=until, minutes=action.minutes or 0)

    return _follow(player, action.visit, plan)


def finish(player: Player, action: Finish) -> Outcome:
    """The patient is done; what is left of the visit's time is free at once."""
    at = _instant(player, action.visit, action.at) if action.at else player.now
    return _follow(player, action.visit, lambda steps: plan_finish(steps, at, player.now))


def _follow(player: Player, name: str, plan: Plan, *allowed: State) -> Outcome:
    """Let the visit's claims follow, and show whom that meets."""
    entries = [entry for entry in player.entries(name) if entry.state.is_to_come]
    if not entries:
        return refused("not_booked")
    if allowed and any(entry.state not in allowed for entry in entries):
        return refused("already_arrived")
    turned = []
    for entry in entries:
        steps = _steps(player, entry)
        turn = plan(steps)
        if isinstance(turn, Refusal):
            return refused(turn)
        turned.append(_turned(entry, steps, turn))
    player.book.write(turned)
    return {"ok": True} | _times(player, turned) | _shown(player, entries, turned)


def _turned(entry: BookEntry, steps: tuple[RunningStep, ...], turn: Turn) -> BookEntry:
    """The entry as it goes now. The arrival that a fee is reckoned from stays."""
    if entry.visit is None:
        raise LookupError("a block does not run; it has no visit")
    after = turn.steps(steps)
    visit = replace(entry.visit, arrives_at=arrival_of(after), leaves_at=leaving_of(after))
    moved = ((claim, turn.span(claim.start_at, claim.end_at)) for claim in entry.claims)
    claims = tuple(replace(claim, start_at=span[0], end_at=span[1]) for claim, span in moved if span)
    return replace(entry, visit=visit, claims=claims, steps=after, fee_from=entry.fee_from or entry.visit.arrives_at)


def _steps(player: Player, entry: BookEntry) -> tuple[RunningStep, ...]:
    service = player.scenario.find_service(entry.part.service_id) if entry.part else None
    if entry.visit is None or entry.part is None or service is None:
        raise LookupError("a visit has a part of a declared service; the checks say so")
    planned = planned_steps(service, entry.part.option_id, dict(entry.resources), entry.visit.arrives_at)
    return entry.steps or planned


def _times(player: Player, entries: list[BookEntry]) -> Outcome:
    visits = [entry.visit for entry in entries if entry.visit is not None]
    zone = player.scenario.zone_of(visits[0].location_id)
    arrives, leaves = min(visit.arrives_at for visit in visits), max(visit.leaves_at for visit in visits)
    return {"arrives": arrives.astimezone(zone), "leaves": leaves.astimezone(zone)}


def _shown(player: Player, before: list[BookEntry], entries: list[BookEntry]) -> Outcome:
    """The knock-on by the names of the file, and what stands where the visit is now."""
    ids = {entry.id for entry in entries}
    others = [
        Standing(one.id, tuple(taken_by(one)), is_fixed=not one.state.is_to_come)
        for one in player.book.entries.values()
        if one.id not in ids and one.state.occupies
    ]
    running = [one for entry in entries for one in taken_by(entry)]
    began_at = min(one.start_at for entry in before for one in taken_by(entry))
    capacity = {resource.id: resource.capacity for resource in player.scenario.resources}
    shown = find_knock_on(running, others, capacity, began_at)
    return {
        "knock_on": [
            {"visit": player.name_of(one.visit_id), "minutes": one.minutes, "because": list(one.because)}
            for one in shown.pushed
        ],
        "contested": [player.name_of(one) for one in shown.contested],
    }


def taken_by(entry: BookEntry) -> Iterator[Taken]:
    """What an entry of the book takes: its resources, and its patient."""
    yield from (_taken(claim) for claim in entry.claims)
    if entry.visit is not None:
        yield Taken(
            ("patient", entry.visit.patient_id), entry.visit.arrives_at, entry.visit.leaves_at, f"{entry.id}:patient"
        )


def _taken(claim: BusyClaim) -> Taken:
    return Taken(("resource", claim.resource_id), claim.start_at, claim.end_at, claim.id)


def _instant(player: Player, name: str, wall: datetime) -> datetime:
    visits = [entry.visit for entry in player.entries(name) if entry.visit is not None]
    return player.instant(wall, visits[0].location_id if visits else None)
