"""Put a practice file in force: its text, and what the tables need to know of it."""

from dataclasses import dataclass
from functools import lru_cache

from hub.canonical.ids import Kind, ServiceId
from hub.canonical.practice import Policy, Practice, PracticeService, read_practice
from hub.canonical.records import Service
from hub.errors import NeedsAttention, Problem
from hub.operations.follow_practice import follow_practice
from hub.ports import AuditEntry, BookableResource, InForce, Site, StandingVisit, Store, UnitOfWork
from hub.scheduling.absences import Absence, with_absences
from hub.scheduling.diary import LotOnHand
from hub.sync.blanks import fill_blanks


@dataclass(frozen=True, slots=True)
class Applied:
    """What changed; applying the same file again changes nothing."""

    is_new: bool
    """Whether the text differs from the one that was in force."""
    changed: tuple[str, ...]
    """Ids of locations, resources and services that were added or changed."""
    lots: int
    """New lots. What is left of known ones is counted in the tables, not in the file."""


def apply_practice(store: Store, text: str, file: str, *, actor: str = "system:hub") -> Applied:
    """Read, check and apply a practice file, whole or not at all.

    Its patients and packages are a rehearsal's; a running practice has them in its tables.

    Raises:
        InvalidInput: with a problem for each place that is wrong; nothing was changed.
    """
    practice = read_practice(text, file)
    with store.begin("apply_practice") as work:
        return write_practice(work, practice, text, file, actor=actor)


def write_practice(work: UnitOfWork, practice: Practice, text: str, file: str, *, actor: str) -> Applied:
    """Put a practice that was read from `text` in force, as a part of an operation."""
    work.visits.lock()  # before any row is: what now holds more makes contested facts firm
    is_new = work.practices.save(file, text)
    sites = work.practices.save_sites(_sites(practice))
    resources = work.practices.save_resources(_resources(practice))
    work.claims.settle(resources.changed)
    services = work.records.save(_services(practice, work))
    applied = Applied(
        is_new=is_new,
        changed=sites.changed + resources.changed + services.changed,
        lots=work.practices.save_lots(_lots(practice)),
    )
    if is_new:
        follow_practice(work, practice, actor=actor)
    if applied != Applied(is_new=False, changed=(), lots=0):
        subject = practice.locations[0].id
        work.journal.record_event("practice_applied", Kind.LOCATION, subject, {"changed": list(applied.changed)})
        work.journal.record_audit(AuditEntry(actor, "apply_practice", Kind.LOCATION, subject))
    return applied


def load_practice(work: UnitOfWork) -> Practice:
    """The practice in force, with who is away and whose calendars were taken over beside what its file says.

    Raises:
        NeedsAttention: none was applied yet.
    """
    return practice_of(work.practices.find_in_force())


def practice_of(in_force: InForce) -> Practice:
    """The same from what was read of it.

    Raises:
        NeedsAttention: none was applied yet.
    """
    applied = in_force.practice
    if applied is None:
        raise NeedsAttention(Problem("no practice file is in force", "practice", hint="Run `hub config apply`"))
    return _as_it_works(applied.text, applied.file, in_force.absences, in_force.cut_over)


def load_practice_of(work: UnitOfWork, version: int | None) -> Practice:
    """The practice file of that version, or the one in force where there is none.

    Raises:
        NeedsAttention: none was applied yet.
    """
    applied = work.practices.find(version) if version is not None else None
    return load_practice(work) if applied is None else _parsed(applied.text, applied.file)


def accepted_policy(work: UnitOfWork, one: StandingVisit) -> Policy:
    """The policy that was accepted with a visit: of its practice file the one in force on the date of booking.

    Of a visit that was not booked here it is the one in force now.
    """
    practice = load_practice_of(work, one.practice_version)
    if one.practice_version is None or one.visit.booked_on is None:
        return practice.policy_at(work.now, one.visit.location_id)
    return practice.policy_on(one.visit.booked_on)


@lru_cache(maxsize=4)
def _parsed(text: str, file: str) -> Practice:
    return read_practice(text, file)


@lru_cache(maxsize=4)
def _as_it_works(text: str, file: str, absences: tuple[Absence, ...], cut_over: frozenset[str]) -> Practice:
    """The same object for the same practice, so that what was worked out from it can be kept."""
    return with_absences(_parsed(text, file).taken_over_from(cut_over), absences)


def _sites(practice: Practice) -> list[Site]:
    return [Site(one.id, one.name or one.id, practice.zone_of(one.id).key) for one in practice.locations]


def _resources(practice: Practice) -> list[BookableResource]:
    return [
        BookableResource(one.id, one.kind, one.name or one.id, practice.location_of(one), one.capacity)
        for one in practice.resources
    ]


def _services(practice: Practice, work: UnitOfWork) -> list[Service]:
    """As the file says; what it does not say (a category) stays as another system said it."""
    known = work.records.load(Kind.SERVICE, [one.id for one in practice.services])
    services = [_service(one) for one in practice.services]
    return [fill_blanks(one, known[one.id]) if one.id in known else one for one in services]


def _service(service: PracticeService) -> Service:
    name = service.name or service.id
    lengths = (step.minutes for step in service.steps if step.patient)
    minutes = sum(length if isinstance(length, int) else length["default"] for length in lengths)
    return Service(id=ServiceId(service.id), sku=name, name=name, minutes=minutes, price=service.price)


def _lots(practice: Practice) -> list[LotOnHand]:
    return [
        LotOnHand(lot.product, practice.location_of(lot), lot.lot, lot.on_hand, lot.expires) for lot in practice.stock
    ]
