"""A form filled in elsewhere signs the consent that the practice file has by its name."""

from collections.abc import Collection

from hub.canonical.chart import FilledForm, FormState
from hub.canonical.consents import Consent, ConsentState
from hub.canonical.ids import ConsentId, Kind
from hub.canonical.practice import Practice
from hub.operations.apply_practice import load_practice
from hub.operations.visit_clearances import note_consent
from hub.ports import UnitOfWork
from hub.scheduling.clearances import last_valid_day
from hub.scheduling.clock import wall_clock
from hub.scheduling.timeline import minute_of


def sign_by_forms(work: UnitOfWork, form_ids: Collection[str], *, actor: str, told: Collection[str]) -> None:
    """Make these forms' consents so: signed when they were filled in, void when the forms are. Twice is once.

    A form that the practice file has no consent for, or not in that version, signs nothing.
    """
    if not form_ids or work.practices.find_in_force().practice is None:
        return
    practice = load_practice(work)
    forms = [one for one in work.records.load(Kind.FORM, form_ids).values() if isinstance(one, FilledForm)]
    wanted = [made for one in forms if (made := _consent(practice, one)) is not None]
    known = work.records.load(Kind.CONSENT, {one.id for one in wanted})
    changed = [one for one in wanted if one != known.get(one.id) and (one.id in known or _is_signed(one))]
    work.records.save(changed)
    for one in changed:
        event = "consent_signed" if _is_signed(one) else "consent_withdrawn"
        note_consent(work, one, event, "sign_by_forms", actor)
    work.outbox.enqueue_all(told, Kind.CONSENT, [str(one.id) for one in changed])


def _is_signed(consent: Consent) -> bool:
    return consent.state is ConsentState.SIGNED


def _consent(practice: Practice, form: FilledForm) -> Consent | None:
    """Under an id that is the form's own, so that the same form is the same consent."""
    asked = practice.find_consent(form.form_id)
    if asked is None or form.filled_at is None or form.state is FormState.BEGUN:
        return None
    signed_on = wall_clock(practice.zone_of("")).date_at(minute_of(form.filled_at))
    version = form.version or asked.version_on(signed_on)
    if version is None or asked.age_of(version) < 0:
        return None
    return Consent(
        id=ConsentId(f"cns_{form.id}"),
        patient_id=form.patient_id,
        form_id=asked.id,
        version=version,
        state=ConsentState.SIGNED if form.state is FormState.COMPLETED else ConsentState.VOID,
        signed_at=form.filled_at,
        valid_until=last_valid_day(asked, signed_on),
        document=form.id,
    )
