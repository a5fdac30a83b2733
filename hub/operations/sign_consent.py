"""A patient signs a form, or takes a consent back."""

from collections.abc import Callable, Collection
from typing import TypeVar

from hub.canonical.consents import Consent
from hub.canonical.ids import Kind
from hub.canonical.practice import Practice
from hub.operations.apply_practice import load_practice
from hub.operations.follow_merges import find_survivor
from hub.operations.under_locks import act_under_locks
from hub.operations.visit_clearances import PatientFiles, note_consent
from hub.ports import Store, UnitOfWork
from hub.scheduling.check_in import plan_signature
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import Refusal
from hub.scheduling.keys import Key
from hub.scheduling.timeline import minute_of

Done = TypeVar("Done")


def sign_consent(
    store: Store,
    patient_id: str,
    form_id: str,
    *,
    actor: str,
    version: str | None = None,
    document: str | None = None,
    push_to: Collection[str] = (),
) -> Consent | Refusal:
    """Signed now; how long it holds is reckoned from the local date of the practice.

    `unknown_patient`, `unknown_consent`, `unknown_version`.

    Args:
        store: where the book is.
        patient_id: who signs.
        form_id: a form of the practice file.
        actor: who says so: a login, or `system:<name>`.
        version: None: the newest that their visits to come need, or else the one of today.
        document: the reference of the signed document where it is kept; never its content.
        push_to: the systems that are told of consents.

    Raises:
        NeedsAttention: no practice file is in force.
    """
    patient_id = find_survivor(store, patient_id)

    def sign(work: UnitOfWork, practice: Practice) -> Consent | Refusal:
        files = PatientFiles(work, practice, [patient_id])
        needed = files.missing(files.booked(patient_id)).consents
        today = wall_clock(practice.zone_of("")).date_at(minute_of(work.now))
        signed = plan_signature(practice, form_id, version, needed, today)
        if isinstance(signed, Refusal):
            return signed
        consent = work.consents.sign(
            patient_id, form_id, signed.version, valid_until=signed.valid_until, document=document
        )
        note_consent(work, consent, "consent_signed", "sign_consent", actor)
        work.outbox.enqueue_all(push_to, Kind.CONSENT, [consent.id])
        return consent

    return _of_patient(store, "sign_consent", patient_id, sign)


def withdraw_consent(
    store: Store, patient_id: str, form_id: str, *, actor: str, push_to: Collection[str] = ()
) -> tuple[Consent, ...] | Refusal:
    """All that is signed of the form holds no longer; what needs it lists it as missing again.

    `unknown_patient`, `not_signed`. The arguments and errors are those of `sign_consent`.
    """
    patient_id = find_survivor(store, patient_id)

    def withdraw(work: UnitOfWork, _practice: Practice) -> tuple[Consent, ...] | Refusal:
        withdrawn = work.consents.withdraw(patient_id, form_id)
        for consent in withdrawn:
            note_consent(work, consent, "consent_withdrawn", "withdraw_consent", actor)
        work.outbox.enqueue_all(push_to, Kind.CONSENT, [one.id for one in withdrawn])
        return withdrawn or Refusal(("not_signed",))

    return _of_patient(store, "withdraw_consent", patient_id, withdraw)


def _of_patient(
    store: Store, operation: str, patient_id: str, act: Callable[[UnitOfWork, Practice], Done | Refusal]
) -> Done | Refusal:
    """Under the patient's key: nobody checks them in meanwhile."""
    with store.begin(operation) as work:
        if patient_id not in work.records.load(Kind.PATIENT, [patient_id]):
            return Refusal(("unknown_patient",))
        keys: frozenset[Key] = frozenset({("patient", patient_id)})
        return act_under_locks(work, keys, lambda _: act(work, load_practice(work)))
