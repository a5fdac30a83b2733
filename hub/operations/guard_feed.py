"""Hold back what a feed changes of known records until it is clear that it is no mass of them; else stop and ask."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hub.canonical.ids import Kind
from hub.errors import Problem, SafetyStop
from hub.operations.decide_conflict import may_decide
from hub.operations.linked_system import LinkedSystem
from hub.operations.rehearse_pages import Rehearsal
from hub.ports import AuditEntry, Issue, Page, Store
from hub.sync.mass_change import Upheaval

MASS_CHANGE = "mass_change"
"""The kind of issue that a stopped feed leaves open, with its counts."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Somebody answers for a mass change."""

    actor: str
    role: str
    reason: str


def guarded(
    pages: Iterator[Page], system: LinkedSystem, kind: Kind, store: Store, accepted: Accepted | None
) -> Iterator[Page]:
    """The pages: from the first one on that may change a known record they are held back until the feed has ended.

    Raises:
        SafetyStop: what was held back is too much; an issue says so. Or the policy does not let who accepts it decide.
    """
    if accepted is not None:
        _note_accepted(system, kind, store, accepted)
        yield from pages
        return
    held: list[Page] = []
    guard = _Guard(system, kind, store)
    for page in pages:
        if guard.is_needed and (guard.may_change(page) or held):
            held.append(page)
            guard.add(page, held)
        else:
            yield page
    yield from held
    guard.close()


def refuse_mass_end(missing: int, system: LinkedSystem, kind: Kind, store: Store) -> None:
    """Stop before so many records are asked for that a list names no more.

    Raises:
        SafetyStop: they are too many; an issue says so.
    """
    with store.begin("guard_feed") as uow:
        linked = uow.links.count(system.name, kind)
    upheaval = Upheaval(linked, gone=missing)
    if upheaval.is_mass(system.limit):
        raise _stop(system, kind, store, upheaval)


class _Guard:
    def __init__(self, system: LinkedSystem, kind: Kind, store: Store) -> None:
        self._system = system
        self._kind = kind
        self._store = store
        with store.begin("guard_feed") as uow:
            self._linked = uow.links.count(system.name, kind)
        self._suspects = 0
        """At most so many known records change; what they mean is not read yet."""
        self._rehearsal: Rehearsal | None = None

    @property
    def is_needed(self) -> bool:
        """Whether so much is known that a mass of it can change."""
        return self._system.limit.most(self._linked) < self._linked

    def may_change(self, page: Page) -> bool:
        """Whether a record of the page is known and not as it was applied last."""
        self._page_suspects = self._suspects_of(page)
        return self._page_suspects > 0

    def add(self, page: Page, held: list[Page]) -> None:
        """Count a page that is held back; too many that look changed are read for what really changes."""
        self._suspects += self._page_suspects
        if self._suspects <= self._system.limit.most(self._linked):
            return
        if self._rehearsal is None:
            self._rehearsal = Rehearsal(self._system, self._kind, self._store)
            for one in held[:-1]:
                self._rehearsal.add(one)
        self._rehearsal.add(page)
        upheaval = replace(self._rehearsal.upheaval, linked=self._linked)
        if upheaval.is_mass(self._system.limit):
            raise _stop(self._system, self._kind, self._store, upheaval)

    def close(self) -> None:
        """The feed went through: whatever had stopped one before is over."""
        with self._store.begin("guard_feed") as uow:
            uow.issues.close(MASS_CHANGE, self._kind, [self._system.name])

    def _suspects_of(self, page: Page) -> int:
        refs = {record.ref: record for record in page.records}
        with self._store.begin("guard_feed") as uow:
            links = uow.links.find(refs)
            known = [refs[ref] for ref in links]
            numbers = uow.landing.find(known)
        return sum(links[one.ref].source_record_id != at for one, at in zip(known, numbers, strict=True))


def _stop(system: LinkedSystem, kind: Kind, store: Store, upheaval: Upheaval) -> SafetyStop:
    counts = {"linked": upheaval.linked, "changed": upheaval.changed, "gone": upheaval.gone}
    with store.begin("guard_feed") as uow:
        uow.issues.open([Issue(MASS_CHANGE, kind, system.name, (MASS_CHANGE,), {"system": system.name, **counts})])
    message = (
        f"{system.name} would change {upheaval.changed} and take away {upheaval.gone} of {upheaval.linked} known "
        f"{kind} records, or more; nothing of it was applied"
    )
    hint = f"Look there; if it is right: hub sync {system.name} --accept-mass-change --role ROLE --reason WHY"
    return SafetyStop(Problem(message, MASS_CHANGE, hint=hint))


def _note_accepted(system: LinkedSystem, kind: Kind, store: Store, accepted: Accepted) -> None:
    with store.begin("guard_feed") as uow:
        if not may_decide(uow, accepted.role):
            message = f"the role {accepted.role!r} may not let a mass change through; nothing was applied"
            raise SafetyStop(Problem(message, "may_not_decide", hint="The policy's `decides` names the roles that may"))
        stopped = {issue.subject_id: issue for issue in uow.issues.find_open(MASS_CHANGE) if issue.subject_kind == kind}
        uow.issues.close(MASS_CHANGE, kind, [system.name], by=accepted.actor)
        counts = stopped[system.name].detail if system.name in stopped else {}
        uow.journal.record_audit(
            AuditEntry(
                accepted.actor,
                "accept_mass_change",
                kind,
                system.name,
                role=accepted.role,
                reason=accepted.reason,
                detail=counts,
            )
        )
