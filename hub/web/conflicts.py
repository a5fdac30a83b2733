"""What cannot all be true at once, and why, in words a person can act on."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from hub.canonical.board import BoardDay, BoardResource, BoardVisit
from hub.canonical.time import Span
from hub.web.words import block_noun, issue_words, list_words, short_name, span_words


@dataclass(frozen=True, slots=True)
class Conflict:
    """One stretch of time that a person must sort out."""

    span: Span
    resource_id: str | None
    """None: it is the patient who is in two places."""
    where: str
    visit_ids: tuple[str, ...]
    when: str
    reason: str

    def marks(self, resource_id: str, visit_id: str | None, span: Span) -> bool:
        """Whether a block in the column of `resource_id` is part of it; without a visit it is a bare block."""
        if visit_id is None:
            return self.resource_id == resource_id and span.overlaps(self.span)
        here = self.resource_id in (None, resource_id)
        return here and visit_id in self.visit_ids and span.overlaps(self.span)


@dataclass(frozen=True, slots=True, eq=False)
class _Use:
    """One use of one unit: a visit's claim, or a block (then there is no visit). Each is itself, however alike."""

    span: Span
    visit: BoardVisit | None
    name: str


def find_conflicts(day: BoardDay) -> tuple[Conflict, ...]:
    """Overlaps beyond a resource's capacity, patients in two places, and what was stored contested; by time."""
    booked = [visit for visit in day.visits if visit.state.occupies]
    found = [conflict for resource in day.resources for conflict in _on_resource(day, resource, booked)]
    found += _of_patients(booked, day.location.zone)
    found += [conflict for visit in booked for conflict in _unexplained(day, visit, found)]
    return tuple(sorted(found, key=lambda one: (one.span, one.where)))


def _on_resource(day: BoardDay, resource: BoardResource, booked: Sequence[BoardVisit]) -> Iterator[Conflict]:
    uses = [
        _Use(claim.span, visit, short_name(visit))
        for visit in booked
        for claim in visit.claims
        if claim.resource_id == resource.id
    ]
    uses += [
        _Use(block.span, None, block_noun(block.reason)) for block in day.blocks if block.resource_id == resource.id
    ]
    for span, together in _overloads(uses, resource.capacity):
        visits = _each_once(use.visit for use in together if use.visit)
        yield Conflict(
            span=span,
            resource_id=resource.id,
            where=resource.name,
            visit_ids=tuple(visit.id for visit in visits),
            when=span_words(span, day.location.zone),
            reason=_overlap_words(together, resource) + _contested_words(visits, resource.id, span),
        )


def _overloads(uses: Sequence[_Use], capacity: int) -> Iterator[tuple[Span, list[_Use]]]:
    """Each unbroken stretch in which more run than fit, with everything that runs in it.

    It is broken where those who go on would fit without those who left: that is another matter to sort out.
    """
    edges = sorted({edge for use in uses for edge in (use.span.start, use.span.end)})
    start: datetime | None = None
    before: list[_Use] = []
    together: list[_Use] = []
    for left, right in pairwise([*edges, *edges[-1:]]):
        running = [use for use in uses if use.span.start <= left < use.span.end]
        goes_on = len([use for use in running if use in before]) > capacity
        if start and not goes_on:
            yield Span(start, left), together
            start, together = None, []
        if len(running) > capacity and left < right:
            start = start or left
            together += [use for use in running if use not in together]
        before = running


def _overlap_words(together: Sequence[_Use], resource: BoardResource) -> str:
    names = list_words([use.name for use in sorted(together, key=lambda use: use.span)])
    if resource.capacity > 1:
        return f"{names}: more than the {resource.capacity} that fit."
    return f"{names} overlap."


def _contested_words(visits: Sequence[BoardVisit], resource_id: str, span: Span) -> str:
    names = [short_name(visit) for visit in visits if _contests(visit, resource_id, span)]
    verb = "is" if len(names) == 1 else "are"
    return f" {list_words(names)} {verb} not confirmed." if names else ""


def _contests(visit: BoardVisit, resource_id: str, span: Span) -> bool:
    return any(not c.firm and c.resource_id == resource_id and c.span.overlaps(span) for c in visit.claims)


def _of_patients(booked: Sequence[BoardVisit], zone: ZoneInfo) -> Iterator[Conflict]:
    by_patient: dict[str, list[_Use]] = defaultdict(list)
    for visit in booked:
        by_patient[visit.patient_id].append(_Use(visit.span, visit, short_name(visit)))
    for uses in by_patient.values():
        for span, together in _overloads(uses, capacity=1):
            yield Conflict(
                span=span,
                resource_id=None,
                where="Patient",
                visit_ids=tuple(use.visit.id for use in together if use.visit),
                when=span_words(span, zone),
                reason=f"{together[0].name} is in {len(together)} visits at once.",
            )


def _unexplained(day: BoardDay, visit: BoardVisit, found: Sequence[Conflict]) -> Iterator[Conflict]:
    """Contested claims beside which nothing else on the board stands: what they broke is in the visit's issues."""
    names = {resource.id: resource.name for resource in day.resources}
    for claim in visit.claims:
        if not claim.firm and not any(c.marks(claim.resource_id, visit.id, claim.span) for c in found):
            where = names.get(claim.resource_id, claim.resource_id)
            yield _unconfirmed(visit, claim.resource_id, claim.span, where, day.location.zone)
    if visit.patient_contested and not any(c.resource_id is None and visit.id in c.visit_ids for c in found):
        yield _unconfirmed(visit, None, visit.span, "Patient", day.location.zone)


def _unconfirmed(visit: BoardVisit, resource_id: str | None, span: Span, where: str, zone: ZoneInfo) -> Conflict:
    why = "; ".join(issue_words(code) for code in visit.issues) or "It broke a rule when it came in"
    reason = f"{short_name(visit)} is not confirmed. {why}."
    return Conflict(span, resource_id, where, (visit.id,), span_words(span, zone), reason)


def _each_once(visits: Iterable[BoardVisit]) -> list[BoardVisit]:
    return list({visit.id: visit for visit in visits}.values())
