"""A visit in words, step by step: what a click on one of its blocks shows."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from hub.canonical.board import BoardClaim, BoardDay, BoardVisit
from hub.canonical.time import Span
from hub.web.conflicts import Conflict
from hub.web.drawing import Card, CardStep, Phase
from hub.web.words import STATE_WORDS, closed_words, issue_words, list_words, short_name, span_words

PEOPLE = ("provider", "assistant")


def make_card(visit: BoardVisit, card_id: str, day: BoardDay, conflicts: Sequence[Conflict]) -> Card:
    """The card of `visit`, with those of the day's `conflicts` in which it takes part."""
    zone = day.location.zone
    return Card(
        id=card_id,
        name=short_name(visit),
        service=visit.service or "Service not given",
        when=span_words(visit.span, zone),
        state=visit.state.value,
        state_words=STATE_WORDS[visit.state],
        steps=tuple(_steps(visit, day)),
        conflicts=tuple(conflict for conflict in conflicts if visit.id in conflict.visit_ids),
        unsigned=list_words(list(visit.unsigned)) if visit.unsigned else None,
        missing=_missing(visit, day),
        at_hand=_at_hand(visit),
        notes=tuple(_outside(visit, day)) + tuple(sorted({issue_words(code) for code in visit.issues})),
    )


def phase_of(claim: BoardClaim, visit: BoardVisit, day: BoardDay) -> Phase:
    """Whether the patient is there, and whether somebody of the staff is with them.

    A visit of which no staff is known counts as treatment throughout.
    """
    if not claim.with_patient:
        return Phase.WITHOUT_PATIENT
    staff_ids = {resource.id for resource in day.resources if resource.kind in PEOPLE}
    staffed = [other.span for other in visit.claims if other.resource_id in staff_ids]
    if not staffed or any(span.overlaps(claim.span) for span in staffed):
        return Phase.TREATMENT
    return Phase.ALONE


def _steps(visit: BoardVisit, day: BoardDay) -> Iterator[CardStep]:
    order = {resource.id: n for n, resource in enumerate(day.resources)}
    names = {resource.id: resource.name for resource in day.resources}
    claims = sorted(visit.claims, key=lambda c: (c.span, c.step or "", order.get(c.resource_id, len(order))))
    for (span, step), same in groupby(claims, key=lambda c: (c.span, c.step)):
        together = list(same)
        yield CardStep(
            when=span_words(span, day.location.zone),
            step=(step or "visit").capitalize(),
            where=list_words([names.get(claim.resource_id, claim.resource_id) for claim in together]),
            phase=phase_of(together[0], visit, day),
        )


def _at_hand(visit: BoardVisit) -> str | None:
    """That they are there; what they say is read where they are kept."""
    if not visit.documents:
        return None
    return f"{visit.documents} {'note' if visit.documents == 1 else 'notes'}: hub notes {visit.id}"


def _missing(visit: BoardVisit, day: BoardDay) -> str | None:
    """What an outside record left open. A visit planned step by step has all that its service needs."""
    if any(claim.step for claim in visit.claims):
        return None
    kinds = {resource.id: resource.kind for resource in day.resources}
    taken = {kinds.get(claim.resource_id) for claim in visit.claims}
    offered = set(kinds.values())
    missing = [f"no {kind}" for kind in ("provider", "room") if kind in offered and kind not in taken]
    return list_words(missing) if missing else None


def _outside(visit: BoardVisit, day: BoardDay) -> Iterator[str]:
    """The hours a visit ignores: no conflict, but somebody should know."""
    for resource in day.resources:
        reasons = [closed.reason for closed in resource.closed if _meets(visit, resource.id, closed.span)]
        for reason in dict.fromkeys(reasons):
            yield f"{resource.name}: {closed_words(reason).lower()} at that time"


def _meets(visit: BoardVisit, resource_id: str, span: Span) -> bool:
    return any(claim.resource_id == resource_id and claim.span.overlaps(span) for claim in visit.claims)
