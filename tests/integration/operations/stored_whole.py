"""Every action there is, asked of the operations: the day, stock, gaps, why there is no series, repairs in parts."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine

from hub.operations.apply_practice import apply_practice
from hub.operations.approve_repair import Approved, NotApproved, approve_repair
from hub.operations.explain_series import explain_series
from hub.operations.find_gaps import find_gaps
from hub.operations.propose_repair import propose_repair
from hub.ports.repairs import Proposal
from hub.scheduling.repair.day import Fate
from hub.scheduling.scenario.actions import ActionEntry, BookSeries, Gaps, Repair
from hub.scheduling.scenario.document import Scenario
from hub.scheduling.scenario.repairing import SECONDS
from hub.scheduling.series import SeriesRequest
from tests.integration.operations.stored_day import StoredDay
from tests.integration.operations.stored_scenario import Outcome
from tests.integration.operations.stored_stock import StoredStock


class StoredWhole(StoredDay, StoredStock):
    """A scenario in a database, everything included."""

    def __init__(self, scenario: Scenario, document: str, engine: Engine) -> None:
        super().__init__(scenario, document, engine)
        self.repairs_in_parts = False
        """Whether a repair is approved visit by visit where that works."""

    def play(self, entry: ActionEntry) -> Outcome:
        plays: dict[str, Callable[[Any], Outcome]] = {"gaps": self._gaps}
        if entry.kind in plays:
            return plays[entry.kind](getattr(entry, entry.kind))
        outcome = super().play(entry)
        if entry.series is not None and entry.expect is not None and outcome.get("refused") == ["no_series"]:
            outcome["why"] = self._why(entry.series)
        return outcome

    def apply(self, document: dict[str, Any]) -> None:
        """Another practice file comes into force."""
        practice = {key: value for key, value in document.items() if key not in ("now", "visits", "actions")}
        apply_practice(self.store, json.dumps(practice), "practice.yaml")

    def _gaps(self, action: Gaps) -> Outcome:
        place = action.location or self.scenario.locations[0].id
        report = find_gaps(self.store, place, action.from_on, action.until_on, action.kinds)
        zone = self.scenario.zone_of(place)
        rows = [
            {
                "resource": gap.resource_id,
                "from": gap.starts_at.astimezone(zone),
                "to": gap.ends_at.astimezone(zone),
                "short": gap.is_short,
                "fits": [report.waiting[fit.waiting_id].request.trip.parts[0].patient_id for fit in gap.fits],
            }
            for gap in report.gaps
        ]
        return {"ok": True, "count": len(rows), "gaps": rows}

    def _why(self, action: BookSeries) -> Outcome:
        request = SeriesRequest(self._trip(action), action.start, action.until, action.sessions)
        found = explain_series(self.store, request)
        zone = self.scenario.zone_of(self._location(action))
        return {
            "patient": request.trip.parts[0].patient_id,
            "session": found.session,
            "booked": [arrival.astimezone(zone) for arrival in found.booked],
            "reasons": list(found.reasons),
            "smallest": [
                {
                    "lift": list(remedy.codes),
                    "sessions": [
                        {"session": one.session, "arrives": one.arrives_at.astimezone(zone), "codes": list(one.codes)}
                        for one in remedy.hurdles
                    ],
                }
                for remedy in found.remedies
            ],
        }

    def _repair_at(self, place: str, action: Repair) -> Outcome:
        if not self.repairs_in_parts:
            return super()._repair_at(place, action)
        proposal = propose_repair(
            self.store, place, action.date, notice_minutes=action.notice_minutes, actor="test", seconds=SECONDS
        )
        self._approve_in_parts(proposal)
        fates = [change.fate for change in proposal.changes]
        moved, unplaced = fates.count(Fate.MOVED), fates.count(Fate.UNPLACED)
        return {"proven": proposal.proven, "moved": moved, "kept": proposal.kept, "unplaced": unplaced}

    def _approve_in_parts(self, proposal: Proposal) -> None:
        """One change at a time, with those that it cannot do without; then whatever is left."""
        for change in proposal.changes:
            if change.fate is not Fate.UNPLACED:
                its = (
                    [one.visit_id for one in proposal.changes if one.trip_id == change.trip_id]
                    if change.trip_id
                    else []
                )
                done = approve_repair(self.store, proposal.id, its or [change.visit_id], actor="test")
                assert isinstance(done, Approved | NotApproved)
        rest = approve_repair(self.store, proposal.id, actor="test")
        assert isinstance(rest, Approved), rest
