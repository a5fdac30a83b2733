"""Do once more what was given up or kept back: dead deliveries, records that could not be taken, landed records."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from hub.canonical.ids import Kind
from hub.operations.apply_page import apply_page
from hub.operations.linked_system import LinkedSystem
from hub.operations.page_plan import REJECTED
from hub.operations.plan_page import PagePlanner
from hub.operations.pull_changes import Progress, PullResult, count
from hub.ports import Landed, Page, QuarantinedRow, Store, UnitOfWork

PAGE = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a replay would do once more."""

    id: int
    """Of the delivery or the landed record."""
    kind: Kind
    subject_id: str
    """The canonical id of a delivery, the system's id of a record."""
    why: tuple[str, ...] = ()
    """What was wrong; nothing personal."""


def find_dead(system: str, store: Store) -> tuple[Waiting, ...]:
    """Deliveries that wait for a person."""
    with store.begin("replay") as uow:
        dead = uow.outbox.find_dead(system)
    return tuple(Waiting(one.delivery.id, one.delivery.kind, one.delivery.canonical_id, (one.error,)) for one in dead)


def replay_dead(system: str, store: Store, ids: Collection[int] | None = None) -> int:
    """Make dead deliveries pending again, all of the system's or these; the next push sends them."""
    with store.begin("replay") as uow:
        dead = {one.delivery.id for one in uow.outbox.find_dead(system)}
        return sum(uow.outbox.replay(one) for one in sorted(dead if ids is None else dead & set(ids)))


def find_dead_events(system: str, store: Store) -> tuple[Waiting, ...]:
    """What a system rang for and nobody could look after."""
    with store.begin("replay") as uow:
        dead = uow.inbox.find_dead(system)
    return tuple(Waiting(one.id, one.kind, one.record_id or "", (one.error,)) for one in dead)


def replay_events(system: str, store: Store) -> int:
    """Let what was given up of it be asked for again."""
    with store.begin("replay") as uow:
        return uow.inbox.replay(system)


def find_quarantined(system: str, store: Store, kind: Kind | None = None) -> tuple[Waiting, ...]:
    """Pulled records that could not be taken."""
    prefix = f"{system}/"
    with store.begin("replay") as uow:
        issues = uow.issues.find_open(REJECTED)
    return tuple(
        Waiting(one.detail["source_record_id"], Kind(one.subject_kind), one.subject_id.removeprefix(prefix), one.codes)
        for one in issues
        if one.subject_id.startswith(prefix) and kind in (None, one.subject_kind)
    )


def find_landed(system: str, kind: Kind, first: datetime, last: datetime, store: Store) -> tuple[Waiting, ...]:
    """What landed in [first, last) and is still the newest that is known of its record; of no import or migration."""
    with store.begin("replay") as uow:
        numbers = uow.landing.find_between(system, kind, first, last)
        found = uow.landing.load(numbers)
        newest = {record.ref: number for number, record in sorted(found.items())}
        links = uow.links.find(newest)
    applied = {ref: link.source_record_id or 0 for ref, link in links.items()}
    kept = sorted(number for ref, number in newest.items() if number >= applied.get(ref, 0))
    return tuple(Waiting(number, kind, found[number].ref.id) for number in kept)


def find_quarantined_rows(system: str, store: Store, kind: Kind | None = None) -> tuple[QuarantinedRow, ...]:
    """Rows of an import or of a migration that could not be taken: whoever decided about the others decides again."""
    with store.begin("replay") as uow:
        rows = uow.imports.find_quarantined(system)
    return tuple(row for row in rows if kind in (None, row.kind))


def replay_records(
    system: LinkedSystem,
    kind: Kind,
    numbers: Collection[int],
    store: Store,
    progress: Progress = lambda _done: None,
) -> PullResult:
    """Take landed records once more, by the tables and rules as they are now; twice equals once."""
    result = PullResult()
    ordered = sorted(numbers)
    for start in range(0, len(ordered), PAGE):
        with store.begin("replay") as uow:
            result += replace(_take(system, kind, ordered[start : start + PAGE], uow), pages=1)
        progress(result.read)
    return result


def _take(system: LinkedSystem, kind: Kind, numbers: Collection[int], uow: UnitOfWork) -> PullResult:
    hub_ids = {issue.detail["source_record_id"]: issue.detail.get("hub_id") for issue in uow.issues.find_open(REJECTED)}
    found = sorted(uow.landing.load(list(numbers)).items())
    records = tuple(record._replace(hub_id=hub_ids.get(number)) for number, record in found)
    landed = [Landed(number, is_new=False) for number, _ in found]
    plan = PagePlanner(system, kind, uow, is_replay=True).plan(Page(records, None), landed)
    return replace(count(plan), rejected=len(plan.rejected), contested=apply_page(system, plan, uow))
