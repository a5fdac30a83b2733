"""Play consents and check-in: sign, withdraw, what is missing, and the patient is here."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from hub.canonical.consents import ConsentState
from hub.canonical.practice import PROVIDER
from hub.scheduling.check_in import Arriving, Override, decide_check_in, plan_signature
from hub.scheduling.clearances import Clearance, ConsentStanding, find_missing, forms_for, is_supervised
from hub.scheduling.clock import wall_clock
from hub.scheduling.decision import Refusal
from hub.scheduling.rules_between_visits import DatedVisit
from hub.scheduling.scenario.book import BookEntry, State
from hub.scheduling.scenario.day_actions import CheckInVisit, Clearances, Sign, Withdraw
from hub.scheduling.scenario.player import Outcome, Player, refused
from hub.scheduling.timeline import minute_of

_THERE = (State.ARRIVED, State.COMPLETED)


def sign(player: Player, action: Sign) -> Outcome:
    """A signature for the version that is needed."""
    if action.patient not in player.book.diary().patients:
        return refused("unknown_patient")
    needed = [
        one
        for entry in player.book.entries.values()
        if entry.state.is_to_come and entry.visit is not None and entry.visit.patient_id == action.patient
        for one in _missing(player, entry).consents
    ]
    signed = plan_signature(player.scenario, action.consent, action.version, needed, _today(player))
    if isinstance(signed, Refusal):
        return refused(signed)
    standing = ConsentStanding(signed.form_id, signed.version, ConsentState.SIGNED, signed.valid_until)
    player.consents.setdefault(action.patient, []).append(standing)
    return {"ok": True, "version": signed.version, "until": signed.valid_until}


def withdraw(player: Player, action: Withdraw) -> Outcome:
    """Whatever was signed of the form holds no longer."""
    if action.patient not in player.book.diary().patients:
        return refused("unknown_patient")
    theirs = player.consents.get(action.patient, [])
    if not any(_is_signed(one, action.consent) for one in theirs):
        return refused("not_signed")
    player.consents[action.patient] = [
        replace(one, state=ConsentState.VOID) if _is_signed(one, action.consent) else one for one in theirs
    ]
    return {"ok": True}


def tell_clearances(player: Player, action: Clearances) -> Outcome:
    """What is missing for a visit that is still to come."""
    entries = [entry for entry in player.entries(action.visit) if entry.state.is_to_come]
    return {"ok": True, "missing": _missing_rows(player, entries)} if entries else refused("not_booked")


def check_in(player: Player, action: CheckInVisit) -> Outcome:
    """The patient is here, if nothing is missing."""
    entries = [entry for entry in player.entries(action.visit) if entry.state.is_to_come]
    if not entries:
        return refused("not_booked")
    if any(entry.state is State.ARRIVED for entry in entries):
        return refused("already_arrived")
    arriving = [_arriving(player, entry) for entry in entries]
    override = Override(frozenset(action.override), action.reason, action.role)
    decided = decide_check_in(player.scenario, arriving, _today(player, entries[0]), override)
    if decided.reasons:
        return {"ok": False, "refused": list(decided.reasons), "missing": _rows(decided.missing)}
    player.book.write(replace(entry, state=State.ARRIVED) for entry in entries)
    supervised = all(_is_supervised(player, entry) for entry in entries)
    return {"ok": True, "missing": _rows(decided.missing), "supervised": supervised}


def told_booked(player: Player, ids: tuple[str, ...]) -> Outcome:
    """The visits as the outcome of a booking; with what is missing for them, where the practice has forms."""
    outcome = player.told(ids)
    if player.scenario.consents:
        outcome["missing"] = _missing_rows(player, [player.book.entries[entry_id] for entry_id in ids])
    return outcome


def _missing_rows(player: Player, entries: Iterable[BookEntry]) -> list[dict[str, Any]]:
    """What is missing for the visits, as an outcome lists it."""
    missing = Clearance()
    for entry in entries:
        missing += _missing(player, entry)
    return _rows(missing)


def needs_check_in(player: Player, entry: BookEntry) -> bool:
    """Whether the visit cannot be completed before the patient was checked in."""
    service = player.scenario.find_service(entry.part.service_id) if entry.part else None
    return service is not None and bool(forms_for(player.scenario, service)) and entry.state is not State.ARRIVED


def _rows(missing: Clearance) -> list[dict[str, Any]]:
    consents = [{"consent": one.form_id, "version": one.version, "why": one.why} for one in missing.consents]
    return [*consents, *({"before": word} for word in missing.prerequisites)]


def _missing(player: Player, entry: BookEntry) -> Clearance:
    consents = player.consents.get(_patient(entry), ())
    return find_missing(player.scenario, _dated(player, entry), consents, _took_place(player, _patient(entry)))


def _arriving(player: Player, entry: BookEntry) -> Arriving:
    patient = _patient(entry)
    consents = player.consents.get(patient, ())
    return Arriving(patient, _dated(player, entry), consents, _took_place(player, patient))


def _took_place(player: Player, patient_id: str) -> list[DatedVisit]:
    entries = [entry for entry in player.book.entries.values() if entry.state in _THERE and entry.visit is not None]
    return [_dated(player, entry) for entry in entries if _patient(entry) == patient_id]


def _dated(player: Player, entry: BookEntry) -> DatedVisit:
    if entry.visit is None:
        raise LookupError("a block has no clearances; it has no visit")
    visit, service = entry.visit, player.scenario.find_service(entry.visit.service_id)
    arrival = minute_of(visit.arrives_at)
    arrives_on = wall_clock(player.scenario.zone_of(visit.location_id)).date_at(arrival)
    return DatedVisit(visit.service_id, service, arrival, arrives_on, visit.series_id)


def _patient(entry: BookEntry) -> str:
    return entry.visit.patient_id if entry.visit is not None else ""


def _is_supervised(player: Player, entry: BookEntry) -> bool:
    if entry.visit is None or entry.part is None:
        return True
    provider, at = dict(entry.resources).get(PROVIDER), entry.visit.arrives_at
    return is_supervised(player.scenario, entry.visit.location_id, entry.part, provider, at)


def _is_signed(consent: ConsentStanding, form_id: str) -> bool:
    return consent.form_id == form_id and consent.state is ConsentState.SIGNED


def _today(player: Player, entry: BookEntry | None = None) -> date:
    """The local date where the visit is, or of the practice."""
    location = entry.visit.location_id if entry and entry.visit else ""
    return wall_clock(player.scenario.zone_of(location)).date_at(minute_of(player.now))
