"""What a patient has paid for and not had yet: sessions, gift cards, memberships, deposits."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from hub.canonical.finance import GiftCard, Membership, Package
from hub.canonical.ids import Kind
from hub.canonical.money import Money
from hub.errors import InvalidInput, Problem
from hub.ports import AuditEntry, Store, UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SessionsLeft:
    """A package."""

    package: Package
    service: str
    """As it is called."""
    left: int
    """Neither used in another system nor booked, held or used here."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """What was paid for a visit that is still to come."""

    visit_id: str
    start: datetime
    amount: Money


@dataclass(frozen=True, slots=True)
class PaidAhead:
    """All of it, by kind; what is used up or over stands there as that."""

    patient_id: str
    """Who counts, where the one asked for was merged."""
    packages: tuple[SessionsLeft, ...]
    gift_cards: tuple[GiftCard, ...]
    memberships: tuple[Membership, ...]
    deposits: tuple[Deposit, ...]


def find_paid_ahead(store: Store, patient_id: str, *, actor: str) -> PaidAhead:
    """Of one patient; that somebody looked is audited.

    Raises:
        InvalidInput: there is no such patient.
    """
    with store.begin("find_paid_ahead") as work:
        who = work.people.find_survivors([patient_id]).get(patient_id, patient_id)
        if who not in work.records.load(Kind.PATIENT, [who]):
            hint = "The hub's id, such as pat_…"
            raise InvalidInput(Problem(f"there is no patient {patient_id!r}", "unknown", hint=hint))
        work.journal.record_audit(AuditEntry(actor, "show_paid_ahead", Kind.PATIENT, who, patient_id=who))
        held = work.records.find_paid_ahead(who)
        return PaidAhead(
            who,
            tuple(_packages(work, held[Kind.PACKAGE])),
            _records(work, Kind.GIFT_CARD, held[Kind.GIFT_CARD], GiftCard),
            _records(work, Kind.MEMBERSHIP, held[Kind.MEMBERSHIP], Membership),
            tuple(_deposits(work, who)),
        )


def _packages(work: UnitOfWork, ids: Collection[str]) -> Iterator[SessionsLeft]:
    packages = _records(work, Kind.PACKAGE, ids, Package)
    taken = work.records.count_taken_sessions(ids)
    services = work.records.load(Kind.SERVICE, {one.service_id for one in packages})
    for one in packages:
        left = one.credits - one.used_before - taken.get(one.id, 0)
        yield SessionsLeft(one, str(getattr(services.get(one.service_id), "name", one.service_id)), left)


def _records(work: UnitOfWork, kind: Kind, ids: Collection[str], model: type[T]) -> tuple[T, ...]:
    found = work.records.load(kind, ids)
    return tuple(one for id_ in ids if isinstance(one := found[id_], model))


def _deposits(work: UnitOfWork, patient_id: str) -> Iterator[Deposit]:
    to_come = work.records.find_visits_to_come([patient_id]).get(patient_id, [])
    for one in work.visits.load_standing(to_come):
        if one.deposit is not None and one.deposit.amount_minor:
            yield Deposit(one.visit.id, one.visit.start, one.deposit)
