"""The day board's read model: one location's day as it stands in the database, and in the practice file in force."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Connection,
    Engine,
    func,
    select,
)
from sqlalchemy.exc import OperationalError

from hub.canonical.board import (
    BoardBlock,
    BoardClaim,
    BoardClosed,
    BoardDay,
    BoardIssue,
    BoardLocation,
    BoardResource,
    BoardVisit,
)
from hub.canonical.practice import Practice, PracticeResource, read_practice
from hub.canonical.records import VisitState
from hub.canonical.time import Span, instant_of
from hub.errors import Problem, RetryLater
from hub.scheduling.absences import with_absences
from hub.scheduling.clock import WallClock
from hub.scheduling.hours import duty_timeline, open_timeline
from hub.scheduling.timeline import instant_at, minute_of, span_bits
from hub.store.board_clearances import count_documents, load_unsigned
from hub.store.board_selects import (
    ONE_DAY,
    blocks_on,
    bookable_at,
    claims_of,
    issues_of,
    open_issues,
    resources_of,
    visits_of,
)
from hub.store.practices import load_absences
from hub.store.tables.booking import practice_version
from hub.store.tables.journal import review_issue
from hub.store.tables.records import location, visit

OCCUPYING = [state.value for state in VisitState if state.occupies]


class BoardQuery:
    """Reads for the day board. Each is one transaction that sees one moment and can write nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: tuple[int, Practice] | None = None

    def now(self) -> datetime:
        """The database's clock."""
        with self._look() as look:
            return look.execute(select(func.now())).scalar_one()

    def load_locations(self) -> Sequence[BoardLocation]:
        """Active locations, in the practice file's order; those it does not name after them, by name."""
        with self._look() as look:
            practice = self._practice(look)
            rows = look.execute(select(location.c.id, location.c.name, location.c.zone).where(location.c.active)).all()
        order = _order(entry.id for entry in practice.locations) if practice else {}
        rows = sorted(rows, key=lambda row: (order.get(row.id, len(order)), row.name, row.id))
        return [BoardLocation(row.id, row.name, _zone(row.id, row.zone, practice)) for row in rows]

    def find_practice(self) -> tuple[int, Practice] | None:
        """The practice file in force with the number of its version; None: none was applied yet."""
        with self._look() as look:
            self._practice(look)
            return self._known

    def load_day(self, here: BoardLocation, on: date) -> BoardDay:
        """What stands in the book of `here` on the local date `on`, whatever became of it.

        Visits of other locations are among it where they take this location's people, rooms or devices.
        """
        span = _day(on, here.zone)
        with self._look() as look:
            practice = self._practice(look)
            practice = with_absences(practice, load_absences(look)) if practice else None
            bookable = {row.id for row in look.execute(bookable_at(here.id))}
            visits = look.execute(visits_of(here.id, span, bookable)).all()
            claims = look.execute(claims_of([row.id for row in visits])).all()
            blocks = look.execute(blocks_on(here.id, span, bookable)).all()
            issues = look.execute(issues_of([row.id for row in visits])).all()
            shown = bookable | {row.owner_id for row in [*claims, *blocks] if row.owner_kind == "resource"}
            resources = look.execute(resources_of(shown)).all()
            unsigned = load_unsigned(look, practice, visits, here.zone)
            documents = count_documents(look, visits)
        steps = _StepsWithoutPatient(practice)
        codes = {key: tuple(_codes(rows)) for key, rows in groupby(issues, key=lambda row: row.subject_id)}
        by_visit = {key: list(rows) for key, rows in groupby(claims, key=lambda row: row.visit_id)}
        return BoardDay(
            location=here,
            on=on,
            resources=tuple(_resources(resources, practice, here, span)),
            visits=tuple(
                replace(
                    _visit(row, by_visit.get(row.id, []), codes.get(row.id, ()), steps),
                    unsigned=unsigned.get(row.id, ()),
                    documents=documents.get(row.id, 0),
                )
                for row in visits
            ),
            blocks=tuple(BoardBlock(row.owner_id, _span(row.during), row.reason or "block") for row in blocks),
        )

    def find_busy_date(self, here: BoardLocation, since: date) -> date | None:
        """The first local date on or after `since` with a visit that occupies time."""
        first = select(func.min(visit.c.start)).where(
            visit.c.location_id == here.id,
            visit.c.state.in_(OCCUPYING),
            visit.c.start >= _day(since, here.zone).start,
        )
        with self._look() as look:
            start = look.execute(first).scalar_one()
        return start.astimezone(here.zone).date() if start else None

    def count_issues(self) -> int:
        """How many review issues are open."""
        with self._look() as look:
            open_ones = select(func.count()).select_from(review_issue).where(review_issue.c.state == "open")
            return look.execute(open_ones).scalar_one()

    def load_issues(self, limit: int) -> Sequence[BoardIssue]:
        """Open review issues: what is about days to come, the nearest first; then the rest, the oldest first."""
        zones = {place.id: place.zone for place in self.load_locations()}
        with self._look() as look:
            return [_issue(row, zones) for row in look.execute(open_issues(limit))]

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        try:
            with self._engine.connect().execution_options(**options) as connection:
                yield connection
        except OperationalError:
            hint = "Start it, then load the page again"
            raise RetryLater(Problem("the database does not answer", "database", hint=hint)) from None

    def _practice(self, look: Connection) -> Practice | None:
        """The practice file in force; read again only when another one is."""
        newest = select(practice_version).order_by(practice_version.c.id.desc()).limit(1)
        version = look.execute(select(func.max(practice_version.c.id))).scalar_one()
        if version is None:
            return None
        if self._known is None or self._known[0] != version:
            row = look.execute(newest).one()
            self._known = (version, read_practice(row.document, row.name))
        return self._known[1]


@dataclass(frozen=True, slots=True)
class _StepsWithoutPatient:
    """Which steps of a service the patient is not there for."""

    practice: Practice | None

    def includes(self, service_id: str | None, step: str | None) -> bool:
        entry = self.practice.find_service(service_id) if self.practice and service_id else None
        return entry is not None and any(one.name == step and not one.patient for one in entry.steps)


def _day(on: date, zone: ZoneInfo) -> Span:
    midnight = datetime.combine(on, time())
    return Span(instant_of(midnight, zone), instant_of(midnight + ONE_DAY, zone))


def _resources(
    rows: Sequence[Any], practice: Practice | None, here: BoardLocation, span: Span
) -> Iterator[BoardResource]:
    order = _order(entry.id for entry in practice.resources) if practice else {}
    names = {row.id: row.name for row in rows}
    for row in sorted(rows, key=lambda one: (order.get(one.id, len(order)), one.name, one.id)):
        entry = practice.find_resource(row.id) if practice else None
        places = f"{row.capacity} places" if row.capacity > 1 else None
        fixed_in = entry.fixed_in if entry else None
        title = row.title if row.title and row.title not in row.name else None
        where = f"in {names.get(fixed_in, fixed_in)}" if fixed_in else None
        yield BoardResource(
            id=row.id,
            kind=row.kind,
            name=row.name,
            capacity=row.capacity,
            detail=", ".join(part for part in (title, where, places) if part) or None,
            closed=tuple(_closed(entry, practice, here, span)) if practice and entry else (),
        )


def _closed(entry: PracticeResource, practice: Practice, here: BoardLocation, span: Span) -> Iterator[BoardClosed]:
    """When the resource does not work: outside its hours or the location's, or away within them."""
    place = practice.find_location(here.id)
    clock, window = WallClock(here.zone), (minute_of(span.start), minute_of(span.end))
    hours = duty_timeline(entry.model_copy(update={"away": ()}), clock, window)
    if place:
        hours &= open_timeline(place, clock, window)
    length = window[1] - window[0]
    away = hours & ~duty_timeline(entry, clock, window)
    for bits, reason in ((span_bits(0, length) & ~hours, "closed"), (away, "away")):
        for start, end in _stretches(bits, length):
            yield BoardClosed(Span(instant_at(window[0] + start), instant_at(window[0] + end)), reason)


def _stretches(timeline: int, length: int) -> Iterator[tuple[int, int]]:
    """The unbroken runs of set minutes."""
    at = 0
    for bit, run in groupby(format(timeline, f"0{length}b")[::-1]):
        end = at + len(list(run))
        if bit == "1":
            yield at, end
        at = end


def _visit(row: Any, claims: Sequence[Any], issues: tuple[str, ...], steps: _StepsWithoutPatient) -> BoardVisit:
    return BoardVisit(
        id=row.id,
        patient_id=row.patient_id,
        given_name=row.given_name,
        family_initial=row.family_initial,
        span=Span(row.start, row.end),
        state=VisitState(row.state),
        service=row.service,
        claims=tuple(
            BoardClaim(
                resource_id=one.owner_id,
                span=_span(one.during),
                step=one.step,
                with_patient=not steps.includes(row.service_id, one.step),
                firm=one.firm,
            )
            for one in claims
            if one.owner_kind == "resource"
        ),
        patient_contested=any(one.owner_kind == "patient" and not one.firm for one in claims),
        issues=issues,
    )


def _issue(row: Any, zones: Mapping[str, ZoneInfo]) -> BoardIssue:
    zone = zones.get(row.location_id)
    return BoardIssue(
        kind=row.kind,
        opened_at=row.opened_at,
        codes=tuple(row.codes),
        problems=tuple(str(problem) for problem in row.detail.get("problems", ())),
        location_id=row.location_id if zone else None,
        at=row.start if zone else None,
        service=row.service,
        what=_what(row.subject_kind, row.subject_id),
    )


def _what(kind: str, subject_id: str) -> str:
    """`visit`, or `visit, juniper-ehr` where it is about that system's record; the id itself stays here."""
    system, slash, _ = subject_id.partition("/")
    return f"{kind}, {system}" if slash else kind


def _codes(rows: Iterator[Any]) -> Iterator[str]:
    for row in rows:
        yield from row.codes or [row.kind]


def _span(during: Any) -> Span:
    return Span(during.lower.astimezone(UTC), during.upper.astimezone(UTC))


def _zone(location_id: str, stored: str | None, practice: Practice | None) -> ZoneInfo:
    if stored or practice is None:
        return ZoneInfo(stored or "UTC")
    return practice.zone_of(location_id)


def _order(ids: Iterator[str]) -> dict[str, int]:
    return {each: n for n, each in enumerate(ids)}
