"""The actions of the day of a visit, asked of the operations."""

from collections.abc import Callable
from typing import Any

from hub.canonical.time import instant_of
from hub.operations.run_visit import Ran, finish_visit, late_visit, overrun_visit
from hub.scheduling.decision import Refusal
from hub.scheduling.scenario.actions import ActionEntry
from hub.scheduling.scenario.day_actions import Finish, Late, Over
from tests.integration.operations.stored_scenario import PLAYED, Outcome, StoredScenario, refused

DAY = frozenset({"late", "over", "finish"})
PLAYED_ON_THE_DAY = PLAYED | DAY


class StoredDay(StoredScenario):
    """A scenario in a database, the day of the visit included."""

    def play(self, entry: ActionEntry) -> Outcome:
        plays: dict[str, Callable[[Any], Outcome]] = {"late": self._late, "over": self._over, "finish": self._finish}
        return plays[entry.kind](getattr(entry, entry.kind)) if entry.kind in plays else super().play(entry)

    def _late(self, action: Late) -> Outcome:
        return self._ran(late_visit(self.store, *self._ids(action.visit), minutes=action.minutes, actor="test"))

    def _over(self, action: Over) -> Outcome:
        (visit_id,) = self._ids(action.visit)
        until = self._instant(visit_id, action.until) if action.until else None
        return self._ran(
            overrun_visit(
                self.store, visit_id, actor="test", step=action.step, until=until, minutes=action.minutes or 0
            )
        )

    def _finish(self, action: Finish) -> Outcome:
        (visit_id,) = self._ids(action.visit)
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

    def _name_of(self, visit_id: str) -> str:
        for name, ids in self._names.items():
            if visit_id in ids:
                return name if len(ids) == 1 else f"{name}.{ids.index(visit_id) + 1}"
        return visit_id
