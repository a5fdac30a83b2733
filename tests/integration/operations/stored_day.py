"""The actions of the day of a visit, asked of the operations."""

from collections.abc import Callable
from typing import Any

from hub.canonical.time import instant_of
from hub.operations.check_in_visit import NotCleared, check_in_visit, find_clearances
from hub.operations.run_visit import Ran, finish_visit, late_visit, overrun_visit
from hub.operations.sign_consent import sign_consent, withdraw_consent
from hub.scheduling.check_in import Override
from hub.scheduling.clearances import Clearance
from hub.scheduling.decision import Refusal
from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.day_actions import CheckInVisit, Clearances, Finish, Late, Over, Sign, Withdraw
from tests.integration.operations.stored_scenario import PLAYED, Outcome, StoredScenario, refused

DAY = frozenset({"late", "over", "finish", "sign", "withdraw", "clearances", "check_in"})
PLAYED_ON_THE_DAY = PLAYED | DAY


class StoredDay(StoredScenario):
    """A scenario in a database, the day of the visit included."""

    def play(self, entry: ActionEntry) -> Outcome:
        plays: dict[str, Callable[[Any], Outcome]] = {
            "late": self._late,
            "over": self._over,
            "finish": self._finish,
            "sign": self._sign,
            "withdraw": self._withdraw,
            "clearances": self._clearances,
            "check_in": self._check_in,
        }
        if entry.kind not in plays:
            return self._with_missing(entry, super().play(entry))
        outcome = plays[entry.kind](getattr(entry, entry.kind))
        self._serve()
        return outcome

    def _with_missing(self, entry: ActionEntry, outcome: Outcome) -> Outcome:
        """What `book` and `move` tell of forms: here whoever shows the visit asks for it."""
        action = entry.book or entry.move
        name = getattr(action, "named", None) or getattr(action, "visit", None)
        if self.scenario.consents and outcome["ok"] and name is not None:
            outcome["missing"] = self._missing(find_clearances(self.store, *self._ids(name)))["missing"]
        return outcome

    def _sign(self, action: Sign) -> Outcome:
        signed = sign_consent(self.store, action.patient, action.consent, actor="test", version=action.version)
        if isinstance(signed, Refusal):
            return refused(signed)
        return {"ok": True, "version": signed.version, "until": signed.valid_until}

    def _withdraw(self, action: Withdraw) -> Outcome:
        withdrawn = withdraw_consent(self.store, action.patient, action.consent, actor="test")
        return refused(withdrawn) if isinstance(withdrawn, Refusal) else {"ok": True}

    def _clearances(self, action: Clearances) -> Outcome:
        return self._missing(find_clearances(self.store, *self._ids(action.visit)))

    def _check_in(self, action: CheckInVisit) -> Outcome:
        override = Override(frozenset(action.override), action.reason, action.role)
        done = check_in_visit(self.store, *self._ids(action.visit), actor="test", override=override)
        if isinstance(done, NotCleared):
            return refused(done) | {"missing": _rows(done.missing)}
        if isinstance(done, Refusal):
            return refused(done)
        return {"ok": True, "missing": _rows(done.missing), "supervised": done.supervised}

    def _missing(self, found: Clearance | Refusal) -> Outcome:
        return refused(found) if isinstance(found, Refusal) else {"ok": True, "missing": _rows(found)}

    def _late(self, action: Late) -> Outcome:
        return self._ran(late_visit(self.store, *self._ids(action.visit), minutes=action.minutes, actor="test"))

    def _over(self, action: Over) -> Outcome:
        (visit_id,) = self._ids(action.visit) or ("unknown",)
        until = self._instant(visit_id, action.until) if action.until else None
        return self._ran(
            overrun_visit(
                self.store, visit_id, actor="test", step=action.step, until=until, minutes=action.minutes or 0
            )
        )

    def _finish(self, action: Finish) -> Outcome:
        (visit_id,) = self._ids(action.visit) or ("unknown",)
        at = self._instant(visit_id, action.at) if action.at else None
        return self._ran(finish_visit(self.store, visit_id, actor="test", at=at))

    def _ran(self, ran: Ran | Refusal) -> Outcome:
        if isinstance(ran, Refusal):
            return refused(ran)
        zone = self.scenario.zone_of(ran.visits[0].location_id)
        return {
            "ok": True,
            "arrives": min(visit.start for visit in ran.visits).astimezone(zone),
            "leaves": max(visit.end for visit in ran.visits).astimezone(zone),
            "contested": [self._name_of(one) for one in ran.knock_on.contested],
            "knock_on": [
                {"visit": self._name_of(one.visit_id), "minutes": one.minutes, "because": list(one.because)}
                for one in ran.knock_on.pushed
            ],
        }

    def _instant(self, visit_id: str, wall: Any) -> Any:
        return instant_of(wall, self.scenario.zone_of(self._place_of((visit_id,))))


def _rows(missing: Clearance) -> list[Outcome]:
    consents = [{"consent": one.form_id, "version": one.version, "why": one.why} for one in missing.consents]
    return [*consents, *({"before": word} for word in missing.prerequisites)]
