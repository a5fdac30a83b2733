"""Bookings that are to come at the cut-over, by the scheduling rules of the practice."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from hub.canonical.ids import Kind
from hub.canonical.records import Visit
from hub.operations.place_facts import place_facts
from hub.ports import BREAKS_RULES, UnitOfWork
from hub.ports.migrations import MigrationHead

OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class BookingConflict:
    """A booking that the practice could not have made here; it stands all the same."""

    visit_id: str
    start: datetime
    reasons: tuple[str, ...]
    """Codes of rules, or what it wants that something else has: `overlap: room`."""


@dataclass(frozen=True, slots=True)
class FutureBookings:
    """What is to come."""

    visits: int
    conflicts: tuple[BookingConflict, ...]
    """In order of their start."""
    is_judged: bool
    """No practice file is in force: only overlaps are known."""


def judge_future(work: UnitOfWork, head: MigrationHead) -> FutureBookings:
    """Place them by the practice as it stands now, and say which of them break what. Repeating changes nothing."""
    since = datetime.combine(head.today, time(), ZoneInfo(head.zone)).astimezone(UTC)
    ids = work.migrations.find_unplaced(head.system, since)
    found = work.records.load(Kind.VISIT, ids)
    visits = {
        id_: one for id_, one in found.items() if isinstance(one, Visit) and one.state.occupies and one.start >= since
    }
    place_facts(work, sorted(visits))
    reasons: defaultdict[str, set[str]] = defaultdict(set)
    for issue in (*work.issues.find_open(BREAKS_RULES), *work.issues.find_open(OVERLAP)):
        said = (f"{OVERLAP}: {code}" for code in issue.codes) if issue.kind == OVERLAP else issue.codes
        if issue.subject_kind == Kind.VISIT and issue.subject_id in visits:
            reasons[issue.subject_id].update(said)
    conflicts = (BookingConflict(id_, visits[id_].start, tuple(sorted(codes))) for id_, codes in reasons.items())
    by_start = tuple(sorted(conflicts, key=lambda one: (one.start, one.visit_id)))
    return FutureBookings(len(visits), by_start, work.practices.find_in_force().practice is not None)
